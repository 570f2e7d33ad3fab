//! `/t/{tenant}/settings`: what a tenant's own administrators see of it and can change.

use contract::tenants::Settings;
use leptos::prelude::*;

use super::{Field, Locked, TextArea, Tick, TypedForm, parts::api_line};

/// The page. `typed` is empty unless the form was refused.
pub fn general(slug: &str, settings: &Settings, may_change: bool, typed: &TypedForm) -> AnyView {
    let errors = typed.errors("settings");
    let name_locked = settings.provisioned_by.is_some();
    let sso = if typed.form == "settings" { typed.values.contains_key("require_sso") } else { settings.require_sso };
    let sso_wrong = errors.at("require_sso").map(|why| view! { <span class="wrong" role="alert">{why}</span> });
    let kept_name = name_locked.then(|| view! { <input type="hidden" name="name" value=settings.name.clone() /> });
    let limits = settings
        .limits
        .iter()
        .map(|limit| {
            let most = limit.most.map_or("any number".to_owned(), |most| most.to_string());
            let full = limit.most.is_some_and(|most| limit.have >= i64::from(most));
            view! {
                <tr>
                    <th scope="row">{limit.what.clone()}</th>
                    <td class="num">{limit.have}</td>
                    <td class="num">{most}</td>
                    <td>{full.then(|| view! { <span class="tag warn">"used up"</span> })}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <section class="card">
            <header>
                <h2>"This tenant"</h2>
                <span class="faint mono">{slug.to_owned()}</span>
                <span class="end">
                    <Locked by=settings.provisioned_by.clone() />
                </span>
            </header>
            <div class="body">
                <form class="fields" method="post" action=format!("/t/{slug}/settings")>
                    {kept_name}
                    <Field
                        label="Name"
                        name="name"
                        value=typed.value("settings", "name", &settings.name)
                        errors=errors.clone()
                        required=true
                        locked=name_locked || !may_change
                    />
                    <TextArea
                        label="Invitations may go to"
                        name="invite_domains"
                        value=typed.value("settings", "invite_domains", &settings.invite_domains.join("\n"))
                        hint="Domains of e-mail addresses, one per line. Empty: any."
                        errors=errors.clone()
                        rows=3
                        locked=!may_change
                        example="acme.com"
                    />
                    <fieldset class="wide">
                        <legend>"Sign-in"</legend>
                        <Tick
                            label="Members must come by single sign-on; a password does not get in here"
                            name="require_sso"
                            checked=sso
                            locked=!may_change
                        />
                        {sso_wrong}
                    </fieldset>
                    <div class="actions">
                        <button class="btn pri" disabled=!may_change>
                            "Save"
                        </button>
                    </div>
                </form>
            </div>
        </section>
        <section class="card">
            <header>
                <h2>{format!("Plan: {}", settings.plan)}</h2>
                <span class="faint end">"Single sign-on and the audit log are in every plan."</span>
            </header>
            <div class="body table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"What"</th>
                            <th scope="col" class="num">"Used"</th>
                            <th scope="col" class="num">"Included"</th>
                            <th scope="col">
                                <span class="sr-only">"State"</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{limits}</tbody>
                </table>
            </div>
        </section>
        <section class="card">
            <header>
                <h2>"What it sees, and where it is kept"</h2>
                <span class="faint end">"Set by the people who run this installation."</span>
            </header>
            <div class="body">
                <dl class="facts">
                    <dt>"Of the mesh"</dt>
                    <dd>{settings.sees.clone()}</dd>
                    <dt>"Metrics"</dt>
                    <dd class="mono">{settings.stores.metrics.clone()}</dd>
                    <dt>"Logs"</dt>
                    <dd class="mono">{settings.stores.logs.clone()}</dd>
                    <dt>"Traces"</dt>
                    <dd class="mono">{settings.stores.traces.clone()}</dd>
                </dl>
            </div>
        </section>
        {api_line(&format!("GET, PUT /api/v1/t/{slug}/settings"))}
    }
    .into_any()
}
