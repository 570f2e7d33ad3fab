//! A store in words, and as an entry of the configuration.

use contract::{
    store_admin::StoreView,
    stores::{Signal, StoreState, StoreStatus},
};
use leptos::prelude::*;

pub(super) fn state(status: &StoreStatus) -> AnyView {
    let (class, word) = match status.state {
        StoreState::Ok => ("dot", "answers"),
        StoreState::Slow => ("dot warn", "slow"),
        StoreState::Down => ("dot crit", "down"),
        StoreState::Unknown => ("dot unknown", "not asked yet"),
    };
    let signal = match status.signal {
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
        Signal::Traces => "traces",
    };
    let latency = status.latency_ms.map(|ms| format!(", {ms} ms")).unwrap_or_default();
    let message = status.message.clone().map(|why| format!(": {why}")).unwrap_or_default();
    view! {
        <span class="state-line">
            <span class=class aria-hidden="true"></span>
            {format!(" {signal} {word}{latency}{message}")}
        </span>
    }
    .into_any()
}

pub(super) fn kind(kind: &str) -> String {
    match kind {
        "prometheus" => "Prometheus",
        "mimir" => "Grafana Mimir",
        "thanos" => "Thanos Query",
        "victoriametrics" => "VictoriaMetrics",
        "embedded" => "Built in",
        other => other,
    }
    .to_owned()
}

pub(super) fn tenancy(store: &StoreView) -> String {
    match store.tenancy.mode.as_str() {
        "label" => format!("by the label {}", store.tenancy.label),
        "header" => "by X-Scope-OrgID".to_owned(),
        "none" => "not at all: one tenant".to_owned(),
        _ => "by what of the mesh each sees".to_owned(),
    }
}

pub(super) fn bound(tenants: &[String]) -> String {
    match tenants {
        [] => "nobody".to_owned(),
        few @ [_, ..] if few.len() <= 6 => few.join(", "),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
        [one] => one.clone(),
    }
}

pub(super) fn breaker(breaker: &str) -> &'static str {
    match breaker {
        "open" => "open: calls fail at once",
        "half_open" => "half open: the next call decides",
        _ => "closed: calls pass",
    }
}

/// The store as an entry of `stores` in the configuration.
pub(super) fn yaml(store: &StoreView) -> String {
    let mut text = format!("stores:\n  - name: {}\n    kind: {}\n", store.name, store.kind);
    text.push_str(&format!("    url: {}\n", store.url.as_deref().unwrap_or_default()));
    if store.timeout_ms.is_multiple_of(1000) {
        text.push_str(&format!("    timeout: {}s\n", store.timeout_ms / 1000));
    }
    text.push_str(&match store.tenancy.mode.as_str() {
        "label" => format!("    tenancy: {{mode: label, label: {}}}\n", store.tenancy.label),
        mode => format!("    tenancy: {{mode: {mode}}}\n"),
    });
    match store.auth.as_str() {
        "bearer" => text.push_str("    bearer_token_env: STORE_TOKEN\n"),
        "basic" => text.push_str(&format!("    username: \"{}\"\n    password_env: STORE_PASSWORD\n", store.username)),
        _ => {}
    }
    text
}
