//! "Break something": the faults of the demo mesh. Plain forms; once the page is hydrated they do not reload it.

use std::sync::Arc;

use contract::{
    Timestamp,
    demo::{Fault, FaultState},
    overview::{OverviewPage, Severity},
};
use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use crate::{
    demo::{FaultsArgs, SwitchArgs, demo_faults, demo_switch},
    json::data,
    ui::{Dot, Loaded},
    url::{use_here, use_link, use_tenant},
};

/// How often the state is read again while the page follows live data, seconds: somebody else may have broken something.
const REREAD_SECS: i64 = 15;

/// The panel.
#[component]
pub(super) fn Faults(page: Memo<OverviewPage>) -> AnyView {
    let tenant = use_tenant();
    let tick = Memo::new(move |_| page.with(|page| page.at.as_secs() / REREAD_SECS));
    let faults = data(move || (FaultsArgs { tenant: tenant.clone() }, tick.get()), |(args, _)| demo_faults(args));
    let now = Memo::new(move |_| page.with(|page| page.at));
    let view = Arc::new(move |states: Vec<FaultState>| list(states, now));
    view! {
        <section class="card" id="demo" aria-label="Break something">
            <header>
                <h2>"Break something"</h2>
                <span class="faint">"heals by itself after 5 min"</span>
            </header>
            <div class="body">
                <Loaded resource=faults view quiet=true fallback=|| () />
            </div>
        </section>
    }
    .into_any()
}

fn list(states: Vec<FaultState>, now: Memo<Timestamp>) -> AnyView {
    let states = RwSignal::new(states);
    let failed = RwSignal::new(None::<String>);
    let rows = move || states.get().into_iter().map(|state| row(state, now.get(), states, failed)).collect_view();
    view! {
        <ul class="faults">{rows}</ul>
        {move || failed.get().map(|why| view! { <p class="is-crit" role="alert">{why}</p> })}
    }
    .into_any()
}

fn row(
    state: FaultState,
    now: Timestamp,
    states: RwSignal<Vec<FaultState>>,
    failed: RwSignal<Option<String>>,
) -> AnyView {
    let (tenant, here, link) = (use_tenant(), use_here(), use_link());
    let fault: Fault = state.fault;
    let until = state.until.filter(|until| *until > now);
    let on = until.is_some();
    let action = format!("/t/{tenant}/demo/{}/{}", fault.name(), if on { "stop" } else { "start" });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let tenant = tenant.clone();
        spawn_local(async move {
            match demo_switch(SwitchArgs { tenant, fault, on: !on }).await {
                Ok(new) => {
                    failed.set(None);
                    states.set(new);
                }
                Err(error) => failed.set(Some(error.to_string())),
            }
        });
    };
    let look = until.map(|until| {
        let there = fault.focus().map(|focus| {
            view! {
                " "
                <a class="link" href=move || link("/topology", &[("sel", focus)])>
                    "Look here"
                </a>
            }
        });
        view! {
            <p>
                {fault.look()}
                {there}
                <span class="faint num">{format!(" Heals at {} UTC.", until.hh_mm_ss())}</span>
            </p>
        }
    });
    view! {
        <li>
            <span class="name">
                {on.then(|| view! { <Dot severity=Severity::Crit /> })}
                {fault.title()}
            </span>
            <form method="post" action=action on:submit=submit>
                <input type="hidden" name="return" value=here />
                <button class="btn small" class:is-on=on aria-label=format!("{}: {}", if on { "Stop" } else { "Break" }, fault.title())>
                    {if on { "Stop" } else { "Break" }}
                </button>
            </form>
            {look}
        </li>
    }
    .into_any()
}
