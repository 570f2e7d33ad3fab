//! `/admin` and `/admin/tenants/{slug}`: the tenants of the installation. What is shown has been checked and read before.

use contract::{
    members::InviteLink,
    tenants::{StoreNames, Tenant, TenantCounts, TenantPage},
};
use leptos::prelude::*;

use super::{
    Confirm, Field, Locked, Select, TextArea, TypedForm, empty_row,
    parts::{api_line, moment, next_page, search, shown_once},
};

/// Names of plans, in the order they are offered.
const PLANS: [&str; 3] = ["community", "saas", "enterprise"];

/// Stores that can be chosen, by signal.
#[derive(Clone, Debug, Default)]
pub struct StoreOptions {
    /// For time series.
    pub metrics: Vec<String>,
    /// For log lines.
    pub logs: Vec<String>,
    /// For spans.
    pub traces: Vec<String>,
}

/// The list of tenants with the form that makes one.
pub fn tenants(
    page: &TenantPage,
    asked: &str,
    stores: &StoreOptions,
    typed: &TypedForm,
    invited: Option<InviteLink>,
) -> AnyView {
    let rows = page
        .items
        .iter()
        .map(|item| {
            let (tenant, counts) = (&item.tenant, &item.counts);
            view! {
                <tr>
                    <th scope="row">
                        <a href=format!("/admin/tenants/{}", tenant.slug)>{tenant.name.clone()}</a>
                        <br />
                        <span class="faint mono">{tenant.slug.clone()}</span>
                    </th>
                    <td>{tenant.plan.clone()}</td>
                    <td class="num">{counts.members}</td>
                    <td class="num">{counts.invitations}</td>
                    <td class="num">{counts.api_keys}</td>
                    <td>{state(tenant)} " " <Locked by=tenant.provisioned_by.clone() /></td>
                </tr>
            }
        })
        .collect_view();
    let none = page.items.is_empty().then(|| {
        let words = if asked.is_empty() {
            "There is no tenant yet. Make the first one below."
        } else {
            "No tenant is called so."
        };
        empty_row(6, words)
    });
    let errors = typed.errors("create");
    let value = |field: &str| typed.value("create", field, "");
    view! {
        {invited.map(invitation)}
        <section class="card">
            <header>
                <h2>"Tenants"</h2>
                <span class="end">{search("/admin".to_owned(), "Part of a name or slug", asked)}</span>
            </header>
            <div class="body table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Tenant"</th>
                            <th scope="col">"Plan"</th>
                            <th scope="col" class="num">"Members"</th>
                            <th scope="col" class="num">"Invited"</th>
                            <th scope="col" class="num">"Keys"</th>
                            <th scope="col">"State"</th>
                        </tr>
                    </thead>
                    <tbody>{rows} {none}</tbody>
                </table>
            </div>
        </section>
        {next_page("/admin", asked, page.next.clone())}
        <section class="card">
            <header>
                <h2>"New tenant"</h2>
            </header>
            <div class="body">
                <form class="fields" method="post" action="/admin">
                    <Field
                        label="Slug"
                        name="slug"
                        value=value("slug")
                        hint="In addresses and towards the stores. a-z, 0-9, hyphens. It cannot be changed later."
                        errors=errors.clone()
                        required=true
                        longest=63
                        example="acme"
                    />
                    <Field label="Name" name="name" value=value("name") errors=errors.clone() required=true example="Acme" />
                    {plan_select(value("plan"), &errors, false)}
                    <Field
                        label="First administrator"
                        name="first_admin"
                        kind="email"
                        value=value("first_admin")
                        hint="Is invited; you get the link. May be empty."
                        errors=errors.clone()
                        example="ana@acme.com"
                    />
                    <div class="wide">{mesh_field(value("mesh"), &errors, false)}</div>
                    {store_selects(stores, typed, "create", &StoreNames::default(), false)}
                    <div class="actions">
                        <button class="btn pri">"Make tenant"</button>
                    </div>
                </form>
            </div>
        </section>
        {api_line("GET /api/v1/admin/tenants · POST /api/v1/admin/tenants")}
    }
    .into_any()
}

