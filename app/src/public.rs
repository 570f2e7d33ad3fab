//! The documents outside of the app: landing page, login, and errors of forms. Plain HTML and CSS: no scripts, no wasm.
//! The server calls the functions and sends what they return.

mod invite;
mod landing;
mod login;
mod problem;
mod setup;
mod sign_in;

use leptos::prelude::*;

pub use invite::{InviteAs, InvitePage, render_forgot, render_invite, render_reset, render_reset_done};
pub use landing::{LandingPage, MeshPicture, render_landing};
pub use login::{DemoAccount, LoginPage, ProviderButton, render_login};
pub use problem::{render_onward, render_problem};
pub use setup::{SetupStep, SetupStore, render_setup, setup_admin, setup_stores, setup_tenant};
pub use sign_in::{SignInProblem, render_leaving, render_sign_in_problem};

use crate::{platform::Theme, ui::Logo};

/// How a public document looks.
#[derive(Clone, Debug)]
pub struct Look {
    /// From the visitor's cookie.
    pub theme: Theme,
    /// Address of the style sheet, see [`stylesheet`].
    pub stylesheet: String,
    /// Path of this document, where the theme form comes back to.
    pub here: String,
}

/// Address of the style sheet, with its hash where the build wrote one. Reads a file: call it once, at start.
pub fn stylesheet(options: &LeptosOptions) -> String {
    let html = view! { <leptos_meta::HashedStylesheet options=options.clone() /> }.to_html();
    html.split_once("href=\"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(href, _)| href.to_owned())
        .unwrap_or_default()
}

/// The whole document around `body`.
pub(crate) fn document(look: &Look, title: &str, description: &str, body: AnyView) -> String {
    let page = view! {
        <html lang="en" data-theme=look.theme.as_str()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                // As a child it would get a mark behind it, which browsers show.
                <title inner_html=as_text(title)></title>
                <meta name="description" content=description.to_owned() />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="stylesheet" href=look.stylesheet.clone() />
            </head>
            <body>{body}</body>
        </html>
    };
    format!("<!DOCTYPE html>{}", page.to_html())
}

/// Text for places where markup means nothing, such as a title or a text area.
pub(crate) fn as_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The bar on top: brand and a way on.
fn top(way_on: AnyView) -> AnyView {
    view! {
        <header class="public-top">
            <a class="brand" href="/">
                <Logo />
                "Obstack"
            </a>
            <nav aria-label="Account">{way_on}</nav>
        </header>
    }
    .into_any()
}

/// The foot: what this is, and the theme.
fn foot(look: &Look) -> AnyView {
    let themes = Theme::ALL
        .into_iter()
        .map(|theme| {
            view! {
                <button name="theme" value=theme.as_str() aria-pressed=if theme == look.theme { "true" } else { "false" }>
                    {theme.label()}
                </button>
            }
        })
        .collect_view();
    view! {
        <footer class="public-foot">
            <span>"Obstack, Apache-2.0. No tracking, no scripts on this page."</span>
            <form class="theme-form" method="post" action="/theme" aria-label="Theme">
                <input type="hidden" name="return" value=look.here.clone() />
                {themes}
            </form>
        </footer>
    }
    .into_any()
}

#[cfg(test)]
mod tests;
