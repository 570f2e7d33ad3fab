//! The line that says a form was carried out. It travels as a word in the URL, from a closed set, so that nobody can put
//! their own sentence on our page.

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the sentence of each stands beside it")]
pub enum Notice {
    Saved,
    Created,
    Removed,
    Invited,
    Revoked,
    Rotated,
    Suspended,
    Resumed,
    Deleted,
    SignedOut,
    PasswordChanged,
    ResetSent,
    AccessRequested,
}

impl Notice {
    const ALL: [Self; 13] = [
        Self::Saved,
        Self::Created,
        Self::Removed,
        Self::Invited,
        Self::Revoked,
        Self::Rotated,
        Self::Suspended,
        Self::Resumed,
        Self::Deleted,
        Self::SignedOut,
        Self::PasswordChanged,
        Self::ResetSent,
        Self::AccessRequested,
    ];

    /// The word in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Created => "created",
            Self::Removed => "removed",
            Self::Invited => "invited",
            Self::Revoked => "revoked",
            Self::Rotated => "rotated",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Deleted => "deleted",
            Self::SignedOut => "signed-out",
            Self::PasswordChanged => "password-changed",
            Self::ResetSent => "reset-sent",
            Self::AccessRequested => "access-requested",
        }
    }

    /// The notice of this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.as_str() == name)
    }

    /// The sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Saved => "Saved.",
            Self::Created => "Created.",
            Self::Removed => "Removed. It takes effect at once.",
            Self::Invited => "Invited.",
            Self::Revoked => "Revoked. It takes effect at once.",
            Self::Rotated => "Rotated. The old one keeps working until the time shown.",
            Self::Suspended => "Suspended. Nobody of this tenant gets in until you resume it.",
            Self::Resumed => "Resumed.",
            Self::Deleted => "Deleted.",
            Self::SignedOut => "The session is over.",
            Self::PasswordChanged => "The password was changed; all other sessions are over.",
            Self::ResetSent => "If there is such an account, a link to set a new password is on its way.",
            Self::AccessRequested => "Your request is in the tenant's log for its administrators.",
        }
    }
}
