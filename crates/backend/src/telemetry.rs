//! What the embedded log and trace stores share: a scope as arrays for a statement, days as partitions, and the job that
//! keeps them. No questions of either store.

use std::{collections::BTreeSet, time::Duration};

use contract::Timestamp;
use query::{MeshScope, Namespaces};
use sqlx::PgPool;
use time::{Date, OffsetDateTime, UtcOffset};

use crate::{Error, clock::Clock};

/// A partitioned table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Logs,
    Spans,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Logs => "log_records",
            Self::Spans => "spans",
        }
    }
}

/// Days ahead that have a partition: so long may the clean-up job stand still.
const AHEAD: Duration = Duration::from_secs(2 * 86_400);

/// A scope as two arrays of the same length: (cluster, namespace) pairs, where null stands for any.
pub(crate) fn pairs(scope: &MeshScope) -> (Vec<Option<String>>, Vec<Option<String>>) {
    let mut pairs = (Vec::new(), Vec::new());
    for selector in scope.selectors() {
        let cluster = selector.cluster().map(str::to_owned);
        match selector.namespaces() {
            Namespaces::All => {
                pairs.0.push(cluster);
                pairs.1.push(None);
            }
            Namespaces::Only(names) => {
                for name in names {
                    pairs.0.push(cluster.clone());
                    pairs.1.push(Some(name.clone()));
                }
            }
        }
    }
    pairs
}

/// The instant in Postgres' resolution.
pub(crate) fn instant_us(micros: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Microseconds since 1970.
pub(crate) fn micros(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

/// The day, in UTC.
fn day(at: OffsetDateTime) -> Date {
    at.to_offset(UtcOffset::UTC).date()
}

/// What is kept: nothing older than the retention, nothing from a future that has no partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    first: OffsetDateTime,
    last: OffsetDateTime,
}

impl Kept {
    pub(crate) fn at(now: Timestamp, retention: Duration) -> Self {
        let now = now.to_datetime();
        Self { first: now - retention, last: now + AHEAD / 2 }
    }

    pub(crate) fn holds(&self, at: OffsetDateTime) -> bool {
        self.first <= at && at <= self.last
    }
}

/// Creates the partitions that hold these instants.
pub(crate) async fn ensure_days(
    pool: &PgPool,
    table: Table,
    known: &tokio::sync::Mutex<BTreeSet<Date>>,
    instants: impl Iterator<Item = OffsetDateTime>,
) -> Result<(), Error> {
    let mut known = known.lock().await;
    let missing: BTreeSet<Date> = instants.map(day).filter(|day| !known.contains(day)).collect();
    for day in missing {
        sqlx::query!("select telemetry_create_days($1, $2, $2)", table.name(), day).execute(pool).await?;
        known.insert(day);
    }
    Ok(())
}

/// Creates the days to come and drops those past the retention; answers how many were dropped.
pub(crate) async fn keep_days(pool: &PgPool, table: Table, now: Timestamp, retention: Duration) -> Result<u32, Error> {
    let today = now.to_datetime();
    sqlx::query!("select telemetry_create_days($1, $2, $3)", table.name(), day(today), day(today + AHEAD))
        .execute(pool)
        .await?;
    let dropped = sqlx::query_scalar!(
        r#"select telemetry_drop_days($1, $2) as "dropped!""#,
        table.name(),
        day(today - retention)
    )
    .fetch_one(pool)
    .await?;
    Ok(u32::try_from(dropped).unwrap_or(0))
}

/// Keeps the days of embedded logs and spans for as long as it runs: once at the start, then every hour. Several
/// instances may run it.
pub async fn keep(pool: PgPool, clock: &dyn Clock, logs: Duration, traces: Duration) {
    const EVERY: Duration = Duration::from_secs(3600);
    loop {
        for (table, retention) in [(Table::Logs, logs), (Table::Spans, traces)] {
            match keep_days(&pool, table, clock.now(), retention).await {
                Ok(0) => {}
                Ok(dropped) => tracing::info!(table = table.name(), days = dropped, "old telemetry was removed"),
                Err(error) => tracing::error!(%error, table = table.name(), "the days of telemetry were not kept"),
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
