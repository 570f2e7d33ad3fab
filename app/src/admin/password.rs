//! The form that changes one's own password, for the page of the account.

use leptos::prelude::*;

use super::{Field, TypedForm, parts::api_line};

/// The form, named `password`. `kept_by` says who keeps the password when it is not kept here.
pub fn password_form(typed: &TypedForm, kept_by: Option<String>) -> AnyView {
    let errors = typed.errors("password");
    let body = match kept_by {
        Some(who) => {
            view! { <p class="hint">{format!("Your password is kept by {who}. Change it there.")}</p> }.into_any()
        }
        None => view! {
            <form class="fields" method="post" action="/account/password">
                <Field
                    label="Password now"
                    name="current_password"
                    kind="password"
                    autocomplete="current-password"
                    errors=errors.clone()
                    required=true
                    longest=1024
                />
                <Field
                    label="New password"
                    name="new_password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 10 characters, for example several unrelated words."
                    errors=errors
                    required=true
                    longest=1024
                />
                <div class="actions">
                    <button class="btn pri">"Change password"</button>
                    <span class="hint">"All your other sessions end."</span>
                </div>
            </form>
        }
        .into_any(),
    };
    view! {
        <section class="card">
            <header>
                <h2>"Password"</h2>
            </header>
            <div class="body">{body}</div>
        </section>
        {api_line("POST /api/v1/auth/password")}
    }
    .into_any()
}
