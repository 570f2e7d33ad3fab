//! The members of a tenant: list, explain, change, remove.

use contract::{
    Role, Timestamp,
    members::{Member, MemberChange, MemberDetail, MemberOrigin, MemberPage, MemberSummary, Right},
    tenants::ListQuery,
};
use tracing::instrument;
use uuid::Uuid;

use super::guard::{admins, keep_an_admin, lock};
use crate::{
    Backend, Error, Scope,
    audit::{self, Action, Entry, Target},
    db::Tx,
    etag::require,
    scope::{Access, Permission},
    tenants::{escaped, list_page},
};

/// Members of a tenant.
pub struct Members<'b>(&'b Backend);

impl Backend {
    /// Members of a tenant.
    pub fn members(&self) -> Members<'_> {
        Members(self)
    }
}

impl Members<'_> {
    /// A page of members, by name.
    pub async fn list(&self, scope: &Scope, query: &ListQuery) -> Result<MemberPage, Error> {
        scope.require(Permission::ViewMembers)?;
        let limit = list_page(query.limit)?;
        let mut tx = self.0.db.tenant(scope).await?;
        let like = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let like = like.map(|text| format!("%{}%", escaped(text)));
        let (after_name, after_id) = match query.cursor.as_deref() {
            None => (None, None),
            Some(cursor) => {
                let read =
                    cursor.split_once('.').and_then(|(id, name)| Some((name.to_owned(), id.parse::<Uuid>().ok()?)));
                let (name, id) =
                    read.ok_or_else(|| Error::invalid("/cursor", "Send `next` of the page before, as it was."))?;
                (Some(name), Some(id))
            }
        };
        let rows = sqlx::query!(
            r#"select u.id, lower(u.name) as "sorted!" from users u
               where exists (select 1 from memberships m where m.user_id = u.id and m.tenant_id = $1)
                 and ($2::text is null or u.name ilike $2 or u.email ilike $2)
                 and ($3::text is null or (lower(u.name), u.id) > ($3, $4))
               order by lower(u.name), u.id limit $5"#,
            scope.tenant().id,
            like,
            after_name,
            after_id,
            limit + 1,
        )
        .fetch_all(&mut *tx)
        .await?;
        let more = rows.len() as i64 > limit;
        let shown = &rows[..rows.len().min(limit as usize)];
        let next = shown.last().filter(|_| more).map(|last| format!("{}.{}", last.id.simple(), last.sorted));
        let ids: Vec<Uuid> = shown.iter().map(|row| row.id).collect();
        let seen = self.last_seen(scope, &ids).await?;
        let mut items = Vec::with_capacity(ids.len());
        for id in ids {
            let Some(member) = find(&mut tx, scope.tenant().id, id).await? else { continue };
            let last_seen = seen.iter().find(|(user, _)| *user == id).map(|(_, at)| at.to_string());
            items.push(MemberSummary { member, last_seen });
        }
        Ok(MemberPage { items, next })
    }

    /// A member with every right and whether they have it.
    pub async fn get(&self, scope: &Scope, user: Uuid) -> Result<MemberDetail, Error> {
        scope.require(Permission::ViewMembers)?;
        Ok(detail(found(&mut self.0.db.tenant(scope).await?, scope, user).await?))
    }

    /// Changes the role that people have given. What a file or a provider gives stays, and the strongest counts.
    #[instrument(name = "members.change", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn change(
        &self,
        scope: &Scope,
        user: Uuid,
        change: &MemberChange,
        if_match: Option<&str>,
    ) -> Result<MemberDetail, Error> {
        scope.require(Permission::ManageMembers)?;
        grantable(scope, change.role)?;
        let (tenant, now) = (scope.tenant().id, self.0.clock.now());
        let mut tx = self.0.db.tenant(scope).await?;
        lock(&mut tx, tenant).await?;
        let before = found(&mut tx, scope, user).await?;
        require(if_match, &detail(before.clone()))?;
        grantable(scope, before.role)?;
        own_row(&before)?;
        if let Some(given) = before.origins.iter().find(|origin| origin.kind != "local" && origin.role > change.role) {
            let why =
                format!("{} is {} by {}. Take that away there first.", before.name, given.role.as_str(), given.name);
            return Err(Error::invalid("/role", why));
        }
        let had = admins(&mut tx, tenant).await?;
        sqlx::query!(
            "update memberships set role = $3 where tenant_id = $1 and user_id = $2 and origin = 'local'",
            tenant,
            user,
            change.role.as_str(),
        )
        .execute(&mut *tx)
        .await?;
        keep_an_admin(&mut tx, tenant, had, &scope.tenant().name).await?;
        let after = found(&mut tx, scope, user).await?;
        if after != before {
            let role = |member: &Member| serde_json::json!({"name": member.name, "role": member.role});
            let entry =
                Entry::done(Action::MemberChanged, Target::new("user", user)).before(role(&before)).after(role(&after));
            audit::record(&mut tx, scope.actor(), Some(tenant), now, entry).await?;
        }
        tx.commit().await?;
        Ok(detail(after))
    }

    /// Takes away the membership that people have given. Access ends at once, unless a file or a provider gives some;
    /// without any, the person's own keys of the tenant are revoked too.
    #[instrument(name = "members.remove", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn remove(&self, scope: &Scope, user: Uuid, if_match: Option<&str>) -> Result<(), Error> {
        scope.require(Permission::ManageMembers)?;
        let (tenant, now) = (scope.tenant().id, self.0.clock.now());
        let mut tx = self.0.db.tenant(scope).await?;
        lock(&mut tx, tenant).await?;
        let before = found(&mut tx, scope, user).await?;
        require(if_match, &detail(before.clone()))?;
        grantable(scope, before.role)?;
        own_row(&before)?;
        let had = admins(&mut tx, tenant).await?;
        // Before the membership goes: afterwards the tenant's role does not see the person any more.
        if before.origins.len() == 1 {
            sqlx::query!(
                "update api_keys set revoked_at = $3 where tenant_id = $1 and user_id = $2 and revoked_at is null",
                tenant,
                user,
                now.to_datetime(),
            )
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query!(
            "delete from memberships where tenant_id = $1 and user_id = $2 and origin = 'local'",
            tenant,
            user
        )
        .execute(&mut *tx)
        .await?;
        keep_an_admin(&mut tx, tenant, had, &scope.tenant().name).await?;
        let entry = Entry::done(Action::MemberRemoved, Target::new("user", user)).before(&before);
        audit::record(&mut tx, scope.actor(), Some(tenant), now, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// When these members were last here. Sessions are above tenants; only who belongs to this one is asked for.
    async fn last_seen(&self, scope: &Scope, users: &[Uuid]) -> Result<Vec<(Uuid, Timestamp)>, Error> {
        let rows = sqlx::query!(
            r#"select s.user_id as "user_id!", max(s.last_seen_at) as "at!" from sessions s
               where s.user_id = any($1)
                 and exists (select 1 from memberships m where m.user_id = s.user_id and m.tenant_id = $2)
               group by s.user_id"#,
            users,
            scope.tenant().id,
        )
        .fetch_all(self.0.db.system())
        .await?;
        Ok(rows.into_iter().map(|row| (row.user_id, Timestamp::from(row.at))).collect())
    }
}

/// Refuses to touch more rights than one's own.
pub(super) fn grantable(scope: &Scope, role: Role) -> Result<(), Error> {
    match scope.access().grantable_role() {
        Some(own) if role <= own => Ok(()),
        Some(own) => {
            let why =
                format!("You are {}: you can give and take roles up to that, not {}.", own.as_str(), role.as_str());
            Err(Error::Denied { why })
        }
        None => Err(Error::Denied { why: "Somebody who only looks cannot give rights.".to_owned() }),
    }
}

/// Refuses to change somebody who is here by a file or a provider only.
fn own_row(member: &Member) -> Result<(), Error> {
    if member.origins.iter().any(|origin| origin.kind == "local") {
        return Ok(());
    }
    let by: Vec<_> = member.origins.iter().map(|origin| origin.name.as_str()).collect();
    Err(Error::Conflict { why: format!("{} belongs here by {}. Change it there.", member.name, by.join(" and ")) })
}

async fn found(tx: &mut Tx, scope: &Scope, user: Uuid) -> Result<Member, Error> {
    find(tx, scope.tenant().id, user).await?.ok_or(Error::NotFound { what: "This member" })
}

async fn find(tx: &mut Tx, tenant: Uuid, user: Uuid) -> Result<Option<Member>, Error> {
    let rows = sqlx::query!(
        r#"select u.id, u.name, u.email, u.disabled_at is not null as "disabled!", m.role, m.origin,
                  coalesce(m.provisioned_by, p.title, '') as "by!"
           from memberships m join users u on u.id = m.user_id left join identity_providers p on p.id = m.provider_id
           where m.tenant_id = $1 and m.user_id = $2 order by m.origin"#,
        tenant,
        user,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut member: Option<Member> = None;
    for row in rows {
        let role: Role = row.role.parse().map_err(Error::internal)?;
        // A provider of the whole installation has no name inside a tenant.
        let by = if row.by.is_empty() && row.origin == "provider" {
            "the installation's sign-in provider".to_owned()
        } else {
            row.by
        };
        let origin = MemberOrigin { kind: row.origin, name: by, role };
        let member = member.get_or_insert_with(|| Member {
            user_id: row.id.to_string(),
            name: row.name,
            email: row.email,
            role,
            origins: Vec::new(),
            disabled: row.disabled,
        });
        member.role = member.role.max(role);
        member.origins.push(origin);
    }
    Ok(member)
}

fn detail(member: Member) -> MemberDetail {
    MemberDetail { rights: rights(&member), member }
}

/// Every right there is in a tenant, and whether the member has it.
pub fn rights(member: &Member) -> Vec<Right> {
    let access = Access::member(member.role);
    let right = |permission: Permission| {
        let (resource, action) = permission.resource_and_action();
        Right {
            resource: resource.to_owned(),
            action: action.to_owned(),
            least_role: permission.least_role(),
            granted: !member.disabled && access.allows(permission),
        }
    };
    Permission::ALL.into_iter().map(right).collect()
}
