//! API keys and service accounts: who has which, what they may do, when they end, and a new key, shown once.

use charts::{SeriesStyle, sparkarea};
use contract::{
    Role, Timestamp,
    keys::{ApiKey, KeyState, MadeApiKey, ServiceAccount},
};
use leptos::prelude::*;

use super::{Confirm, Field, Locked, Select, Tick, TypedForm, empty_row};

/// Days before the end from which the page warns.
const WARN_DAYS: i64 = 14;
const DAY_MS: i64 = 86_400_000;

/// A scope that can be ticked.
#[derive(Clone, Debug)]
pub struct ScopeChoice {
    /// The word, for example `metrics:read`.
    pub scope: &'static str,
    /// What it is for, with the role it needs.
    pub words: String,
}

/// What the page shows.
#[derive(Clone, Debug)]
pub struct KeysPage {
    /// Address of the page.
    pub here: String,
    /// Address of the forms about service accounts.
    pub accounts_at: String,
    /// The time, for what is over and what is about to be.
    pub now: Timestamp,
    /// The caller, to tell their own keys.
    pub me: String,
    /// The keys, newest first.
    pub keys: Vec<ApiKey>,
    /// Address of the next page of keys.
    pub next: Option<String>,
    /// Service accounts; none for who does not manage keys.
    pub accounts: Option<Vec<ServiceAccount>>,
    /// The caller may have keys of their own.
    pub own: bool,
    /// Roles the caller can give, least first.
    pub roles: Vec<Role>,
    /// Scopes the caller can give.
    pub scopes: Vec<ScopeChoice>,
    /// Lifetimes to choose from, days.
    pub days: Vec<u32>,
    /// Overlaps to choose from when a key is rotated.
    pub overlaps: Vec<&'static str>,
}

/// The page.
pub fn keys_page(page: &KeysPage, typed: &TypedForm) -> AnyView {
    let rows = page.keys.iter().map(|key| row(page, key, typed)).collect_view();
    let none = page
        .keys
        .is_empty()
        .then(|| empty_row(6, "No keys yet. Make one below for a script or a dashboard; it is shown once."));
    let next = page.next.clone().map(|href| {
        view! { <nav class="pager" aria-label="Pages"><a class="btn small" href=href>"Older keys"</a></nav> }
    });
    let whose = if page.accounts.is_some() { "Keys of everybody in this tenant" } else { "Your keys" };
    view! {
        <section class="card" aria-labelledby="keys-head">
            <header><h2 id="keys-head">{whose}</h2></header><div class="body">
            <div class="table-scroll" tabindex="0" role="region" aria-label="Table of keys">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Owner and role"</th>
                            <th scope="col">"May"</th>
                            <th scope="col">"Ends"</th>
                            <th scope="col">"Last used"</th>
                            <th scope="col">
                                <span class="sr-only">"Actions"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows} {none}</tbody>
                </table>
            </div>
            {next}
        </div></section>
        {create(page, typed)}
        {page.accounts.as_ref().map(|accounts| service_accounts(page, accounts, typed))}
    }
    .into_any()
}

