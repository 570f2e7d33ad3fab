//! SQL of sign-in that stands above tenants: who a name, an issuer or a session leads to. Administration within a tenant has
//! its own in `admin`.

use std::collections::BTreeSet;

use contract::Timestamp;
use uuid::Uuid;

use super::{Offered, provider::Provider};
use crate::{
    Error,
    auth::sessions::SessionKey,
    db::{Db, Tx},
};

/// More providers than a page can show.
const OFFERED_MAX: i64 = 50;
/// Tenants that share an issuer.
const SAME_ISSUER_MAX: i64 = 20;

/// A provider that people can sign in with.
pub(super) async fn by_name(db: &Db, name: &str) -> Result<Option<Provider>, Error> {
    Ok(sqlx::query_as!(
        Provider,
        r#"select p.id, p.tenant_id, t.slug as "tenant_slug?", p.name, p.title, p.issuer, p.client_id, p.client_secret_sealed,
                  p.scopes, p.api_audience, p.mappings, p.provisioned_by, p.updated_at, p.disabled_at
           from identity_providers p left join tenants t on t.id = p.tenant_id
           where p.name = $1 and p.disabled_at is null and (p.tenant_id is null or t.disabled_at is null)"#,
        name
    )
    .fetch_optional(db.system())
    .await?)
}

pub(super) async fn by_id(db: &Db, id: Uuid) -> Result<Option<Provider>, Error> {
    Ok(sqlx::query_as!(
        Provider,
        r#"select p.id, p.tenant_id, t.slug as "tenant_slug?", p.name, p.title, p.issuer, p.client_id, p.client_secret_sealed,
                  p.scopes, p.api_audience, p.mappings, p.provisioned_by, p.updated_at, p.disabled_at
           from identity_providers p left join tenants t on t.id = p.tenant_id
           where p.id = $1 and p.disabled_at is null and (p.tenant_id is null or t.disabled_at is null)"#,
        id
    )
    .fetch_optional(db.system())
    .await?)
}

/// Providers of an issuer whose tokens the API takes.
pub(super) async fn for_api(db: &Db, issuer: &str) -> Result<Vec<Provider>, Error> {
    Ok(sqlx::query_as!(
        Provider,
        r#"select p.id, p.tenant_id, t.slug as "tenant_slug?", p.name, p.title, p.issuer, p.client_id, p.client_secret_sealed,
                  p.scopes, p.api_audience, p.mappings, p.provisioned_by, p.updated_at, p.disabled_at
           from identity_providers p left join tenants t on t.id = p.tenant_id
           where p.issuer = $1 and p.api_audience is not null and p.disabled_at is null
             and (p.tenant_id is null or t.disabled_at is null)
           order by p.tenant_id nulls first, p.name limit $2"#,
        issuer,
        SAME_ISSUER_MAX
    )
    .fetch_all(db.system())
    .await?)
}

pub(super) async fn offered(db: &Db, tenant: Option<&str>) -> Result<Vec<Offered>, Error> {
    Ok(sqlx::query_as!(
        Offered,
        "select p.name, p.title from identity_providers p left join tenants t on t.id = p.tenant_id
         where p.disabled_at is null and (p.tenant_id is null or (t.slug = $1 and t.disabled_at is null))
         order by p.tenant_id nulls last, p.title, p.name limit $2",
        tenant,
        OFFERED_MAX
    )
    .fetch_all(db.system())
    .await?)
}

pub(super) async fn has_local_accounts(db: &Db) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select 1 from users where origin = 'local' and password_hash is not null and disabled_at is null)
           as "some!""#
    )
    .fetch_one(db.system())
    .await?)
}

/// Slugs of tenants that exist, among these.
pub(super) async fn existing_tenants(db: &Db, slugs: &[String]) -> Result<BTreeSet<String>, Error> {
    let found = sqlx::query_scalar!("select slug from tenants where slug = any($1) and disabled_at is null", slugs)
        .fetch_all(db.system())
        .await?;
    Ok(found.into_iter().collect())
}

