//! The audit log: who did what, when, on which request, and how it was before. It only grows, and every entry carries the
//! hash of the one before it, so that a change, a gap or an insertion shows. One chain per tenant and one for the
//! installation; the rules of the format stand in `docs/audit.md`.
//!
//! An entry is written in the transaction of what it tells of: neither exists without the other.

mod entry;
mod list;
mod record;
mod verify;

pub use entry::{Action, Entry, Outcome, Target};
pub use list::AuditFilter;
pub(crate) use record::record;
pub use verify::{ChainState, Verified};

use crate::db::Db;

/// Reading and checking the log.
#[derive(Clone, Debug)]
pub struct Audit {
    db: Db,
}

impl Audit {
    /// On this database.
    pub fn new(db: Db) -> Self {
        Self { db }
    }
}