/// One tenant.
pub fn tenant(
    tenant: &Tenant,
    counts: &TenantCounts,
    mesh: &str,
    words: &str,
    stores: &StoreOptions,
    typed: &TypedForm,
) -> AnyView {
    let here = format!("/admin/tenants/{}", tenant.slug);
    let locked = tenant.provisioned_by.is_some();
    let errors = typed.errors("tenant");
    let delete_errors = typed.errors("delete");
    let (suspended, has_reason) =
        (tenant.suspended.is_some(), tenant.suspended.as_ref().is_some_and(|why| !why.is_empty()));
    let reason = has_reason.then(|| view! { <p>{tenant.suspended.clone().unwrap_or_default()}</p> });
    let gone = format!(
        "{} loses everybody and everything at once: {}. Telemetry stays in the stores, under the slug {}. This cannot be undone.",
        tenant.name,
        consequences(counts),
        tenant.slug
    );
    let suspension = if suspended {
        view! {
            {reason}
            <form method="post" action=format!("{here}/resume")>
                <button class="btn pri">"Open again"</button>
            </form>
        }
        .into_any()
    } else {
        let consequence = format!(
            "{} members and {} API keys get no further from the next request on. Nothing is deleted.",
            counts.members, counts.api_keys
        );
        let suspend_errors = typed.errors("suspend");
        let open = !suspend_errors.is_empty();
        view! {
            <details class="confirm" open=open>
                <summary class="btn small">"Suspend"</summary>
                <form method="post" action=format!("{here}/suspend")>
                    <p>{consequence}</p>
                    <Field
                        label="Reason"
                        name="reason"
                        value=typed.value("suspend", "reason", "")
                        hint="The tenant's people read it. May be empty."
                        errors=suspend_errors
                        longest=500
                    />
                    <button class="btn danger">"Suspend"</button>
                </form>
            </details>
        }
        .into_any()
    };
    let delete = (!locked).then(|| {
        view! {
            <Confirm
                label="Delete"
                action=format!("{here}/delete")
                consequence=gone
                typed=tenant.slug.clone()
                errors=delete_errors
            />
        }
    });
    view! {
        <nav aria-label="Breadcrumb">
            <a href="/admin">"All tenants"</a>
        </nav>
        <section class="card">
            <header>
                <h2>{tenant.name.clone()}</h2>
                <span class="faint mono">{tenant.slug.clone()}</span>
                <span class="end">{state(tenant)} " " <Locked by=tenant.provisioned_by.clone() /></span>
            </header>
            <div class="body">
                <form class="fields" method="post" action=here.clone()>
                    <Field
                        label="Name"
                        name="name"
                        value=typed.value("tenant", "name", &tenant.name)
                        errors=errors.clone()
                        required=true
                        locked=locked
                    />
                    {plan_select(typed.value("tenant", "plan", &tenant.plan), &errors, locked)}
                    <div class="wide">
                        {mesh_field(typed.value("tenant", "mesh", mesh), &errors, locked)}
                        <p class="hint">{format!("This tenant sees: {words}.")}</p>
                    </div>
                    {store_selects(stores, typed, "tenant", &tenant.stores, locked)}
                    <div class="actions">
                        <button class="btn pri" disabled=locked>
                            "Save"
                        </button>
                        <button class="btn" name="preview" value="1" disabled=locked>
                            "Show in words, without saving"
                        </button>
                    </div>
                </form>
            </div>
        </section>
        <section class="card">
            <header>
                <h2>"What belongs to it"</h2>
                <a class="end" href=format!("/t/{}/settings/members", tenant.slug)>
                    "Members"
                </a>
            </header>
            <div class="body">
                <dl class="facts">
                    <dt>"Members"</dt>
                    <dd>{format!("{}, of these {} administrators", counts.members, counts.admins)}</dd>
                    <dt>"Open invitations"</dt>
                    <dd>{counts.invitations}</dd>
                    <dt>"API keys"</dt>
                    <dd>{counts.api_keys}</dd>
                    <dt>"Service accounts"</dt>
                    <dd>{counts.service_accounts}</dd>
                    <dt>"Own sign-in providers"</dt>
                    <dd>{counts.providers}</dd>
                    <dt>"Single sign-on"</dt>
                    <dd>{if tenant.require_sso { "a must" } else { "not a must" }}</dd>
                    <dt>"Made"</dt>
                    <dd>{moment(&tenant.created_at)}</dd>
                </dl>
            </div>
        </section>
        <section class="card">
            <header>
                <h2>{if suspended { "Suspended" } else { "Suspend or delete" }}</h2>
            </header>
            <div class="body actions">{suspension} {delete}</div>
        </section>
        {api_line(
            &format!(
                "GET, PUT, DELETE /api/v1/admin/tenants/{slug} · POST /api/v1/admin/tenants/{slug}/suspend · …/resume",
                slug = tenant.slug,
            ),
        )}
    }
    .into_any()
}

