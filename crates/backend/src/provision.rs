//! Writing the configuration's tenants, people, memberships and keys into the database, at every start and in one transaction.
//! What the configuration no longer has is switched off, not deleted: dashboards and audit entries refer to it.

mod providers;

use contract::{Role, TenantSlug, Timestamp};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error,
    auth::Passwords,
    config::{Config, TenantConfig, UserConfig},
    db::Db,
    keys,
    tenants::signal_name,
    vault::Vault,
};

/// Instances that start at the same time take turns. The number only has to differ from other locks.
const LOCK: i64 = 0x0b57_ac00_0001;

/// What a run changed, rows of tenants, people, memberships and sign-in providers together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// New.
    pub created: u64,
    /// Different from before, or switched on again.
    pub updated: u64,
    /// Gone from the configuration.
    pub removed: u64,
}

type Tx = Transaction<'static, Postgres>;

/// Makes the database say what the configuration says. Doing it again changes nothing. All instances of one database are
/// expected to have the same configuration: whatever was provisioned before and is not in this one is switched off.
pub async fn apply(db: &Db, config: &Config, passwords: &Passwords, now: Timestamp) -> Result<Provisioned, Error> {
    // Only what has secrets needs it; it is opened outside of the transaction.
    let vault = match config.identity_providers.iter().any(|provider| provider.client_secret.is_some()) {
        true => Some(Vault::open(db).await?),
        false => None,
    };
    let run = Run { source: &config.provisioned_by, now: now.to_datetime() };
    let mut tx = db.begin().await?;
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK).execute(&mut *tx).await?;
    let mut done = Provisioned::default();
    for tenant in &config.tenants {
        run.tenant(&mut tx, tenant, &mut done).await?;
    }
    run.tenants_gone(&mut tx, &config.tenants, &mut done).await?;
    for user in &config.users {
        let id = run.user(&mut tx, user, passwords, &mut done).await?;
        run.memberships(&mut tx, id, &user.memberships, &mut done).await?;
    }
    run.users_gone(&mut tx, &config.users, &mut done).await?;
    providers::apply(&mut tx, vault.as_ref(), &config.identity_providers, run.source, now, &mut done).await?;
    // Last, because it writes into the audit log.
    keys::provision(&mut tx, config, now, &mut done).await?;
    tx.commit().await?;
    tracing::info!(
        created = done.created,
        updated = done.updated,
        removed = done.removed,
        "provisioned the configuration"
    );
    Ok(done)
}

struct Run<'c> {
    /// What rows are marked with.
    source: &'c str,
    now: OffsetDateTime,
}

