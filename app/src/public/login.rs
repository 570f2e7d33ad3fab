//! `/login`: sign-in providers, and one plain form. The server checks the password and sends the reason back when it does not
//! fit.

use leptos::prelude::*;

use super::{Look, document, foot, top};

/// An account of the demo that anybody may try.
#[derive(Clone, Debug)]
pub struct DemoAccount {
    /// Name.
    pub name: String,
    /// Sign-in name.
    pub email: String,
    /// Password. These accounts exist for being tried.
    pub password: String,
    /// What it sees, a few words.
    pub sees: String,
}

/// A sign-in provider that is offered.
#[derive(Clone, Debug)]
pub struct ProviderButton {
    /// What it says after "Continue with".
    pub title: String,
    /// Where it leads.
    pub href: String,
}

/// What the login shows.
#[derive(Clone, Debug, Default)]
pub struct LoginPage {
    /// Sign-in providers.
    pub providers: Vec<ProviderButton>,
    /// Nobody could sign in with a password: the form is left out.
    pub no_passwords: bool,
    /// Where to go afterwards. Checked by the server: a path of this portal.
    pub back: String,
    /// The address typed before.
    pub email: String,
    /// Why the last try failed, one sentence.
    pub error: Option<String>,
    /// Accounts to try; empty where no demo runs.
    pub accounts: Vec<DemoAccount>,
    /// Forgotten passwords can be set by mail.
    pub forgot: bool,
}

/// The login as a whole document.
pub fn render_login(look: &Look, page: &LoginPage) -> String {
    let error = page.error.clone().map(|error| {
        view! {
            <p class="login-error" role="alert" id="why">
                <span class="dot crit" aria-hidden="true"></span>
                {error}
            </p>
        }
    });
    let failed = page.error.is_some();
    let onward = (page.error.is_none() && page.back.len() > 1).then(|| {
        view! {
            <p class="login-note">
                <span class="dot unknown" aria-hidden="true"></span>
                "Sign in to go on; you come back to the page you wanted."
            </p>
        }
    });
    let accounts = (!page.accounts.is_empty()).then(|| {
        let rows = page
            .accounts
            .iter()
            .map(|account| {
                let initial = account.name.chars().take(1).collect::<String>();
                view! {
                    <form method="post" action="/login">
                        <input type="hidden" name="return" value=page.back.clone() />
                        <input type="hidden" name="email" value=account.email.clone() />
                        <input type="hidden" name="password" value=account.password.clone() />
                        <button>
                            <span class="badge" aria-hidden="true">{initial}</span>
                            <span>
                                <b>{account.name.clone()}</b>
                                " "
                                <span class="faint">{account.email.clone()}</span>
                            </span>
                            <span class="faint">{account.sees.clone()}</span>
                        </button>
                    </form>
                }
            })
            .collect_view();
        view! {
            <section class="card logins">
                <header>
                    <h2>"Try the demo as"</h2>
                    <span class="faint end">{format!("password {}", page.accounts[0].password)}</span>
                </header>
                {rows}
            </section>
        }
    });
    let providers = (!page.providers.is_empty()).then(|| {
        let buttons = page
            .providers
            .iter()
            .map(|provider| {
                view! { <a class="btn" href=provider.href.clone()>{format!("Continue with {}", provider.title)}</a> }
            })
            .collect_view();
        let or = (!page.no_passwords).then(|| view! { <p class="login-or">"or with an account of this portal"</p> });
        view! {
            <nav class="login-providers" aria-label="Sign-in providers">{buttons}</nav>
            {or}
        }
    });
    let form = (!page.no_passwords || page.providers.is_empty()).then(|| {
        view! {
            <section class="card">
                <form class="fields" method="post" action="/login">
                    <input type="hidden" name="return" value=page.back.clone() />
                    <label>
                        "E-mail"
                        <input
                            class="field"
                            type="email"
                            name="email"
                            value=page.email.clone()
                            autocomplete="username"
                            required
                            autofocus=page.email.is_empty() && page.providers.is_empty()
                            aria-invalid=failed.then_some("true")
                            aria-describedby=failed.then_some("why")
                        />
                    </label>
                    <label>
                        "Password"
                        <input
                            class="field"
                            type="password"
                            name="password"
                            autocomplete="current-password"
                            required
                            autofocus=!page.email.is_empty()
                            aria-invalid=failed.then_some("true")
                        />
                    </label>
                    <button class="btn pri">"Sign in"</button>
                </form>
            </section>
        }
    });
    let body = view! {
        <div class="public">
            {top(().into_any())}
            <main class="login">
                <div class="login-box">
                    <h1>"Sign in"</h1>
                    {error}
                    {onward}
                    {providers}
                    {form}
                    {page.forgot.then(|| view! { <p><a href="/forgot">"Forgotten password?"</a></p> })}
                    {accounts}
                </div>
            </main>
            {foot(look)}
        </div>
    };
    document(look, "Sign in · Obstack", "Sign in to Obstack.", body.into_any())
}
