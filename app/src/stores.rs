//! The state of the tenant's stores: the strip at the foot of every page.

use contract::{TenantSlug, stores::StoreStatus};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::GetUrl;

use crate::platform::{Text, UiError};

/// Arguments of [`stores_status`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoresArgs {
    /// The tenant of the page.
    pub tenant: TenantSlug,
}

/// All stores of the tenant, metrics first.
#[server(prefix = "/ui", endpoint = "stores/status", input = GetUrl, output = Text)]
pub async fn stores_status(
    /// Tenant and options.
    args: StoresArgs,
) -> Result<Vec<StoreStatus>, UiError> {
    Ok(crate::platform::portal(&args.tenant)?.stores().status().await?)
}
