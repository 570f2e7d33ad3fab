//! The person behind an account, with everything that decides which tenants they reach.

use std::collections::BTreeMap;

use contract::{Role, TenantSlug, auth::User};
use uuid::Uuid;

use super::Auth;
use crate::Error;

/// More tenants than anybody is shown.
const MEMBERSHIPS_MAX: i64 = 2000;

/// A person as the database knows them now.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account.
    pub user: User,
    /// The strongest role in each tenant, whoever gave it.
    pub roles: BTreeMap<TenantSlug, Role>,
    /// The sign-in providers that know the person, each with the tenant it belongs to if it is one's own.
    pub providers: BTreeMap<Uuid, Option<Uuid>>,
}

impl Auth {
    /// The person and their roles. `None` when the account is gone or disabled: every session of it is over then.
    pub async fn person(&self, user: Uuid) -> Result<Option<Person>, Error> {
        let row = sqlx::query!(
            "select id, email, name, platform_admin from users where id = $1 and disabled_at is null",
            user
        )
        .fetch_optional(self.db.system())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let rows = sqlx::query!(
            "select t.slug, m.role from memberships m join tenants t on t.id = m.tenant_id
             where m.user_id = $1 and t.disabled_at is null order by t.slug limit $2",
            user,
            MEMBERSHIPS_MAX
        )
        .fetch_all(self.db.system())
        .await?;
        let mut roles = BTreeMap::new();
        for row in rows {
            let slug: TenantSlug =
                row.slug.parse().map_err(|error| Error::internal(format!("slug {}: {error}", row.slug)))?;
            let role: Role = row.role.parse().map_err(Error::internal)?;
            let strongest = roles.entry(slug).or_insert(role);
            *strongest = role.max(*strongest);
        }
        let user =
            User { id: row.id.to_string(), email: row.email, name: row.name, platform_admin: row.platform_admin };
        let rows = sqlx::query!(
            "select p.id, p.tenant_id from user_identities i join identity_providers p on p.id = i.provider_id
             where i.user_id = $1 and p.disabled_at is null",
            row.id
        )
        .fetch_all(self.db.system())
        .await?;
        let providers = rows.into_iter().map(|row| (row.id, row.tenant_id)).collect();
        Ok(Some(Person { user, roles, providers }))
    }
}
