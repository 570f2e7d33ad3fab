//! Log records in Postgres, a partition per day. Which indexes, and why: `docs/adr/0003-embedded-telemetry.md`.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use contract::Timestamp;
use sqlx::{PgPool, types::Json};
use time::Date;
use tokio::sync::Mutex;

use super::{Cursor, LogBucket, LogPage, LogQuery, LogRecord, LogStore, MAX_BUCKETS, MAX_LINES, Severity};
use crate::{
    Error,
    clock::Clock,
    metrics::{Probe, embedded::Written},
    telemetry::{Kept, Table, ensure_days, instant_us, micros, pairs},
};

/// The embedded log store. Cloning shares it.
#[derive(Clone)]
pub struct EmbeddedLogs {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    retention: Duration,
    days: Arc<Mutex<BTreeSet<Date>>>,
}

/// Longest line kept; what follows is cut.
const MAX_BODY_BYTES: usize = 64 * 1024;

impl EmbeddedLogs {
    /// The store on a database with the current schema.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>, retention: Duration) -> Self {
        Self { pool, clock, retention, days: Arc::default() }
    }

    /// Writes records in one statement. Those outside the retention are dropped and counted.
    ///
    /// # Errors
    /// [`Error::Internal`] when the database refuses.
    pub async fn write(&self, records: Vec<LogRecord>) -> Result<Written, Error> {
        let kept = Kept::at(self.clock.now(), self.retention);
        let total = records.len();
        let mut columns = Columns::default();
        for record in records {
            if kept.holds(instant_us(record.at_us)) {
                columns.push(record);
            }
        }
        let stored = columns.at.len();
        if stored > 0 {
            ensure_days(&self.pool, Table::Logs, &self.days, columns.at.iter().copied()).await?;
            columns.insert(&self.pool).await?;
        }
        Ok(Written { stored, dropped: total - stored })
    }
}

/// Records as arrays, one per column.
#[derive(Default)]
struct Columns {
    at: Vec<time::OffsetDateTime>,
    cluster: Vec<String>,
    namespace: Vec<String>,
    app: Vec<String>,
    pod: Vec<String>,
    severity: Vec<i16>,
    body: Vec<String>,
    attributes: Vec<Json<serde_json::Map<String, serde_json::Value>>>,
    trace_id: Vec<Option<Vec<u8>>>,
    span_id: Vec<Option<Vec<u8>>>,
}

impl Columns {
    fn push(&mut self, record: LogRecord) {
        self.at.push(instant_us(record.at_us));
        self.cluster.push(storable(record.cluster));
        self.namespace.push(storable(record.namespace));
        self.app.push(storable(record.app));
        self.pod.push(storable(record.pod));
        self.severity.push(record.severity_number.clamp(0, 24));
        let mut body = storable(record.body);
        if body.len() > MAX_BODY_BYTES {
            let end = (0..=MAX_BODY_BYTES).rev().find(|&at| body.is_char_boundary(at)).unwrap_or(0);
            body.truncate(end);
        }
        self.body.push(body);
        self.attributes.push(Json(record.attributes));
        self.trace_id.push(record.trace_id.map(Vec::from));
        self.span_id.push(record.span_id.map(Vec::from));
    }

    async fn insert(&self, pool: &PgPool) -> Result<(), Error> {
        sqlx::query!(
            "insert into log_records
                 (at, cluster, namespace, app, pod, severity, body, attributes, trace_id, span_id)
             select * from unnest(
                 $1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[],
                 $8::jsonb[], $9::bytea[], $10::bytea[])",
            &self.at,
            &self.cluster,
            &self.namespace,
            &self.app,
            &self.pod,
            &self.severity,
            &self.body,
            &self.attributes as _,
            &self.trace_id as _,
            &self.span_id as _,
        )
        .execute(pool)
        .await?;
        Ok(())
    }
}

