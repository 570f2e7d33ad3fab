//! Sign-in providers: the list with a form for a new one, and one provider with its rules, its test and the preview. The
//! same for a tenant's own and the installation's.

use contract::sign_in::{CheckState, ConnectionReport, IdentityProvider, MappingPreview};
use leptos::prelude::*;

use super::{Confirm, Field, FormErrors, Locked, TextArea, Tick, TypedForm, empty_row};

/// The form of a new provider.
pub const CREATE: &str = "create";
/// The form of an existing one.
pub const SAVE: &str = "save";
/// The form of the preview.
pub const PREVIEW: &str = "preview";

const RULES_HINT: &str = "One rule per line: claim = value -> tenant role, or claim ~ pattern -> tenant role, where * stands for \
    anything but /. The strongest role counts. Whom no rule fits does not get in.";

/// The list.
pub fn sign_in_list(base: &str, providers: &[IdentityProvider], own: Option<&str>, typed: &TypedForm) -> AnyView {
    let rows = providers
        .iter()
        .map(|provider| {
            let state = match provider.enabled {
                true => view! { <span class="tag ok">"on"</span> }.into_any(),
                false => view! { <span class="tag">"off"</span> }.into_any(),
            };
            let warn = (!provider.warnings.is_empty()).then(|| view! { <span class="tag warn">"look at it"</span> });
            view! {
                <tr>
                    <td>
                        <a href=format!("{base}/{}", provider.name)>{provider.title.clone()}</a>
                    </td>
                    <td class="mono wrap">{provider.issuer.clone()}</td>
                    <td class="num">{provider.mappings.len()}</td>
                    <td>{state} " " {warn} " " <Locked by=provider.provisioned_by.clone() /></td>
                </tr>
            }
        })
        .collect_view();
    let nothing_yet = match own {
        Some(_) => "This tenant has no provider of its own.",
        None => "No provider yet.",
    };
    let none = providers.is_empty().then(|| empty_row(4, nothing_yet));
    let open = typed.form == CREATE;
    let intro = match own {
        Some(_) => {
            "Providers of this tenant alone: people who sign in with them can get roles in this tenant and no other. \
             Providers of the whole installation are set by whoever runs it."
        }
        None => "Providers anybody can sign in with. Their rules say who belongs to which tenant, with which role.",
    };
    view! {
        <p class="hint">{intro}</p>
        <section class="card">
            <header>
                <h2>"Sign-in providers"</h2>
            </header>
            <div class="table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th>"Name"</th>
                            <th>"Issuer"</th>
                            <th class="num">"Rules"</th>
                            <th>"State"</th>
                        </tr>
                    </thead>
                    <tbody>{rows} {none}</tbody>
                </table>
            </div>
        </section>
        <details class="card more" open=open>
            <summary>"Add a provider (OpenID Connect, for example Keycloak)"</summary>
            <form class="fields body" method="post" action=base.to_owned()>
                {new_fields(own, typed)}
                <div class="actions">
                    <button class="btn pri">"Add the provider"</button>
                </div>
            </form>
        </details>
    }
    .into_any()
}

fn new_fields(own: Option<&str>, typed: &TypedForm) -> AnyView {
    let errors = typed.errors(CREATE);
    let name_hint = match own {
        Some(slug) => format!("Part of addresses; begins with {slug}-. Cannot be changed later."),
        None => "Part of addresses: a-z, 0-9 and hyphens. Cannot be changed later.".to_owned(),
    };
    let example = own.map_or_else(|| "keycloak".to_owned(), |slug| format!("{slug}-sso"));
    view! {
        <Field
            label="Name"
            name="name"
            value=typed.value(CREATE, "name", "")
            hint=name_hint
            example=example
            errors=errors.clone()
            required=true
            longest=63
        />
        <Field
            label="Issuer"
            name="issuer"
            value=typed.value(CREATE, "issuer", "")
            hint="Exactly as the provider's discovery document says it. Cannot be changed later."
            example="https://sso.example.com/realms/main"
            kind="url"
            errors=errors
            required=true
        />
        {settings(CREATE, None, typed)}
    }
    .into_any()
}

