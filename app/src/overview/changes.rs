//! What changed, beside what hurts.

use contract::overview::OverviewPage;
use leptos::prelude::*;

use super::sentence::sentence;

/// Lines shown.
const LINES: usize = 8;

/// The latest changes, newest first.
#[component]
pub(super) fn Changes(page: Memo<OverviewPage>) -> impl IntoView {
    let body = move || {
        let changes = page.with(|page| page.changes.clone());
        if changes.is_empty() {
            return view! { <p class="muted">"Nothing new: the same services and versions as before."</p> }.into_any();
        }
        let lines = changes
            .into_iter()
            .take(LINES)
            .map(|change| {
                view! {
                    <li>
                        <time class="num" datetime=change.at.to_string()>
                            {change.at.hh_mm()}
                        </time>
                        <span>{sentence(change.sentence)}</span>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="changes">{lines}</ul> }.into_any()
    };
    view! {
        <section class="card" aria-label="What changed">
            <header>
                <h2>"What changed"</h2>
                <span class="faint end">"UTC"</span>
            </header>
            <div class="body">{body}</div>
        </section>
    }
}
