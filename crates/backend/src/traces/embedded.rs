//! Spans in Postgres, a partition per day. Which indexes, and why: `docs/adr/0003-embedded-telemetry.md`.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use async_trait::async_trait;
use query::MeshScope;
use sqlx::{PgPool, types::Json};
use time::{Date, OffsetDateTime};
use tokio::sync::Mutex;

use super::{
    MAX_SPANS, MAX_TRACES, Span, SpanEvent, SpanKind, SpanStatus, Trace, TraceQuery, TraceStore, TraceSummary,
};
use crate::{
    Error,
    clock::Clock,
    logs::embedded::{anywhere, containing, id, storable},
    metrics::{Probe, embedded::Written},
    telemetry::{Kept, Table, ensure_days, instant_us, micros, pairs},
};

/// The embedded trace store. Cloning shares it.
#[derive(Clone)]
pub struct EmbeddedTraces {
    pool: PgPool,
    clock: Arc<dyn Clock>,
    retention: Duration,
    days: Arc<Mutex<BTreeSet<Date>>>,
}

impl EmbeddedTraces {
    /// The store on a database with the current schema.
    pub fn new(pool: PgPool, clock: Arc<dyn Clock>, retention: Duration) -> Self {
        Self { pool, clock, retention, days: Arc::default() }
    }

    /// Writes spans in one statement. Those outside the retention are dropped and counted; one that is already there
    /// is kept once.
    ///
    /// # Errors
    /// [`Error::Internal`] when the database refuses.
    pub async fn write(&self, spans: Vec<Span>) -> Result<Written, Error> {
        let kept = Kept::at(self.clock.now(), self.retention);
        let total = spans.len();
        let mut columns = Columns::default();
        for span in spans {
            if kept.holds(instant_us(span.start_us)) {
                columns.push(span);
            }
        }
        let stored = columns.at.len();
        if stored > 0 {
            ensure_days(&self.pool, Table::Spans, &self.days, columns.at.iter().copied()).await?;
            columns.insert(&self.pool).await?;
        }
        Ok(Written { stored, dropped: total - stored })
    }
}

type Object = serde_json::Map<String, serde_json::Value>;

/// Spans as arrays, one per column.
#[derive(Default)]
struct Columns {
    at: Vec<OffsetDateTime>,
    trace_id: Vec<Vec<u8>>,
    span_id: Vec<Vec<u8>>,
    parent_id: Vec<Option<Vec<u8>>>,
    cluster: Vec<String>,
    namespace: Vec<String>,
    service: Vec<String>,
    name: Vec<String>,
    kind: Vec<i16>,
    duration_ns: Vec<i64>,
    status: Vec<i16>,
    status_message: Vec<String>,
    attributes: Vec<Json<Object>>,
    events: Vec<Json<Vec<SpanEvent>>>,
}

impl Columns {
    fn push(&mut self, span: Span) {
        self.at.push(instant_us(span.start_us));
        self.trace_id.push(span.trace_id.into());
        self.span_id.push(span.span_id.into());
        self.parent_id.push(span.parent_id.map(Vec::from));
        self.cluster.push(storable(span.cluster));
        self.namespace.push(storable(span.namespace));
        self.service.push(storable(span.service));
        self.name.push(storable(span.name));
        self.kind.push(span.kind.number());
        self.duration_ns.push(span.duration_ns.max(0));
        self.status.push(span.status.number());
        self.status_message.push(storable(span.status_message));
        self.attributes.push(Json(span.attributes));
        self.events.push(Json(span.events));
    }

    async fn insert(&self, pool: &PgPool) -> Result<(), Error> {
        sqlx::query!(
            "insert into spans
                 (at, trace_id, span_id, parent_id, cluster, namespace, service, name, kind, duration_ns, status,
                  status_message, attributes, events)
             select * from unnest(
                 $1::timestamptz[], $2::bytea[], $3::bytea[], $4::bytea[], $5::text[], $6::text[], $7::text[],
                 $8::text[], $9::smallint[], $10::bigint[], $11::smallint[], $12::text[], $13::jsonb[], $14::jsonb[])
             on conflict do nothing",
            &self.at,
            &self.trace_id,
            &self.span_id,
            &self.parent_id as _,
            &self.cluster,
            &self.namespace,
            &self.service,
            &self.name,
            &self.kind,
            &self.duration_ns,
            &self.status,
            &self.status_message,
            &self.attributes as _,
            &self.events as _,
        )
        .execute(pool)
        .await?;
        Ok(())
    }
}

/// Milliseconds as nanoseconds.
fn nanos(millis: u64) -> i64 {
    i64::try_from(millis.saturating_mul(1_000_000)).unwrap_or(i64::MAX)
}