/// The fields that can be changed later.
fn settings(form: &'static str, saved: Option<&IdentityProvider>, typed: &TypedForm) -> AnyView {
    let errors: FormErrors = typed.errors(form);
    let locked = saved.is_some_and(|provider| provider.provisioned_by.is_some());
    let of = |field: &str, value: Option<String>| typed.value(form, field, &value.unwrap_or_default());
    let lines = saved.map(|p| p.mappings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    let (has_secret, enabled) = (saved.is_some_and(|p| p.has_secret), saved.is_none_or(|p| p.enabled));
    let secret_hint = match has_secret {
        true => "One is kept. Leave this empty to keep it.",
        false => "Shown to nobody afterwards. Empty for a public client.",
    };
    let remove = (has_secret && !locked).then(|| {
        view! { <Tick label="Remove the secret that is kept" name="remove_credential" checked=false /> }
    });
    // What was typed wins over what is saved: an empty tick sends nothing.
    let enabled = if typed.form == form { typed.values.contains_key("enabled") } else { enabled };
    view! {
        <Field
            label="Title"
            name="title"
            value=of("title", saved.map(|p| p.title.clone()))
            hint="The button says: Continue with …"
            example="Company account"
            errors=errors.clone()
            required=true
            locked=locked
            longest=100
        />
        <Field
            label="Client id"
            name="client_id"
            value=of("client_id", saved.map(|p| p.client_id.clone()))
            errors=errors.clone()
            required=true
            locked=locked
            longest=255
        />
        <Field
            label="Client secret"
            name="client_secret"
            kind="password"
            autocomplete="new-password"
            hint=secret_hint
            errors=errors.clone()
            locked=locked
        />
        <Field
            label="Scopes"
            name="scopes"
            value=of("scopes", Some(saved.map_or_else(|| "profile email".to_owned(), |p| p.scopes.join(" "))))
            hint="Asked for beside openid, with spaces between them."
            errors=errors.clone()
            locked=locked
        />
        <Field
            label="Audience of the API"
            name="api_audience"
            value=of("api_audience", saved.and_then(|p| p.api_audience.clone()))
            hint="Access tokens that name it are taken on the API. Empty: none are."
            errors=errors.clone()
            locked=locked
            longest=255
        />
        <div class="wide">
            <TextArea
                label="Rules"
                name="mappings"
                value=of("mappings", lines)
                hint=RULES_HINT
                example="groups = /acme/admins -> acme admin"
                rows=6
                errors=errors
                locked=locked
            />
        </div>
        <div class="wide ticks">
            <Tick label="People can sign in with it" name="enabled" checked=enabled locked=locked />
            {remove}
        </div>
    }
    .into_any()
}

/// One provider.
pub fn sign_in_provider(
    base: &str,
    provider: &IdentityProvider,
    consequences: (i64, i64),
    typed: &TypedForm,
    report: Option<&ConnectionReport>,
    preview: Option<&MappingPreview>,
) -> AnyView {
    let here = format!("{base}/{}", provider.name);
    let locked = provider.provisioned_by.is_some();
    let warnings = provider
        .warnings
        .iter()
        .map(|text| {
            view! {
                <p class="strip">
                    <span class="dot warn" aria-hidden="true"></span>
                    {text.clone()}
                </p>
            }
        })
        .collect_view();
    let save = (!locked).then(|| {
        view! {
            <div class="actions">
                <button class="btn pri">"Save"</button>
            </div>
        }
    });
    let (sessions, memberships) = consequences;
    let delete = (!locked).then(|| {
        let what = format!(
            "People can no longer sign in with {}. {sessions} open sessions end, {memberships} memberships it gave are taken back. Accounts and their history stay.",
            provider.title
        );
        view! {
            <div class="actions">
                <Confirm
                    label="Delete the provider"
                    action=format!("{here}/delete")
                    consequence=what
                    typed=provider.name.clone()
                    errors=typed.errors("delete")
                />
            </div>
        }
    });
    view! {
        <p>
            <a href=base.to_owned()>"All providers"</a>
        </p>
        {warnings}
        <section class="card">
            <header>
                <h2>{provider.title.clone()}</h2>
                <Locked by=provider.provisioned_by.clone() />
            </header>
            <div class="body">
                <dl class="facts">
                    <dt>"Name"</dt>
                    <dd class="mono">{provider.name.clone()}</dd>
                    <dt>"Issuer"</dt>
                    <dd class="mono">{provider.issuer.clone()}</dd>
                    <dt>"Redirect address to register there"</dt>
                    <dd class="mono">{provider.callback_url.clone()}</dd>
                    <dt>"Back-channel logout address to register there"</dt>
                    <dd class="mono">{provider.backchannel_logout_url.clone()}</dd>
                </dl>
            </div>
            <form class="fields body" method="post" action=here.clone()>
                {settings(SAVE, Some(provider), typed)}
                {save}
            </form>
        </section>
        <section class="card" id="test">
            <header>
                <h2>"Connection"</h2>
            </header>
            <div class="body stack">
                {report.map(checks)}
                <form class="actions" method="post" action=format!("{here}/test#test")>
                    <button class="btn">"Test the connection"</button>
                    <span class="hint">"Reads the provider's documents. Nobody is signed in."</span>
                </form>
            </div>
        </section>
        <section class="card" id="preview">
            <header>
                <h2>"Paste a token, see the result"</h2>
            </header>
            <form class="fields body" method="post" action=format!("{here}/preview#preview")>
                {preview.map(|preview| view! { <div class="wide">{previewed(preview)}</div> })}
                <div class="wide">
                    <TextArea
                        label="Id or access token"
                        name="token"
                        hint="Neither kept nor logged, and not shown again. It may have expired."
                        rows=4
                        errors=typed.errors(PREVIEW)
                    />
                </div>
                <div class="actions">
                    <button class="btn">"Show the result"</button>
                </div>
            </form>
        </section>
        {delete}
    }
    .into_any()
}

fn checks(report: &ConnectionReport) -> AnyView {
    let rows = report
        .checks
        .iter()
        .map(|check| {
            let (dot, word) = match check.state {
                CheckState::Ok => ("dot", "fine"),
                CheckState::Warning => ("dot warn", "worth a look"),
                CheckState::Failed => ("dot crit", "failed"),
            };
            view! {
                <tr>
                    <th scope="row">{check.what.clone()}</th>
                    <td>
                        <span class=dot aria-hidden="true"></span>
                        " "
                        {word}
                    </td>
                    <td class="wrap">{check.detail.clone()}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="table-scroll" role="status">
            <table>
                <thead>
                    <tr>
                        <th>"Check"</th>
                        <th>"Result"</th>
                        <th>"What was found"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn previewed(preview: &MappingPreview) -> AnyView {
    let verdict = match preview.grants.as_slice() {
        [] => "Nobody with this token gets in.".to_owned(),
        grants => {
            let roles: Vec<_> =
                grants.iter().map(|grant| format!("{} in {}", grant.role.as_str(), grant.tenant)).collect();
            format!("This token gives: {}.", roles.join(", "))
        }
    };
    let rows = preview
        .rules
        .iter()
        .map(|result| {
            let tag = if result.counts { ("tag ok", "counts") } else { ("tag", "no") };
            view! {
                <tr>
                    <td class="mono wrap">{result.rule.to_string()}</td>
                    <td>
                        <span class=tag.0>{tag.1}</span>
                    </td>
                    <td class="wrap">
                        {result.why.clone()}
                        {result.matched.clone().map(|value| view! { " " <span class="mono">{value}</span> })}
                    </td>
                </tr>
            }
        })
        .collect_view();
    let none = preview.rules.is_empty().then(|| empty_row(3, "There are no rules yet."));
    let problems = preview.problems.iter().map(|text| view! { <li>{text.clone()}</li> }).collect_view();
    view! {
        <div class="stack" role="status">
            <p>
                <b>{verdict}</b>
            </p>
            <ul class="plain">
                <li>{preview.signature.clone()}</li>
                {problems}
            </ul>
            <div class="table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th>"Rule"</th>
                            <th>"Result"</th>
                            <th>"Why"</th>
                        </tr>
                    </thead>
                    <tbody>{rows} {none}</tbody>
                </table>
            </div>
        </div>
    }
    .into_any()
}
