//! Writing one entry at the end of its chain.

use contract::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Entry;
use crate::{Error, db::Tx, scope::Actor};

/// Chains take turns within themselves only. The number keeps these locks apart from others.
const LOCK: i32 = 0x0b57_0a0d;

/// What is hashed, as the JSON object on one line in the column `entry`. The order of the fields is part of the format.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) seq: i64,
    pub(super) at: String,
    pub(super) tenant_id: Option<Uuid>,
    pub(super) actor: LineActor,
    pub(super) action: String,
    pub(super) target: LineTarget,
    pub(super) outcome: String,
    pub(super) request_id: String,
    pub(super) address: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) before: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) after: Option<Value>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LineActor {
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) name: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LineTarget {
    pub(super) kind: String,
    pub(super) id: String,
}

/// The hash of an entry: SHA-256 over the hash before it and the entry's text.
pub(super) fn hash_of(previous: &[u8], entry: &str) -> [u8; 32] {
    Sha256::new().chain_update(previous).chain_update(entry.as_bytes()).finalize().into()
}

/// A hash as people and programs are shown it.
pub(super) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes an entry into the chain of a tenant, or of the installation. Comes last in its transaction: from here on the
/// chain waits for the commit.
pub(crate) async fn record(
    tx: &mut Tx,
    actor: &Actor,
    tenant: Option<Uuid>,
    now: Timestamp,
    entry: Entry,
) -> Result<(), Error> {
    let chain = tenant.unwrap_or_default();
    sqlx::query!("select pg_advisory_xact_lock($1, hashtext($2))", LOCK, chain.to_string()).execute(&mut **tx).await?;
    let last = sqlx::query!("select seq, hash from audit_log where chain = $1 order by seq desc limit 1", chain)
        .fetch_optional(&mut **tx)
        .await?;
    let (seq, previous) = last.map_or_else(|| (1, vec![0; 32]), |last| (last.seq + 1, last.hash));
    let line = Line {
        seq,
        at: now.to_string(),
        tenant_id: tenant,
        actor: LineActor {
            kind: actor.kind.as_str().to_owned(),
            id: actor.id.to_string(),
            name: actor.name.to_string(),
        },
        action: entry.action.as_str().to_owned(),
        target: LineTarget { kind: entry.target.kind.to_owned(), id: entry.target.id },
        outcome: entry.outcome.as_str().to_owned(),
        request_id: actor.origin.request_id.clone(),
        address: actor.origin.address.clone(),
        before: entry.before,
        after: entry.after,
    };
    let text = serde_json::to_string(&line).map_err(Error::internal)?;
    let hash = hash_of(&previous, &text);
    sqlx::query!(
        "insert into audit_log (chain, seq, tenant_id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id,
                                outcome, request_id, entry, previous, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        chain,
        seq,
        tenant,
        now.to_datetime(),
        line.actor.kind,
        line.actor.id,
        line.actor.name,
        line.action,
        line.target.kind,
        line.target.id,
        line.outcome,
        line.request_id,
        text,
        previous,
        &hash[..],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes the same entry into several chains; comes last in its transaction.
pub(crate) async fn record_in(
    tx: &mut Tx,
    actor: &Actor,
    chains: &[Option<Uuid>],
    now: Timestamp,
    entry: Entry,
) -> Result<(), Error> {
    let mut chains = chains.to_vec();
    // Always in the same order: two writers that wait for each other's chain would wait for ever.
    chains.sort_unstable();
    chains.dedup();
    for chain in chains {
        record(tx, actor, chain, now, entry.clone()).await?;
    }
    Ok(())
}
