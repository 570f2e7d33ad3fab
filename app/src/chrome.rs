//! The frame around all pages of a tenant.

use contract::TenantSlug;
use leptos::prelude::*;
use leptos_router::{components::Outlet, hooks::use_params_map};

use crate::{errors::NotFoundPage, platform, url::PageTenant};

/// Reads the tenant from the address, checks that the caller may enter, and draws the frame.
#[component]
pub fn TenantFrame() -> AnyView {
    let params = use_params_map();
    let Ok(tenant) = params.with_untracked(|params| params.get("tenant").unwrap_or_default()).parse::<TenantSlug>()
    else {
        return view! { <NotFoundPage /> }.into_any();
    };
    let shell = SharedValue::new(|| platform::shell_data(&tenant)).into_inner();
    match shell {
        Ok(shell) => {
            provide_context(PageTenant(tenant));
            provide_context(shell);
            view! { <Outlet /> }.into_any()
        }
        Err(error) => view! { <main class="lone"><p>{error.to_string()}</p></main> }.into_any(),
    }
}
