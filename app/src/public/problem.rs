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
