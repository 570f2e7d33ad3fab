//! The configuration's `api_keys` in the database: for each a service account of its name, and the key that was given.
//! Part of the one transaction of `crate::provision`.

use contract::Timestamp;
use serde_json::json;
use uuid::Uuid;

use crate::{
    Error,
    audit::{self, Action, Entry, Target},
    config::{ApiKeyConfig, Config},
    db::Tx,
    provision::Provisioned,
    scope::Actor,
};

/// What is told to the audit log at the end of the transaction.
type News = Vec<(Uuid, Entry)>;

/// Makes, changes and revokes keys until the database says what the configuration says. Doing it again changes nothing.
pub(crate) async fn apply(tx: &mut Tx, config: &Config, now: Timestamp, done: &mut Provisioned) -> Result<(), Error> {
    let mut news = News::new();
    let mut kept = Vec::new();
    for key in &config.api_keys {
        let (account, tenant) = account(tx, key, &config.provisioned_by, now, done).await?;
        kept.push(self::key(tx, config, key, tenant, account, now, done, &mut news).await?);
    }
    gone(tx, &kept, now, done, &mut news).await?;
    // One order for all instances: each entry makes its tenant's chain wait.
    news.sort_by_key(|(tenant, _)| *tenant);
    let actor = Actor::system(&config.provisioned_by);
    for (tenant, entry) in news {
        audit::record(tx, &actor, Some(tenant), now, entry).await?;
    }
    Ok(())
}

/// The service account of this name, taken over when people had made it; and its tenant.
async fn account(
    tx: &mut Tx,
    key: &ApiKeyConfig,
    source: &str,
    now: Timestamp,
    done: &mut Provisioned,
) -> Result<(Uuid, Uuid), Error> {
    let created = sqlx::query_scalar!(
        r#"insert into service_accounts (tenant_id, id, name, role, created_by, provisioned_by, created_at)
           select id, $2, $3, $4, $5, $5, $6 from tenants where slug = $1
           on conflict (tenant_id, lower(name)) do update set name = excluded.name, role = excluded.role,
               provisioned_by = excluded.provisioned_by, disabled_at = null
           where (service_accounts.name, service_accounts.role, service_accounts.provisioned_by, service_accounts.disabled_at)
               is distinct from (excluded.name, excluded.role, excluded.provisioned_by, null)
           returning xmax = 0 as "created!""#,
        key.tenant.as_str(),
        Uuid::now_v7(),
        key.name,
        key.role.as_str(),
        source,
        now.to_datetime(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    done.count(created);
    let row = sqlx::query!(
        "select s.id, s.tenant_id from service_accounts s join tenants t on t.id = s.tenant_id
         where t.slug = $1 and lower(s.name) = lower($2)",
        key.tenant.as_str(),
        key.name
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.id, row.tenant_id))
}

/// The key itself; its id.
#[expect(clippy::too_many_arguments, reason = "one step of a run, with everything the run knows")]
async fn key(
    tx: &mut Tx,
    config: &Config,
    key: &ApiKeyConfig,
    tenant: Uuid,
    account: Uuid,
    now: Timestamp,
    done: &mut Provisioned,
    news: &mut News,
) -> Result<Uuid, Error> {
    let scopes: Vec<String> = key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    let longest = i64::try_from(config.api_key_max_lifetime.as_millis()).unwrap_or(i64::MAX);
    let latest = Timestamp(now.0.saturating_add(longest));
    // Without a date the time is renewed by starts, once half of it is over: not at each one.
    let (ends, soonest) = match key.expires {
        Some(at) => (at.min(latest), at.min(latest)),
        None => (latest, Timestamp(now.0.saturating_add(longest / 2))),
    };
    let hash = key.secret.hash();
    let stored = sqlx::query!(
        "select id, tenant_id, service_account_id, name, role, scopes, expires_at, revoked_at, provisioned_by
         from api_keys where hash = $1 for update",
        &hash[..]
    )
    .fetch_optional(&mut **tx)
    .await?;
    let shown = json!({"name": key.name, "role": key.role.as_str(), "scopes": scopes, "expires_at": ends, "hint": key.secret.hint()});
    let Some(stored) = stored else {
        let id = Uuid::now_v7();
        sqlx::query!(
            "insert into api_keys (tenant_id, id, service_account_id, name, role, scopes, hash, hint, created_by, provisioned_by,
                                   created_at, expires_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)",
            tenant,
            id,
            account,
            key.name,
            key.role.as_str(),
            &scopes,
            &hash[..],
            key.secret.hint(),
            config.provisioned_by,
            now.to_datetime(),
            ends.to_datetime(),
        )
        .execute(&mut **tx)
        .await?;
        done.created += 1;
        news.push((tenant, Entry::done(Action::KeyCreated, Target::new("key", id)).after(shown)));
        return Ok(id);
    };
    if stored.tenant_id != tenant || stored.service_account_id != Some(account) || stored.provisioned_by.is_none() {
        let why = format!(
            "the key of api_keys `{}` belongs to somebody else already; make another one with `obstack key new`",
            key.name
        );
        return Err(Error::invalid("/api_keys", why));
    }
    let expires = Timestamp::from(stored.expires_at);
    let same = (stored.name.as_str(), stored.role.as_str(), stored.provisioned_by.as_deref(), stored.revoked_at.is_none())
        == (key.name.as_str(), key.role.as_str(), Some(config.provisioned_by.as_str()), true)
        && stored.scopes == scopes
        // A date in the configuration that the cap cuts off moves on with every start; an hour makes no difference.
        && expires <= ends
        && expires.0.saturating_add(3_600_000) > soonest.0;
    if !same {
        sqlx::query!(
            "update api_keys set name = $3, role = $4, scopes = $5, expires_at = $6, revoked_at = null, provisioned_by = $7
             where tenant_id = $1 and id = $2",
            tenant,
            stored.id,
            key.name,
            key.role.as_str(),
            &scopes,
            ends.to_datetime(),
            config.provisioned_by,
        )
        .execute(&mut **tx)
        .await?;
        done.updated += 1;
        let entry = Entry::done(Action::Provisioned, Target::new("key", stored.id)).after(shown);
        news.push((tenant, entry));
    }
    Ok(stored.id)
}

/// Revokes provisioned keys that the configuration has no longer, and switches off their accounts.
async fn gone(
    tx: &mut Tx,
    kept: &[Uuid],
    now: Timestamp,
    done: &mut Provisioned,
    news: &mut News,
) -> Result<(), Error> {
    let revoked = sqlx::query!(
        "update api_keys set revoked_at = $2
         where provisioned_by is not null and revoked_at is null and id <> all($1) returning tenant_id, id, name",
        kept,
        now.to_datetime()
    )
    .fetch_all(&mut **tx)
    .await?;
    for key in revoked {
        done.removed += 1;
        let entry = Entry::done(Action::KeyRevoked, Target::new("key", key.id)).before(json!({"name": key.name}));
        news.push((key.tenant_id, entry));
    }
    sqlx::query!(
        "update service_accounts s set disabled_at = $2
         where provisioned_by is not null and disabled_at is null and not exists
             (select 1 from api_keys k where k.tenant_id = s.tenant_id and k.service_account_id = s.id and k.id = any($1))",
        kept,
        now.to_datetime()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
