//! Keys and service accounts in the database. Every statement names its tenant, and runs where only that tenant's rows show.

use contract::{
    Timestamp,
    keys::{ApiKey, KeyOwner, KeyOwnerKind, KeyState, ServiceAccount},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Error, Scope, db::Tx};

/// Where a page of keys ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) at: OffsetDateTime,
    pub(super) id: Uuid,
}

/// A key with what decides who may touch it.
pub(super) struct KeyRow {
    pub(super) id: Uuid,
    pub(super) user_id: Option<Uuid>,
    pub(super) service_account_id: Option<Uuid>,
    pub(super) created_at: OffsetDateTime,
    pub(super) shown: ApiKey,
}

/// What is stored of a new key.
pub(super) struct NewKey<'a> {
    pub(super) id: Uuid,
    pub(super) user_id: Option<Uuid>,
    pub(super) service_account_id: Option<Uuid>,
    pub(super) name: &'a str,
    pub(super) role: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) hash: [u8; 32],
    pub(super) hint: &'a str,
    pub(super) created_by: &'a str,
    pub(super) now: OffsetDateTime,
    pub(super) expires_at: OffsetDateTime,
    pub(super) replaces: Option<Uuid>,
}

/// Keys, newest first: one, those of a person, or all. `only` and `of` narrow when given.
pub(super) async fn keys(
    tx: &mut Tx,
    scope: &Scope,
    of: Option<Uuid>,
    only: Option<Uuid>,
    before: Option<Place>,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<KeyRow>, Error> {
    let at = now.to_datetime();
    let hour = hour_of(now);
    let first_hour = hour - time::Duration::hours(23);
    let rows = sqlx::query!(
        r#"select k.id, k.user_id, k.service_account_id, k.name, k.role, k.scopes, k.hint, k.created_by, k.provisioned_by,
                  k.created_at, k.expires_at, k.last_used_at, k.revoked_at, k.replaces,
                  u.name as "person?", s.name as "account?",
                  array(select coalesce(n.uses, 0) from generate_series($7::timestamptz, $8::timestamptz, interval '1 hour') h(hour)
                        left join api_key_uses n on n.tenant_id = k.tenant_id and n.key_id = k.id and n.hour = h.hour
                        order by h.hour) as "uses!"
           from api_keys k
           left join users u on u.id = k.user_id
           left join service_accounts s on s.tenant_id = k.tenant_id and s.id = k.service_account_id
           where k.tenant_id = $1 and ($2::uuid is null or k.user_id = $2) and ($3::uuid is null or k.id = $3)
             and ($4::timestamptz is null or (k.created_at, k.id) < ($4, $5))
           order by k.created_at desc, k.id desc limit $6"#,
        scope.tenant().id,
        of,
        only,
        before.map(|place| place.at),
        before.map(|place| place.id),
        limit,
        first_hour,
        hour,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let owner = match (row.user_id, row.service_account_id) {
                // A person whose membership is over is not shown to the tenant any more.
                (Some(id), _) => {
                    (KeyOwnerKind::Person, id, row.person.unwrap_or_else(|| "somebody who left".to_owned()))
                }
                (None, Some(id)) => (KeyOwnerKind::ServiceAccount, id, row.account.unwrap_or_default()),
                (None, None) => return Err(Error::internal(format!("key {} has no owner", row.id))),
            };
            let state = match row.revoked_at {
                Some(_) => KeyState::Revoked,
                None if row.expires_at <= at => KeyState::Expired,
                None => KeyState::Active,
            };
            let shown = ApiKey {
                id: row.id.to_string(),
                name: row.name,
                owner: KeyOwner { kind: owner.0, id: owner.1.to_string(), name: owner.2 },
                role: row.role.parse().map_err(Error::internal)?,
                scopes: row.scopes,
                hint: row.hint,
                state,
                created_by: row.created_by,
                created_at: row.created_at.into(),
                expires_at: row.expires_at.into(),
                revoked_at: row.revoked_at.map(Timestamp::from),
                replaces: row.replaces.map(|id| id.to_string()),
                provisioned_by: row.provisioned_by,
                last_used_at: row.last_used_at.map(Timestamp::from),
                uses_by_hour: row.uses.into_iter().map(|uses: i64| uses.unsigned_abs()).collect(),
            };
            let (user_id, service_account_id, created_at) = (row.user_id, row.service_account_id, row.created_at);
            Ok(KeyRow { id: row.id, user_id, service_account_id, created_at, shown })
        })
        .collect()
}

/// The beginning of the hour.
pub(super) fn hour_of(now: Timestamp) -> OffsetDateTime {
    Timestamp(now.0.div_euclid(3_600_000) * 3_600_000).to_datetime()
}

