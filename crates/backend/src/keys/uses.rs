//! When and how often keys are used: counted in memory and written together, at most once a minute for each key. A crash
//! loses the last minute of these figures and nothing else.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use contract::Timestamp;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Keys, store::hour_of};
use crate::Error;

/// Counts older than this are deleted, hours.
const KEPT_HOURS: i64 = 48;

/// What was counted since it was last written.
#[derive(Default)]
pub(crate) struct Uses(Mutex<HashMap<Uuid, Pending>>);

#[derive(Default)]
struct Pending {
    last: i64,
    hours: BTreeMap<OffsetDateTime, i64>,
}

impl Uses {
    /// A key was used.
    pub(crate) fn note(&self, key: Uuid, now: Timestamp) {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_key = pending.entry(key).or_default();
        of_key.last = of_key.last.max(now.0);
        *of_key.hours.entry(hour_of(now)).or_default() += 1;
    }

    fn take(&self) -> HashMap<Uuid, Pending> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts back what could not be written.
    fn give_back(&self, taken: HashMap<Uuid, Pending>) {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, old) in taken {
            let of_key = pending.entry(key).or_default();
            of_key.last = of_key.last.max(old.last);
            for (hour, uses) in old.hours {
                *of_key.hours.entry(hour).or_default() += uses;
            }
        }
    }
}

impl Keys {
    /// Writes what was counted. Call it every minute, and before the end.
    pub async fn flush(&self) -> Result<(), Error> {
        let taken = self.uses.take();
        if taken.is_empty() {
            return Ok(());
        }
        let written = self.write(&taken).await;
        if written.is_err() {
            self.uses.give_back(taken);
        }
        written
    }

    async fn write(&self, taken: &HashMap<Uuid, Pending>) -> Result<(), Error> {
        let (mut ids, mut last) = (Vec::new(), Vec::new());
        let (mut keys, mut hours, mut uses) = (Vec::new(), Vec::new(), Vec::new());
        for (id, pending) in taken {
            ids.push(*id);
            last.push(Timestamp(pending.last.div_euclid(60_000) * 60_000).to_datetime());
            for (hour, count) in &pending.hours {
                keys.push(*id);
                hours.push(*hour);
                uses.push(*count);
            }
        }
        // Above tenants: these are keys of all of them, and the figures go to the key's own tenant.
        let mut tx = self.db.begin().await?;
        // Instances that write the same keys take turns in the same order.
        sqlx::query!("select id from api_keys where id = any($1) order by id for update", &ids)
            .fetch_all(&mut *tx)
            .await?;
        sqlx::query!(
            "update api_keys k set last_used_at = greatest(k.last_used_at, n.at)
             from unnest($1::uuid[], $2::timestamptz[]) n(id, at) where k.id = n.id",
            &ids,
            &last
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "insert into api_key_uses (tenant_id, key_id, hour, uses)
             select k.tenant_id, k.id, n.hour, n.uses
             from unnest($1::uuid[], $2::timestamptz[], $3::bigint[]) n(id, hour, uses) join api_keys k on k.id = n.id
             on conflict (tenant_id, key_id, hour) do update set uses = api_key_uses.uses + excluded.uses",
            &keys,
            &hours,
            &uses
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Deletes counts nobody is shown any more, a few at a time.
    pub async fn purge_uses(&self, now: Timestamp) -> Result<u64, Error> {
        let done = sqlx::query!(
            "delete from api_key_uses where (tenant_id, key_id, hour) in
                 (select tenant_id, key_id, hour from api_key_uses where hour < $1 limit 1000)",
            hour_of(now) - time::Duration::hours(KEPT_HOURS)
        )
        .execute(self.db.system())
        .await?;
        Ok(done.rows_affected())
    }
}
