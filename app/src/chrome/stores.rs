//! The state of the stores at the foot of the sidebar, and the lamp that tells whether data arrives by itself.

use contract::{
    Timestamp,
    live::{Subscribe, Topic},
    stores::{self, StoreState, StoreStatus},
};
use leptos::prelude::*;

use crate::{
    json::{Data, data},
    live::{Status, use_topic},
    stores::{StoresArgs, stores_status},
    url::{use_live_mode, use_tenant},
};

/// The stores of the tenant, kept up to date while the page follows live data.
#[derive(Clone, Copy)]
pub(super) struct StoreWatch {
    /// The state when the page was made.
    pub first: Data<Vec<StoreStatus>>,
    /// The latest state that was pushed.
    pub pushed: ReadSignal<Option<Vec<StoreStatus>>>,
    /// When the latest push was gathered.
    pub at: ReadSignal<Option<Timestamp>>,
    /// How the following goes.
    pub status: Signal<Status>,
}

impl StoreWatch {
    /// Reads the stores and follows them.
    pub fn begin() -> Self {
        let (tenant, live) = (use_tenant(), use_live_mode());
        let first = data(move || StoresArgs { tenant: tenant.clone() }, stores_status);
        let subscribe = Signal::derive(move || Subscribe {
            subscribe: if live.get() { vec![Topic::Stores] } else { Vec::new() },
            ..Subscribe::default()
        });
        let state = use_topic::<Vec<StoreStatus>>(Topic::Stores, subscribe);
        Self { first, pushed: state.data, at: state.at, status: state.status }
    }
}

/// The strip: a line per store.
#[component]
pub(super) fn StoreStrip() -> impl IntoView {
    let StoreWatch { first, pushed, .. } = expect_context();
    view! {
        <div class="foot" aria-label="Stores" role="group">
            <Transition fallback=|| ()>
                {move || Suspend::new(async move {
                    let first = first.await;
                    (move || match (pushed.get(), &first) {
                        (Some(stores), _) => lines(&stores),
                        (None, Ok(stores)) => lines(stores),
                        (None, Err(_)) => view! { <span>"Stores cannot be read"</span> }.into_any(),
                    })
                        .into_any()
                })}
            </Transition>
        </div>
    }
}

fn lines(stores: &[StoreStatus]) -> AnyView {
    stores
        .iter()
        .map(|store| {
            let latency = store.latency_ms.map(|ms| mesh::format::ms(ms as f64));
            let (class, word) = match store.state {
                StoreState::Ok => ("dot", latency.unwrap_or_else(|| "ok".to_owned())),
                StoreState::Slow => ("dot warn", format!("slow · {}", latency.unwrap_or_default())),
                StoreState::Down => ("dot crit", format!("down since {}", store.since.hh_mm())),
                StoreState::Unknown => ("dot unknown", "not asked yet".to_owned()),
            };
            let title = store.message.clone();
            // The built-in stores share one name; what they keep tells them apart.
            let name = match (store.kind.as_str(), store.signal) {
                ("embedded", stores::Signal::Metrics) => "Metrics".to_owned(),
                ("embedded", stores::Signal::Logs) => "Logs".to_owned(),
                ("embedded", stores::Signal::Traces) => "Traces".to_owned(),
                _ => store.name.clone(),
            };
            view! {
                <div class="store" title=title>
                    <span class=class></span>
                    <span class="name">{name}</span>
                    <em class="num">{word}</em>
                </div>
            }
        })
        .collect_view()
        .into_any()
}