/// Keys of the tenant that work. Whoever makes one waits for whoever else makes one, so that the limit holds.
pub(super) async fn count_active(tx: &mut Tx, scope: &Scope, now: Timestamp) -> Result<u32, Error> {
    lock_makers(tx, scope).await?;
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_keys where tenant_id = $1 and revoked_at is null and expires_at > $2"#,
        scope.tenant().id,
        now.to_datetime()
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

async fn lock_makers(tx: &mut Tx, scope: &Scope) -> Result<(), Error> {
    // The number keeps these locks apart from others.
    const LOCK: i32 = 0x0b57_0a0e;
    let tenant = scope.tenant().id.to_string();
    sqlx::query!("select pg_advisory_xact_lock($1, hashtext($2))", LOCK, tenant).execute(&mut **tx).await?;
    Ok(())
}

pub(super) async fn insert_key(tx: &mut Tx, scope: &Scope, key: &NewKey<'_>) -> Result<(), Error> {
    sqlx::query!(
        "insert into api_keys (tenant_id, id, user_id, service_account_id, name, role, scopes, hash, hint, created_by,
                               created_at, expires_at, replaces)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        scope.tenant().id,
        key.id,
        key.user_id,
        key.service_account_id,
        key.name,
        key.role,
        key.scopes,
        &key.hash[..],
        key.hint,
        key.created_by,
        key.now,
        key.expires_at,
        key.replaces,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Keeps a key from being changed by others until the transaction ends.
pub(super) async fn lock_key(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<(), Error> {
    sqlx::query!("select id from api_keys where tenant_id = $1 and id = $2 for update", scope.tenant().id, id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(())
}

pub(super) async fn revoke(tx: &mut Tx, scope: &Scope, id: Uuid, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "update api_keys set revoked_at = $3 where tenant_id = $1 and id = $2 and revoked_at is null",
        scope.tenant().id,
        id,
        now.to_datetime()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends a key at this time, unless it ends sooner.
pub(super) async fn end_by(tx: &mut Tx, scope: &Scope, id: Uuid, at: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "update api_keys set expires_at = least(expires_at, $3) where tenant_id = $1 and id = $2",
        scope.tenant().id,
        id,
        at.to_datetime()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether a key took over from this one already.
pub(super) async fn is_replaced(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<bool, Error> {
    let found = sqlx::query_scalar!(
        r#"select exists (select 1 from api_keys where tenant_id = $1 and replaces = $2 and revoked_at is null) as "found!""#,
        scope.tenant().id,
        id
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(found)
}

/// Service accounts by name: one, or all.
pub(super) async fn accounts(
    tx: &mut Tx,
    scope: &Scope,
    only: Option<Uuid>,
    now: Timestamp,
) -> Result<Vec<ServiceAccount>, Error> {
    // The plan's limit bounds them; so does this, whatever the limit.
    let rows = sqlx::query!(
        r#"select s.id, s.name, s.role, s.created_by, s.provisioned_by, s.created_at, s.disabled_at,
                  (select count(*) from api_keys k where k.tenant_id = s.tenant_id and k.service_account_id = s.id
                      and k.revoked_at is null and k.expires_at > $3) as "active!"
           from service_accounts s where s.tenant_id = $1 and ($2::uuid is null or s.id = $2)
           order by lower(s.name), s.id limit 2000"#,
        scope.tenant().id,
        only,
        now.to_datetime(),
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ServiceAccount {
                id: row.id.to_string(),
                name: row.name,
                role: row.role.parse().map_err(Error::internal)?,
                created_by: row.created_by,
                created_at: row.created_at.into(),
                provisioned_by: row.provisioned_by,
                disabled_at: row.disabled_at.map(Timestamp::from),
                active_keys: u32::try_from(row.active).unwrap_or(u32::MAX),
            })
        })
        .collect()
}

/// How many there are; whoever makes one waits for whoever else does.
pub(super) async fn count_accounts(tx: &mut Tx, scope: &Scope) -> Result<u32, Error> {
    lock_makers(tx, scope).await?;
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from service_accounts where tenant_id = $1"#,
        scope.tenant().id
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

pub(super) async fn insert_account(
    tx: &mut Tx,
    scope: &Scope,
    id: Uuid,
    name: &str,
    role: &str,
    now: Timestamp,
) -> Result<(), Error> {
    sqlx::query!(
        "insert into service_accounts (tenant_id, id, name, role, created_by, created_at) values ($1, $2, $3, $4, $5, $6)",
        scope.tenant().id,
        id,
        name,
        role,
        &*scope.actor().name,
        now.to_datetime(),
    )
    .execute(&mut **tx)
    .await
    .map_err(name_taken)?;
    Ok(())
}

pub(super) async fn update_account(tx: &mut Tx, scope: &Scope, id: Uuid, name: &str, role: &str) -> Result<(), Error> {
    sqlx::query!(
        "update service_accounts set name = $3, role = $4 where tenant_id = $1 and id = $2",
        scope.tenant().id,
        id,
        name,
        role
    )
    .execute(&mut **tx)
    .await
    .map_err(name_taken)?;
    Ok(())
}

/// Keeps an account from being changed by others until the transaction ends.
pub(super) async fn lock_account(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<(), Error> {
    sqlx::query!("select id from service_accounts where tenant_id = $1 and id = $2 for update", scope.tenant().id, id)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(())
}

/// With its keys.
pub(super) async fn delete_account(tx: &mut Tx, scope: &Scope, id: Uuid) -> Result<(), Error> {
    sqlx::query!("delete from service_accounts where tenant_id = $1 and id = $2", scope.tenant().id, id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn name_taken(error: sqlx::Error) -> Error {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("service_accounts_name_key") => {
            Error::invalid("/name", "There is a service account of this name already. Choose another.")
        }
        Some(_) | None => error.into(),
    }
}