impl Run<'_> {
    async fn tenant(&self, tx: &mut Tx, tenant: &TenantConfig, done: &mut Provisioned) -> Result<(), Error> {
        let mesh = serde_json::to_value(&tenant.mesh).map_err(Error::internal)?;
        // No row comes back when nothing changed.
        let created = sqlx::query_scalar!(
            r#"insert into tenants (id, slug, name, plan, mesh, provisioned_by, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $7)
               on conflict (slug) do update set name = excluded.name, plan = excluded.plan, mesh = excluded.mesh,
                   provisioned_by = excluded.provisioned_by, updated_at = excluded.updated_at, disabled_at = null
               where (tenants.name, tenants.plan, tenants.mesh, tenants.provisioned_by, tenants.disabled_at)
                   is distinct from (excluded.name, excluded.plan, excluded.mesh, excluded.provisioned_by, null)
               returning xmax = 0 as "created!""#,
            Uuid::now_v7(),
            tenant.slug.as_str(),
            tenant.name,
            tenant.plan.as_str(),
            mesh,
            self.source,
            self.now,
        )
        .fetch_optional(&mut **tx)
        .await?;
        done.count(created);
        for (signal, store) in tenant.stores.pairs() {
            sqlx::query!(
                "insert into tenant_stores (tenant_id, signal, store) select id, $2, $3 from tenants where slug = $1
                 on conflict (tenant_id, signal) do update set store = excluded.store
                     where tenant_stores.store <> excluded.store",
                tenant.slug.as_str(),
                signal_name(signal),
                store,
            )
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    async fn tenants_gone(&self, tx: &mut Tx, kept: &[TenantConfig], done: &mut Provisioned) -> Result<(), Error> {
        let kept: Vec<String> = kept.iter().map(|tenant| tenant.slug.to_string()).collect();
        let gone = sqlx::query!(
            "update tenants set disabled_at = $2, updated_at = $2
             where provisioned_by is not null and disabled_at is null and slug <> all($1)",
            &kept,
            self.now
        )
        .execute(&mut **tx)
        .await?;
        done.removed += gone.rows_affected();
        Ok(())
    }

    async fn user(
        &self,
        tx: &mut Tx,
        user: &UserConfig,
        passwords: &Passwords,
        done: &mut Provisioned,
    ) -> Result<Uuid, Error> {
        let stored = sqlx::query!(
            "select id, password_hash from users where lower(email) = $1 and origin = 'local'",
            user.email
        )
        .fetch_optional(&mut **tx)
        .await?;
        let known_hash = stored.and_then(|row| row.password_hash.map(|hash| (row.id, hash)));
        // Hashing again would end nobody's session for nothing, and cost time at every start.
        let hash = match known_hash {
            Some((_, hash)) if passwords.verify(user.password.expose(), Some(&hash)).await? => hash,
            other => {
                if let Some((id, _)) = other {
                    end_sessions(tx, id).await?;
                }
                passwords.hash(user.password.expose()).await?
            }
        };
        let created = sqlx::query_scalar!(
            r#"insert into users (id, email, name, password_hash, platform_admin, provisioned_by, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $7)
               on conflict (lower(email)) where origin = 'local' do update set email = excluded.email, name = excluded.name,
                   password_hash = excluded.password_hash, platform_admin = excluded.platform_admin,
                   provisioned_by = excluded.provisioned_by, updated_at = excluded.updated_at, disabled_at = null
               where (users.email, users.name, users.password_hash, users.platform_admin, users.provisioned_by, users.disabled_at)
                   is distinct from (excluded.email, excluded.name, excluded.password_hash, excluded.platform_admin,
                                     excluded.provisioned_by, null)
               returning xmax = 0 as "created!""#,
            Uuid::now_v7(),
            user.email,
            user.name,
            hash,
            user.platform_admin,
            self.source,
            self.now,
        )
        .fetch_optional(&mut **tx)
        .await?;
        done.count(created);
        Ok(sqlx::query_scalar!("select id from users where lower(email) = $1 and origin = 'local'", user.email)
            .fetch_one(&mut **tx)
            .await?)
    }

    /// Memberships that people have given are left alone.
    async fn memberships(
        &self,
        tx: &mut Tx,
        user: Uuid,
        wanted: &[(TenantSlug, Role)],
        done: &mut Provisioned,
    ) -> Result<(), Error> {
        for (tenant, role) in wanted {
            let created = sqlx::query_scalar!(
                r#"insert into memberships (tenant_id, user_id, origin, role, provisioned_by, created_at)
                   select id, $2, 'file', $3, $4, $5 from tenants where slug = $1
                   on conflict (tenant_id, user_id, origin) do update set role = excluded.role, provisioned_by = excluded.provisioned_by
                   where (memberships.role, memberships.provisioned_by) is distinct from (excluded.role, excluded.provisioned_by)
                   returning xmax = 0 as "created!""#,
                tenant.as_str(),
                user,
                role.as_str(),
                self.source,
                self.now,
            )
            .fetch_optional(&mut **tx)
            .await?;
            done.count(created);
        }
        let kept: Vec<String> = wanted.iter().map(|(tenant, _)| tenant.to_string()).collect();
        let gone = sqlx::query!(
            "delete from memberships m using tenants t
             where t.id = m.tenant_id and m.user_id = $1 and m.origin = 'file' and t.slug <> all($2)",
            user,
            &kept
        )
        .execute(&mut **tx)
        .await?;
        done.removed += gone.rows_affected();
        Ok(())
    }

    async fn users_gone(&self, tx: &mut Tx, kept: &[UserConfig], done: &mut Provisioned) -> Result<(), Error> {
        let kept: Vec<String> = kept.iter().map(|user| user.email.clone()).collect();
        let gone = sqlx::query_scalar!(
            "update users set disabled_at = $2, updated_at = $2
             where provisioned_by is not null and origin = 'local' and disabled_at is null and lower(email) <> all($1)
             returning id",
            &kept,
            self.now
        )
        .fetch_all(&mut **tx)
        .await?;
        for user in gone {
            end_sessions(tx, user).await?;
            done.removed += 1;
        }
        Ok(())
    }
}

impl Provisioned {
    /// What an upsert answered: made, changed, or nothing to do.
    pub(crate) fn count(&mut self, created: Option<bool>) {
        match created {
            Some(true) => self.created += 1,
            Some(false) => self.updated += 1,
            None => {}
        }
    }
}

async fn end_sessions(tx: &mut Tx, user: Uuid) -> Result<(), Error> {
    sqlx::query!("delete from sessions where user_id = $1", user).execute(&mut **tx).await?;
    Ok(())
}
