//! The stores in full sentences; the strip of the sidebar has only room for a word.

use contract::{
    overview::{OverviewPage, Severity},
    stores::{Signal as Kind, StoreState, StoreStatus},
};
use leptos::prelude::*;

use crate::ui::Dot;

/// The card.
#[component]
pub(super) fn StoresCard(page: Memo<OverviewPage>) -> impl IntoView {
    let rows = move || {
        let stores = page.with(|page| page.stores.clone());
        if stores.is_empty() {
            return view! { <p class="muted">"No store is bound to this tenant."</p> }.into_any();
        }
        let rows = stores.into_iter().map(row).collect_view();
        view! { <ul class="store-rows">{rows}</ul> }.into_any()
    };
    view! {
        <section class="card" aria-label="Stores">
            <header>
                <h2>"Stores"</h2>
            </header>
            <div class="body">{rows}</div>
        </section>
    }
}

fn row(store: StoreStatus) -> AnyView {
    let keeps = match store.signal {
        Kind::Metrics => "metrics",
        Kind::Logs => "logs",
        Kind::Traces => "traces",
    };
    let latency = store.latency_ms.map(|ms| mesh::format::ms(ms as f64));
    let since = store.since.hh_mm();
    let (severity, word) = match store.state {
        StoreState::Ok => (Severity::Ok, latency.unwrap_or_else(|| "ok".to_owned())),
        StoreState::Slow => (Severity::Warn, format!("slow · {}", latency.unwrap_or_default())),
        StoreState::Down => (Severity::Crit, format!("down since {since}")),
        StoreState::Unknown => (Severity::Unknown, "not asked yet".to_owned()),
    };
    let retry = store.retry_at.map(|at| format!(" Next try at {} UTC.", at.hh_mm_ss())).unwrap_or_default();
    let message = store.message.map(|message| view! { <p>{format!("{message}{retry}")}</p> });
    view! {
        <li>
            <Dot severity />
            <span>
                {store.name} " " <span class="faint">{format!("{keeps} · {}", store.kind)}</span>
            </span>
            <span class="num faint">{word}</span>
            {message}
        </li>
    }
    .into_any()
}
