//! From a key that is shown to what it gives: the one look-up above tenants, because the key says which tenant it is for.

use contract::{Role, TenantSlug, Timestamp};
use uuid::Uuid;

use crate::{Error, KeyGrant, db::Db, scope::KeyScope};

/// How a key is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shown {
    /// It was shown itself: its SHA-256.
    Hash([u8; 32]),
    /// A token that was made from it: its id.
    Id(Uuid),
}

/// A key that is not revoked and whose owner may use it, at the time it was read.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) grant: KeyGrant,
    /// The person it belongs to.
    pub(crate) user: Option<Uuid>,
}

impl Found {
    /// What it gives at this moment: nothing once it has expired.
    pub(crate) fn at(&self, now: Timestamp) -> Option<KeyGrant> {
        (self.grant.expires_at > now).then(|| self.grant.clone())
    }
}

/// Looks a key up. `None` for one that does not exist, is revoked, or whose owner is gone, disabled or no member any more.
pub(crate) async fn find(db: &Db, shown: Shown) -> Result<Option<Found>, Error> {
    let (hash, id) = match shown {
        Shown::Hash(hash) => (Some(hash.to_vec()), None),
        Shown::Id(id) => (None, Some(id)),
    };
    let row = sqlx::query!(
        r#"select k.id, k.name, k.role, k.scopes, k.expires_at, k.user_id, t.slug, s.role as "account_role?",
                  array(select m.role from memberships m where m.tenant_id = k.tenant_id and m.user_id = k.user_id) as "roles!"
           from api_keys k
           join tenants t on t.id = k.tenant_id and t.disabled_at is null
           left join users u on u.id = k.user_id and u.disabled_at is null
           left join service_accounts s on s.tenant_id = k.tenant_id and s.id = k.service_account_id and s.disabled_at is null
           where k.revoked_at is null and (k.hash = $1 or k.id = $2) and (u.id is not null or s.id is not null)"#,
        hash,
        id
    )
    .fetch_optional(db.system())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let strongest = match row.account_role {
        Some(role) => Some(role.parse::<Role>().map_err(Error::internal)?),
        None => {
            let roles: Result<Vec<Role>, _> = row.roles.iter().map(|role| role.parse()).collect();
            roles.map_err(Error::internal)?.into_iter().max()
        }
    };
    let Some(strongest) = strongest else { return Ok(None) };
    let role: Role = row.role.parse().map_err(Error::internal)?;
    let tenant: TenantSlug =
        row.slug.parse().map_err(|error| Error::internal(format!("slug {}: {error}", row.slug)))?;
    let grant = KeyGrant {
        id: row.id,
        name: row.name,
        tenant,
        role: role.min(strongest),
        // A scope of a newer version gives nothing here.
        scopes: row.scopes.iter().filter_map(|word| KeyScope::from_name(word)).collect(),
        expires_at: row.expires_at.into(),
        by_token: None,
    };
    Ok(Some(Found { grant, user: row.user_id }))
}