fn row(page: &KeysPage, key: &ApiKey, typed: &TypedForm) -> AnyView {
    let day = |at: Timestamp| at.to_string().chars().take(10).collect::<String>();
    let used = match key.last_used_at {
        Some(at) => at.to_string().chars().take(16).collect::<String>().replace('T', " "),
        None => "never".to_owned(),
    };
    let left = (key.expires_at.0 - page.now.0).div_euclid(DAY_MS);
    let ends = match key.state {
        KeyState::Revoked => view! { <span class="tag crit">"revoked"</span> }.into_any(),
        KeyState::Expired => view! { <span class="tag">"expired"</span> }.into_any(),
        KeyState::Active if left < WARN_DAYS => {
            let words = match left {
                0 => "within a day".to_owned(),
                1 => "in 1 day".to_owned(),
                days => format!("in {days} days"),
            };
            view! { {day(key.expires_at)} " " <span class="tag warn">{words}</span> }.into_any()
        }
        KeyState::Active => day(key.expires_at).into_any(),
    };
    let total: u64 = key.uses_by_hour.iter().sum();
    let spark = (total > 0).then(|| {
        // Counts are small enough for a picture.
        let values: Vec<Option<f64>> = key.uses_by_hour.iter().map(|uses| Some(*uses as f64)).collect();
        let said = format!("Uses of {} by hour in the last 24 hours", key.name);
        view! { <span inner_html=sparkarea(72, 20, &values, SeriesStyle::A, &said)></span> }
    });
    let scopes = key.scopes.iter().map(|scope| view! { <span class="tag">{scope.clone()}</span> }).collect_view();
    view! {
        <tr>
            <th scope="row">
                {key.name.clone()} " " <span class="faint mono">{format!("…{}", key.hint)}</span> " "
                <Locked by=key.provisioned_by.clone() /> <br />
                <span class="faint">{format!("made {} by {}", day(key.created_at), key.created_by)}</span>
            </th>
            <td>
                {key.owner.name.clone()} <br /> <span class="faint">{key.role.as_str()}</span>
            </td>
            <td class="wrap scopes">
                <span class="ticks">{scopes}</span>
            </td>
            <td>{ends}</td>
            <td>
                {used} <br /> <span class="faint">{format!("{total} times in 24 h")}</span> " " {spark}
            </td>
            <td>{actions(page, key, typed)}</td>
        </tr>
    }
    .into_any()
}

fn actions(page: &KeysPage, key: &ApiKey, typed: &TypedForm) -> AnyView {
    if key.state != KeyState::Active || key.provisioned_by.is_some() {
        return ().into_any();
    }
    let rotatable = key.owner.kind == contract::keys::KeyOwnerKind::ServiceAccount || key.owner.id == page.me;
    let rotate = rotatable.then(|| {
        let form = TypedForm::clone(typed);
        let open = form.form == "rotate" && form.values.get("key") == Some(&key.id);
        let errors = if open { form.errors("rotate") } else { Default::default() };
        // Every row has this form: its fields are named after the key, so that labels find theirs.
        let (overlap_field, days_field) = (format!("overlap-{}", key.id), format!("days-{}", key.id));
        let overlaps = page.overlaps.iter().map(|word| ((*word).to_owned(), format!("for {word}"))).collect();
        view! {
            <details class="confirm" open=open>
                <summary class="btn small">"Rotate"</summary>
                <form method="post" action=format!("{}/{}/rotate", page.here, key.id)>
                    <p>"Makes a new key with the same rights. The old one keeps working for the time you choose."</p>
                    <Select
                        label="Old key works on"
                        name=overlap_field
                        value="24h"
                        options=overlaps
                        errors=errors.clone()
                    />
                    <Select
                        label="New key ends after"
                        name=days_field
                        value=usual(&page.days)
                        options=days(&page.days)
                        errors=errors
                    />
                    <button class="btn">"Rotate"</button>
                </form>
            </details>
        }
    });
    let consequence =
        format!("Whatever uses {} (…{}) is refused from now on. This cannot be undone.", key.name, key.hint);
    view! {
        <div class="actions">
            {rotate}
            <Confirm label="Revoke" action=format!("{}/{}/revoke", page.here, key.id) consequence=consequence />
        </div>
    }
    .into_any()
}

fn days(offered: &[u32]) -> Vec<(String, String)> {
    offered
        .iter()
        .map(|days| (days.to_string(), if *days == 1 { "1 day".to_owned() } else { format!("{days} days") }))
        .collect()
}

fn usual(offered: &[u32]) -> String {
    let usual = offered.iter().find(|days| **days == 90).or(offered.first());
    usual.map(ToString::to_string).unwrap_or_default()
}

fn roles(roles: &[Role]) -> Vec<(String, String)> {
    roles.iter().map(|role| (role.as_str().to_owned(), role.as_str().to_owned())).collect()
}

