//! The faults of the demo mesh: reading and switching them.

use contract::{
    TenantSlug,
    demo::{Fault, FaultState},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use server_fn::codec::{GetUrl, PostUrl};

use crate::platform::{Text, UiError, WriteClient};

/// Arguments of [`demo_faults`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultsArgs {
    /// The tenant of the page.
    pub tenant: TenantSlug,
}

/// All faults with their state.
#[server(prefix = "/ui", endpoint = "demo/faults", input = GetUrl, output = Text)]
pub async fn demo_faults(
    /// Tenant and options.
    args: FaultsArgs,
) -> Result<Vec<FaultState>, UiError> {
    Ok(crate::platform::portal(&args.tenant)?.demo()?.faults())
}

/// Arguments of [`demo_switch`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchArgs {
    /// The tenant of the page.
    pub tenant: TenantSlug,
    /// Which.
    pub fault: Fault,
    /// On or off.
    pub on: bool,
}

/// Switches a fault on or off and answers with the state of all. Without scripts the same is a form post to
/// `/t/{tenant}/demo/{fault}/start` or `/stop`.
#[server(prefix = "/ui", endpoint = "demo/switch", input = PostUrl, output = Text, client = WriteClient)]
pub async fn demo_switch(
    /// Tenant and options.
    args: SwitchArgs,
) -> Result<Vec<FaultState>, UiError> {
    let portal = crate::platform::portal(&args.tenant)?;
    let demo = portal.demo()?;
    if args.on {
        demo.start(args.fault).await?
    } else {
        demo.stop(args.fault).await?
    }
    Ok(demo.faults())
}
