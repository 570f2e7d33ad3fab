//! Pages that say why there is nothing else to see.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::platform;

/// The answer to an address that leads nowhere.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    platform::set_status(404);
    view! {
        <Title text="Not found · Obstack" />
        <main class="lone">
            <h1>"This page does not exist"</h1>
            <p>"The address may be mistyped, or the thing it named is gone."</p>
            <p><a class="btn" href="/" rel="external">"Go to the start page"</a></p>
        </main>
    }
}
