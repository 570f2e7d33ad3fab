//! The user interface: pages, their server functions of a few lines, and the design system. Holds a `Portal` and nothing
//! else of the backend; no SQL, no HTTP client, no decisions.

// The types of nested views are deep; the compiler's own limit is reached long before a page is large.
#![recursion_limit = "512"]

pub mod admin;
pub mod chrome;
pub mod demo;
pub mod errors;
pub mod json;
pub mod live;
pub mod overview;
pub mod platform;
pub mod policies;
pub mod public;
pub mod stores;
pub mod topology;
pub mod ui;
pub mod url;

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{chrome::TenantFrame, errors::NotFoundPage, overview::OverviewPage, topology::TopologyPage};

/// The HTML document around [`App`]. Only the server calls it, once per page; the browser takes over the body.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = platform::theme();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.as_str()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="preload" href="/fonts/inter-regular.woff2" r#as="font" r#type="font/woff2" crossorigin="" />
                <HashedStylesheet id="leptos" options=options.clone() />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The router with everything behind the login. The landing page and the login are [`public`] documents outside of it.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    Effect::new(|_| platform::mark_hydrated());
    // Pages are sent whole (`Async`): they must read well without scripts, and the status of a page depends on its data.
    view! {
        <Router>
            <Routes fallback=|| view! { <NotFoundPage /> }>
                <ParentRoute path=path!("/t/:tenant") view=TenantFrame ssr=SsrMode::Async>
                    <Route path=path!("") view=OverviewPage ssr=SsrMode::Async />
                    <Route path=path!("topology") view=TopologyPage ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
    }
}