/// What a provider vouches for in a session.
pub(super) struct VouchedRow {
    pub(super) user_id: Option<Uuid>,
    pub(super) provider_id: Option<Uuid>,
    pub(super) provider_sid: Option<String>,
    pub(super) provider_subject: Option<String>,
    pub(super) tokens_sealed: Option<Vec<u8>>,
    pub(super) refresh_at: Option<time::OffsetDateTime>,
}

pub(super) async fn vouched(db: &Db, key: SessionKey) -> Result<Option<VouchedRow>, Error> {
    Ok(sqlx::query_as!(
        VouchedRow,
        "select user_id, provider_id, provider_sid, provider_subject, tokens_sealed, refresh_at from sessions where id_hash = $1",
        key.as_bytes()
    )
    .fetch_optional(db.system())
    .await?)
}

/// Writes what a provider vouches for into a session.
pub(super) async fn vouch(db: &Db, key: SessionKey, row: &VouchedRow) -> Result<(), Error> {
    sqlx::query!(
        "update sessions set provider_id = $2, provider_sid = $3, provider_subject = $4, tokens_sealed = $5, refresh_at = $6
         where id_hash = $1",
        key.as_bytes(),
        row.provider_id,
        row.provider_sid,
        row.provider_subject,
        row.tokens_sealed,
        row.refresh_at,
    )
    .execute(db.system())
    .await?;
    Ok(())
}

/// Takes the turn of asking the provider: true for one caller among all instances. Whoever dies meanwhile loses it.
pub(super) async fn take_turn(db: &Db, key: SessionKey, now: Timestamp, until: Timestamp) -> Result<bool, Error> {
    let done = sqlx::query!(
        "update sessions set refresh_at = $3 where id_hash = $1 and refresh_at <= $2",
        key.as_bytes(),
        now.to_datetime(),
        until.to_datetime()
    )
    .execute(db.system())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps new tokens and when to ask next.
pub(super) async fn keep_tokens(db: &Db, key: SessionKey, sealed: &[u8], at: Option<Timestamp>) -> Result<(), Error> {
    sqlx::query!(
        "update sessions set tokens_sealed = $2, refresh_at = $3 where id_hash = $1",
        key.as_bytes(),
        sealed,
        at.map(Timestamp::to_datetime)
    )
    .execute(db.system())
    .await?;
    Ok(())
}

/// Ends the sessions a provider names: one by its id there, or all of a person. How many there were.
pub(super) async fn end_sessions(
    tx: &mut Tx,
    provider: Uuid,
    sid: Option<&str>,
    subject: Option<&str>,
) -> Result<u64, Error> {
    // With both, both must fit: a token about one session of somebody ends no other. Sessions whose id there was never
    // told cannot be told apart, and end with their owner's.
    let done = sqlx::query!(
        "delete from sessions where provider_id = $1
             and ($2::text is null or provider_sid = $2 or (provider_sid is null and $3::text is not null))
             and ($3::text is null or provider_subject = $3) and ($2::text is not null or $3::text is not null)",
        provider,
        sid,
        subject
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected())
}

/// Notes that a logout token was used; false when it was before.
pub(super) async fn use_logout_token(
    tx: &mut Tx,
    provider: Uuid,
    jti: &str,
    expires: Timestamp,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into logout_tokens (provider_id, jti, expires_at) values ($1, $2, $3) on conflict do nothing",
        provider,
        jti,
        expires.to_datetime()
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets logout tokens that nobody could use any more, at most 1,000; how many.
pub(super) async fn purge_logout_tokens(db: &Db, now: Timestamp) -> Result<u64, Error> {
    let done = sqlx::query!(
        "delete from logout_tokens where (provider_id, jti) in
             (select provider_id, jti from logout_tokens where expires_at <= $1 limit 1000)",
        now.to_datetime()
    )
    .execute(db.system())
    .await?;
    Ok(done.rows_affected())
}
