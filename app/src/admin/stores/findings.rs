//! What a test of a store found, with a button for what mends it.

use contract::store_admin::{Check, Finding, Fix, Grade};
use leptos::prelude::*;

use super::{FORM_ID, TestShown};

/// Where a fix goes.
#[derive(Clone, Copy)]
pub(super) enum Mend<'a> {
    /// Into the form, which is tested again at this address.
    Form(&'a str),
    /// Into the saved store below this page.
    Saved(&'a str),
    /// Into a file, by hand.
    File(&'a str),
}

/// What a test found.
pub(super) fn findings(shown: &TestShown, mend: Mend<'_>) -> AnyView {
    let test = &shown.test;
    let words = match test.grade {
        Grade::Ok => "Everything is as it should be.",
        Grade::Warn => "It works; look at what is marked.",
        Grade::Bad => "It cannot be used like this.",
    };
    let items = test
        .findings
        .iter()
        .map(|finding| {
            let button = finding.fix.as_ref().map(|fix| remedy(fix, shown, mend));
            view! {
                <li>
                    {mark(finding.grade)} <b>{title(finding)}</b>
                    <p>{finding.sentence.clone()} " " {button}</p>
                </li>
            }
        })
        .collect_view();
    let unsaved = shown.saved.is_none().then(|| view! { <p class="hint">"What was tested is not saved yet."</p> });
    view! {
        <section class="card" id="findings" aria-label="What the test found">
            <header>
                <h2>{words}</h2>
                <span class="end faint">{format!("{} ms", test.took_ms)}</span>
            </header>
            <div class="body">
                <ul class="checks">{items}</ul>
                {unsaved}
            </div>
        </section>
    }
    .into_any()
}

/// Saves the fix where the test was of what is saved, or else puts it into the form and tests again.
fn remedy(fix: &Fix, shown: &TestShown, mend: Mend<'_>) -> AnyView {
    let pairs =
        |between: &str| fix.set.iter().map(|(field, value)| format!("{field}{between}{value}")).collect::<Vec<_>>();
    let (set, label) = (pairs(" ").join(" "), fix.label.clone());
    match (mend, &shown.saved) {
        (Mend::File(file), _) => {
            let set = pairs(": ").join(", ").replace("tenancy/", "tenancy.");
            view! { <span class="hint">{format!("In {file}: ")} <code>{set}</code></span> }.into_any()
        }
        (Mend::Saved(base), Some(version)) => view! {
            <form class="inline" method="post" action=format!("{base}/fix")>
                <input type="hidden" name="version" value=version.clone() />
                <button class="btn small" name="fix" value=set>
                    {label}
                </button>
            </form>
        }
        .into_any(),
        (Mend::Saved(base), None) => again(format!("{base}/test"), set, label),
        (Mend::Form(action), _) => again(action.to_owned(), set, label),
    }
}

fn again(action: String, set: String, label: String) -> AnyView {
    view! {
        <button class="btn small" form=FORM_ID formaction=action name="fix" value=set>
            {label}
        </button>
    }
    .into_any()
}

fn title(finding: &Finding) -> &'static str {
    match finding.check {
        Check::Reach => "Reachable",
        Check::Kind => "What it is",
        Check::Clock => "Clock",
        Check::Tenancy => "Tenants kept apart",
        Check::Sample => "Sample question",
    }
}

/// Shape, colour and, for those who see neither, a word.
fn mark(grade: Grade) -> AnyView {
    let (class, word) = match grade {
        Grade::Ok => ("dot", "good"),
        Grade::Warn => ("dot warn", "look at this"),
        Grade::Bad => ("dot crit", "bad"),
    };
    view! { <span class=class role="img" aria-label=word></span> }.into_any()
}
