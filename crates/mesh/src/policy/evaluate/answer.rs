//! Kleene's three values, and the request fields an answer hangs on.

use std::collections::BTreeSet;

use crate::order;

/// Names of request fields, as in case files.
pub type Fields = BTreeSet<String>;

/// These fields.
pub fn fields_of<const N: usize>(names: [String; N]) -> Fields {
    order::set(names)
}

/// Yes, no, or not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// It hangs on something unknown.
    Maybe,
}

impl Answer {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            (Self::Maybe, Self::Yes | Self::Maybe) | (Self::Yes, Self::Maybe) => Self::Maybe,
        }
    }

    /// Either.
    pub fn or(self, other: Self) -> Self {
        self.negated().and(other.negated()).negated()
    }

    /// The opposite.
    pub fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
        }
    }
}

impl From<bool> for Answer {
    fn from(value: bool) -> Self {
        if value { Self::Yes } else { Self::No }
    }
}
