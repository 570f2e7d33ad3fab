//! People of the whole installation, and passwords of local accounts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Membership;

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Person {
    /// Id of the account.
    pub id: String,
    /// Name.
    pub name: String,
    /// E-mail address; may be empty for people of a provider.
    pub email: String,
    /// `local` for accounts with a password here, `provider` for those a sign-in provider vouches for.
    pub origin: String,
    /// Runs the installation.
    pub platform_admin: bool,
    /// Cannot sign in.
    pub disabled: bool,
    /// Configuration that manages the account; it is changed there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provisioned_by: Option<String>,
    /// Where they belong, with the role that counts.
    pub memberships: Vec<Membership>,
}

/// A person in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonSummary {
    /// The person.
    #[serde(flatten)]
    pub person: Person,
    /// Sessions that are open.
    pub sessions: i64,
    /// When one of them was last used, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_seen: Option<String>,
}

/// A page of people, by e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PeoplePage {
    /// The people.
    pub items: Vec<PersonSummary>,
    /// What to send as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// What a person is to be. Everything is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonChange {
    /// Runs the installation.
    pub platform_admin: bool,
    /// Cannot sign in; all sessions end and keys stop.
    pub disabled: bool,
}

/// A link that sets a new password, shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ResetLink {
    /// Whoever has it can set the password. Not kept anywhere.
    pub link: String,
    /// Until when it works, RFC 3339.
    pub expires_at: String,
}

/// Body of `POST /api/v1/auth/password`.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password of now. Never logged.
    pub current_password: String,
    /// The password from now on: at least 10 characters, not among the common ones. Never logged.
    pub new_password: String,
}
