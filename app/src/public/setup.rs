//! The first run: the one who has the printed token makes the first account, then the first tenant, then looks at the stores.
//! Plain documents; each step is a page of its own, so that it can be left and taken up again.

use leptos::prelude::*;

use super::{Look, document, foot, top};
use crate::admin::{Field, TypedForm};

/// Where one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupStep {
    /// Making the first account.
    Admin,
    /// Making the first tenant.
    Tenant,
    /// What the portal reads from.
    Stores,
}

/// A store as the last step lists it.
#[derive(Clone, Debug)]
pub struct SetupStore {
    /// Name.
    pub name: String,
    /// What it keeps.
    pub signal: &'static str,
    /// How it is doing, in words.
    pub state: String,
    /// It does not answer.
    pub down: bool,
    /// The screens that need it.
    pub screens: &'static str,
}

/// The step as a whole document.
pub fn render_setup(look: &Look, step: SetupStep, typed: &TypedForm, body: AnyView) -> String {
    let steps = [
        (SetupStep::Admin, "Administrator"),
        (SetupStep::Tenant, "Tenant"),
        (SetupStep::Stores, "Stores and first data"),
    ];
    let at = steps.iter().position(|(other, _)| *other == step).unwrap_or_default();
    let marks = steps
        .iter()
        .enumerate()
        .map(|(index, (other, title))| {
            let dot = if index <= at { "dot" } else { "dot unknown" };
            let state = if index < at { " (done)" } else { "" };
            view! {
                <li aria-current=(*other == step).then_some("step")>
                    <span class=dot aria-hidden="true"></span>
                    {*title}
                    <span class="sr-only">{state}</span>
                </li>
            }
        })
        .collect_view();
    let wrong = typed.errors.summary().map(|(text, _)| {
        view! {
            <p class="login-error" role="alert">
                <span class="dot crit" aria-hidden="true"></span>
                {text}
            </p>
        }
    });
    let page = view! {
        <div class="public">
            {top(().into_any())}
            <main class="login">
                <div class="login-box wide">
                    <h1>"Set up Obstack"</h1>
                    <ol class="steps">{marks}</ol>
                    {wrong}
                    {body}
                </div>
            </main>
            {foot(look)}
        </div>
    };
    document(look, "Set up · Obstack", "The first run of this portal", page.into_any())
}

/// The first account.
pub fn setup_admin(typed: &TypedForm) -> AnyView {
    let errors = typed.errors("admin");
    let value = |field: &str| typed.value("admin", field, "");
    view! {
        <section class="card">
            <form class="fields" method="post" action="/setup">
                <Field
                    label="One-time token"
                    name="token"
                    hint="The server printed it when it started; only who can read its output can claim this portal."
                    example="xxxxx-xxxxx-xxxxx-xxxxx"
                    errors=errors.clone()
                    required=true
                    longest=64
                />
                <Field label="Your name" name="name" value=value("name") autocomplete="name" errors=errors.clone() required=true longest=200 />
                <Field
                    label="E-mail"
                    name="email"
                    value=value("email")
                    kind="email"
                    autocomplete="username"
                    hint="You sign in with it."
                    errors=errors.clone()
                    required=true
                    longest=254
                />
                <Field
                    label="Password"
                    name="password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 10 characters, and none of the usual ones."
                    errors=errors
                    required=true
                    longest=1024
                />
                <button class="btn pri">"Make the account"</button>
            </form>
        </section>
        <p class="hint">"Only want to look? Stop the server and run obstack demo: a live mesh with tenants and accounts."</p>
    }
    .into_any()
}

/// The first tenant.
pub fn setup_tenant(typed: &TypedForm) -> AnyView {
    let errors = typed.errors("tenant");
    let value = |field: &str| typed.value("tenant", field, "");
    view! {
        <section class="card">
            <form class="fields" method="post" action="/setup/tenant">
                <Field
                    label="Name"
                    name="name"
                    value=value("name")
                    hint="A team, a product, or your company."
                    errors=errors.clone()
                    required=true
                    longest=200
                />
                <Field
                    label="Slug"
                    name="slug"
                    value=value("slug")
                    hint="Its name in addresses and towards the stores: a-z, 0-9 and inner hyphens. Never changed afterwards."
                    example="acme"
                    errors=errors
                    required=true
                    longest=63
                />
                <p class="hint">"It sees the whole mesh. Narrow that under Tenants before you make a second one."</p>
                <button class="btn pri">"Make the tenant"</button>
            </form>
        </section>
    }
    .into_any()
}

/// What there is to read from, and the ways on.
pub fn setup_stores(slug: &str, stores: &[SetupStore], yaml: String) -> AnyView {
    let rows = stores
        .iter()
        .map(|store| {
            let dot = if store.down { "dot crit" } else { "dot" };
            view! {
                <tr>
                    <td>
                        <span class=dot aria-hidden="true"></span>
                        " "
                        {store.name.clone()}
                    </td>
                    <td>{store.signal}</td>
                    <td>{store.state.clone()}</td>
                    <td class="faint">{store.screens}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <header>
                <h2>"What the portal reads from"</h2>
            </header>
            <div class="body flush table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th>"Store"</th>
                            <th>"Keeps"</th>
                            <th>"State"</th>
                            <th>"Lights up"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <div class="body actions">
                <a class="btn pri" href=format!("/t/{slug}")>"Open the portal"</a>
                <a class="btn" href="/admin/stores">"Add a Prometheus or Mimir and test it"</a>
                <a class="btn" href=format!("/t/{slug}/settings/members")>"Invite people"</a>
            </div>
        </section>
        <details class="yaml">
            <summary>"The same as a configuration file, to keep in Git"</summary>
            <pre class="pre">{yaml}</pre>
        </details>
    }
    .into_any()
}
