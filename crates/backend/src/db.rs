//! The database: the pools, the migrations, and the private cluster used when no database is configured.
//! No business SQL here; each slice keeps its own.
//!
//! Nothing runs as the owner of the tables but the migrations. Statements run as one of the two roles of
//! `migrations/0003_access.sql`: inside one tenant, where row-level security shows that tenant's rows and no others, or above
//! all tenants.

pub mod cluster;
mod connect;
mod data_dir;

use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Transaction, migrate::MigrateError, postgres::PgConnectOptions,
};
use uuid::Uuid;

pub use connect::ConnectError;
pub(crate) use connect::options_of;
pub use data_dir::{DataDir, DataDirError};

use crate::{Error, Scope};

/// Every migration, embedded into the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// The application's database. Cheap to clone; all clones share the pools.
#[derive(Clone, Debug)]
pub struct Db {
    owner: PgConnectOptions,
    system: PgPool,
    tenants: PgPool,
}

impl Db {
    /// For statements that come before or stand above any tenant: signing in, provisioning, running the installation,
    /// embedded telemetry. A service that has a [`Scope`] uses [`Db::tenant`].
    pub fn system(&self) -> &PgPool {
        &self.system
    }

    /// A transaction above all tenants; dropping it without `commit` undoes everything.
    pub async fn begin(&self) -> Result<Tx, Error> {
        Ok(self.system.begin().await?)
    }

    /// A transaction inside the scope's tenant: the database shows it no row of another one, whatever the statements say.
    /// Dropping it without `commit` undoes everything.
    pub async fn tenant(&self, scope: &Scope) -> Result<Tx, Error> {
        self.inside(scope.tenant().id).await
    }

    /// The same for a tenant by id, for work that has no scope: accepting an invitation, a key that is being used.
    pub(crate) async fn inside(&self, tenant: Uuid) -> Result<Tx, Error> {
        let mut tx = self.tenants.begin().await?;
        sqlx::query!("select set_config('obstack.tenant', $1, true)", tenant.to_string()).fetch_one(&mut *tx).await?;
        Ok(tx)
    }

    /// The pool behind [`Db::tenant`], in which no tenant is set: for the test that shows what a forgotten tenant sees.
    #[doc(hidden)]
    pub fn tenant_pool(&self) -> &PgPool {
        &self.tenants
    }

    /// Succeeds when the database answers. For `/readyz`.
    pub async fn ping(&self) -> Result<(), Error> {
        sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(&self.system).await?;
        Ok(())
    }

    /// Closes all connections, waiting for those in use. Before the private cluster stops.
    pub async fn close(&self) {
        tokio::join!(self.system.close(), self.tenants.close());
    }
}

/// A transaction.
pub type Tx = Transaction<'static, Postgres>;

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
    // The owner's, closed afterwards: the lock belongs to the connection, and after a failure sqlx does not give it back.
    let mut connection = PgConnection::connect_with(&db.owner).await.map_err(MigrationError::Connection)?;
    let migrated = async {
        // A migration may take longer than any request.
        sqlx::query!("set statement_timeout = 0").execute(&mut connection).await?;
        MIGRATOR.run_direct(None, &mut connection, false).await
    }
    .await;
    // The work is done or undone; a connection that fails to say goodbye changes neither.
    let _ = connection.close().await;
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
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(&db.system).await?;
    Ok(applied.is_some_and(|version| version >= newest))
}
