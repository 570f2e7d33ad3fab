//! `/invite/{token}`, `/forgot` and `/reset/{token}`: ways in for people who hold a link. Plain documents; the address is
//! the secret, so nothing on these pages leads elsewhere with it.

use contract::Role;
use leptos::prelude::*;

use super::{Look, document, foot, top};
use crate::admin::{Field, TypedForm};

/// Who looks at an invitation, and what they can do with it.
#[derive(Clone, Debug)]
pub enum InviteAs {
    /// Somebody signed in; `same` says that it is the local account the invitation names.
    Me {
        /// Name of the account.
        name: String,
        /// Its address.
        email: String,
        /// The invitation is for exactly this account.
        same: bool,
    },
    /// There is a local account of the address: its password is asked for.
    Account,
    /// Nobody with the address yet.
    Newcomer,
}

/// An invitation as it is shown.
#[derive(Clone, Debug)]
pub struct InvitePage {
    /// Path of the page with its secret.
    pub action: String,
    /// Name of the tenant.
    pub tenant: String,
    /// Who is invited.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Who invites.
    pub by: String,
    /// Passwords do not get into the tenant.
    pub require_sso: bool,
    /// Who looks at it.
    pub who: InviteAs,
    /// What was typed and what is wrong with it.
    pub typed: TypedForm,
}

/// The invitation as a whole document.
pub fn render_invite(look: &Look, page: &InvitePage) -> String {
    let errors = page.typed.errors("invite");
    let fields = match &page.who {
        InviteAs::Me { name, email, same } => {
            let sure = (!same).then(|| {
                let wrong = errors.at("confirm").map(|why| view! { <span class="wrong" role="alert">{why}</span> });
                view! {
                    <label class="tick">
                        <input type="checkbox" name="confirm" value="on" required />
                        <span>
                            {format!("The invitation names {}. I accept it with my account {name} ({email}).", page.email)}
                        </span>
                    </label>
                    {wrong}
                }
            });
            view! {
                <input type="hidden" name="as" value="me" />
                <p>{format!("You are signed in as {name}.")}</p>
                {sure}
                <button class="btn pri">"Accept"</button>
            }
            .into_any()
        }
        InviteAs::Account => view! {
            <input type="hidden" name="as" value="account" />
            <p>{format!("Sign in as {} to accept.", page.email)}</p>
            <Field
                label="Password"
                name="password"
                kind="password"
                autocomplete="current-password"
                errors=errors.clone()
                required=true
                longest=1024
            />
            <button class="btn pri">"Sign in and accept"</button>
        }
        .into_any(),
        InviteAs::Newcomer => view! {
            <input type="hidden" name="as" value="new" />
            <Field
                label="Your name"
                name="name"
                autocomplete="name"
                value=page.typed.value("invite", "name", "")
                errors=errors.clone()
                required=true
                longest=200
            />
            <input type="hidden" name="username" value=page.email.clone() autocomplete="username" />
            <Field
                label="Choose a password"
                name="password"
                kind="password"
                autocomplete="new-password"
                hint="At least 10 characters, for example several unrelated words."
                errors=errors.clone()
                required=true
                longest=1024
            />
            <button class="btn pri">"Make account and accept"</button>
        }
        .into_any(),
    };
    let sso = page.require_sso.then(|| {
        view! {
            <p class="login-note">
                <span class="dot unknown" aria-hidden="true"></span>
                {format!("{} asks for single sign-on: a password alone will not get in there.", page.tenant)}
            </p>
        }
    });
    let other = (!matches!(page.who, InviteAs::Me { .. })).then(|| {
        view! {
            <form method="get" action="/login">
                <input type="hidden" name="return" value=page.action.clone() />
                <button class="btn quiet">"Use another account"</button>
            </form>
        }
    });
    let body = view! {
        <h1>{format!("Join {}", page.tenant)}</h1>
        <p>{format!("{} invites {} to {} as {}.", page.by, page.email, page.tenant, page.role.as_str())}</p>
        {wrong(&page.typed)}
        {sso}
        <section class="card">
            <form class="fields" method="post" action=page.action.clone()>
                {fields}
            </form>
        </section>
        {other}
    };
    boxed(look, "Invitation", body.into_any())
}

/// `/forgot`: asks for the address. `asked` says that it was given, whether anybody has it or not.
pub fn render_forgot(look: &Look, typed: &TypedForm, asked: bool) -> String {
    let errors = typed.errors("forgot");
    let body = if asked {
        view! {
            <h1>"Look into your mail"</h1>
            <p>"If there is an account with a password for this address, a link is on its way. It works for one hour."</p>
            <p>
                <a href="/login">"Back to sign-in"</a>
            </p>
        }
        .into_any()
    } else {
        view! {
            <h1>"Forgotten password"</h1>
            {wrong(typed)}
            <section class="card">
                <form class="fields" method="post" action="/forgot">
                    <Field
                        label="E-mail"
                        name="email"
                        kind="email"
                        autocomplete="username"
                        value=typed.value("forgot", "email", "")
                        errors=errors
                        required=true
                        longest=254
                    />
                    <button class="btn pri">"Send me a link"</button>
                </form>
            </section>
            <p>
                <a href="/login">"Back to sign-in"</a>
            </p>
        }
        .into_any()
    };
    boxed(look, "Forgotten password", body)
}

/// `/reset/{token}`: the new password, or the way to sign-in once it is `done`.
pub fn render_reset(look: &Look, action: &str, name: &str, email: &str, typed: &TypedForm) -> String {
    let errors = typed.errors("reset");
    let body = view! {
        <h1>"Set a new password"</h1>
        <p>{format!("For {name} ({email}). All sessions of this account end.")}</p>
        {wrong(typed)}
        <section class="card">
            <form class="fields" method="post" action=action.to_owned()>
                <input type="hidden" name="username" value=email.to_owned() autocomplete="username" />
                <Field
                    label="New password"
                    name="password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 10 characters, for example several unrelated words."
                    errors=errors
                    required=true
                    longest=1024
                />
                <button class="btn pri">"Set password"</button>
            </form>
        </section>
    };
    boxed(look, "Set a new password", body.into_any())
}

/// After a password was set with a link.
pub fn render_reset_done(look: &Look) -> String {
    let body = view! {
        <h1>"The password is set"</h1>
        <p>"All sessions of the account have ended. Sign in with the new password."</p>
        <p>
            <a class="btn pri" href="/login">
                "Sign in"
            </a>
        </p>
    };
    boxed(look, "The password is set", body.into_any())
}

fn wrong(typed: &TypedForm) -> AnyView {
    typed
        .errors
        .summary()
        .map(|(text, _)| {
            view! {
                <p class="login-error" role="alert">
                    <span class="dot crit" aria-hidden="true"></span>
                    {text}
                </p>
            }
        })
        .into_any()
}

/// The address of the document is a secret: the theme form must not carry it on.
fn boxed(look: &Look, title: &'static str, body: AnyView) -> String {
    let look = Look { here: "/login".to_owned(), ..look.clone() };
    let page = view! {
        <div class="public">
            {top(().into_any())}
            <main class="login">
                <div class="login-box">{body}</div>
            </main>
            {foot(&look)}
        </div>
    };
    document(&look, &format!("{title} · Obstack"), title, page.into_any())
}
