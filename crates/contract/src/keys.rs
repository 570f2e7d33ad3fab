//! API keys, service accounts, and the short-lived tokens made from keys and sessions.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Role, TenantSlug, Timestamp};

/// What kind of owner a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyOwnerKind {
    /// A person: the key ends with their membership and never has more rights than they have.
    Person,
    /// A service account: the key survives the people who made it.
    ServiceAccount,
}

/// Whose a key is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeyOwner {
    /// A person or a service account.
    pub kind: KeyOwnerKind,
    /// Id of the account.
    pub id: String,
    /// Name for people.
    pub name: String,
}

/// Whether a key works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// It works, as long as its owner has the rights.
    Active,
    /// Its time is over.
    Expired,
    /// Somebody ended it.
    Revoked,
}

/// An API key as it is shown: everything but the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    /// Id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whose it is.
    pub owner: KeyOwner,
    /// Highest role it acts with; the owner's role now may be a lesser one.
    pub role: Role,
    /// What it was given, for example `metrics:read`.
    pub scopes: Vec<String>,
    /// Its last four characters, to tell keys apart.
    pub hint: String,
    /// Whether it works.
    pub state: KeyState,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Id of the key it took over from.
    pub replaces: Option<String>,
    /// The configuration that manages it; it cannot be changed here then.
    pub provisioned_by: Option<String>,
    /// Latest use, to the minute; written up to a minute later. Not part of the ETag.
    pub last_used_at: Option<Timestamp>,
    /// Uses in each of the last 24 hours, oldest first. Not part of the ETag.
    pub uses_by_hour: Vec<u64>,
}

impl ApiKey {
    /// What the ETag is made of: using a key does not change it.
    pub fn without_use(&self) -> Self {
        Self { last_used_at: None, uses_by_hour: Vec::new(), ..self.clone() }
    }
}

/// A page of keys, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKeyPage {
    /// The keys.
    pub items: Vec<ApiKey>,
    /// What to send as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// Which keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApiKeyQuery {
    /// Keys of a page, 1 to 200; 50 when absent.
    pub limit: Option<u32>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// Asks for a new key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewApiKey {
    /// What people call it, 1 to 100 characters.
    pub name: String,
    /// `viewer`, `editor` or `admin`; at most the maker's own, or the service account's.
    pub role: String,
    /// What it may do, for example `["metrics:read"]`.
    pub scopes: Vec<String>,
    /// Id of the service account it is for; absent for the caller's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// Days until it stops working; 90 when absent, or the installation's longest time where that is shorter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u32>,
}

/// How to rotate a key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RotateApiKey {
    /// How long the old key keeps working: `1h`, `24h` or `7d`; `24h` when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap: Option<String>,
    /// Days until the new key stops working; as for a new key when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u32>,
}

/// A key that was just made: the only time it is shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeApiKey {
    /// The key itself. It is kept nowhere; who loses it makes a new one.
    pub secret: String,
    /// What is kept of it.
    pub key: ApiKey,
}

/// Never prints the key.
impl std::fmt::Debug for MadeApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MadeApiKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A principal that is no person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceAccount {
    /// Id.
    pub id: String,
    /// Its name, once per tenant.
    pub name: String,
    /// Highest role of its keys.
    pub role: Role,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The configuration that manages it; it cannot be changed here then.
    pub provisioned_by: Option<String>,
    /// Since when its keys do not work, because the configuration has lost it.
    pub disabled_at: Option<Timestamp>,
    /// Its keys that work. Not part of the ETag.
    pub active_keys: u32,
}

impl ServiceAccount {
    /// What the ETag is made of.
    pub fn without_keys(&self) -> Self {
        Self { active_keys: 0, ..self.clone() }
    }
}

/// All service accounts of a tenant, by name. There are never so many that they come in pages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ServiceAccountPage {
    /// The accounts.
    pub items: Vec<ServiceAccount>,
    /// Always absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// Name and role of a service account, to make or to change one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceAccountInput {
    /// Its name, 1 to 100 characters, once per tenant.
    pub name: String,
    /// `viewer`, `editor` or `admin`; at most the caller's own.
    pub role: String,
}

/// Asks for a short-lived token. Everything in it can only narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TokenRequest {
    /// Seconds until it expires, 30 to 900; 900 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u64>,
    /// Some of the key's scopes; all of them when absent. Not for tokens made from a session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

/// A short-lived token for `Authorization: Bearer`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// The token, a signed JWT.
    pub token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until it expires.
    pub expires_in_s: u64,
    /// The tenant it is for, when it was made from a key.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<TenantSlug>,
    /// What it may do, when it was made from a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
}

/// Never prints the token.
impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Token").field("expires_in_s", &self.expires_in_s).finish_non_exhaustive()
    }
}
