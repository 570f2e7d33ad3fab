//! How many keys and service accounts a tenant may have. Far above what people make; below what hurts.

use crate::tenants::Plan;

/// The most a tenant may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLimits {
    /// Keys that work, all owners together.
    pub keys: u32,
    /// Service accounts.
    pub service_accounts: u32,
}

/// The limits of a plan.
pub fn limits(plan: Plan) -> KeyLimits {
    match plan {
        Plan::Community => KeyLimits { keys: 50, service_accounts: 20 },
        Plan::Saas => KeyLimits { keys: 200, service_accounts: 100 },
        Plan::Enterprise => KeyLimits { keys: 1000, service_accounts: 500 },
    }
}
