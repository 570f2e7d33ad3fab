//! Body of the page of the isolation proof.

use contract::isolation::{Canary, CanaryOutcome, IsolationProof, Verdict, Wall};
use leptos::prelude::*;

/// The page: what it does, the button, and what the last press of it found.
pub fn proof(action: &str, tenant: &str, proof: Option<&IsolationProof>) -> AnyView {
    let button = if proof.is_some() { "Run it again" } else { "Run the proof" };
    view! {
        <section class="card">
            <header>
                <h2>"Can anybody see more than they should?"</h2>
            </header>
            <div class="body prose">
                <p>
                    {format!(
                        "The proof asks questions as {tenant}, hostile ones too: for namespaces of others, with set operators, \
                         patterns, functions that rewrite labels. It shows what really left for the stores and checks that \
                         nothing of others came back; then it looks at the database and at the paths of other tenants.",
                    )}
                </p>
                <p class="hint">
                    "It only reads, takes a few seconds, and is written into the audit log. Names of others are never shown."
                </p>
                <form method="post" action=action.to_owned()>
                    <button class="btn pri">{button}</button>
                </form>
            </div>
        </section>
        {proof.map(result)}
    }
    .into_any()
}

fn result(proof: &IsolationProof) -> AnyView {
    let (class, dot, heading) = match proof.verdict {
        Verdict::Proven => ("strip done", "dot big", "Proven."),
        Verdict::Incomplete => ("strip", "dot big warn", "Incomplete."),
        Verdict::NotProven => ("strip wrong", "dot big crit", "Not proven."),
    };
    let walls = [Wall::Metrics, Wall::Logs, Wall::Traces, Wall::Database, Wall::Paths];
    let sections = walls
        .into_iter()
        .map(|wall| {
            let canaries: Vec<&Canary> = proof.canaries.iter().filter(|canary| canary.wall == wall).collect();
            (!canaries.is_empty()).then(|| section(wall, &canaries))
        })
        .collect_view();
    view! {
        <p class=class role="status" id="verdict">
            <span class=dot aria-hidden="true"></span>
            <b>{heading}</b>
            {proof.sentence.clone()}
        </p>
        <dl class="facts">
            <dt>"This tenant sees"</dt>
            <dd>{proof.sees.clone()}</dd>
            <dt>"Metrics store"</dt>
            <dd>{proof.store.clone()}</dd>
            <dt>"Run at"</dt>
            <dd>{format!("{}, in {} ms", proof.at, proof.took_ms)}</dd>
        </dl>
        {sections}
    }
    .into_any()
}

fn section(wall: Wall, canaries: &[&Canary]) -> AnyView {
    let title = match wall {
        Wall::Metrics => "Metrics",
        Wall::Logs => "Logs",
        Wall::Traces => "Traces",
        Wall::Database => "Database",
        Wall::Paths => "Paths of other tenants",
    };
    let good =
        canaries.iter().filter(|canary| matches!(canary.outcome, CanaryOutcome::Held | CanaryOutcome::Refused)).count();
    let items = canaries.iter().map(|canary| item(canary)).collect_view();
    view! {
        <section class="card">
            <header>
                <h2>{title}</h2>
                <span class="end faint">{format!("{good} of {} hold", canaries.len())}</span>
            </header>
            <div class="body">
                <ul class="canaries">{items}</ul>
            </div>
        </section>
    }
    .into_any()
}

fn item(canary: &Canary) -> AnyView {
    let (class, word) = match canary.outcome {
        CanaryOutcome::Held => ("tag ok", "holds"),
        CanaryOutcome::Refused => ("tag ok", "refused"),
        CanaryOutcome::NotAnswered => ("tag warn", "not answered"),
        CanaryOutcome::Broken => ("tag crit", "broken"),
    };
    let left = canary.rewritten.iter().map(|text| view! { <code>{text.clone()}</code> }).collect_view();
    let left = (!canary.rewritten.is_empty()).then(|| {
        view! {
            <dt>"What left"</dt>
            <dd>{left}</dd>
        }
    });
    let question = (!canary.question.is_empty()).then(|| {
        view! {
            <dt>"Question"</dt>
            <dd>
                <code>{canary.question.clone()}</code>
            </dd>
        }
    });
    view! {
        <li>
            <p>
                <span class=class>{word}</span>
                " "
                <b>{canary.title.clone()}</b>
            </p>
            <dl class="facts">
                {question} {left} <dt>"Answer"</dt> <dd>{canary.answer.clone()}</dd>
            </dl>
        </li>
    }
    .into_any()
}
