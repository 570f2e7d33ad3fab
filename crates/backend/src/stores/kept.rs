//! SQL of the stores in the database. Statements run above tenants: a store belongs to the installation.

use std::time::Duration;

use contract::Timestamp;
use reqwest::Url;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Error,
    config::{Secret, StoreAuth, StoreConfig, StoreKind, Tenancy},
    db::{Db, Tx},
    vault::{Purpose, Vault},
};

/// More stores than one installation has.
const STORES_MAX: i64 = 1000;
/// Keeps these locks apart from others.
const LOCK: i32 = 0x0b57_5702;

struct Row {
    name: String,
    kind: String,
    url: String,
    timeout_ms: i32,
    tenancy_mode: String,
    tenancy_label: String,
    auth: String,
    username: String,
    secret_sealed: Option<Vec<u8>>,
    updated_at: OffsetDateTime,
}

/// A store of the database.
pub(super) struct Kept {
    pub config: StoreConfig,
    /// Its secret cannot be opened; the one in `config` is empty.
    pub sealed: bool,
    pub updated_at: Timestamp,
}

impl Row {
    fn into_kept(self, vault: &Vault) -> Result<Kept, Error> {
        let odd = |what: &str| Error::internal(format!("store {}: {what} in the database cannot be read", self.name));
        let secret = match &self.secret_sealed {
            None => Some(String::new()),
            Some(sealed) => {
                vault.unseal(Purpose::StoreSecret, &self.name, sealed).and_then(|plain| String::from_utf8(plain).ok())
            }
        };
        let sealed = secret.is_none();
        let secret = Secret::new(secret.unwrap_or_default());
        let auth = match self.auth.as_str() {
            "none" => StoreAuth::None,
            "bearer" => StoreAuth::Bearer(secret),
            "basic" => StoreAuth::Basic { username: self.username.clone(), password: secret },
            _ => return Err(odd("the kind of authentication")),
        };
        let config = StoreConfig {
            kind: StoreKind::from_name(&self.kind).ok_or_else(|| odd("the kind"))?,
            url: Some(Url::parse(&self.url).map_err(|_| odd("the address"))?),
            tenancy: tenancy(&self.tenancy_mode, &self.tenancy_label).ok_or_else(|| odd("the tenancy"))?,
            timeout: Duration::from_millis(u64::try_from(self.timeout_ms).map_err(|_| odd("the timeout"))?),
            name: self.name,
            auth,
        };
        Ok(Kept { config, sealed, updated_at: self.updated_at.into() })
    }
}

fn tenancy(mode: &str, label: &str) -> Option<Tenancy> {
    match mode {
        "none" => Some(Tenancy::Single),
        "label" => Some(Tenancy::Label(label.to_owned())),
        "header" => Some(Tenancy::Header),
        _ => None,
    }
}

/// All of them, each with whether its secret cannot be opened. One that cannot be read (a newer instance may have written
/// it) is left out and logged: the others must keep working.
pub(super) async fn list(db: &Db, vault: &Vault) -> Result<Vec<(StoreConfig, bool)>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "select name, kind, url, timeout_ms, tenancy_mode, tenancy_label, auth, username, secret_sealed, updated_at
         from stores order by name limit $1",
        STORES_MAX
    )
    .fetch_all(db.system())
    .await?;
    let read = rows.into_iter().map(|row| row.into_kept(vault));
    Ok(read
        .filter_map(|kept| kept.inspect_err(|error| tracing::error!(%error, "a store is left out")).ok())
        .map(|kept| (kept.config, kept.sealed))
        .collect())
}

/// Until the transaction ends nobody else changes this store or binds tenants to it. Stores of the configuration have no
/// row that could be locked.
pub(super) async fn lock(tx: &mut Tx, name: &str) -> Result<(), Error> {
    sqlx::query!("select pg_advisory_xact_lock($1, hashtext($2))", LOCK, name).execute(&mut **tx).await?;
    Ok(())
}

