//! A person's own sessions: where they are signed in, and ending one or all others.

use contract::{
    Timestamp,
    auth::{Device, Devices},
};
use uuid::Uuid;

use super::sessions::SessionKey;
use crate::{
    Backend, Error, Visitor,
    audit::{Action, Entry, Target, record},
};

/// More sessions than anybody is shown.
const MOST: i64 = 200;

impl Backend {
    /// The caller's sessions, the latest used first.
    pub async fn devices(&self, visitor: &Visitor, current: Option<SessionKey>) -> Result<Devices, Error> {
        let user = signed_in(visitor)?;
        let rows = sqlx::query!(
            r#"select s.handle, s.id_hash, s.created_at, s.last_seen_at, s.expires_at, s.user_agent, s.address, p.title as "provider?"
               from sessions s left join identity_providers p on p.id = s.provider_id
               where s.user_id = $1 and s.expires_at > $2 order by s.last_seen_at desc, s.handle limit $3"#,
            user,
            self.clock.now().to_datetime(),
            MOST
        )
        .fetch_all(self.db.system())
        .await?;
        let items = rows.into_iter().map(|row| Device {
            id: row.handle.to_string(),
            current: current.is_some_and(|current| current.is(&row.id_hash)),
            agent: row.user_agent,
            address: row.address,
            provider: row.provider,
            created_at: row.created_at.into(),
            last_seen_at: row.last_seen_at.into(),
            expires_at: row.expires_at.into(),
        });
        Ok(Devices { items: items.collect() })
    }

    /// Ends one of the caller's sessions; its open WebSockets close.
    pub async fn end_device(&self, visitor: &Visitor, handle: Uuid, now: Timestamp) -> Result<(), Error> {
        let user = signed_in(visitor)?;
        let mut tx = self.db.begin().await?;
        let gone = sqlx::query!("delete from sessions where handle = $1 and user_id = $2", handle, user)
            .execute(&mut *tx)
            .await?;
        if gone.rows_affected() == 0 {
            return Err(Error::NotFound { what: "This session" });
        }
        let entry = Entry::done(Action::SessionRevoked, Target::new("session", handle));
        record(&mut tx, &visitor.actor(), None, now, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends all of the caller's sessions but this one; how many there were.
    pub async fn end_other_devices(
        &self,
        visitor: &Visitor,
        current: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let user = signed_in(visitor)?;
        let mut tx = self.db.begin().await?;
        let kept = current.map(|current| current.as_bytes().to_vec()).unwrap_or_default();
        let gone = sqlx::query!("delete from sessions where user_id = $1 and id_hash <> $2", user, kept)
            .execute(&mut *tx)
            .await?
            .rows_affected();
        let entry = Entry::done(Action::SessionsRevoked, Target::new("user", user))
            .after(serde_json::json!({"sessions": gone}));
        record(&mut tx, &visitor.actor(), None, now, entry).await?;
        tx.commit().await?;
        Ok(gone)
    }
}

/// The person; keys have no sessions, and nobody's eyes are on them while they view a tenant as a viewer.
fn signed_in(visitor: &Visitor) -> Result<Uuid, Error> {
    if visitor.observing().is_some() {
        return Err(Error::Denied {
            why: "Leave the view as a viewer first: nothing can be changed in it.".to_owned(),
        });
    }
    match visitor.user() {
        Some(user) => Ok(user),
        None if visitor.key().is_some() => {
            Err(Error::Denied { why: "An API key has no sessions. Sign in to see yours.".to_owned() })
        }
        None => Err(Error::Unauthenticated { why: "Sign in to see this." }),
    }
}
