//! Who belongs to a tenant, and who is invited.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Role;

/// One reason somebody belongs to a tenant. The strongest counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberOrigin {
    /// `local` (people have given it), `file` (the configuration) or `provider` (claims at sign-in).
    pub kind: String,
    /// Name of the file or of the provider; empty for `local`.
    pub name: String,
    /// The role it gives.
    pub role: Role,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Id of the account.
    pub user_id: String,
    /// Name.
    pub name: String,
    /// E-mail address; may be empty for people of a provider.
    pub email: String,
    /// The role that counts.
    pub role: Role,
    /// Where it comes from.
    pub origins: Vec<MemberOrigin>,
    /// The account is disabled: no right counts.
    pub disabled: bool,
}

/// A member in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberSummary {
    /// The member.
    #[serde(flatten)]
    pub member: Member,
    /// When a session of theirs was last used, RFC 3339; absent without sessions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_seen: Option<String>,
}

/// A page of members, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberPage {
    /// The members.
    pub items: Vec<MemberSummary>,
    /// What to send as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// One right in the tenant, and whether a member has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Right {
    /// What it is about.
    pub resource: String,
    /// What can be done.
    pub action: String,
    /// The least role that may.
    pub least_role: Role,
    /// The member may.
    pub granted: bool,
}

/// A member with all rights: why somebody sees what they see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberDetail {
    /// The member.
    #[serde(flatten)]
    pub member: Member,
    /// Every right there is.
    pub rights: Vec<Right>,
}

/// What a member is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    /// The role given by people; a file or a provider may give more.
    pub role: Role,
}

/// An invitation nobody has answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Invitation {
    /// Its id.
    pub id: String,
    /// Who is invited.
    pub email: String,
    /// With which role.
    pub role: Role,
    /// Name of who invited.
    pub invited_by: String,
    /// When, RFC 3339.
    pub created_at: String,
    /// Until when the link works, RFC 3339.
    pub expires_at: String,
    /// The link does not work any more; send another.
    pub expired: bool,
}

/// A page of invitations, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InvitationPage {
    /// The invitations.
    pub items: Vec<Invitation>,
    /// What to send as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// Somebody to invite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// E-mail address.
    pub email: String,
    /// Role; never more than one's own.
    pub role: Role,
}

/// An invitation with its link, which is shown this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InviteLink {
    /// The invitation.
    pub invitation: Invitation,
    /// Whoever has it can accept. Not kept anywhere.
    pub link: String,
    /// The link is also on its way by mail.
    pub mailed: bool,
}
