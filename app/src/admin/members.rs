//! `/t/{tenant}/settings/members`: who belongs to a tenant and why, and who is invited.

use contract::{
    Role,
    members::{InvitationPage, InviteLink, MemberPage, MemberSummary, Right},
};
use leptos::prelude::*;

use super::{
    Confirm, Field, Select, TypedForm, empty_row,
    parts::{api_line, moment, next_page, search},
    tenants::invitation,
};

/// What the page shows.
pub struct MembersView<'a> {
    /// Slug of the tenant.
    pub slug: &'a str,
    /// Name of the tenant.
    pub tenant: &'a str,
    /// The members, each with what they may do.
    pub members: &'a MemberPage,
    /// Rights of the members, in the same order.
    pub rights: &'a [Vec<Right>],
    /// What was searched for.
    pub asked: &'a str,
    /// Open invitations.
    pub invitations: &'a InvitationPage,
    /// Roles the caller can give.
    pub roles: &'a [Role],
    /// What was typed.
    pub typed: &'a TypedForm,
    /// An invitation that was just made or sent again.
    pub invited: Option<InviteLink>,
}

/// The page.
pub fn members(page: MembersView<'_>) -> AnyView {
    let here = format!("/t/{}/settings/members", page.slug);
    let rows = page
        .members
        .items
        .iter()
        .zip(page.rights)
        .map(|(item, rights)| member(&page, &here, item, rights))
        .collect_view();
    let none = page.members.items.is_empty().then(|| {
        empty_row(
            4,
            if page.asked.is_empty() {
                "Nobody belongs here yet. Invite somebody below."
            } else {
                "Nobody is called so."
            },
        )
    });
    let open = page
        .invitations
        .items
        .iter()
        .map(|item| {
            let state = if item.expired {
                view! { <span class="tag warn">"expired"</span> }.into_any()
            } else {
                format!("until {}", moment(&item.expires_at)).into_any()
            };
            view! {
                <tr>
                    <th scope="row">{item.email.clone()}</th>
                    <td>{item.role.as_str()}</td>
                    <td>{item.invited_by.clone()}</td>
                    <td>{state}</td>
                    <td>
                        <div class="actions">
                            <form method="post" action=format!("{here}/invites/{}/resend", item.id)>
                                <button class="btn small" aria-label=format!("New link for {}", item.email)>
                                    "New link"
                                </button>
                            </form>
                            <Confirm
                                label="Revoke"
                                action=format!("{here}/invites/{}/revoke", item.id)
                                consequence=format!("The link for {} stops working at once.", item.email)
                            />
                        </div>
                    </td>
                </tr>
            }
        })
        .collect_view();
    let nobody = page.invitations.items.is_empty().then(|| empty_row(5, "No invitation is open."));
    let errors = page.typed.errors("invite");
    view! {
        {page.invited.clone().map(invitation)}
        <section class="card">
            <header>
                <h2>"Members"</h2>
                <span class="end">{search(here.clone(), "Part of a name or address", page.asked)}</span>
            </header>
            <div class="body table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Member"</th>
                            <th scope="col">"Role, and by whom"</th>
                            <th scope="col">"Last seen"</th>
                            <th scope="col">"Change"</th>
                        </tr>
                    </thead>
                    <tbody>{rows} {none}</tbody>
                </table>
            </div>
        </section>
        {next_page(&here, page.asked, page.members.next.clone())}
        <section class="card">
            <header>
                <h2>"Invite"</h2>
            </header>
            <div class="body">
                <form class="fields" method="post" action=format!("{here}/invite")>
                    <Field
                        label="E-mail"
                        name="email"
                        kind="email"
                        value=page.typed.value("invite", "email", "")
                        errors=errors.clone()
                        required=true
                        longest=254
                        example="ana@acme.com"
                    />
                    <Select
                        label="Role"
                        name="role"
                        value=page.typed.value("invite", "role", "viewer")
                        options=page.roles.iter().map(|role| (role.as_str().to_owned(), words(*role).to_owned())).collect()
                        errors=errors
                    />
                    <div class="actions">
                        <button class="btn pri">"Invite"</button>
                    </div>
                </form>
            </div>
        </section>
        <section class="card">
            <header>
                <h2>"Open invitations"</h2>
            </header>
            <div class="body table-scroll">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Who"</th>
                            <th scope="col">"Role"</th>
                            <th scope="col">"Invited by"</th>
                            <th scope="col">"Link works"</th>
                            <th scope="col">"Change"</th>
                        </tr>
                    </thead>
                    <tbody>{open} {nobody}</tbody>
                </table>
            </div>
        </section>
        {api_line(
            &format!("GET /api/v1/t/{slug}/members · GET, PUT, DELETE …/members/{{user_id}} · GET, POST …/invites", slug = page.slug),
        )}
    }
    .into_any()
}

