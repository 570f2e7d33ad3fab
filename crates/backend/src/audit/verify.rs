//! Checking the chains: every entry's hash, its link to the one before, its number, and that the columns people search by
//! say what the hashed text says.
//!
//! Entries cut off at the end leave a chain that is right in itself. Whoever wants to notice that keeps the last number and
//! hash of each chain elsewhere and compares: `obstack audit verify` prints them.

use contract::Timestamp;
use futures::TryStreamExt;
use uuid::Uuid;

use super::{
    Audit,
    record::{Line, hash_of, hex},
};
use crate::{Error, Scope, db::Tx, scope::Permission};

/// What a check of one chain found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Id of the tenant; the nil UUID for the installation.
    pub chain: Uuid,
    /// Entries that are right, from the first.
    pub entries: i64,
    /// Hash of the last of them, hex; empty for an empty chain.
    pub head: String,
    /// What is wrong with the entry after them.
    pub state: ChainState,
}

/// Whether a chain is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChainState {
    /// Every entry is as it was written.
    Whole,
    /// The entry of this number is not.
    Broken {
        /// Number of the entry.
        seq: i64,
        /// What does not fit.
        why: &'static str,
    },
}

impl Audit {
    /// Checks the tenant's chain.
    pub async fn verify_tenant(&self, scope: &Scope) -> Result<Verified, Error> {
        scope.require(Permission::ViewAudit)?;
        let mut tx = self.db.tenant(scope).await?;
        verify(&mut tx, scope.tenant().id).await
    }

    /// Checks every chain there is. For the operator at the command line and the administration of the installation.
    pub async fn verify_all(&self) -> Result<Vec<Verified>, Error> {
        let mut tx = self.db.begin().await?;
        // Entries that are written meanwhile belong to the next check.
        sqlx::query!("set transaction isolation level repeatable read").execute(&mut *tx).await?;
        sqlx::query!("set local statement_timeout = 0").execute(&mut *tx).await?;
        let chains =
            sqlx::query_scalar!("select distinct chain from audit_log order by chain").fetch_all(&mut *tx).await?;
        let mut all = Vec::new();
        for chain in chains {
            all.push(verify(&mut tx, chain).await?);
        }
        Ok(all)
    }
}

async fn verify(tx: &mut Tx, chain: Uuid) -> Result<Verified, Error> {
    let mut rows = sqlx::query!(
        "select seq, tenant_id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, outcome, request_id,
                entry, previous, hash
         from audit_log where chain = $1 order by seq",
        chain
    )
    .fetch(&mut **tx);
    let mut done = Verified { chain, entries: 0, head: String::new(), state: ChainState::Whole };
    let mut previous = vec![0_u8; 32];
    while let Some(row) = rows.try_next().await? {
        let columns_fit = |line: &Line| {
            (line.seq, line.tenant_id, line.at.parse::<Timestamp>().ok())
                == (row.seq, row.tenant_id, Some(row.at.into()))
                && (&line.actor.kind, &line.actor.id, &line.actor.name)
                    == (&row.actor_kind, &row.actor_id, &row.actor_name)
                && (&line.target.kind, &line.target.id) == (&row.target_kind, &row.target_id)
                && (&line.action, &line.outcome, &line.request_id) == (&row.action, &row.outcome, &row.request_id)
        };
        let why = if row.seq != done.entries + 1 {
            Some("entries before it are missing")
        } else if row.previous != previous {
            Some("it does not follow the entry before it")
        } else if row.hash != hash_of(&row.previous, &row.entry) {
            Some("its text is not what was hashed")
        } else if !serde_json::from_str(&row.entry).is_ok_and(|line| columns_fit(&line)) {
            Some("its columns do not say what its text says")
        } else {
            None
        };
        if let Some(why) = why {
            done.state = ChainState::Broken { seq: row.seq, why };
            return Ok(done);
        }
        done.entries = row.seq;
        done.head = hex(&row.hash);
        previous = row.hash;
    }
    Ok(done)
}
