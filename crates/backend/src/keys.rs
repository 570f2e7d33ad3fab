//! API keys and service accounts: making, rotating, revoking and using them. What a key may do stands in `scope`; how a
//! token becomes a caller stands in `bearer`; the format of a key is for everybody and stands in `docs/api-keys.md`.

mod accounts;
mod grant;
mod input;
mod provision;
mod service;
mod store;
mod text;
mod uses;

use std::time::Duration;

pub use input::{DAYS_OFFERED, OVERLAPS};
pub use text::KeyText;

pub(crate) use grant::{Found, Shown, find};
pub(crate) use provision::apply as provision;
pub(crate) use uses::Uses;

use crate::db::Db;

/// API keys and service accounts.
pub struct Keys {
    db: Db,
    /// The longest a key may live.
    longest: Duration,
    uses: Uses,
}

impl Keys {
    /// On this database; no key lives longer than `longest`.
    pub fn new(db: Db, longest: Duration) -> Self {
        Self { uses: Uses::default(), db, longest }
    }

    /// The longest a key may live, days.
    pub fn longest_days(&self) -> u32 {
        u32::try_from(self.longest.as_secs() / 86_400).unwrap_or(u32::MAX).max(1)
    }

    /// What is counted of keys in use.
    pub(crate) fn uses(&self) -> &Uses {
        &self.uses
    }
}