fn words(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer: sees",
        Role::Editor => "editor: also changes what the team works with",
        Role::Admin => "admin: also manages members and settings",
    }
}

fn member(page: &MembersView<'_>, here: &str, item: &MemberSummary, rights: &[Right]) -> AnyView {
    let member = &item.member;
    let local = member.origins.iter().find(|origin| origin.kind == "local").map(|origin| origin.role);
    let only = member.origins.len() == 1;
    let origins = member
        .origins
        .iter()
        .map(|origin| {
            let by = if origin.kind == "local" { "people".to_owned() } else { origin.name.clone() };
            view! {
                <br />
                <span class="faint">{format!("{} by {by}", origin.role.as_str())}</span>
            }
        })
        .collect_view();
    let wrong = (page.typed.form == "role" && page.typed.values.get("user") == Some(&member.user_id))
        .then(|| page.typed.errors.at("role"))
        .flatten()
        .map(|why| view! { <span class="wrong" role="alert">{why}</span> });
    let change = match local {
        Some(given) if page.roles.contains(&given) => {
            let options = page
                .roles
                .iter()
                .map(|role| view! { <option value=role.as_str() selected=*role == given>{role.as_str()}</option> })
                .collect_view();
            let gone = if only {
                format!(
                    "{} loses access to {} at once, and their own API keys here are revoked.",
                    member.name, page.tenant
                )
            } else {
                format!("{} keeps what others have given: see the roles beside the name.", member.name)
            };
            view! {
                <div class="actions">
                    <form class="inline" method="post" action=format!("{here}/{}/role", member.user_id)>
                        <input type="hidden" name="user" value=member.user_id.clone() />
                        <select class="field" name="role" aria-label=format!("Role of {}", member.name)>
                            {options}
                        </select>
                        <button class="btn small" aria-label=format!("Save the role of {}", member.name)>
                            "Save"
                        </button>
                    </form>
                    <Confirm label="Remove" action=format!("{here}/{}/remove", member.user_id) consequence=gone />
                </div>
                {wrong}
            }
            .into_any()
        }
        Some(_) => view! { <span class="faint">"has more rights than you"</span> }.into_any(),
        None => view! { <span class="tag">"locked: changed where it comes from"</span> }.into_any(),
    };
    let table = rights
        .iter()
        .map(|right| {
            let (mark, word) = if right.granted { ("tag ok", "yes") } else { ("tag", "no") };
            view! {
                <tr>
                    <th scope="row">{format!("{}: {}", right.resource, right.action)}</th>
                    <td>{right.least_role.as_str()}</td>
                    <td>
                        <span class=mark>{word}</span>
                    </td>
                </tr>
            }
        })
        .collect_view();
    let seen = item.last_seen.as_deref().map_or("no session".to_owned(), moment);
    view! {
        <tr>
            <th scope="row">
                {member.name.clone()} {member.disabled.then(|| view! { " " <span class="tag warn">"disabled"</span> })} <br />
                <span class="faint">{member.email.clone()}</span> <details class="why">
                    <summary>{format!("What {} may do, and why", member.name)}</summary>
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"Right"</th>
                                <th scope="col">"Needs"</th>
                                <th scope="col">"Has it"</th>
                            </tr>
                        </thead>
                        <tbody>{table}</tbody>
                    </table>
                </details>
            </th>
            <td>
                <b>{member.role.as_str()}</b>
                {origins}
            </td>
            <td>{seen}</td>
            <td>{change}</td>
        </tr>
    }
    .into_any()
}
