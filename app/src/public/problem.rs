//! An error as a whole document, for forms and addresses that the app does not answer.

use contract::ApiError;
use leptos::prelude::*;

use super::{Look, document, foot, top};

/// What went wrong and the way back. The status is the server's to set.
pub fn render_problem(look: &Look, error: &ApiError) -> String {
    let title = error.code.title();
    let request = error.request_id.clone().map(|id| view! { <span class="ref">{format!("request {id}")}</span> });
    let wait = error.retry_after.map(|secs| view! { <p>{format!("Try again in {secs} s.")}</p> });
    let body = view! {
        <div class="public">
            {top(().into_any())}
            <main class="login">
                <section class="card state">
                    <h2>
                        <span class="dot crit big" aria-hidden="true"></span>
                        {title}
                    </h2>
                    <p>{error.detail.clone()}</p>
                    {wait}
                    <div class="actions">
                        <a class="btn" href=look.here.clone()>
                            "Back"
                        </a>
                        <a class="btn quiet" href="/">
                            "Start page"
                        </a>
                    </div>
                    {request}
                </section>
            </main>
            {foot(look)}
        </div>
    };
    document(look, &format!("{title} · Obstack"), title, body.into_any())
}

/// A page that goes on to `to`, a path of this portal, by itself.
pub fn render_onward(look: &Look, to: &str) -> String {
    let refresh = format!("0;url={to}");
    let page = view! {
        <html lang="en" data-theme=look.theme.as_str()>
            <head>
                <meta charset="utf-8" />
                <meta http-equiv="refresh" content=refresh />
                <title>"Obstack"</title>
                <link rel="stylesheet" href=look.stylesheet.clone() />
            </head>
            <body>
                <p class="lone">
                    <a class="btn" href=to.to_owned()>"Go on to Obstack"</a>
                </p>
            </body>
        </html>
    };
    format!("<!DOCTYPE html>{}", page.to_html())
}
