//! The browser's files. Names with a content hash may be kept for ever; a missing file is a plain 404, never a page.

use std::path::Path;

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    middleware::map_response,
    response::Response,
    routing::get_service,
};
use leptos::config::LeptosOptions;
use tower_http::services::{ServeDir, ServeFile};

/// The options Leptos needs to name the files of `site`. With a `hash.txt` there, names carry content hashes.
pub fn options(site: &Path) -> LeptosOptions {
    let hashes = site.join("hash.txt");
    LeptosOptions::builder()
        .output_name("obstack")
        .site_root(site.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .hash_files(hashes.is_file())
        .hash_file(hashes.to_string_lossy().into_owned().into())
        .build()
}

/// Routes of `/pkg`, `/fonts` and the icons.
pub fn routes(options: &LeptosOptions) -> Router {
    let root = Path::new(options.site_root.as_ref());
    let dir = |name: &str| {
        ServeDir::new(root.join(name)).precompressed_br().precompressed_gzip().append_index_html_on_directories(false)
    };
    let lifetime = if options.hash_files { "public, max-age=31536000, immutable" } else { "no-cache" };
    let hashed = Router::new()
        .nest_service("/pkg", get_service(dir("pkg")))
        .layer(map_response(move |response: Response| cached(response, lifetime)));
    let fixed = Router::new()
        .nest_service("/fonts", get_service(dir("fonts")))
        .route_service("/favicon.svg", ServeFile::new(root.join("favicon.svg")))
        .route_service("/robots.txt", ServeFile::new(root.join("robots.txt")))
        .layer(map_response(|response: Response| cached(response, "public, max-age=86400")));
    hashed.merge(fixed)
}

async fn cached(mut response: Response, lifetime: &'static str) -> Response {
    let value = match response.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED => lifetime,
        _ => "no-store",
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
    response
}