/// Postgres keeps no NUL in texts.
pub(crate) fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// A text as an `ilike` pattern that finds it anywhere.
pub(crate) fn anywhere(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in storable(text.to_owned()).chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Attribute filters as an object; none when there are none.
pub(crate) fn containing(attributes: &std::collections::BTreeMap<String, String>) -> Option<serde_json::Value> {
    (!attributes.is_empty()).then(|| {
        attributes.iter().map(|(name, value)| (name.clone(), serde_json::Value::from(value.clone()))).collect()
    })
}

/// An id of this many bytes, if it is one.
pub(crate) fn id<const N: usize>(bytes: Option<Vec<u8>>) -> Option<[u8; N]> {
    bytes?.try_into().ok()
}

#[async_trait]
impl LogStore for EmbeddedLogs {
    async fn search(&self, query: &LogQuery) -> Result<LogPage, Error> {
        let limit = query.limit.clamp(1, MAX_LINES);
        let (clusters, namespaces) = pairs(&query.scope);
        if clusters.is_empty() {
            return Ok(LogPage::default());
        }
        let rows = sqlx::query!(
            r#"select at, id, cluster, namespace, app, pod, severity, body,
                   attributes as "attributes: Json<serde_json::Map<String, serde_json::Value>>", trace_id, span_id
               from log_records
               where at >= $1 and at < $2
                 and exists (
                     select from unnest($3::text[], $4::text[]) as seen (cluster, namespace)
                     where (seen.cluster is null or seen.cluster = log_records.cluster)
                       and (seen.namespace is null or seen.namespace = log_records.namespace))
                 and ($5::text is null or body ilike $5)
                 and ($6::text is null or app = $6)
                 and ($7::text is null or pod = $7)
                 and ($8::bytea is null or trace_id = $8)
                 and ($9::jsonb is null or not exists (
                     select from jsonb_each_text($9) as wanted (name, value)
                     where attributes ->> wanted.name is distinct from wanted.value))
                 and ($10::smallint is null or severity >= $10)
                 and ($11::timestamptz is null or (at, id) < ($11, $12::bigint))
               order by at desc, id desc
               limit $13"#,
            query.from.to_datetime(),
            query.to.to_datetime(),
            &clusters as _,
            &namespaces as _,
            query.text.as_deref().map(anywhere),
            query.app,
            query.pod,
            query.trace_id.map(Vec::from),
            containing(&query.attributes),
            query.severity.map(Severity::number),
            query.before.map(|cursor| instant_us(cursor.at_us)),
            query.before.map(|cursor| cursor.id),
            i64::from(limit) + 1,
        )
        .fetch_all(&self.pool)
        .await?;
        let more = rows.len() > limit as usize;
        let mut next = None;
        let mut records = Vec::with_capacity(rows.len().min(limit as usize));
        for row in rows.into_iter().take(limit as usize) {
            next = Some(Cursor { at_us: micros(row.at), id: row.id });
            records.push(LogRecord {
                at_us: micros(row.at),
                cluster: row.cluster,
                namespace: row.namespace,
                app: row.app,
                pod: row.pod,
                severity_number: row.severity,
                body: row.body,
                attributes: row.attributes.0,
                trace_id: id(row.trace_id),
                span_id: id(row.span_id),
            });
        }
        Ok(LogPage { records, next: next.filter(|_| more) })
    }

    async fn histogram(&self, query: &LogQuery, step_secs: u64) -> Result<Vec<LogBucket>, Error> {
        let length = query.to.0.saturating_sub(query.from.0).unsigned_abs() / 1000;
        if step_secs == 0 || length / step_secs > MAX_BUCKETS {
            return Err(Error::invalid("/step", format!("a histogram has at most {MAX_BUCKETS} steps")));
        }
        let (clusters, namespaces) = pairs(&query.scope);
        if clusters.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            r#"select date_bin(make_interval(secs => $11), at, 'epoch') as "bucket!", severity, count(*) as "count!"
               from log_records
               where at >= $1 and at < $2
                 and exists (
                     select from unnest($3::text[], $4::text[]) as seen (cluster, namespace)
                     where (seen.cluster is null or seen.cluster = log_records.cluster)
                       and (seen.namespace is null or seen.namespace = log_records.namespace))
                 and ($5::text is null or body ilike $5)
                 and ($6::text is null or app = $6)
                 and ($7::text is null or pod = $7)
                 and ($8::bytea is null or trace_id = $8)
                 and ($9::jsonb is null or not exists (
                     select from jsonb_each_text($9) as wanted (name, value)
                     where attributes ->> wanted.name is distinct from wanted.value))
                 and ($10::smallint is null or severity >= $10)
               group by 1, 2
               order by 1, 2
               limit 30000"#,
            query.from.to_datetime(),
            query.to.to_datetime(),
            &clusters as _,
            &namespaces as _,
            query.text.as_deref().map(anywhere),
            query.app,
            query.pod,
            query.trace_id.map(Vec::from),
            containing(&query.attributes),
            query.severity.map(Severity::number),
            step_secs as f64,
        )
        .fetch_all(&self.pool)
        .await?;
        let mut buckets: Vec<LogBucket> = Vec::new();
        for row in rows {
            let at = Timestamp::from(row.bucket);
            if buckets.last().is_none_or(|last| last.at != at) {
                buckets.push(LogBucket { at, counts: std::collections::BTreeMap::new() });
            }
            if let Some(bucket) = buckets.last_mut() {
                let count = u64::try_from(row.count).unwrap_or(0);
                *bucket.counts.entry(Severity::from_number(row.severity)).or_default() += count;
            }
        }
        Ok(buckets)
    }

    async fn probe(&self) -> Result<Probe, Error> {
        sqlx::query!("select at from log_records limit 1").fetch_optional(&self.pool).await?;
        Ok(Probe { version: "embedded".to_owned() })
    }
}
