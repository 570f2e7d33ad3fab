//! Renders a path the way the server does: the same shell, the same contexts, the real status.

use std::sync::{Arc, Once};

use app::platform::DoorContext;
use axum::{body::Body, http::Request};
use http_body_util::BodyExt;
use leptos::{nonce::Nonce, prelude::*};

use crate::fake::World;

/// What came back.
pub struct Rendered {
    /// Status of the answer.
    pub status: u16,
    /// The whole document.
    pub html: String,
}

/// Renders a path.
pub async fn get(world: World, path: &str) -> Rendered {
    get_with(world, path, &[]).await
}

/// Renders a path for a request with these headers.
pub async fn get_with(world: World, path: &str, headers: &[(&str, &str)]) -> Rendered {
    // As at the start of the server: walking the routes also sets up the executor that all tests share.
    static START: Once = Once::new();
    START.call_once(|| assert!(!leptos_axum::generate_route_list(app::App).is_empty()));
    let options = LeptosOptions::builder().output_name("obstack").build();
    let context = move || {
        provide_context(DoorContext(Arc::new(world.clone())));
        provide_context(Nonce::from_value("n0nce"));
    };
    let handler = leptos_axum::render_app_async_with_context(context, move || app::shell(options.clone()));
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = handler(request.body(Body::empty()).expect("a request")).await;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.expect("the whole page").to_bytes();
    Rendered { status, html: String::from_utf8(bytes.to_vec()).expect("text") }
}

/// Writes a document so that a browser can open it from the disk.
pub fn keep(out: &str, name: &str, html: &str) {
    let html = html.replace("/pkg/obstack.css", "obstack.css").replace("href=\"/fonts/", "href=\"fonts/");
    std::fs::write(format!("{out}/{name}.html"), html).expect("the directory exists");
}
