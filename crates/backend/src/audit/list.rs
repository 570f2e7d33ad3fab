//! Reading the log, newest first, a page at a time.

use contract::{
    Timestamp,
    audit::{AuditActor, AuditEntry, AuditPage, AuditQuery, AuditTarget},
    time::TimePoint,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{
    Audit,
    record::{Line, hex},
};
use crate::{Error, Operator, Scope, db::Tx, scope::Permission};

const USUAL: u32 = 50;
const MOST: u32 = 500;

/// What to look for, checked.
#[derive(Clone, Debug)]
pub struct AuditFilter {
    action: Option<String>,
    actor: Option<String>,
    target: Option<String>,
    outcome: Option<String>,
    request_id: Option<String>,
    from: Option<OffsetDateTime>,
    to: Option<OffsetDateTime>,
    limit: u32,
    before: Option<Place>,
}

/// Where a page ends: time, number and chain of its last entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    at: OffsetDateTime,
    seq: i64,
    chain: Uuid,
}

impl Place {
    fn read(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '.');
        let at = parts.next()?.parse::<i64>().ok().map(|millis| Timestamp(millis).to_datetime())?;
        Some(Self { at, seq: parts.next()?.parse().ok()?, chain: parts.next()?.parse().ok()? })
    }

    fn write(self) -> String {
        format!("{}.{}.{}", Timestamp::from(self.at).0, self.seq, self.chain.simple())
    }
}

impl AuditFilter {
    /// # Errors
    /// [`Error::Invalid`] with the field that cannot be used.
    pub fn new(query: &AuditQuery, now: Timestamp) -> Result<Self, Error> {
        let text = |field: &str, text: &Option<String>| match text.as_deref().map(str::trim) {
            None | Some("") => Ok(None),
            Some(text) if text.len() <= 200 => Ok(Some(text.to_owned())),
            Some(_) => Err(Error::invalid(field, "Write at most 200 characters.")),
        };
        let time = |field: &str, given: &Option<String>| match text(field, given)? {
            None => Ok(None),
            Some(text) => match text.parse::<TimePoint>() {
                Ok(point) => Ok(Some(point.resolve(now).to_datetime())),
                Err(error) => Err(Error::invalid(field, format!("{error}."))),
            },
        };
        let outcome = text("/outcome", &query.outcome)?;
        if outcome.as_deref().is_some_and(|outcome| !["done", "denied", "failed"].contains(&outcome)) {
            return Err(Error::invalid("/outcome", "Write done, denied or failed."));
        }
        let limit = query.limit.unwrap_or(USUAL);
        if !(1..=MOST).contains(&limit) {
            return Err(Error::invalid("/limit", format!("Ask for 1 to {MOST} entries at a time.")));
        }
        let before = match &query.cursor {
            None => None,
            Some(cursor) => Some(
                Place::read(cursor)
                    .ok_or_else(|| Error::invalid("/cursor", "Send `next` of the page before, as it was."))?,
            ),
        };
        Ok(Self {
            action: text("/action", &query.action)?,
            actor: text("/actor", &query.actor)?,
            target: text("/target", &query.target)?,
            outcome,
            request_id: text("/request_id", &query.request_id)?,
            from: time("/from", &query.from)?,
            to: time("/to", &query.to)?,
            limit,
            before,
        })
    }

    /// The same, for the longest pages, from the beginning.
    pub fn whole(self) -> Self {
        Self { limit: MOST, before: None, ..self }
    }

    /// The same, for the page after `page`; `None` when that was the last.
    pub fn after(&self, page: &AuditPage) -> Option<Self> {
        let place = Place::read(page.next.as_deref()?)?;
        Some(Self { before: Some(place), ..self.clone() })
    }
}

impl Audit {
    /// A page of the tenant's log.
    pub async fn of_tenant(&self, scope: &Scope, filter: &AuditFilter) -> Result<AuditPage, Error> {
        scope.require(Permission::ViewAudit)?;
        let mut tx = self.db.tenant(scope).await?;
        page(&mut tx, Some(scope.tenant().id), filter).await
    }

    /// A page of all chains together.
    pub async fn of_installation(&self, _operator: &Operator, filter: &AuditFilter) -> Result<AuditPage, Error> {
        let mut tx = self.db.begin().await?;
        page(&mut tx, None, filter).await
    }
}

async fn page(tx: &mut Tx, tenant: Option<Uuid>, filter: &AuditFilter) -> Result<AuditPage, Error> {
    let like = |part: &Option<String>| {
        part.as_ref().map(|part| format!("%{}%", part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")))
    };
    // One more than asked for says whether there is another page.
    let rows = sqlx::query!(
        r#"select a.chain, a.seq, a.entry, a.previous, a.hash, a.at, t.slug as "slug?"
           from audit_log a left join tenants t on t.id = a.tenant_id
           where ($1::uuid is null or a.tenant_id = $1)
             and ($2::text is null or a.action = $2)
             and ($3::text is null or a.actor_name ilike $3 or a.actor_id = $4)
             and ($5::text is null or a.target_id ilike $5 or a.target_kind = $6)
             and ($7::text is null or a.outcome = $7)
             and ($8::text is null or a.request_id = $8)
             and ($9::timestamptz is null or a.at >= $9)
             and ($10::timestamptz is null or a.at <= $10)
             and ($11::timestamptz is null or (a.at, a.seq, a.chain) < ($11, $12, $13))
           order by a.at desc, a.seq desc, a.chain desc limit $14"#,
        tenant,
        filter.action,
        like(&filter.actor),
        filter.actor,
        like(&filter.target),
        filter.target,
        filter.outcome,
        filter.request_id,
        filter.from,
        filter.to,
        filter.before.map(|place| place.at),
        filter.before.map(|place| place.seq).unwrap_or_default(),
        filter.before.map(|place| place.chain).unwrap_or_default(),
        i64::from(filter.limit) + 1,
    )
    .fetch_all(&mut **tx)
    .await?;
    let limit = filter.limit as usize;
    let next = (rows.len() > limit)
        .then(|| rows.get(limit - 1))
        .flatten()
        .map(|row| Place { at: row.at, seq: row.seq, chain: row.chain }.write());
    let items = rows.into_iter().take(limit).map(|row| {
        let line: Line = serde_json::from_str(&row.entry).map_err(Error::internal)?;
        Ok(AuditEntry {
            chain: row.chain.to_string(),
            seq: row.seq,
            at: line.at,
            tenant: row.slug,
            actor: AuditActor { kind: line.actor.kind, id: line.actor.id, name: line.actor.name },
            action: line.action,
            target: AuditTarget { kind: line.target.kind, id: line.target.id },
            outcome: line.outcome,
            request_id: line.request_id,
            address: line.address,
            before: line.before,
            after: line.after,
            entry: row.entry,
            previous: hex(&row.previous),
            hash: hex(&row.hash),
        })
    });
    Ok(AuditPage { items: items.collect::<Result<_, Error>>()?, next })
}
