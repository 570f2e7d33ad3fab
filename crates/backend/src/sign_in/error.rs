//! Why somebody does not get in through a provider. Texts are ours; what a provider wrote goes to the log only.

use contract::sign_in::MappingRule;

use super::{discovery::Unavailable, net::NetError};
use crate::Error;

/// Why a sign-in did not happen.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// There is no such provider, or it is switched off.
    #[error("there is no such sign-in provider")]
    Unknown,
    /// The provider does not answer as it should.
    #[error("{title} cannot be used: {why}")]
    Unreachable {
        /// What its button says.
        title: String,
        /// One clause for people.
        why: String,
    },
    /// The attempt is unknown to this browser, was used already, or took too long.
    #[error("the attempt is over")]
    Expired,
    /// What came back from the provider did not pass a check.
    #[error("the answer was refused: {why}")]
    Refused {
        /// Which check, one clause.
        why: &'static str,
    },
    /// The provider answered with an error.
    #[error("the provider said {code}")]
    Said {
        /// What its button says.
        title: String,
        /// Its code, from the closed set of the standard; `unknown` for everything else.
        code: &'static str,
    },
    /// No rule gives the person anything.
    #[error("no rule gives access")]
    NoAccess(Box<NoAccess>),
    /// The account is switched off here.
    #[error("the account is disabled")]
    Disabled,
    /// Our fault.
    #[error(transparent)]
    Failed(#[from] Error),
}

/// Who came, what was asked for, and what the token had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoAccess {
    /// What the provider's button says.
    pub title: String,
    /// Who signed in there, as the provider calls them.
    pub name: String,
    /// Rules that would have given access.
    pub wanted: Vec<MappingRule>,
    /// Claims the rules look at, with the values the token had.
    pub had: Vec<(String, Vec<String>)>,
}

impl SignInError {
    pub(super) fn unavailable(title: &str, why: &Unavailable) -> Self {
        Self::Unreachable { title: title.to_owned(), why: why.to_string() }
    }

    pub(super) fn net(title: &str, why: &NetError) -> Self {
        Self::Unreachable { title: title.to_owned(), why: why.to_string() }
    }
}

impl From<sqlx::Error> for SignInError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}
