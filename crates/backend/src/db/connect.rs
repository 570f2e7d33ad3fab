//! Opening the pool: patient while the database starts, clear when waiting would not help, and never printing a password.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::Db;
use crate::config::Secret;

/// Connections of one instance above all tenants: sign-in, sessions, embedded telemetry.
const SYSTEM_POOL: u32 = 16;
/// Connections of one instance inside tenants. Two instances fit into the private cluster's 60 with room for an operator's
/// psql.
const TENANT_POOL: u32 = 8;
/// How long a request waits for a connection before it fails.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A statement that runs longer is cut off by the server: no request waits that long.
const STATEMENT_TIMEOUT: &str = "30s";
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why there is no database. The text tells an operator what to do and contains no password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL cannot be read.
    #[error("database_url is not a Postgres URL; write postgres://user:password@host:5432/name")]
    Url,
    /// The server refused: waiting would not help.
    #[error("the database at {target} refused: {why}")]
    Refused {
        /// Where, without password.
        target: String,
        /// What the server said.
        why: String,
    },
    /// Nobody answered in time.
    #[error(
        "the database at {target} did not answer within {waited_secs} s; is it running, and is database_url right?"
    )]
    Unreachable {
        /// Where, without password.
        target: String,
        /// How long was waited.
        waited_secs: u64,
        /// The latest failure.
        #[source]
        source: sqlx::Error,
    },
}

impl Db {
    /// Connects to this URL, trying again for `patience` while nobody answers.
    pub async fn connect(url: &Secret, patience: Duration) -> Result<Self, ConnectError> {
        Self::connect_with(options_of(url)?, patience).await
    }

    /// Connects with these options, trying again for `patience` while nobody answers.
    pub async fn connect_with(options: PgConnectOptions, patience: Duration) -> Result<Self, ConnectError> {
        let target = target(&options);
        let db = Self::lazy(options.application_name("obstack"));
        let began = tokio::time::Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            let failure = match PgConnection::connect_with(&db.owner).await {
                Ok(_) => return Ok(db),
                Err(failure) => failure,
            };
            if let Some(why) = final_refusal(&failure) {
                return Err(ConnectError::Refused { target, why });
            }
            if began.elapsed() + pause > patience {
                return Err(ConnectError::Unreachable { target, waited_secs: patience.as_secs(), source: failure });
            }
            tracing::info!(db.target = %target, "waiting for the database");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Pools that connect when they are first used: before the migrations have run, their roles need not exist.
    fn lazy(owner: PgConnectOptions) -> Self {
        let limits = owner
            .clone()
            .options([("statement_timeout", STATEMENT_TIMEOUT), ("idle_in_transaction_session_timeout", "60s")]);
        let pool = |role: &str, size| {
            PgPoolOptions::new()
                .max_connections(size)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect_lazy_with(limits.clone().options([("role", role)]))
        };
        Self { system: pool("obstack_system", SYSTEM_POOL), tenants: pool("obstack_tenant", TENANT_POOL), owner }
    }
}

/// The database of a test, whose pool belongs to the owner.
impl From<PgPool> for Db {
    fn from(pool: PgPool) -> Self {
        Self::lazy(pool.connect_options().as_ref().clone())
    }
}

/// Reads a URL. The reader's own words are left out: they may repeat the password.
pub(crate) fn options_of(url: &Secret) -> Result<PgConnectOptions, ConnectError> {
    // The reader itself takes any scheme.
    match url.expose().split_once("://") {
        Some(("postgres" | "postgresql", _)) => PgConnectOptions::from_str(url.expose()).map_err(|_| ConnectError::Url),
        _ => Err(ConnectError::Url),
    }
}

/// What the server said when trying again cannot change it.
fn final_refusal(failure: &sqlx::Error) -> Option<String> {
    let answer = failure.as_database_error()?;
    match answer.code().as_deref() {
        // cannot_connect_now (starting up, shutting down) and too_many_connections pass by themselves.
        Some("57P03" | "53300") => None,
        _ => Some(answer.message().to_owned()),
    }
}

/// `user@host:port/name`, for people.
fn target(options: &PgConnectOptions) -> String {
    let place = match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", options.get_host(), options.get_port()),
    };
    format!("{}@{place}/{}", options.get_username(), options.get_database().unwrap_or(options.get_username()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRIEF: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn nobody_there_is_said_without_the_password() {
        let url = Secret::new("postgres://ana:s3cret@127.0.0.1:1/shop");
        let error = Db::connect(&url, BRIEF).await.expect_err("port 1 is closed");
        assert_eq!(
            error.to_string(),
            "the database at ana@127.0.0.1:1/shop did not answer within 0 s; is it running, and is database_url right?"
        );
    }

    #[tokio::test]
    async fn a_url_of_another_kind_is_refused() {
        let error = Db::connect(&Secret::new("mysql://root@localhost/x"), BRIEF).await.expect_err("not Postgres");
        assert!(matches!(error, ConnectError::Url), "{error}");
    }

    #[sqlx::test(migrations = false)]
    async fn a_missing_database_is_not_waited_for(_pool: PgPoolOptions, options: PgConnectOptions) {
        let began = std::time::Instant::now();
        let error =
            Db::connect_with(options.database("no_such_database"), Duration::from_secs(60)).await.expect_err("absent");
        assert!(matches!(&error, ConnectError::Refused { why, .. } if why.contains("no_such_database")), "{error}");
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
