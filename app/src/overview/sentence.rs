//! Sentences with names and links, and the verdict on top of the page.

use contract::overview::{OverviewPage, Phrase};
use leptos::prelude::*;

use crate::{ui::Dot, url::use_link};

/// Draws a sentence. Links lead to the node on the topology and keep the time.
pub(super) fn sentence(phrases: Vec<Phrase>) -> AnyView {
    let link = use_link();
    phrases
        .into_iter()
        .map(|phrase| match phrase {
            Phrase::Text(text) => text.into_any(),
            Phrase::Strong(text) => view! { <b>{text}</b> }.into_any(),
            Phrase::Node { text, focus } => {
                view! { <a href=move || link("/topology", &[("sel", &focus)])>{text}</a> }.into_any()
            }
        })
        .collect_view()
        .into_any()
}

/// What is the matter, before any number.
#[component]
pub(super) fn VerdictCard(page: Memo<OverviewPage>) -> impl IntoView {
    let link = use_link();
    let severity = Signal::derive(move || page.with(|page| page.verdict.severity));
    let main = move || sentence(page.with(|page| page.verdict.sentence.clone()));
    let also = move || {
        let also = page.with(|page| page.verdict.also.clone());
        (!also.is_empty()).then(|| {
            let lines = also.into_iter().map(|line| view! { <p>{sentence(line)}</p> }).collect_view();
            view! { <div class="also">{lines}</div> }
        })
    };
    let open = move || {
        page.with(|page| page.verdict.focus.clone()).map(|focus| {
            view! {
                <a class="btn" href=move || link("/topology", &[("sel", &focus)])>
                    "Open on the topology"
                </a>
            }
        })
    };
    view! {
        <section class="card verdict" aria-label="Verdict">
            <div class="says">
                <p class="main">
                    <Dot severity big=true />
                    {main}
                </p>
                {also}
            </div>
            {open}
        </section>
    }
}
