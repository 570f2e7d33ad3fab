//! Stores as those who run the installation see and change them, and what a test of one found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, stores::StoreStatus};

/// How tenants are kept apart in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreTenancy {
    /// `none` (it belongs to one tenant), `label` (queries are rewritten) or `header` (`X-Scope-OrgID`).
    pub mode: String,
    /// The label, with mode `label` only.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// A store as it is written.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreSettings {
    /// How tenants refer to it: a-z, 0-9, inner hyphens. Never changes; in a change it may be left out.
    #[serde(default)]
    pub name: String,
    /// `prometheus`, `mimir`, `thanos` or `victoriametrics`.
    pub kind: String,
    /// What stands before `/api/v1`, such as `http://mimir:8080/prometheus`.
    pub url: String,
    /// Deadline of one request, 1000 to 300000.
    #[serde(default = "usual_timeout")]
    pub timeout_ms: u32,
    /// How tenants are kept apart.
    pub tenancy: StoreTenancy,
    /// `none`, `bearer` or `basic`.
    #[serde(default)]
    pub auth: String,
    /// User name, with `basic` only.
    #[serde(default)]
    pub username: String,
    /// Token or password. Never shown; left out or empty keeps the one that is saved.
    #[serde(default)]
    #[schema(write_only)]
    pub secret: String,
}

/// The deadline that is written for those who say none.
pub fn usual_timeout() -> u32 {
    10_000
}

impl std::fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreSettings").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}

/// A store as it is, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoreView {
    /// How tenants refer to it.
    pub name: String,
    /// What speaks to it.
    pub kind: String,
    /// Base address; none for the embedded store.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// Deadline of one request.
    pub timeout_ms: u32,
    /// How tenants are kept apart.
    pub tenancy: StoreTenancy,
    /// `none`, `bearer` or `basic`.
    pub auth: String,
    /// User name, with `basic`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// Whether a token or password is saved.
    pub has_secret: bool,
    /// The file that manages it, or `the portal` for the embedded store; it cannot be changed here then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub locked_by: Option<String>,
    /// Slugs of the tenants that are bound to it, suspended ones included.
    pub tenants: Vec<String>,
    /// When it was last changed; none for those that are locked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub updated_at: Option<Timestamp>,
}

/// A store and how it is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoreListed {
    /// The store.
    #[serde(flatten)]
    pub store: StoreView,
    /// One line per signal it keeps; where tenants have clients of their own, the worst of them.
    pub status: Vec<StoreStatus>,
    /// `closed`, `open` or `half_open`.
    pub breaker: String,
}

/// A page of stores, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StorePage {
    /// The stores.
    pub items: Vec<StoreListed>,
    /// Where the next page begins; none at the end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// How good a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Works, and somebody should look.
    Warn,
    /// Does not work, or does not keep tenants apart.
    Bad,
}

/// What a test looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Whether it answers.
    Reach,
    /// What it really is.
    Kind,
    /// What time it has.
    Clock,
    /// Whether tenants are kept apart as the settings say.
    Tenancy,
    /// A question whose answer the portal needs.
    Sample,
}

/// A change of the settings that mends a finding for certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fix {
    /// Words on the button.
    pub label: String,
    /// New values by field: `kind`, `url`, `tenancy/mode`, `tenancy/label`.
    pub set: BTreeMap<String, String>,
}

/// One thing a test found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// How good it is.
    pub grade: Grade,
    /// One or two sentences.
    pub sentence: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<Fix>,
}

/// What a test of a store found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoreTest {
    /// The worst of the findings.
    pub grade: Grade,
    /// Version, empty when it does not say.
    pub version: String,
    /// How long the whole test took.
    pub took_ms: u64,
    /// What was found, in the order it was looked at.
    pub findings: Vec<Finding>,
}