fn create(page: &KeysPage, typed: &TypedForm) -> AnyView {
    let accounts: Vec<&ServiceAccount> =
        page.accounts.iter().flatten().filter(|account| account.provisioned_by.is_none()).collect();
    if !page.own && accounts.is_empty() {
        return view! {
            <section class="card" aria-labelledby="new-head">
                <header><h2 id="new-head">"New key"</h2></header><div class="body">
                <p class="faint">
                    "You are no member of this tenant, so you have no keys of your own here. Make a service account first."
                </p>
            </div></section>
        }
        .into_any();
    }
    let form = "create";
    let errors = typed.errors(form);
    let mut owners: Vec<(String, String)> = Vec::new();
    if page.own {
        owners.push((String::new(), "You: ends with your membership".to_owned()));
    }
    owners.extend(
        accounts.iter().map(|account| {
            (account.id.clone(), format!("{} (service account, {})", account.name, account.role.as_str()))
        }),
    );
    let owner = page.accounts.is_some().then(|| {
        view! {
            <Select
                label="Owner"
                name="service_account"
                value=typed.value(form, "service_account", "")
                options=owners
                errors=errors.clone()
            />
        }
    });
    let ticked = typed.value(form, "scopes", "metrics:read");
    let ticks = page
        .scopes
        .iter()
        .map(|choice| {
            let checked = ticked.split(' ').any(|scope| scope == choice.scope);
            view! { <Tick label=choice.words.clone() name="scopes" value=choice.scope checked=checked /> }
        })
        .collect_view();
    let scopes_wrong = errors.at("scopes").map(|wrong| view! { <span class="wrong" id="scopes-error">{wrong}</span> });
    view! {
        <section class="card" aria-labelledby="new-head">
            <header><h2 id="new-head">"New key"</h2></header><div class="body">
            <form class="fields" method="post" action=page.here.clone()>
                <Field
                    label="Name"
                    name="name"
                    value=typed.value(form, "name", "")
                    hint="What uses it, for example: nightly report."
                    errors=errors.clone()
                    required=true
                    longest=100
                />
                {owner}
                <Select
                    label="Role"
                    name="role"
                    value=typed.value(form, "role", "viewer")
                    options=roles(&page.roles)
                    hint="The most it acts with. Never more than its owner has."
                    errors=errors.clone()
                />
                <Select
                    label="Ends after"
                    name="expires_in_days"
                    value=typed.value(form, "expires_in_days", &usual(&page.days))
                    options=days(&page.days)
                    errors=errors.clone()
                />
                <fieldset aria-describedby=errors.at("scopes").map(|_| "scopes-error")>
                    <legend>"It may"</legend>
                    <div class="ticks">{ticks}</div>
                    <span class="form-field">{scopes_wrong}</span>
                </fieldset>
                <div class="actions">
                    <button class="btn pri">"Make the key"</button>
                    <span class="hint">"The key is shown once, on the next page."</span>
                </div>
            </form>
        </div></section>
    }
    .into_any()
}

fn service_accounts(page: &KeysPage, accounts: &[ServiceAccount], typed: &TypedForm) -> AnyView {
    let rows = accounts.iter().map(|account| account_row(page, account, typed)).collect_view();
    let none = accounts
        .is_empty()
        .then(|| empty_row(5, "No service accounts yet. Their keys keep working when the people who made them leave."));
    let form = "account";
    let errors = typed.errors(form);
    view! {
        <section class="card" aria-labelledby="accounts-head">
            <header><h2 id="accounts-head">"Service accounts"</h2></header><div class="body stack">
            <div class="table-scroll" tabindex="0" role="region" aria-label="Table of service accounts">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th scope="col">"Role"</th>
                            <th scope="col">"Keys that work"</th>
                            <th scope="col">"Made by"</th>
                            <th scope="col">
                                <span class="sr-only">"Actions"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows} {none}</tbody>
                </table>
            </div>
            <form class="fields" method="post" action=page.accounts_at.clone()>
                <Field
                    label="New service account"
                    name="account_name"
                    value=typed.value(form, "account_name", "")
                    hint="Its name, once per tenant."
                    errors=errors.clone()
                    required=true
                    longest=100
                />
                <Select
                    label="Role of the account"
                    name="account_role"
                    value=typed.value(form, "account_role", "viewer")
                    options=roles(&page.roles)
                    hint="The most its keys can do."
                    errors=errors
                />
                <div class="actions">
                    <button class="btn">"Make the account"</button>
                </div>
            </form>
        </div></section>
    }
    .into_any()
}

