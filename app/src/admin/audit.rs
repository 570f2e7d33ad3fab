//! The audit log as a page: filters that stand in the URL, entries with what changed, and the check of the chain.

use contract::audit::{AuditEntry, AuditPage, AuditQuery, AuditVerification};
use leptos::prelude::*;
use serde_json::Value;

use super::{Field, FormErrors, Select, empty_row};

/// What the page shows.
pub struct AuditView<'a> {
    /// The filters, as they were typed.
    pub query: &'a AuditQuery,
    /// What is wrong with them.
    pub errors: FormErrors,
    /// The entries; none when a filter cannot be used.
    pub page: Option<&'a AuditPage>,
    /// All actions there are.
    pub actions: Vec<&'static str>,
    /// Path of this page.
    pub here: &'a str,
    /// The same in the API, without a query.
    pub api: &'a str,
    /// What the check found, when it was asked for.
    pub verified: Option<&'a [AuditVerification]>,
    /// Entries of several tenants stand together.
    pub tenants: bool,
}

/// The page.
pub fn audit_page(view: &AuditView<'_>) -> AnyView {
    let query = view.query;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let errors = view.errors.clone();
    let any = || (String::new(), "Any".to_owned());
    let actions: Vec<_> =
        [any()].into_iter().chain(view.actions.iter().map(|word| ((*word).to_owned(), (*word).to_owned()))).collect();
    let outcomes: Vec<_> = [any()]
        .into_iter()
        .chain(["done", "denied", "failed"].map(|word| (word.to_owned(), word.to_owned())))
        .collect();
    let parameters = parameters(query);
    let export = format!("{}.ndjson{}", view.api, question(&parameters));
    let next = view.page.and_then(|page| page.next.clone()).map(|cursor| {
        let mut parameters = parameters.clone();
        parameters.push(("cursor", cursor));
        view! { <a class="btn" href=format!("{}{}", view.here, question(&parameters))>"Older"</a> }
    });
    let newest = query.cursor.is_some().then(|| {
        view! { <a class="btn" href=format!("{}{}", view.here, question(&parameters))>"Newest"</a> }
    });
    let rows = view.page.map(|page| page.items.iter().map(|item| row(item, view.tenants)).collect_view());
    let columns = if view.tenants { 6 } else { 5 };
    let nothing_found =
        view.page.is_some_and(|page| page.items.is_empty()).then(|| empty_row(columns, "No entry fits these filters."));
    view! {
        <section class="card">
            <div class="body">
                <form class="fields three" method="get" action=view.here.to_owned() role="search" aria-label="Filter the log">
                    <Select label="Action" name="action" value=text(&query.action) options=actions errors=errors.clone() />
                    <Select label="Outcome" name="outcome" value=text(&query.outcome) options=outcomes errors=errors.clone() />
                    <Field label="Who" name="actor" value=text(&query.actor) hint="Part of the name, or the id" errors=errors.clone() />
                    <Field label="To what" name="target" value=text(&query.target) hint="A kind, or part of the id" errors=errors.clone() />
                    <Field label="From" name="from" value=text(&query.from) hint="now-24h or 2026-01-31T12:00:00Z" errors=errors.clone() />
                    <Field label="Until" name="to" value=text(&query.to) errors=errors.clone() />
                    <div class="actions">
                        <button class="btn pri">"Filter"</button>
                        <a class="btn quiet" href=view.here.to_owned()>"Clear"</a>
                        <a class="btn quiet" href=export download="audit.ndjson">"Export as NDJSON"</a>
                        <button class="btn quiet" name="verify" value="1">"Verify the chain"</button>
                    </div>
                </form>
            </div>
        </section>
        {view.verified.map(verification)}
        <section class="card" aria-label="Entries">
            <div class="body flush table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th>"When (UTC)"</th>
                            {view.tenants.then(|| view! { <th>"Tenant"</th> })}
                            <th>"Who"</th>
                            <th>"Action"</th>
                            <th>"To what"</th>
                            <th>"What changed"</th>
                        </tr>
                    </thead>
                    <tbody>{rows} {nothing_found}</tbody>
                </table>
            </div>
        </section>
        <div class="pager">{newest} {next}</div>
        <p class="hint">{format!("GET {}{}", view.api, question(&parameters))}</p>
    }
    .into_any()
}

fn parameters(query: &AuditQuery) -> Vec<(&'static str, String)> {
    let all = [
        ("action", &query.action),
        ("actor", &query.actor),
        ("target", &query.target),
        ("outcome", &query.outcome),
        ("request_id", &query.request_id),
        ("from", &query.from),
        ("to", &query.to),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value.clone().filter(|value| !value.is_empty())?))).collect()
}

