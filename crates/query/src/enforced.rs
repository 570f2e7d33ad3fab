//! The proof that a query was confined. Nothing outside this crate can make one, so a store that only accepts
//! `Enforced<_>` cannot be asked for anything else.

/// A value that went through tenant enforcement. Read-only: changing it would void the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enforced<T>(T);

impl<T> Enforced<T> {
    /// Only after the value was built from confined parts.
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// The confined value.
    pub fn get(&self) -> &T {
        &self.0
    }
}
