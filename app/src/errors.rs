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
            <section class="card state">
                <h1>"This page does not exist"</h1>
                <p>"The address may be mistyped, or what it named is gone, or it belongs to a tenant you are not a member of."</p>
                <div class="actions">
                    <a class="btn" href="/" rel="external">
                        "Start page"
                    </a>
                </div>
            </section>
        </main>
    }
}
