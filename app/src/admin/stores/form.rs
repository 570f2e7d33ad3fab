//! The fields of a store, for a new one and for one that is changed.

use contract::store_admin::{StoreView, usual_timeout};
use leptos::prelude::*;

use super::FORM;
use crate::admin::{Field, FormErrors, Select, TypedForm, nothing};

/// The fields of a store; `saved` is what they are now.
pub(super) fn fields(saved: Option<&StoreView>, typed: &TypedForm) -> AnyView {
    let errors: FormErrors = typed.errors(FORM);
    let of = |field: &str, saved: &str| typed.value(FORM, field, saved);
    let was = |pick: fn(&StoreView) -> &str, otherwise: &str| {
        saved.map_or_else(|| otherwise.to_owned(), |s| pick(s).to_owned())
    };
    let options = |all: &[(&str, &str)]| {
        all.iter().map(|(value, words)| ((*value).to_owned(), (*words).to_owned())).collect::<Vec<_>>()
    };
    let kinds = options(&[
        ("prometheus", "Prometheus"),
        ("mimir", "Grafana Mimir"),
        ("thanos", "Thanos Query"),
        ("victoriametrics", "VictoriaMetrics"),
    ]);
    let modes = options(&[
        ("none", "Not at all: it belongs to one tenant"),
        ("label", "By a label: questions are rewritten"),
        ("header", "By the store itself: X-Scope-OrgID (Mimir)"),
    ]);
    let auths = options(&[("none", "Nothing"), ("bearer", "Bearer token"), ("basic", "User name and password")]);
    let secret_hint = match saved {
        Some(store) if store.has_secret => "One is saved. Empty keeps it, unless the address or the user changes.",
        _ => "Never shown again. Type it again after a test.",
    };
    let timeout = saved.map_or(usual_timeout(), |store| store.timeout_ms).to_string();
    let name = match saved {
        Some(_) => nothing(),
        None => view! {
            <Field
                label="Name"
                name="name"
                value=of("name", "")
                hint="How tenants refer to it; never changes. a-z, 0-9, inner hyphens."
                example="prom-shop"
                longest=63
                required=true
                errors=errors.clone()
            />
        }
        .into_any(),
    };
    view! {
        {name}
        <Select
            label="Kind"
            name="kind"
            value=of("kind", &was(|s| &s.kind, "prometheus"))
            options=kinds
            errors=errors.clone()
        />
        <Field
            label="Address"
            name="url"
            kind="url"
            value=of("url", &was(|s| s.url.as_deref().unwrap_or_default(), ""))
            hint="What stands before /api/v1. No user, password or query."
            example="http://mimir:8080/prometheus"
            required=true
            errors=errors.clone()
        />
        <Field
            label="Deadline, ms"
            name="timeout_ms"
            kind="number"
            value=of("timeout_ms", &timeout)
            hint="For one request, 1000 to 300000."
            required=true
            errors=errors.clone()
        />
        <Select
            label="How tenants are kept apart"
            name="tenancy/mode"
            value=of("tenancy/mode", &was(|s| &s.tenancy.mode, "none"))
            options=modes
            errors=errors.clone()
        />
        <Field
            label="Label"
            name="tenancy/label"
            value=of("tenancy/label", &was(|s| &s.tenancy.label, ""))
            hint="With a label only: its value is the tenant's slug."
            example="tenant_id"
            longest=128
            errors=errors.clone()
        />
        <Select
            label="What we show to be let in"
            name="auth"
            value=of("auth", &was(|s| &s.auth, "none"))
            options=auths
            errors=errors.clone()
        />
        <Field
            label="User name"
            name="username"
            value=of("username", &was(|s| &s.username, ""))
            hint="With user name and password only."
            longest=255
            errors=errors.clone()
        />
        <Field
            label="Token or password"
            name="secret"
            kind="password"
            autocomplete="new-password"
            hint=secret_hint
            longest=8000
            errors=errors
        />
    }
    .into_any()
}
