//! The line that says a form was carried out. It travels as a word in the URL, from a closed set, so that nobody can put
//! their own sentence on our page.

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the sentence of each stands beside it")]
pub enum Notice {
    Saved,
    Created,
    Removed,
    Revoked,
    Suspended,
    Resumed,
    Deleted,
    SignedOut,
    PasswordChanged,
}

impl Notice {
    const ALL: [Self; 9] = [
        Self::Saved,
        Self::Created,
        Self::Removed,
        Self::Revoked,
        Self::Suspended,
        Self::Resumed,
        Self::Deleted,
        Self::SignedOut,
        Self::PasswordChanged,
    ];

    /// The word in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Created => "created",
            Self::Removed => "removed",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Deleted => "deleted",
            Self::SignedOut => "signed-out",
            Self::PasswordChanged => "password-changed",
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
            Self::Revoked => "Revoked. It takes effect at once.",
            Self::Suspended => "Suspended. Nobody of this tenant gets in until you resume it.",
            Self::Resumed => "Resumed.",
            Self::Deleted => "Deleted.",
            Self::SignedOut => "The session is over.",
            Self::PasswordChanged => "The password was changed; all other sessions are over.",
        }
    }
}
