//! The rule that a tenant never loses its last administrator. Whoever takes rights away takes the tenant's lock first, so
//! that two who do so at the same time see each other.

use uuid::Uuid;

use crate::{Error, db::Tx};

/// Keeps these locks apart from others.
const LOCK: i32 = 0x0b57_0a0e;

/// Waits for everybody else who changes who administers this tenant; until the transaction ends. Tenants are locked in the
/// order of their ids.
pub(crate) async fn lock(tx: &mut Tx, tenant: Uuid) -> Result<(), Error> {
    sqlx::query!("select pg_advisory_xact_lock($1, hashtext($2))", LOCK, tenant.to_string()).execute(&mut **tx).await?;
    Ok(())
}

/// How many enabled people administer the tenant, whoever gave them the role.
pub(crate) async fn admins(tx: &mut Tx, tenant: Uuid) -> Result<i64, Error> {
    Ok(sqlx::query_scalar!(
        r#"select count(distinct m.user_id) as "admins!" from memberships m join users u on u.id = m.user_id
           where m.tenant_id = $1 and m.role = 'admin' and u.disabled_at is null"#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await?)
}

/// Refuses what has left the tenant, which had `before` administrators, without any. Call it after the change and before
/// the commit.
pub(crate) async fn keep_an_admin(tx: &mut Tx, tenant: Uuid, before: i64, name: &str) -> Result<(), Error> {
    if before > 0 && admins(tx, tenant).await? == 0 {
        let why = format!("{name} would be left without an administrator. Make somebody else one first.");
        return Err(Error::Conflict { why });
    }
    Ok(())
}
