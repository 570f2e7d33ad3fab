//! The account menu: who is signed in, the theme, the keys, the way out. Forms, so that it works without scripts.

use leptos::{ev::MouseEvent, prelude::*};

use super::frame::{Frame, Over};
use crate::{platform::Theme, url::use_here};

/// The menu at the end of the top bar.
#[component]
pub(super) fn AccountMenu() -> AnyView {
    let Frame { shell, over, theme, .. } = expect_context();
    let here = use_here();
    let (user, role) = shell.with_value(|shell| (shell.me.user.clone(), shell.tenant.role));
    let themes = Theme::ALL
        .into_iter()
        .map(|choice| {
            let choose = move |event: MouseEvent| {
                event.prevent_default();
                theme.set(choice);
                choice.apply();
            };
            view! {
                <button
                    name="theme"
                    value=choice.as_str()
                    aria-pressed=move || if theme.get() == choice { "true" } else { "false" }
                    data-stay=""
                    on:click=choose
                >
                    {choice.label()}
                </button>
            }
        })
        .collect_view();
    view! {
        <details class="menu who">
            <summary aria-label=format!("Account of {}", user.name)>{initials(&user.name)}</summary>
            <div class="sheet">
                <div class="cap">
                    <b>{user.name.clone()}</b>
                    <br />
                    {user.email}
                    " · "
                    {role.as_str()}
                </div>
                <hr />
                <div class="cap">"Theme"</div>
                <form class="themes" method="post" action="/theme" aria-label="Theme">
                    <input type="hidden" name="return" value=here />
                    {themes}
                </form>
                <hr />
                <button class="item needs-js" type="button" on:click=move |_| over.set(Over::Keys)>
                    "Keys"
                    <span class="faint">
                        <kbd>"?"</kbd>
                    </span>
                </button>
                <a class="item" href="/account" rel="external">
                    "Your account"
                </a>
                <form method="post" action="/logout">
                    <button class="item">"Sign out"</button>
                </form>
            </div>
        </details>
    }
    .into_any()
}

/// The first letters of the first two words.
fn initials(name: &str) -> String {
    name.split_whitespace().take(2).map(super::sidebar::initial).collect()
}
