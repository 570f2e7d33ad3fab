//! The one place that spells out waiting, failing and trying again.

use std::sync::Arc;

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use super::{ErrorState, Skeleton};
use crate::json::Data;

/// Shows `view` with the resource's value. While it is fetched again the old view stays, dimmed. Errors become a card
/// with a button to try again.
#[component]
pub fn Loaded<T>(
    /// What to wait for.
    resource: Data<T>,
    /// Draws the value.
    view: Arc<dyn Fn(T) -> AnyView + Send + Sync>,
    /// Stands in until the first value is there.
    #[prop(optional, into)]
    fallback: Option<ViewFn>,
    /// Does not dim while it is fetched again: for parts that refresh by themselves.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let pending = ArcRwSignal::new(false);
    let set_pending = SignalSetter::map({
        let pending = pending.clone();
        move |now| pending.set(now)
    });
    let fallback = fallback.unwrap_or_else(|| ViewFn::from(|| view! { <Skeleton /> }));
    let retry = Callback::new(move |()| resource.refetch());
    // The classes change through a signal and not through the Transition itself, which keeps what it shows. On the server
    // another thread may be setting it in this very moment, and a signal that is locked answers like one that is gone; a page
    // on its way out is not dimmed. Only the signals that are counted by reference can be asked without a panic then.
    let is_pending = move || pending.try_get().unwrap_or(false) && !quiet;
    view! {
        <div class="loaded" class:is-pending=is_pending>
            <Transition fallback=move || fallback.run() set_pending>
                {move || {
                    let view = view.clone();
                    Suspend::new(async move {
                        match resource.await {
                            Ok(value) => view(value),
                            Err(error) => view! { <ErrorState error retry /> }.into_any(),
                        }
                    })
                }}
            </Transition>
        </div>
    }
}
