//! Sessions in the database. The id is known to the browser only: here is its SHA-256, so that neither a backup nor a
//! reader of the table can take over a session. A session ends when it is idle for too long, when it is too old, when it is
//! deleted, or when its account is disabled.
//!
//! Shaped after `tower_sessions::SessionStore`, whose implementation is in the server.

use std::fmt;

use contract::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{Error, db::Db};

/// Seen again this soon, a session is not written again.
const TOUCH_SECS: u64 = 60;

/// How long sessions live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Without use, seconds.
    pub idle_secs: u64,
    /// In all, seconds.
    pub absolute_secs: u64,
}

/// How a session is found: the hash of its id.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// Of the id in the cookie.
    pub fn of(id: i128) -> Self {
        Self(Sha256::digest(id.to_be_bytes()).into())
    }

    /// As it stands in the table.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is this one.
    pub fn is(&self, bytes: &[u8]) -> bool {
        self.0 == *bytes
    }

    /// How a living session of this account is named to people, and when it ends in any case.
    pub(crate) async fn handle(self, db: &Db, user: Uuid, now: Timestamp) -> Result<Option<(Uuid, Timestamp)>, Error> {
        let row = sqlx::query!(
            "select handle, absolute_expires_at from sessions where id_hash = $1 and user_id = $2 and expires_at > $3",
            &self.0[..],
            user,
            now.to_datetime()
        )
        .fetch_optional(db.system())
        .await?;
        Ok(row.map(|row| (row.handle, row.absolute_expires_at.into())))
    }

    pub(super) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

/// The beginning is enough to tell sessions apart in a log.
impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "SessionKey({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

/// What a session carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Whose it is, once signed in.
    pub user_id: Option<Uuid>,
    /// What the server keeps in it, a JSON object.
    pub data: Value,
    /// When it ends if it is not used again.
    pub expires_at: Timestamp,
}

/// Makes a session. False when the id is taken: choose another.
pub async fn create(
    db: &Db,
    key: SessionKey,
    user_id: Option<Uuid>,
    data: &Value,
    lifetimes: Lifetimes,
    now: Timestamp,
) -> Result<bool, Error> {
    let ends = plus_secs(now, lifetimes.absolute_secs);
    let done = sqlx::query!(
        "insert into sessions (id_hash, user_id, data, created_at, last_seen_at, expires_at, absolute_expires_at)
         values ($1, $2, $3, $4, $4, $5, $6) on conflict (id_hash) do nothing",
        &key.0[..],
        user_id,
        data,
        now.to_datetime(),
        plus_secs(now, lifetimes.idle_secs).min(ends).to_datetime(),
        ends.to_datetime(),
    )
    .execute(db.system())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Changes what a session carries, and counts as use. False when there is no such session any more: it is not made again,
/// because somebody may have signed out in the meantime.
pub async fn save(
    db: &Db,
    key: SessionKey,
    user_id: Option<Uuid>,
    data: &Value,
    lifetimes: Lifetimes,
    now: Timestamp,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update sessions set user_id = $2, data = $3, last_seen_at = $4, expires_at = least($5, absolute_expires_at)
         where id_hash = $1 and expires_at > $4",
        &key.0[..],
        user_id,
        data,
        now.to_datetime(),
        plus_secs(now, lifetimes.idle_secs).to_datetime(),
    )
    .execute(db.system())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Finds a living session of nobody or of an account that may sign in, and counts as use (written at most once a minute). A
/// session that a sign-in provider vouches for ends with the provider.
pub async fn load(db: &Db, key: SessionKey, lifetimes: Lifetimes, now: Timestamp) -> Result<Option<Record>, Error> {
    let row = sqlx::query!(
        r#"select s.user_id, s.data as "data: Value", s.expires_at, s.last_seen_at
           from sessions s left join users u on u.id = s.user_id
           where s.id_hash = $1 and s.expires_at > $2 and (s.user_id is null or u.disabled_at is null)
             and not exists (select 1 from identity_providers p where p.id = s.provider_id and p.disabled_at is not null)"#,
        &key.0[..],
        now.to_datetime(),
    )
    .fetch_optional(db.system())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut expires_at = row.expires_at;
    if row.last_seen_at <= now.minus_secs(TOUCH_SECS).to_datetime() {
        let touched = sqlx::query_scalar!(
            "update sessions set last_seen_at = $2, expires_at = least($3, absolute_expires_at)
             where id_hash = $1 returning expires_at",
            &key.0[..],
            now.to_datetime(),
            plus_secs(now, lifetimes.idle_secs).to_datetime(),
        )
        .fetch_optional(db.system())
        .await?;
        // Deleted between the two statements: signed out.
        let Some(touched) = touched else { return Ok(None) };
        expires_at = touched;
    }
    Ok(Some(Record { user_id: row.user_id, data: row.data, expires_at: expires_at.into() }))
}

/// Notes where a session is used, for its owner's list of devices.
pub async fn describe(db: &Db, key: SessionKey, agent: &str, address: &str) -> Result<(), Error> {
    sqlx::query!("update sessions set user_agent = $2, address = $3 where id_hash = $1", &key.0[..], agent, address)
        .execute(db.system())
        .await?;
    Ok(())
}

/// True while the session lives. Does not count as use: an open WebSocket asks this.
pub async fn is_alive(db: &Db, key: SessionKey, now: Timestamp) -> Result<bool, Error> {
    let found = sqlx::query_scalar!(
        r#"select 1 as "one!" from sessions s left join users u on u.id = s.user_id
           where s.id_hash = $1 and s.expires_at > $2 and (s.user_id is null or u.disabled_at is null)
             and not exists (select 1 from identity_providers p where p.id = s.provider_id and p.disabled_at is not null)"#,
        &key.0[..],
        now.to_datetime(),
    )
    .fetch_optional(db.system())
    .await?;
    Ok(found.is_some())
}

/// Ends a session. Nothing happens when it is gone already.
pub async fn delete(db: &Db, key: SessionKey) -> Result<(), Error> {
    sqlx::query!("delete from sessions where id_hash = $1", &key.0[..]).execute(db.system()).await?;
    Ok(())
}

/// Ends all sessions of a person; how many there were.
pub async fn delete_for_user(db: &Db, user: Uuid) -> Result<u64, Error> {
    Ok(sqlx::query!("delete from sessions where user_id = $1", user).execute(db.system()).await?.rows_affected())
}

/// Removes sessions that have ended by themselves, at most 1,000; how many. Call it every minute or so.
pub async fn purge_expired(db: &Db, now: Timestamp) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from sessions where id_hash in (select id_hash from sessions where expires_at <= $1 limit 1000)",
        now.to_datetime()
    )
    .execute(db.system())
    .await?;
    Ok(done.rows_affected())
}

fn plus_secs(at: Timestamp, secs: u64) -> Timestamp {
    Timestamp(at.0.saturating_add_unsigned(secs.saturating_mul(1000)))
}