/// The store of this name.
pub(super) async fn find(tx: &mut Tx, vault: &Vault, name: &str) -> Result<Option<Kept>, Error> {
    let row = sqlx::query_as!(
        Row,
        "select name, kind, url, timeout_ms, tenancy_mode, tenancy_label, auth, username, secret_sealed, updated_at
         from stores where name = $1",
        name
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(|row| row.into_kept(vault)).transpose()
}

/// What decides who may be bound to a store.
pub(super) async fn shape(tx: &mut Tx, name: &str) -> Result<Option<(StoreKind, Tenancy)>, Error> {
    let row = sqlx::query!("select kind, tenancy_mode, tenancy_label from stores where name = $1", name)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.and_then(|row| Some((StoreKind::from_name(&row.kind)?, tenancy(&row.tenancy_mode, &row.tenancy_label)?))))
}

/// When the stores of the database were last changed, by name.
pub(super) async fn changes(db: &Db) -> Result<Vec<(String, Timestamp)>, Error> {
    let rows = sqlx::query!("select name, updated_at from stores order by name limit $1", STORES_MAX)
        .fetch_all(db.system())
        .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.updated_at.into())).collect())
}

/// Id and slug of the tenants that are bound to a store, suspended ones too. Those that a file has switched off do not
/// count; when they come back to a store that has become somebody else's, neither is served.
pub(super) async fn bound_tenants(tx: &mut Tx, name: &str) -> Result<Vec<(Uuid, String)>, Error> {
    let rows = sqlx::query!(
        "select distinct t.id, t.slug from tenants t join tenant_stores s on s.tenant_id = t.id
         where s.store = $1 and t.disabled_at is null
         order by t.slug limit 1000",
        name
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.slug)).collect())
}

/// Store and slug of everybody who is bound to anything.
pub(super) async fn bindings(db: &Db) -> Result<Vec<(String, String)>, Error> {
    let rows = sqlx::query!(
        "select distinct s.store, t.slug from tenants t join tenant_stores s on s.tenant_id = t.id
         where t.disabled_at is null
         order by s.store, t.slug limit 30000"
    )
    .fetch_all(db.system())
    .await?;
    Ok(rows.into_iter().map(|row| (row.store, row.slug)).collect())
}

/// Writes a store. False when there is one of this name and `replace` is not set.
pub(super) async fn write(
    tx: &mut Tx,
    vault: &Vault,
    store: &StoreConfig,
    now: Timestamp,
    replace: bool,
) -> Result<bool, Error> {
    let url = store.url.as_ref().map(Url::as_str).ok_or_else(|| Error::internal("a store without address"))?;
    let (auth, username, secret) = store.auth.parts();
    let sealed = secret.map(|secret| vault.seal(Purpose::StoreSecret, &store.name, secret.expose().as_bytes()));
    let sealed = sealed.transpose()?;
    let timeout = i32::try_from(store.timeout.as_millis()).map_err(Error::internal)?;
    let done = sqlx::query!(
        "insert into stores (name, kind, url, timeout_ms, tenancy_mode, tenancy_label, auth, username, secret_sealed,
                             created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         on conflict (name) do update set kind = excluded.kind, url = excluded.url, timeout_ms = excluded.timeout_ms,
             tenancy_mode = excluded.tenancy_mode, tenancy_label = excluded.tenancy_label, auth = excluded.auth,
             username = excluded.username, secret_sealed = excluded.secret_sealed, updated_at = excluded.updated_at
         where $11",
        store.name,
        store.kind.as_str(),
        url,
        timeout,
        store.tenancy.mode(),
        store.tenancy.label(),
        auth,
        username,
        sealed,
        now.to_datetime(),
        replace,
    )
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a store.
pub(super) async fn delete(tx: &mut Tx, name: &str) -> Result<(), Error> {
    sqlx::query!("delete from stores where name = $1", name).execute(&mut **tx).await?;
    Ok(())
}
