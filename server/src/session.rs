//! Sessions of tower-sessions kept in Postgres. The rules (limits, purging) are the backend's; this file only adapts.

use std::sync::Arc;

use backend::Backend;
use time::OffsetDateTime;
use tower_sessions::{
    SessionStore, async_trait,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// Where the signed-in user's id stands in a session.
pub const USER: &str = "user";

/// The session store of the portal.
#[derive(Clone)]
pub struct PgSessions(pub Arc<Backend>);

impl std::fmt::Debug for PgSessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PgSessions")
    }
}

fn broken(error: backend::Error) -> Error {
    Error::Backend(error.to_string())
}

impl PgSessions {
    async fn write(&self, record: &Record) -> Result<()> {
        let data = serde_json::to_value(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
        let user = record.data.get(USER).and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
        self.0.auth().sessions().save(record.id.0, user, &data, record.expiry_date).await.map_err(broken)
    }
}

#[async_trait]
impl SessionStore for PgSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // Ids are 128 random bits, so a collision is no accident; a fresh id costs nothing all the same.
        while self.load(&record.id).await?.is_some() {
            record.id = Id::default();
        }
        self.write(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.write(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.0.auth().sessions().load(id.0).await.map_err(broken)?;
        found
            .map(|session| {
                Ok(Record {
                    id: *id,
                    data: serde_json::from_value(session.data).map_err(|error| Error::Decode(error.to_string()))?,
                    expiry_date: session.expires_at.max(OffsetDateTime::UNIX_EPOCH),
                })
            })
            .transpose()
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0.auth().sessions().delete(id.0).await.map_err(broken)
    }
}
