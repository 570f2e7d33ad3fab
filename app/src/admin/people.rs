//! `/admin/people`: everybody who can sign in.

use contract::people::{PeoplePage, PersonSummary, ResetLink};
use leptos::prelude::*;

use super::{
    Confirm, Locked, empty_row,
    parts::{api_line, moment, next_page, search, shown_once},
};

/// The page. `me` is the caller's account, which cannot disable itself; `link` was just made for somebody.
pub fn people(page: &PeoplePage, asked: &str, me: &str, link: Option<(String, ResetLink)>) -> AnyView {
    let rows = page.items.iter().map(|item| person(item, item.person.id == me)).collect_view();
    let none = page.items.is_empty().then(|| empty_row(5, "Nobody is called so."));
    let once = link.map(|(name, link)| {
        let note = format!("Hand it over. It works once, until {}, and is shown this once.", moment(&link.expires_at));
        shown_once(format!("New password for {name}"), link.link, note)
    });
    view! {
        {once}
        <section class="card">
            <header>
                <h2>"People"</h2>
                <span class="end">{search("/admin/people".to_owned(), "Part of a name or address", asked)}</span>
            </header>
            <div class="body table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Person"</th>
                            <th scope="col">"Tenants"</th>
                            <th scope="col" class="num">"Sessions"</th>
                            <th scope="col">"Last seen"</th>
                            <th scope="col">"Change"</th>
                        </tr>
                    </thead>
                    <tbody>{rows} {none}</tbody>
                </table>
            </div>
        </section>
        {next_page("/admin/people", asked, page.next.clone())}
        <p class="hint">
            "People come by invitation, from a configuration, or from a sign-in provider. To invite somebody, open the members of a tenant."
        </p>
        {api_line("GET /api/v1/admin/users · GET, PUT /api/v1/admin/users/{id} · POST /api/v1/admin/users/{id}/reset-link")}
    }
    .into_any()
}

fn person(item: &PersonSummary, myself: bool) -> AnyView {
    let person = &item.person;
    let here = format!("/admin/people/{}", person.id);
    let tenants = person
        .memberships
        .iter()
        .map(|membership| {
            view! {
                <li>
                    <a href=format!("/admin/tenants/{}", membership.tenant)>{membership.name.clone()}</a>
                    {format!(": {}", membership.role.as_str())}
                </li>
            }
        })
        .collect_view();
    let changes = if person.provisioned_by.is_some() {
        view! { <Locked by=person.provisioned_by.clone() /> }.into_any()
    } else if myself {
        view! { <span class="faint">"you"</span> }.into_any()
    } else {
        let (name, sessions) = (&person.name, item.sessions);
        let able = if person.disabled {
            view! {
                <form method="post" action=format!("{here}/enable")>
                    <button class="btn small" aria-label=format!("Enable {name}")>
                        "Enable"
                    </button>
                </form>
            }
            .into_any()
        } else {
            let consequence =
                format!("{name} cannot sign in any more. {sessions} sessions end at once and their API keys stop.");
            view! { <Confirm label="Disable" action=format!("{here}/disable") consequence=consequence /> }.into_any()
        };
        let platform = if person.platform_admin {
            let consequence = format!("{name} no longer runs this installation; memberships stay.");
            view! { <Confirm label="Withdraw platform admin" action=format!("{here}/withdraw") consequence=consequence /> }
                .into_any()
        } else {
            let consequence = format!("{name} will run this installation: all tenants, all people, all stores.");
            view! { <Confirm label="Make platform admin" action=format!("{here}/grant") consequence=consequence /> }
                .into_any()
        };
        let reset = (person.origin == "local" && !person.disabled).then(|| {
            view! {
                <form method="post" action=format!("{here}/reset-link")>
                    <button class="btn small" aria-label=format!("Reset link for {name}")>
                        "Reset link"
                    </button>
                </form>
            }
        });
        view! { <div class="actions">{reset} {able} {platform}</div> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">
                {person.name.clone()} {person.platform_admin.then(|| view! { " " <span class="tag">"platform admin"</span> })}
                {person.disabled.then(|| view! { " " <span class="tag warn">"disabled"</span> })} <br />
                <span class="faint">
                    {person.email.clone()} {(person.origin == "provider").then_some(" by a sign-in provider")}
                </span>
            </th>
            <td>
                <ul class="plain">{tenants}</ul>
            </td>
            <td class="num">{item.sessions}</td>
            <td>{item.last_seen.as_deref().map_or("never".to_owned(), moment)}</td>
            <td>{changes}</td>
        </tr>
    }
    .into_any()
}
