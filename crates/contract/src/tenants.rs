//! Tenants as they are administered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What of a shared mesh a tenant sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MeshRule {
    /// Name of a cluster, or `*` for every cluster.
    pub cluster: String,
    /// Names of namespaces, or `*` alone for all of them.
    pub namespaces: Vec<String>,
}

/// Which store keeps what, by name. `embedded` is always there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreNames {
    /// Time series.
    #[serde(default = "embedded")]
    pub metrics: String,
    /// Log lines.
    #[serde(default = "embedded")]
    pub logs: String,
    /// Spans.
    #[serde(default = "embedded")]
    pub traces: String,
}

fn embedded() -> String {
    "embedded".to_owned()
}

impl Default for StoreNames {
    fn default() -> Self {
        Self { metrics: embedded(), logs: embedded(), traces: embedded() }
    }
}

/// What depends on a tenant, and goes with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantCounts {
    /// People.
    pub members: i64,
    /// Of these, administrators whose accounts are enabled.
    pub admins: i64,
    /// Invitations nobody has answered.
    pub invitations: i64,
    /// API keys that are not revoked.
    pub api_keys: i64,
    /// Service accounts.
    pub service_accounts: i64,
    /// Sign-in providers of its own.
    pub providers: i64,
}

/// A limit of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanLimit {
    /// What is counted, for example `members`.
    pub what: String,
    /// How many there may be; absent for any number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub most: Option<u32>,
    /// How many there are.
    pub have: i64,
}

/// A tenant as platform administrators see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tenant {
    /// Name in URLs and towards the stores. Never renamed.
    pub slug: String,
    /// Display name.
    pub name: String,
    /// `community`, `saas` or `enterprise`.
    pub plan: String,
    /// What of the mesh it sees; the union of the rules, nothing without any.
    pub mesh: Vec<MeshRule>,
    /// Its stores.
    pub stores: StoreNames,
    /// Nobody gets in, for this reason (may be empty).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub suspended: Option<String>,
    /// Members need a sign-in provider.
    pub require_sso: bool,
    /// Domains invitations may go to; empty for every domain.
    pub invite_domains: Vec<String>,
    /// Configuration that manages it; it is changed there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provisioned_by: Option<String>,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

/// A tenant in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantSummary {
    /// The tenant.
    #[serde(flatten)]
    pub tenant: Tenant,
    /// What depends on it.
    pub counts: TenantCounts,
}

/// A page of tenants, by slug.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantPage {
    /// The tenants.
    pub items: Vec<TenantSummary>,
    /// What to send as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// A tenant to make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTenant {
    /// 1 to 63 of a-z, 0-9 and inner hyphens. Never renamed.
    pub slug: String,
    /// Display name, at most 200 characters.
    pub name: String,
    /// `community` when absent.
    #[serde(default)]
    pub plan: Option<String>,
    /// What of the mesh it sees. Without any rule it sees nothing.
    #[serde(default)]
    pub mesh: Vec<MeshRule>,
    /// Its stores; `embedded` for those not named.
    #[serde(default)]
    pub stores: StoreNames,
    /// E-mail address of the first administrator, who is invited.
    #[serde(default)]
    pub first_admin: Option<String>,
}

/// A tenant that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedTenant {
    /// The tenant.
    pub tenant: Tenant,
    /// The link of the first administrator's invitation. Shown this once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub invitation: Option<crate::members::InviteLink>,
}

/// What a tenant is to be. Everything is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantChange {
    /// Display name, at most 200 characters.
    pub name: String,
    /// `community`, `saas` or `enterprise`.
    pub plan: String,
    /// What of the mesh it sees.
    pub mesh: Vec<MeshRule>,
    /// Its stores.
    pub stores: StoreNames,
}

/// Why nobody shall get in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suspension {
    /// Shown to the tenant's members; at most 500 characters.
    #[serde(default)]
    pub reason: String,
}

/// Which part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ListQuery {
    /// Items of a page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Part of a name, slug or address.
    pub search: Option<String>,
}

/// A tenant's settings as its administrators see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Settings {
    /// Display name.
    pub name: String,
    /// Domains invitations may go to; empty for every domain.
    pub invite_domains: Vec<String>,
    /// Members need a sign-in provider.
    pub require_sso: bool,
    /// The plan.
    pub plan: String,
    /// Its limits and what is used of them.
    pub limits: Vec<PlanLimit>,
    /// What of the mesh the tenant sees, in words.
    pub sees: String,
    /// Its stores.
    pub stores: StoreNames,
    /// Configuration that manages name, plan, mesh and stores.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provisioned_by: Option<String>,
}

/// What a tenant's own administrators can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChange {
    /// Display name, at most 200 characters.
    pub name: String,
    /// Domains invitations may go to; empty for every domain.
    #[serde(default)]
    pub invite_domains: Vec<String>,
    /// Members need a sign-in provider. Only who is signed in with one can switch it on.
    #[serde(default)]
    pub require_sso: bool,
}