#[async_trait]
impl TraceStore for EmbeddedTraces {
    async fn search(&self, query: &TraceQuery) -> Result<Vec<TraceSummary>, Error> {
        let (clusters, namespaces) = pairs(&query.scope);
        if clusters.is_empty() {
            return Ok(Vec::new());
        }
        // The newest matching spans name the traces; the traces' other spans lie within an hour of them.
        let rows = sqlx::query!(
            r#"with hits as (
                   select trace_id, max(at) as at
                   from (
                       select trace_id, at
                       from spans
                       where at >= $1 and at < $2
                         and exists (
                             select from unnest($3::text[], $4::text[]) as seen (cluster, namespace)
                             where (seen.cluster is null or seen.cluster = spans.cluster)
                               and (seen.namespace is null or seen.namespace = spans.namespace))
                         and ($5::text is null or service = $5)
                         and ($6::text is null or name ilike $6)
                         and ($7::bigint is null or duration_ns >= $7)
                         and ($8::bigint is null or duration_ns <= $8)
                         and (not $9::boolean or status = 2)
                         and ($10::jsonb is null or not exists (
                     select from jsonb_each_text($10) as wanted (name, value)
                     where attributes ->> wanted.name is distinct from wanted.value))
                       order by at desc
                       limit 20000
                   ) matching
                   group by trace_id
                   order by max(at) desc
                   limit $11
               )
               select hits.trace_id as "trace_id!",
                   min(s.at) as "start!",
                   (max(extract(epoch from s.at - hits.at) * 1e9 + s.duration_ns)
                       - min(extract(epoch from s.at - hits.at) * 1e9))::bigint as "duration_ns!",
                   (array_agg(s.service order by s.parent_id is not null, s.at))[1] as "root_service!",
                   (array_agg(s.name order by s.parent_id is not null, s.at))[1] as "root_name!",
                   count(*) as "spans!",
                   count(*) filter (where s.status = 2) as "errors!",
                   array_agg(distinct s.service) as "services!"
               from hits
               join spans s on s.trace_id = hits.trace_id
                   and s.at >= hits.at - interval '1 hour' and s.at <= hits.at + interval '1 hour'
               where exists (
                   select from unnest($3::text[], $4::text[]) as seen (cluster, namespace)
                   where (seen.cluster is null or seen.cluster = s.cluster)
                     and (seen.namespace is null or seen.namespace = s.namespace))
               group by hits.trace_id, hits.at
               order by hits.at desc"#,
            query.from.to_datetime(),
            query.to.to_datetime(),
            &clusters as _,
            &namespaces as _,
            query.service,
            query.name.as_deref().map(anywhere),
            query.min_duration_ms.map(nanos),
            query.max_duration_ms.map(nanos),
            query.failed,
            containing(&query.attributes),
            i64::from(query.limit.clamp(1, MAX_TRACES)),
        )
        .fetch_all(&self.pool)
        .await?;
        let summaries = rows.into_iter().filter_map(|row| {
            Some(TraceSummary {
                trace_id: id(Some(row.trace_id))?,
                start_us: micros(row.start),
                duration_ns: row.duration_ns,
                root_service: row.root_service,
                root_name: row.root_name,
                spans: u64::try_from(row.spans).unwrap_or(0),
                errors: u64::try_from(row.errors).unwrap_or(0),
                services: row.services,
            })
        });
        Ok(summaries.collect())
    }

    async fn find(&self, scope: &MeshScope, trace_id: [u8; 16]) -> Result<Option<Trace>, Error> {
        let (clusters, namespaces) = pairs(scope);
        let rows = sqlx::query!(
            r#"select at, span_id, parent_id, cluster, namespace, service, name, kind, duration_ns, status,
                   status_message, attributes as "attributes: Json<Object>", events as "events: Json<Vec<SpanEvent>>"
               from spans
               where trace_id = $1
                 and exists (
                     select from unnest($2::text[], $3::text[]) as seen (cluster, namespace)
                     where (seen.cluster is null or seen.cluster = spans.cluster)
                       and (seen.namespace is null or seen.namespace = spans.namespace))
               order by at, span_id
               limit $4"#,
            &trace_id[..],
            &clusters as _,
            &namespaces as _,
            i64::from(MAX_SPANS) + 1,
        )
        .fetch_all(&self.pool)
        .await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let all = sqlx::query_scalar!(r#"select count(*) as "count!" from spans where trace_id = $1"#, &trace_id[..])
            .fetch_one(&self.pool)
            .await?;
        let visible = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let truncated = rows.len() > MAX_SPANS as usize;
        let spans = rows.into_iter().take(MAX_SPANS as usize).filter_map(|row| {
            Some(Span {
                trace_id,
                span_id: id(Some(row.span_id))?,
                parent_id: id(row.parent_id),
                cluster: row.cluster,
                namespace: row.namespace,
                service: row.service,
                name: row.name,
                kind: SpanKind::from_number(row.kind),
                start_us: micros(row.at),
                duration_ns: row.duration_ns,
                status: SpanStatus::from_number(row.status),
                status_message: row.status_message,
                attributes: row.attributes.0,
                events: row.events.0,
            })
        });
        // What was cut off cannot be told from what is others'.
        let hidden = if truncated { 0 } else { u64::try_from(all - visible).unwrap_or(0) };
        Ok(Some(Trace { spans: spans.collect(), hidden, truncated }))
    }

    async fn probe(&self) -> Result<Probe, Error> {
        sqlx::query!("select at from spans limit 1").fetch_optional(&self.pool).await?;
        Ok(Probe { version: "embedded".to_owned() })
    }
}
