//! The database: the pool, the migrations, and the private cluster used when no database is configured.
//! No business SQL here; each slice keeps its own.

pub mod cluster;
mod connect;
mod data_dir;

use sqlx::{PgPool, Postgres, Transaction, migrate::MigrateError};

pub use connect::ConnectError;
pub(crate) use connect::options_of;
pub use data_dir::{DataDir, DataDirError};

use crate::Error;

/// Every migration, embedded into the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// The application's database. Cheap to clone; all clones share one pool.
#[derive(Clone, Debug)]
pub struct Db(PgPool);

impl Db {
    /// The pool, for statements outside a transaction.
    pub fn pool(&self) -> &PgPool {
        &self.0
    }

    /// A transaction; dropping it without `commit` undoes everything.
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, Error> {
        Ok(self.0.begin().await?)
    }

    /// Succeeds when the database answers. For `/readyz`.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(&self.0).await?;
        Ok(())
    }

    /// Closes all connections, waiting for those in use. Before the private cluster stops.
    pub async fn close(&self) {
        self.0.close().await;
    }
}

impl From<PgPool> for Db {
    fn from(pool: PgPool) -> Self {
        Self(pool)
    }
}

/// Why the schema could not be brought up to date. The text tells an operator what to do.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// No connection.
    #[error("cannot migrate the database: no connection")]
    Connection(#[source] sqlx::Error),
    /// A newer Obstack has been here.
    #[error(
        "the database has migration {version}, which this Obstack does not know: it was migrated by a newer version; start that one, or restore a backup"
    )]
    Newer {
        /// Version of the migration.
        version: i64,
    },
    /// A migration was changed after it had been applied.
    #[error(
        "migration {version} differs from the one this database was migrated with; the binary is not a release of Obstack"
    )]
    Changed {
        /// Version of the migration.
        version: i64,
    },
    /// A statement failed. The migration was rolled back.
    #[error("a migration failed and was rolled back")]
    Failed(#[source] MigrateError),
}

/// Brings the schema up to date. Safe for any number of instances at once: one migrates under an advisory lock, the
/// others wait and then find nothing to do.
pub async fn migrate(db: &Db) -> Result<(), MigrationError> {
    // A connection of its own, closed afterwards: the lock belongs to the connection, and after a failure sqlx does not
    // give it back. In the pool it would block every other instance for as long as this one lives.
    let mut connection = db.0.acquire().await.map_err(MigrationError::Connection)?.detach();
    let migrated = async {
        // A migration may take longer than any request.
        sqlx::query!("set statement_timeout = 0").execute(&mut connection).await?;
        MIGRATOR.run_direct(None, &mut connection, false).await
    }
    .await;
    // The work is done or undone; a connection that fails to say goodbye changes neither.
    let _ = sqlx::Connection::close(connection).await;
    migrated.map_err(|error| match error {
        MigrateError::VersionMissing(version) => MigrationError::Newer { version },
        MigrateError::VersionMismatch(version) => MigrationError::Changed { version },
        other => MigrationError::Failed(other),
    })
}

/// True when every migration of this binary has been applied. For `/readyz`.
pub async fn is_migrated(db: &Db) -> Result<bool, Error> {
    let newest = MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default();
    // Unchecked: the table is sqlx's own and not in our migrations.
    let applied: Option<i64> =
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(&db.0).await?;
    Ok(applied.is_some_and(|version| version >= newest))
}