fn account_row(page: &KeysPage, account: &ServiceAccount, typed: &TypedForm) -> AnyView {
    let at = format!("{}/{}", page.accounts_at, account.id);
    let open = typed.form == "change-account" && typed.values.get("account") == Some(&account.id);
    let errors = if open { typed.errors("change-account") } else { Default::default() };
    let value = |field: &str, saved: &str| {
        if open { typed.value("change-account", field, saved) } else { saved.to_owned() }
    };
    let off = account.disabled_at.map(|_| view! { <span class="tag crit">"switched off"</span> });
    let consequence = match account.active_keys {
        0 => format!("{} has no key that works.", account.name),
        1 => format!("One key of {} stops working at once.", account.name),
        keys => format!("{keys} keys of {} stop working at once.", account.name),
    };
    let (name_field, role_field) = (format!("name-{}", account.id), format!("role-{}", account.id));
    let change = (account.provisioned_by.is_none() || account.disabled_at.is_some()).then(|| {
        view! {
            <div class="actions">
                <details class="confirm" open=open>
                    <summary class="btn small">"Change"</summary>
                    <form method="post" action=at.clone()>
                        <Field
                            label="Name"
                            name=name_field.clone()
                            value=value(&name_field, &account.name)
                            errors=errors.clone()
                            required=true
                            longest=100
                        />
                        <Select
                            label="Role"
                            name=role_field.clone()
                            value=value(&role_field, account.role.as_str())
                            options=roles(&page.roles)
                            hint="A lesser role counts for all its keys at once."
                            errors=errors.clone()
                        />
                        <button class="btn">"Save"</button>
                    </form>
                </details>
                <Confirm label="Delete" action=format!("{at}/delete") consequence=consequence />
            </div>
        }
    });
    view! {
        <tr>
            <th scope="row">{account.name.clone()} " " <Locked by=account.provisioned_by.clone() /> {off}</th>
            <td>{account.role.as_str()}</td>
            <td>{account.active_keys.to_string()}</td>
            <td>{account.created_by.clone()}</td>
            <td>{change}</td>
        </tr>
    }
    .into_any()
}

/// The one page that shows a key: the answer to the form that made it.
pub fn made_key_page(made: &MadeApiKey, keys_at: &str, url: &str, tenant: &str, ends_old: Option<String>) -> AnyView {
    let line = format!("curl -H 'Authorization: Bearer {}' '{url}/api/v1/t/{tenant}/overview'", made.secret);
    let old = ends_old.map(|words| view! { <p>{words}</p> });
    let ends: String = made.key.expires_at.to_string().chars().take(10).collect();
    view! {
        <section class="card" aria-labelledby="made-head">
            <header><h2 id="made-head">{format!("The key {}", made.key.name)}</h2></header><div class="body stack">
            <p>
                "Copy it now: it is kept nowhere and cannot be shown again. Whoever has it can do what it may; never put it into a URL or a repository."
            </p>
            <code class="secret" tabindex="0" aria-label="The key">
                {made.secret.clone()}
            </code>
            <p class="hint">"Try it:"</p>
            <pre class="pre" tabindex="0">{line}</pre>
            <dl class="facts">
                <dt>"Owner"</dt>
                <dd>{made.key.owner.name.clone()}</dd>
                <dt>"Role"</dt>
                <dd>{made.key.role.as_str()}</dd>
                <dt>"May"</dt>
                <dd>{made.key.scopes.join(", ")}</dd>
                <dt>"Ends"</dt>
                <dd>{ends}</dd>
            </dl>
            {old}
            <div class="actions">
                <a class="btn" href=keys_at.to_owned()>"I have copied it: back to the keys"</a>
            </div>
        </div></section>
    }
    .into_any()
}
