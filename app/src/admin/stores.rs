//! Bodies of the pages of stores: the list, one store, the form they share, and what a test found.

use contract::{
    store_admin::{Check, Finding, Fix, Grade, StoreListed, StorePage, StoreTest, StoreView},
    stores::{Signal, StoreState, StoreStatus},
};
use leptos::prelude::*;

use super::{Confirm, Field, FormErrors, Locked, Select, TypedForm, empty_row, nothing};

/// The name of the form of settings, in [`TypedForm`].
pub const FORM: &str = "store";
const FORM_ID: &str = "store-form";

/// What a test found, and whether what was tested is what is saved.
pub struct TestShown {
    /// The findings.
    pub test: StoreTest,
    /// Version of the saved store, when it was that one; a fix is saved at once then.
    pub saved: Option<String>,
}

/// One store with everything its page shows.
pub struct StoreDocument {
    /// The store.
    pub store: StoreListed,
    /// Its version, for the form.
    pub version: String,
    /// What a test found.
    pub test: Option<TestShown>,
}

/// All stores, and a form for another one.
pub fn list(stores: &StorePage, typed: &TypedForm, test: Option<TestShown>) -> AnyView {
    let rows = stores.items.iter().map(row).collect_view().into_any();
    let rows = if stores.items.is_empty() { empty_row(6, "There are no more stores.") } else { rows };
    let next = stores.next.clone().map(|next| {
        view! {
            <p class="pager">
                <a class="btn" href=format!("/admin/stores?cursor={next}")>"More stores"</a>
            </p>
        }
    });
    let shown = test.map(|shown| findings(&shown, "/admin/stores/test", None));
    view! {
        <section class="card">
            <header>
                <h2>"Stores"</h2>
            </header>
            <div class="body table-scroll" tabindex="0" role="region" aria-label="Stores">
                <table class="table">
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Kind"</th>
                            <th scope="col">"Tenants kept apart"</th>
                            <th scope="col">"Bound"</th>
                            <th scope="col">"State"</th>
                            <th scope="col">"Breaker"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
        {next}
        {shown}
        <section class="card" id="new">
            <header>
                <h2>"Add a store"</h2>
            </header>
            <div class="body">
                <form class="fields" id=FORM_ID method="post" action="/admin/stores">
                    {fields(None, typed)}
                    <div class="actions">
                        <button class="btn pri">"Add"</button>
                        <button class="btn" formaction="/admin/stores/test">"Test without saving"</button>
                        <span class="hint">"Tenants are bound to it on their own pages."</span>
                    </div>
                </form>
            </div>
        </section>
    }
    .into_any()
}

fn row(listed: &StoreListed) -> AnyView {
    let store = &listed.store;
    view! {
        <tr>
            <th scope="row">
                <a href=format!("/admin/stores/{}", store.name)>{store.name.clone()}</a>
                " "
                <Locked by=store.locked_by.clone() />
            </th>
            <td>{kind_words(&store.kind)}</td>
            <td>{tenancy_words(store)}</td>
            <td class="wrap">{bound_words(&store.tenants)}</td>
            <td>{listed.status.iter().map(state).collect_view()}</td>
            <td>{breaker_words(&listed.breaker)}</td>
        </tr>
    }
    .into_any()
}