/// The link of an invitation.
pub(super) fn invitation(invited: InviteLink) -> AnyView {
    let note = if invited.mailed {
        "It is on its way by mail as well. It is shown this once and works for seven days."
    } else {
        "Hand it over yourself: this portal sends no mail. It is shown this once and works for seven days."
    };
    shown_once(format!("Invitation for {}", invited.invitation.email), invited.link, note.to_owned())
}

fn consequences(counts: &TenantCounts) -> String {
    let count = |n: i64, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    [
        count(counts.members, "membership", "memberships"),
        count(counts.invitations, "open invitation", "open invitations"),
        count(counts.api_keys, "API key", "API keys"),
        count(counts.service_accounts, "service account", "service accounts"),
        count(counts.providers, "sign-in provider", "sign-in providers"),
    ]
    .join(", ")
}

fn state(tenant: &Tenant) -> AnyView {
    match tenant.suspended {
        Some(_) => view! { <span class="tag warn">"suspended"</span> }.into_any(),
        None => view! { <span class="tag ok">"open"</span> }.into_any(),
    }
}

fn plan_select(chosen: String, errors: &super::FormErrors, locked: bool) -> AnyView {
    let options = PLANS.map(|plan| (plan.to_owned(), plan.to_owned())).into();
    view! { <Select label="Plan" name="plan" value=chosen options=options errors=errors.clone() locked=locked /> }
        .into_any()
}

fn mesh_field(text: String, errors: &super::FormErrors, locked: bool) -> AnyView {
    view! {
        <TextArea
            label="What it sees of the mesh"
            name="mesh"
            value=text
            hint="One line per cluster: “cluster: namespace, namespace”; * for every cluster, or for all namespaces. Nothing written: nothing seen."
            errors=errors.clone()
            locked=locked
            example="*: shop, ai"
        />
    }
    .into_any()
}

fn store_selects(stores: &StoreOptions, typed: &TypedForm, form: &str, saved: &StoreNames, locked: bool) -> AnyView {
    let errors = typed.errors(form);
    let select = |label: &'static str, signal: &str, names: &[String], now: &str| {
        let name = format!("stores/{signal}");
        let value = typed.value(form, &name, now);
        let options = names.iter().map(|name| (name.clone(), name.clone())).collect();
        view! { <Select label=label name=name value=value options=options errors=errors.clone() locked=locked /> }
            .into_any()
    };
    view! {
        {select("Store of metrics", "metrics", &stores.metrics, &saved.metrics)}
        {select("Store of logs", "logs", &stores.logs, &saved.logs)}
        {select("Store of traces", "traces", &stores.traces, &saved.traces)}
    }
    .into_any()
}
