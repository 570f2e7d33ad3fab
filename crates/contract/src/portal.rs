//! The only thing the UI holds: what one caller can reach, already confined to one tenant.

use std::sync::Arc;

use crate::{
    ApiError, TenantSlug,
    auth::{Account, Me},
    demo::DemoControl,
    overview::Overview,
    policies::Policies,
    stores::Stores,
    topology::Topology,
};

/// One tenant as one caller may see it. Made by the backend from the caller's session; every method checks the role.
pub trait Portal: Send + Sync {
    /// The caller and the tenant.
    fn account(&self) -> &dyn Account;
    /// The home page.
    fn overview(&self) -> &dyn Overview;
    /// The mesh graph.
    fn topology(&self) -> &dyn Topology;
    /// Authorization policies, tried out.
    fn policies(&self) -> &dyn Policies;
    /// The stores.
    fn stores(&self) -> &dyn Stores;
    /// The demo's faults; denied to viewers, and an error where no demo runs.
    fn demo(&self) -> Result<&dyn DemoControl, ApiError>;
}

/// The caller of a request, signed in or not: the way to a [`Portal`].
pub trait Door: Send + Sync {
    /// Who it is; `None` when nobody is signed in.
    fn me(&self) -> Option<&Me>;
    /// The tenant's portal. `NotFound` unless the caller belongs to it, `Unauthenticated` when nobody is signed in.
    fn portal(&self, tenant: &TenantSlug) -> Result<Arc<dyn Portal>, ApiError>;
}
