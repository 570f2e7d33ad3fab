//! Sessions of tower-sessions kept in Postgres. The rules (limits, purging) are the backend's; this file only adapts.

use std::sync::Arc;

use backend::{
    Backend,
    auth::sessions::{self, Lifetimes, SessionKey},
};
use tower_sessions::{
    SessionStore,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// Where the signed-in user's id stands in a session.
pub const USER: &str = "user";
/// Where the id of the sign-in provider stands that vouches for the session.
pub const PROVIDER: &str = "provider";
/// Where the slug of the tenant stands that is viewed as a viewer.
pub const OBSERVING: &str = "observing";

/// The session store of the portal.
#[derive(Clone)]
pub struct PgSessions(pub Arc<Backend>);

impl std::fmt::Debug for PgSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PgSessions")
    }
}

fn lifetimes(backend: &Backend) -> Lifetimes {
    let sessions = &backend.config().sessions;
    Lifetimes { idle_secs: sessions.idle.as_secs(), absolute_secs: sessions.absolute.as_secs() }
}

fn broken(error: backend::Error) -> Error {
    tracing::error!(%error, "sessions cannot be reached");
    Error::Backend(error.to_string())
}

/// What the table keeps of a record: whose it is, and the data as JSON.
fn parts(record: &Record) -> Result<(Option<uuid::Uuid>, serde_json::Value)> {
    let data = serde_json::to_value(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
    let user = record.data.get(USER).and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
    Ok((user, data))
}

#[async_trait::async_trait]
impl SessionStore for PgSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let (user, data) = parts(record)?;
        let (db, lifetimes, now) = (self.0.db(), lifetimes(&self.0), self.0.clock().now());
        while !sessions::create(db, SessionKey::of(record.id.0), user, &data, lifetimes, now).await.map_err(broken)? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (user, data) = parts(record)?;
        let (db, lifetimes, now) = (self.0.db(), lifetimes(&self.0), self.0.clock().now());
        // A session that ended meanwhile stays ended.
        sessions::save(db, SessionKey::of(record.id.0), user, &data, lifetimes, now).await.map(|_| ()).map_err(broken)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let (db, lifetimes, now) = (self.0.db(), lifetimes(&self.0), self.0.clock().now());
        let Some(found) = sessions::load(db, SessionKey::of(id.0), lifetimes, now).await.map_err(broken)? else {
            return Ok(None);
        };
        let data = serde_json::from_value(found.data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date: found.expires_at.to_datetime() }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        sessions::delete(self.0.db(), SessionKey::of(id.0)).await.map_err(broken)
    }
}
