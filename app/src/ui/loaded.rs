//! The one place that spells out waiting, failing and trying again.

use leptos::prelude::*;

use crate::platform::UiError;

/// Shows `view` with the resource's value. While it is fetched again the old view stays, dimmed. Errors become a card
/// with a button to try again.
#[component]
pub fn Loaded<T>(
    /// What to wait for.
    resource: Resource<Result<T, UiError>>,
    /// Draws the value.
    view: fn(T) -> AnyView,
) -> impl IntoView
where
    T: Clone + Send + Sync + 'static,
{
    let (pending, set_pending) = signal(false);
    view! {
        <div class="loaded" class:is-pending=pending>
            <Transition fallback=|| () set_pending>
                {move || Suspend::new(async move {
                    match resource.await {
                        Ok(value) => view(value),
                        Err(error) => error.to_string().into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}