fn question(parameters: &[(&'static str, String)]) -> String {
    if parameters.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", crate::url::encode(value))).collect();
    format!("?{}", pairs.join("&"))
}

fn row(item: &AuditEntry, tenants: bool) -> AnyView {
    let when = item.at.replacen('T', " ", 1);
    let when = when.trim_end_matches('Z').to_owned();
    let outcome = match item.outcome.as_str() {
        "denied" => view! { <span class="tag warn">"denied"</span> }.into_any(),
        "failed" => view! { <span class="tag crit">"failed"</span> }.into_any(),
        _ => ().into_any(),
    };
    let tenant = tenants.then(|| view! { <td>{item.tenant.clone().unwrap_or_else(|| "–".to_owned())}</td> });
    let who = if item.actor.name.is_empty() { item.actor.kind.clone() } else { item.actor.name.clone() };
    let hash: String = item.hash.chars().take(12).collect();
    view! {
        <tr>
            <td class="num">{when}</td>
            {tenant}
            <td title=format!("{} {}", item.actor.kind, item.actor.id)>{who}</td>
            <td>
                <span class="mono">{item.action.clone()}</span>
                " "
                {outcome}
            </td>
            <td class="wrap">
                <span class="faint">{item.target.kind.clone()}</span>
                " "
                <span class="mono">{item.target.id.clone()}</span>
            </td>
            <td class="wrap">
                <details>
                    <summary>{summary(item)}</summary>
                    {changes(item)}
                    <dl class="facts">
                        <dt>"Entry"</dt>
                        <dd class="mono">{format!("{} · {hash}…", item.seq)}</dd>
                        <dt>"Request"</dt>
                        <dd class="mono">{item.request_id.clone()}</dd>
                        <dt>"Address"</dt>
                        <dd class="mono">{item.address.clone()}</dd>
                    </dl>
                </details>
            </td>
        </tr>
    }
    .into_any()
}

/// Field, before, after; only what differs.
fn differences(item: &AuditEntry) -> Vec<(String, String, String)> {
    let object = |value: &Option<Value>| match value {
        Some(Value::Object(members)) => members.clone(),
        Some(other) => [("value".to_owned(), other.clone())].into_iter().collect(),
        None => serde_json::Map::new(),
    };
    let (before, after) = (object(&item.before), object(&item.after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let show = |value: Option<&Value>| match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    names
        .into_iter()
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| (name.clone(), show(before.get(name)), show(after.get(name))))
        .collect()
}

fn summary(item: &AuditEntry) -> String {
    let differences = differences(item);
    match &differences[..] {
        [] => "Details".to_owned(),
        [(name, before, after)] if before.len() + after.len() <= 48 => match before.as_str() {
            "" => format!("{name}: {after}"),
            before => format!("{name}: {before} → {after}"),
        },
        several => several.iter().map(|(name, ..)| name.as_str()).collect::<Vec<_>>().join(", "),
    }
}

fn changes(item: &AuditEntry) -> AnyView {
    let rows = differences(item)
        .into_iter()
        .map(|(name, before, after)| {
            view! {
                <tr>
                    <td>{name}</td>
                    <td class="wrap mono"><del>{before}</del></td>
                    <td class="wrap mono"><ins>{after}</ins></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="diff">
            <thead>
                <tr>
                    <th>"Field"</th>
                    <th>"Before"</th>
                    <th>"After"</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn verification(found: &[AuditVerification]) -> AnyView {
    let lines = found
        .iter()
        .map(|chain| {
            let words = match (&chain.whole, chain.broken_at, &chain.why) {
                (true, ..) => format!("{} entries, every one as it was written.", chain.entries),
                (false, at, why) => format!(
                    "Entry {} is not as it was written: {}. {} entries before it are right.",
                    at.unwrap_or_default(),
                    why.clone().unwrap_or_default(),
                    chain.entries
                ),
            };
            let class = if chain.whole { "dot" } else { "dot crit" };
            view! {
                <li>
                    <span class=class aria-hidden="true"></span>
                    <span>{words}</span>
                    <p class="mono">{format!("chain {} head {}", chain.chain, chain.head)}</p>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="card" aria-label="Check of the chain" role="status">
            <header>
                <h2>"Check of the chain"</h2>
                <span class="faint">"Keep the head elsewhere: entries cut off at the end show only by comparing."</span>
            </header>
            <div class="body">
                <ul class="checks">{lines}</ul>
            </div>
        </section>
    }
    .into_any()
}
