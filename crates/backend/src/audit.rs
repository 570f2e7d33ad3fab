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
pub(crate) use record::{record, record_in};
pub use verify::{ChainState, Verified};

use contract::Timestamp;
use uuid::Uuid;

use crate::{Error, db::Db, scope::Actor};

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

    /// Writes an entry about something that changes nothing in the database: a refusal, a beginning, an end. In the chains
    /// of these tenants; `None` is the installation's.
    pub async fn note(
        &self,
        actor: &Actor,
        chains: &[Option<Uuid>],
        now: Timestamp,
        entry: Entry,
    ) -> Result<(), Error> {
        let mut tx = self.db.begin().await?;
        record_in(&mut tx, actor, chains, now, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The same where what happens must not fail because of it: the failure is logged.
    pub async fn note_or_log(&self, actor: &Actor, chains: &[Option<Uuid>], now: Timestamp, entry: Entry) {
        let action = entry.action.as_str();
        if let Err(error) = self.note(actor, chains, now, entry).await {
            tracing::error!(%error, audit.action = action, "an entry is missing in the audit log");
        }
    }
}
