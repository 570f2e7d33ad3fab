//! The audit log as people and programs read it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditActor {
    /// `user`, `key`, `system`, `provider` or `nobody`.
    pub kind: String,
    /// Id of the account or key.
    pub id: String,
    /// Name at that time.
    pub name: String,
}

/// What something was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditTarget {
    /// `tenant`, `user`, `key`, …
    pub kind: String,
    /// Id, or the name where that never changes.
    pub id: String,
}

/// One entry. `entry` is the text that was hashed; all other members repeat parts of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Id of the tenant's chain; the nil UUID for the installation's.
    pub chain: String,
    /// Place in its chain, from 1.
    pub seq: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Slug of the tenant, when it still exists.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tenant: Option<String>,
    /// Who.
    pub actor: AuditActor,
    /// What, for example `member.changed`.
    pub action: String,
    /// To what.
    pub target: AuditTarget,
    /// `done`, `denied` or `failed`.
    pub outcome: String,
    /// The request, as in its answer and in the server's log.
    pub request_id: String,
    /// The client's address.
    pub address: String,
    /// How it was.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<serde_json::Value>,
    /// How it became.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<serde_json::Value>,
    /// The text that was hashed.
    pub entry: String,
    /// SHA-256 of the entry before it, hex; zeros for the first.
    pub previous: String,
    /// SHA-256 over `previous` (as bytes) and `entry`, hex.
    pub hash: String,
}

/// A page of entries, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AuditPage {
    /// The entries.
    pub items: Vec<AuditEntry>,
    /// What to send as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// What to look for. Absent members do not restrict.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuditQuery {
    /// Exactly this action.
    pub action: Option<String>,
    /// Part of the actor's name, or their id.
    pub actor: Option<String>,
    /// Part of the target's id, or its kind.
    pub target: Option<String>,
    /// `done`, `denied` or `failed`.
    pub outcome: Option<String>,
    /// Exactly this request.
    pub request_id: Option<String>,
    /// Not before this time: RFC 3339, unix seconds or `now-24h`.
    pub from: Option<String>,
    /// Not after this time.
    pub to: Option<String>,
    /// Entries of a page, 1 to 500; 50 when absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// What a check of one chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerification {
    /// Id of the tenant's chain; the nil UUID for the installation's.
    pub chain: String,
    /// Entries that are right, from the first.
    pub entries: i64,
    /// Hash of the last of them, hex. Keep it elsewhere: entries cut off at the end show only by comparing.
    pub head: String,
    /// Whether that was all.
    pub whole: bool,
    /// Number of the first entry that is not right.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub broken_at: Option<i64>,
    /// What does not fit there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub why: Option<String>,
}
