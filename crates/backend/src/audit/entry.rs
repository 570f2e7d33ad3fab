//! What is written into the log: an action from a closed set, what it was done to, and how that was before and after.

use serde::Serialize;
use serde_json::Value;

/// What can be done. The words are part of the log's format: they are never changed, only added to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are the words of the log; docs/audit.md explains each")]
pub enum Action {
    SignIn,
    SignInFailed,
    SignInDenied,
    SignOut,
    SessionRevoked,
    SessionsRevoked,
    PasswordChanged,
    PasswordResetSent,
    PasswordReset,
    AccessDenied,
    ViewAsBegun,
    ViewAsEnded,
    SetupDone,
    Provisioned,
    TenantCreated,
    TenantChanged,
    TenantSuspended,
    TenantResumed,
    TenantDeleted,
    MemberAdded,
    MemberChanged,
    MemberRemoved,
    InvitationCreated,
    InvitationRevoked,
    InvitationAccepted,
    UserChanged,
    UserDisabled,
    UserEnabled,
    StoreCreated,
    StoreChanged,
    StoreDeleted,
    ProviderCreated,
    ProviderChanged,
    ProviderDeleted,
    KeyCreated,
    KeyRotated,
    KeyRevoked,
    ServiceAccountCreated,
    ServiceAccountChanged,
    ServiceAccountDeleted,
    IsolationProved,
    AuditExported,
}

impl Action {
    /// All of them, in the order filters offer them.
    pub const ALL: [Self; 42] = [
        Self::SignIn,
        Self::SignInFailed,
        Self::SignInDenied,
        Self::SignOut,
        Self::SessionRevoked,
        Self::SessionsRevoked,
        Self::PasswordChanged,
        Self::PasswordResetSent,
        Self::PasswordReset,
        Self::AccessDenied,
        Self::ViewAsBegun,
        Self::ViewAsEnded,
        Self::SetupDone,
        Self::Provisioned,
        Self::TenantCreated,
        Self::TenantChanged,
        Self::TenantSuspended,
        Self::TenantResumed,
        Self::TenantDeleted,
        Self::MemberAdded,
        Self::MemberChanged,
        Self::MemberRemoved,
        Self::InvitationCreated,
        Self::InvitationRevoked,
        Self::InvitationAccepted,
        Self::UserChanged,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::StoreCreated,
        Self::StoreChanged,
        Self::StoreDeleted,
        Self::ProviderCreated,
        Self::ProviderChanged,
        Self::ProviderDeleted,
        Self::KeyCreated,
        Self::KeyRotated,
        Self::KeyRevoked,
        Self::ServiceAccountCreated,
        Self::ServiceAccountChanged,
        Self::ServiceAccountDeleted,
        Self::IsolationProved,
        Self::AuditExported,
    ];

    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SignInFailed => "sign_in.failed",
            Self::SignInDenied => "sign_in.denied",
            Self::SignOut => "sign_out",
            Self::SessionRevoked => "session.revoked",
            Self::SessionsRevoked => "sessions.revoked",
            Self::PasswordChanged => "password.changed",
            Self::PasswordResetSent => "password.reset_sent",
            Self::PasswordReset => "password.reset",
            Self::AccessDenied => "access.denied",
            Self::ViewAsBegun => "view_as.begun",
            Self::ViewAsEnded => "view_as.ended",
            Self::SetupDone => "setup.done",
            Self::Provisioned => "provisioned",
            Self::TenantCreated => "tenant.created",
            Self::TenantChanged => "tenant.changed",
            Self::TenantSuspended => "tenant.suspended",
            Self::TenantResumed => "tenant.resumed",
            Self::TenantDeleted => "tenant.deleted",
            Self::MemberAdded => "member.added",
            Self::MemberChanged => "member.changed",
            Self::MemberRemoved => "member.removed",
            Self::InvitationCreated => "invitation.created",
            Self::InvitationRevoked => "invitation.revoked",
            Self::InvitationAccepted => "invitation.accepted",
            Self::UserChanged => "user.changed",
            Self::UserDisabled => "user.disabled",
            Self::UserEnabled => "user.enabled",
            Self::StoreCreated => "store.created",
            Self::StoreChanged => "store.changed",
            Self::StoreDeleted => "store.deleted",
            Self::ProviderCreated => "provider.created",
            Self::ProviderChanged => "provider.changed",
            Self::ProviderDeleted => "provider.deleted",
            Self::KeyCreated => "key.created",
            Self::KeyRotated => "key.rotated",
            Self::KeyRevoked => "key.revoked",
            Self::ServiceAccountCreated => "service_account.created",
            Self::ServiceAccountChanged => "service_account.changed",
            Self::ServiceAccountDeleted => "service_account.deleted",
            Self::IsolationProved => "isolation.proved",
            Self::AuditExported => "audit.exported",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused for want of a right.
    Denied,
    /// It was tried and did not work.
    Failed,
}

impl Outcome {
    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What something was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `tenant`, `user`, `key`, …
    pub kind: &'static str,
    /// Its id, or its name where that never changes.
    pub id: String,
}

impl Target {
    /// Of this kind.
    pub fn new(kind: &'static str, id: impl ToString) -> Self {
        Self { kind, id: id.to_string() }
    }
}

/// One thing that happened. Before and after are what people may know: never a secret, a token or a hash.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was done.
    pub action: Action,
    /// To what.
    pub target: Target,
    /// How it ended.
    pub outcome: Outcome,
    /// How it was.
    pub before: Option<Value>,
    /// How it is.
    pub after: Option<Value>,
}

impl Entry {
    /// Something that was done.
    pub fn done(action: Action, target: Target) -> Self {
        Self { action, target, outcome: Outcome::Done, before: None, after: None }
    }

    /// Something that was refused.
    pub fn denied(action: Action, target: Target) -> Self {
        Self { outcome: Outcome::Denied, ..Self::done(action, target) }
    }

    /// Something that did not work.
    pub fn failed(action: Action, target: Target) -> Self {
        Self { outcome: Outcome::Failed, ..Self::done(action, target) }
    }

    /// How it was before. What cannot be written as JSON is left out.
    pub fn before(mut self, value: impl Serialize) -> Self {
        self.before = serde_json::to_value(value).ok();
        self
    }

    /// How it is now.
    pub fn after(mut self, value: impl Serialize) -> Self {
        self.after = serde_json::to_value(value).ok();
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_actions_share_a_word() {
        let words: BTreeSet<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(words.len(), Action::ALL.len());
    }
}
