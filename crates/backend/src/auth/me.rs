//! The person behind a session.

use contract::{
    Role,
    auth::{Me, Membership, User},
};
use uuid::Uuid;

use super::Auth;
use crate::Error;

/// More tenants than anybody is shown.
const MEMBERSHIPS_MAX: i64 = 500;

impl Auth {
    /// The person and their tenants by name. `None` when the account is gone or disabled: the session is over then.
    pub async fn me(&self, user: Uuid) -> Result<Option<Me>, Error> {
        let row = sqlx::query!(
            "select id, email, name, platform_admin from users where id = $1 and disabled_at is null",
            user
        )
        .fetch_optional(self.db.pool())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let rows = sqlx::query!(
            "select t.slug, t.name, m.role from memberships m join tenants t on t.id = m.tenant_id
             where m.user_id = $1 and t.disabled_at is null order by t.name, t.slug limit $2",
            user,
            MEMBERSHIPS_MAX
        )
        .fetch_all(self.db.pool())
        .await?;
        let membership = |slug: String, name: String, role: String| {
            let tenant = slug.parse().map_err(|error| Error::internal(format!("slug {slug}: {error}")))?;
            let role: Role = role.parse().map_err(Error::internal)?;
            Ok::<_, Error>(Membership { tenant, name, role })
        };
        Ok(Some(Me {
            user: User { id: row.id.to_string(), email: row.email, name: row.name, platform_admin: row.platform_admin },
            memberships: rows
                .into_iter()
                .map(|row| membership(row.slug, row.name, row.role))
                .collect::<Result<_, _>>()?,
        }))
    }
}