/// One store.
pub fn one(document: &StoreDocument, typed: &TypedForm) -> AnyView {
    let (listed, store) = (&document.store, &document.store.store);
    let action = format!("/admin/stores/{}", store.name);
    let test_action = format!("{action}/test");
    let shown = document.test.as_ref().map(|shown| findings(shown, &test_action, Some(&action)));
    let embedded = store.url.is_none();
    let settings = match (&store.locked_by, embedded) {
        (_, true) => view! {
            <p>"It is part of the portal: metrics in the data directory, logs and traces in Postgres. There is nothing to set."</p>
        }
        .into_any(),
        (Some(file), false) => {
            view! {
                <p>{format!("This store is managed by {file}. Change it there and restart.")}</p>
                <form method="post" action=test_action.clone()>
                    <button class="btn">"Test"</button>
                </form>
            }
            .into_any()
        }
        (None, false) => {
            let delete = typed.errors("delete");
            let consequence = if store.tenants.is_empty() {
                "No tenant is bound to it. Its settings and its secret are deleted; the data in the store stay.".to_owned()
            } else {
                format!("{} tenants are bound to it. It cannot be deleted until they are bound elsewhere.", store.tenants.len())
            };
            view! {
                <form class="fields" id=FORM_ID method="post" action=action.clone()>
                    <input type="hidden" name="version" value=document.version.clone() />
                    {fields(Some(store), typed)}
                    <div class="actions">
                        <button class="btn pri">"Save"</button>
                        <button class="btn" formaction=test_action.clone()>"Test as typed"</button>
                    </div>
                </form>
                <hr />
                <Confirm
                    label="Delete this store"
                    action=format!("{action}/delete")
                    consequence=consequence
                    typed=store.name.clone()
                    errors=delete
                />
            }
            .into_any()
        }
    };
    let twin = (!embedded).then(|| {
        view! {
            <section class="card">
                <header>
                    <h2>"The same in the configuration"</h2>
                </header>
                <div class="body">
                    <pre class="pre">{yaml(store)}</pre>
                </div>
            </section>
        }
    });
    view! {
        <p>
            <a href="/admin/stores">"All stores"</a>
        </p>
        <section class="card">
            <header>
                <h2>{store.name.clone()}</h2>
                <Locked by=store.locked_by.clone() />
            </header>
            <div class="body">
                <dl class="facts">
                    <dt>"Kind"</dt>
                    <dd>{kind_words(&store.kind)}</dd>
                    <dt>"Bound tenants"</dt>
                    <dd>{bound_words(&store.tenants)}</dd>
                    <dt>"State"</dt>
                    <dd>{listed.status.iter().map(state).collect_view()}</dd>
                    <dt>"Circuit breaker"</dt>
                    <dd>{breaker_words(&listed.breaker)}</dd>
                    {store
                        .updated_at
                        .map(|at| {
                            view! {
                                <dt>"Last changed"</dt>
                                <dd>{at.to_string()}</dd>
                            }
                        })}
                </dl>
            </div>
        </section>
        {shown}
        <section class="card">
            <header>
                <h2>"Settings"</h2>
            </header>
            <div class="body">{settings}</div>
        </section>
        {twin}
    }
    .into_any()
}

/// The fields of a store; `saved` is what they are now.
fn fields(saved: Option<&StoreView>, typed: &TypedForm) -> AnyView {
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
    let timeout = saved.map_or(contract::store_admin::usual_timeout(), |store| store.timeout_ms).to_string();
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

/// What a test found. `fix_base` is the page of the saved store, when the test was of one.
fn findings(shown: &TestShown, test_action: &str, fix_base: Option<&str>) -> AnyView {
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
            let button = finding.fix.as_ref().map(|fix| button(fix, shown, test_action, fix_base));
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
fn button(fix: &Fix, shown: &TestShown, test_action: &str, fix_base: Option<&str>) -> AnyView {
    let set: Vec<String> = fix.set.iter().map(|(field, value)| format!("{field} {value}")).collect();
    let (set, label) = (set.join(" "), fix.label.clone());
    match (&shown.saved, fix_base) {
        (Some(version), Some(base)) => view! {
            <form class="inline" method="post" action=format!("{base}/fix")>
                <input type="hidden" name="version" value=version.clone() />
                <button class="btn small" name="fix" value=set>{label}</button>
            </form>
        }
        .into_any(),
        _ => view! {
            <button class="btn small" form=FORM_ID formaction=test_action.to_owned() name="fix" value=set>{label}</button>
        }
        .into_any(),
    }
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

fn state(status: &StoreStatus) -> AnyView {
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

fn kind_words(kind: &str) -> String {
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

fn tenancy_words(store: &StoreView) -> String {
    match store.tenancy.mode.as_str() {
        "label" => format!("by the label {}", store.tenancy.label),
        "header" => "by X-Scope-OrgID".to_owned(),
        "none" => "not at all: one tenant".to_owned(),
        _ => "by what of the mesh each sees".to_owned(),
    }
}

fn bound_words(tenants: &[String]) -> String {
    match tenants {
        [] => "nobody".to_owned(),
        few @ [_, ..] if few.len() <= 6 => few.join(", "),
        [first, second, rest @ ..] => format!("{first}, {second} and {} more", rest.len()),
        [one] => one.clone(),
    }
}

fn breaker_words(breaker: &str) -> &'static str {
    match breaker {
        "open" => "open: calls fail at once",
        "half_open" => "half open: the next call decides",
        _ => "closed: calls pass",
    }
}

/// The store as an entry of `stores` in the configuration.
fn yaml(store: &StoreView) -> String {
    let mut text = format!("stores:\n  - name: {}\n    kind: {}\n", store.name, store.kind);
    text.push_str(&format!("    url: {}\n", store.url.as_deref().unwrap_or_default()));
    if store.timeout_ms % 1000 == 0 {
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
