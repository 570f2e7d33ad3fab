//! The page as a whole: its data, how it is kept up to date, and the order of its parts.

use std::sync::Arc;

use contract::{
    Role,
    auth::Shell,
    live::{Subscribe, Topic},
    overview::{OverviewPage as Page, OverviewQuery},
};
use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    api::{OverviewArgs, overview_page},
    changes::Changes,
    faults::Faults,
    pain::Pain,
    sentence::VerdictCard,
    stats::StatRow,
    stores::StoresCard,
    trends::Trends,
};
use crate::{
    json::data,
    live::use_topic,
    ui::{EmptyState, Loaded, StaleStrip},
    url::{use_here, use_link, use_live_mode, use_range, use_tenant},
};

/// `/t/{tenant}`.
#[component]
pub fn OverviewPage() -> AnyView {
    let (tenant, range, live) = (use_tenant(), use_range(), use_live_mode());
    let query = move || OverviewQuery { range: range.get() };
    let page = data(move || OverviewArgs { tenant: tenant.clone(), query: query() }, overview_page);
    let subscribe = Signal::derive(move || Subscribe {
        subscribe: if live.get() { vec![Topic::Overview] } else { Vec::new() },
        overview: Some(query()),
        ..Subscribe::default()
    });
    let pushed = use_topic::<Page>(Topic::Overview, subscribe).data;
    let view = Arc::new(move |first: Page| body(first, pushed));
    view! {
        <Title text="Overview · Obstack" />
        <Loaded resource=page view />
    }
    .into_any()
}

/// Everything below the top bar, from the data that came with the page and what was pushed since.
fn body(first: Page, pushed: ReadSignal<Option<Page>>) -> AnyView {
    let at = first.at;
    let page = Memo::new(move |_| {
        pushed.with(|pushed| pushed.as_ref().filter(|new| new.at >= at).cloned()).unwrap_or_else(|| first.clone())
    });
    let empty = Memo::new(move |_| page.with(|page| page.services.is_empty() && !page.empty_checks.is_empty()));
    (move || if empty.get() { nothing(page) } else { parts(page) }).into_any()
}

fn parts(page: Memo<Page>) -> AnyView {
    let shell: Shell = expect_context();
    let demo = shell.demo && shell.tenant.role >= Role::Editor;
    view! {
        <div class="grid">
            <Stale page />
            <VerdictCard page />
            <StatRow page />
            <div class="grid two">
                <Pain page />
                <Trends page />
            </div>
            <div class="grid two">
                <div class="stack" class:wide=!demo>
                    <Changes page />
                    <StoresCard page />
                </div>
                {demo.then(|| view! { <Faults page /> })}
            </div>
        </div>
    }
    .into_any()
}

/// No traffic at all: why, and where to go on.
fn nothing(page: Memo<Page>) -> AnyView {
    let (link, here) = (use_link(), use_here());
    let shell: Shell = expect_context();
    let title = format!("No traffic in {}", shell.namespaces.join(", "));
    let checks = move || {
        let checks = page.with(|page| page.empty_checks.clone());
        view! {
            <EmptyState title=title.clone() checks>
                <a class="btn" href=here rel="external">
                    "Check again"
                </a>
                <a class="btn" href=move || link("", &[("from", "now-24h")])>
                    "Look at the last 24 h"
                </a>
            </EmptyState>
        }
    };
    view! {
        <div class="grid">
            <Stale page />
            <div class="grid two">
                {checks}
                <div class="stack">
                    <StoresCard page />
                </div>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Stale(page: Memo<Page>) -> impl IntoView {
    let at = Signal::derive(move || page.with(|page| page.at));
    let age_ms = Signal::derive(move || page.with(|page| page.age_ms));
    let warnings = Signal::derive(move || page.with(|page| page.warnings.clone()));
    view! { <StaleStrip at age_ms warnings /> }
}
