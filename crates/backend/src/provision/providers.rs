//! Sign-in providers of the configuration. They belong to the installation; one that a tenant or an administrator has made
//! under the same name is not taken over.

use contract::Timestamp;
use uuid::Uuid;

use super::{Provisioned, Tx};
use crate::{
    Error,
    config::IdentityProviderConfig,
    sign_in::sealed_about,
    vault::{Purpose, Vault},
};

/// Makes the database say what the configuration says.
pub(super) async fn apply(
    tx: &mut Tx,
    vault: Option<&Vault>,
    wanted: &[IdentityProviderConfig],
    source: &str,
    now: Timestamp,
    done: &mut Provisioned,
) -> Result<(), Error> {
    for provider in wanted {
        one(tx, vault, provider, source, now, done).await?;
    }
    let kept: Vec<String> = wanted.iter().map(|provider| provider.name.clone()).collect();
    let gone = sqlx::query_scalar!(
        "update identity_providers set disabled_at = $2, updated_at = $2
         where provisioned_by is not null and disabled_at is null and name <> all($1) returning id",
        &kept,
        now.to_datetime()
    )
    .fetch_all(&mut **tx)
    .await?;
    for id in gone {
        sqlx::query!("delete from memberships where provider_id = $1", id).execute(&mut **tx).await?;
        done.removed += 1;
    }
    Ok(())
}

async fn one(
    tx: &mut Tx,
    vault: Option<&Vault>,
    provider: &IdentityProviderConfig,
    source: &str,
    now: Timestamp,
    done: &mut Provisioned,
) -> Result<(), Error> {
    let stored = sqlx::query!(
        "select id, issuer, provisioned_by, client_secret_sealed from identity_providers where name = $1",
        provider.name
    )
    .fetch_optional(&mut **tx)
    .await?;
    if stored.as_ref().is_some_and(|row| row.provisioned_by.is_none()) {
        // Whoever made it must not be able to keep the portal from starting.
        tracing::error!(
            provider.name = %provider.name,
            "a sign-in provider of the configuration is left out: one of this name was made in the administration"
        );
        return Ok(());
    }
    let id = stored.as_ref().map_or_else(Uuid::now_v7, |row| row.id);
    if stored.as_ref().is_some_and(|row| row.issuer != provider.issuer) {
        // People of another issuer are other people.
        sqlx::query!("delete from sessions where provider_id = $1", id).execute(&mut **tx).await?;
        sqlx::query!("delete from memberships where provider_id = $1", id).execute(&mut **tx).await?;
    }
    let secret = provider.client_secret.as_ref().map(|secret| secret.expose().as_bytes());
    let sealed = match (secret, vault) {
        (Some(secret), Some(vault)) => {
            let stored = stored.and_then(|row| row.client_secret_sealed);
            let open = |sealed: &Vec<u8>| vault.unseal(Purpose::ClientSecret, &sealed_about(id), sealed);
            // Sealing is different every time: an unchanged secret is left as it is.
            match stored.filter(|sealed| open(sealed).as_deref() == Some(secret)) {
                Some(same) => Some(same),
                None => Some(vault.seal(Purpose::ClientSecret, &sealed_about(id), secret)?),
            }
        }
        (Some(_), None) => return Err(Error::internal("a client secret cannot be sealed")),
        (None, _) => None,
    };
    let mappings = serde_json::to_value(&provider.mappings).map_err(Error::internal)?;
    let created = sqlx::query_scalar!(
        r#"insert into identity_providers as p (id, name, title, issuer, client_id, client_secret_sealed, scopes, api_audience,
                                                mappings, provisioned_by, created_at, updated_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
           on conflict (name) do update set title = excluded.title, issuer = excluded.issuer, client_id = excluded.client_id,
               client_secret_sealed = excluded.client_secret_sealed, scopes = excluded.scopes,
               api_audience = excluded.api_audience, mappings = excluded.mappings, provisioned_by = excluded.provisioned_by,
               updated_at = excluded.updated_at, disabled_at = null
           where (p.title, p.issuer, p.client_id, p.client_secret_sealed, p.scopes, p.api_audience, p.mappings, p.provisioned_by,
                  p.disabled_at)
               is distinct from (excluded.title, excluded.issuer, excluded.client_id, excluded.client_secret_sealed,
                                 excluded.scopes, excluded.api_audience, excluded.mappings, excluded.provisioned_by, null)
           returning xmax = 0 as "created!""#,
        id,
        provider.name,
        provider.title,
        provider.issuer,
        provider.client_id,
        sealed,
        &provider.scopes,
        provider.api_audience,
        mappings,
        source,
        now.to_datetime(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    done.count(created);
    Ok(())
}
