//! Who is signed in, and signing in with a local account.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Role, TenantSlug, Timestamp};

/// The person signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Id of the account.
    pub id: String,
    /// E-mail address, the sign-in name of a local account.
    pub email: String,
    /// Name to greet with.
    pub name: String,
    /// May manage tenants and stores.
    pub platform_admin: bool,
}

/// One tenant the person belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Membership {
    /// Slug, as in `/t/{tenant}`.
    #[schema(value_type = String)]
    pub tenant: TenantSlug,
    /// Display name.
    pub name: String,
    /// Rights there.
    pub role: Role,
}

/// Answer of `GET /api/v1/auth/me`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The person.
    pub user: User,
    /// Their tenants, by name.
    pub memberships: Vec<Membership>,
}

/// A session of the caller: a browser they are signed in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// Names the session; not its secret id.
    pub id: String,
    /// It is the one this request came with.
    pub current: bool,
    /// What the browser called itself at sign-in.
    pub agent: String,
    /// Address it signed in from.
    pub address: String,
    /// The sign-in provider that vouches for it; absent for a password.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provider: Option<String>,
    /// Sign-in.
    #[schema(value_type = String)]
    pub created_at: Timestamp,
    /// Last use, to the minute.
    #[schema(value_type = String)]
    pub last_seen_at: Timestamp,
    /// When it ends if it is not used again.
    #[schema(value_type = String)]
    pub expires_at: Timestamp,
}

/// Answer of `GET /api/v1/auth/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Devices {
    /// The sessions, the latest used first.
    pub items: Vec<Device>,
}

/// Body of `POST /api/v1/auth/login`.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// E-mail address.
    pub email: String,
    /// Password. Never logged.
    pub password: String,
}

/// What the shell of a tenant's pages shows about the caller: read once per page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shell {
    /// The person and all their tenants.
    pub me: Me,
    /// The tenant of this page.
    pub tenant: Membership,
    /// Namespaces the tenant sees, for the line beside the title.
    pub namespaces: Vec<String>,
    /// The demo mesh runs, so faults can be switched on.
    pub demo: bool,
    /// The caller may open the tenant's settings.
    pub settings: bool,
    /// The caller looks at the tenant as a viewer: every page says so and offers the way out.
    pub observing: bool,
}

/// What the caller is to this tenant.
#[async_trait]
pub trait Account: Send + Sync {
    /// The data of the app shell.
    fn shell(&self) -> Shell;
}
