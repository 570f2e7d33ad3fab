//! The first run: an installation without any account is claimed by whoever has the token that the server printed at its
//! start, and nobody else.

use std::net::IpAddr;

use contract::Timestamp;
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::{
    Backend, Error,
    audit::{Action, Entry, Target, record},
    auth::normalized_email,
    db::Db,
    scope::{Actor, ActorKind, Origin},
    tenants::display_name,
    vault,
};

/// How long the token is good for. Every start prints another one.
const TOKEN_HOURS: i64 = 24;
/// Crockford's: nothing that can be taken for something else when read aloud.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Instances that claim at the same moment take turns. The number only has to differ from other locks.
const LOCK: i64 = 0x0b57_ac00_0004;

/// What the form of the first step says.
#[derive(Clone)]
pub struct FirstAdmin {
    /// The printed token, however it is spelt.
    pub token: String,
    /// Sign-in name.
    pub email: String,
    /// Display name.
    pub name: String,
    /// Password.
    pub password: String,
}

/// True while nobody has an account.
async fn is_open(db: &Db) -> Result<bool, Error> {
    let open =
        sqlx::query_scalar!(r#"select not exists (select 1 from users) as "open!""#).fetch_one(db.system()).await?;
    Ok(open)
}

impl Backend {
    /// True while nobody has an account: the portal can be claimed.
    pub async fn setup_is_open(&self) -> Result<bool, Error> {
        is_open(&self.db).await
    }

    /// A token to claim the portal with, to be printed; none when somebody has an account.
    pub async fn setup_token(&self) -> Result<Option<String>, Error> {
        if !is_open(&self.db).await? {
            return Ok(None);
        }
        let letters = vault::random::<20>()?.map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
        let groups: Vec<String> = letters.chunks(5).map(|group| group.iter().collect()).collect();
        let now = self.clock.now().to_datetime();
        let text = groups.join("-");
        sqlx::query!(
            "insert into one_time_tokens (token_hash, purpose, created_at, expires_at) values ($1, 'setup', $2, $3)",
            &hash(&text)[..],
            now,
            now + Duration::hours(TOKEN_HOURS),
        )
        .execute(self.db.system())
        .await?;
        Ok(Some(text))
    }

    /// Makes the first account, which runs the installation. Answers its id.
    pub async fn claim(
        &self,
        first: &FirstAdmin,
        client: IpAddr,
        origin: Origin,
        now: Timestamp,
    ) -> Result<Uuid, Error> {
        self.auth.count_guess("setup", client, now).await?;
        let known = sqlx::query_scalar!(
            r#"select 1 as "one!" from one_time_tokens where token_hash = $1 and purpose = 'setup' and expires_at > $2"#,
            &hash(&first.token)[..],
            now.to_datetime(),
        )
        .fetch_optional(self.db.system())
        .await?;
        if known.is_none() {
            return Err(Error::invalid(
                "/token",
                "This is not the token. The server prints it when it starts; it is good for a day.",
            ));
        }
        let email = normalized_email(&first.email)
            .ok_or_else(|| Error::invalid("/email", "Write an e-mail address, such as name@example.com."))?;
        let name = display_name("/name", &first.name)?;
        crate::auth::policy::check("/password", &first.password, &email)?;
        let hash = self.auth.passwords().hash(&first.password).await?;
        let id = Uuid::now_v7();
        let mut tx = self.db.begin().await?;
        sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).execute(&mut *tx).await?;
        let taken =
            sqlx::query_scalar!(r#"select exists (select 1 from users) as "taken!""#).fetch_one(&mut *tx).await?;
        if taken {
            return Err(Error::Conflict {
                why: "Somebody has set this portal up already. Sign in instead.".to_owned(),
            });
        }
        sqlx::query!(
            "insert into users (id, email, name, password_hash, platform_admin, created_at, updated_at, password_changed_at)
             values ($1, $2, $3, $4, true, $5, $5, $5)",
            id,
            email,
            name,
            hash,
            now.to_datetime(),
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("delete from one_time_tokens where purpose = 'setup'").execute(&mut *tx).await?;
        let actor = Actor::new(ActorKind::User, &id.to_string(), &name, origin.into());
        let entry = Entry::done(Action::SetupDone, Target::new("user", id)).after(json!({"platform_admin": true}));
        record(&mut tx, &actor, None, now, entry).await?;
        tx.commit().await?;
        tracing::info!(user.id = %id, "the portal was set up");
        Ok(id)
    }
}

/// What is compared: letters and digits only, in small letters, so that it does not matter how the token was typed.
fn hash(token: &str) -> [u8; 32] {
    let plain: String = token.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    vault::sha256(plain.to_ascii_lowercase().as_bytes())
}
