//! Server functions of the overview.

use contract::{TenantSlug, overview};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::GetUrl;

use crate::platform::{Text, UiError};

/// Arguments of [`overview_page`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverviewArgs {
    /// The tenant of the page.
    pub tenant: TenantSlug,
    /// What to show.
    #[serde(default)]
    pub query: overview::OverviewQuery,
}

/// Everything on the page.
#[server(prefix = "/ui", endpoint = "overview/page", input = GetUrl, output = Text)]
pub async fn overview_page(
    /// Tenant and options.
    args: OverviewArgs,
) -> Result<overview::OverviewPage, UiError> {
    Ok(crate::platform::portal(&args.tenant)?.overview().page(args.query).await?)
}
