//! The wasm entry: a panic hook and the hydrate call. Everything else is `app`.

/// Takes over the page that the server has drawn.
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}
