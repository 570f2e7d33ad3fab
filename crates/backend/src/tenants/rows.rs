//! SQL of the administration of tenants. Callers have an [`crate::Operator`] or are inside the tenant; nothing here decides.

use contract::{
    TenantSlug, Timestamp,
    tenants::{StoreNames, Tenant, TenantCounts, TenantSummary},
};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{MeshSelector, StoreBindings, checks::rules_of, record::signal_name};
use crate::{Error, db::Tx};

/// A tenant with the id that people are not shown.
pub(super) struct Found {
    pub(super) id: Uuid,
    pub(super) tenant: Tenant,
}

struct Row {
    id: Uuid,
    slug: String,
    name: String,
    plan: String,
    mesh: Value,
    provisioned_by: Option<String>,
    suspended_at: Option<OffsetDateTime>,
    suspended_why: String,
    require_sso: bool,
    invite_domains: Vec<String>,
    created_at: OffsetDateTime,
    stores: Value,
}

impl Row {
    fn into_found(self) -> Result<Found, Error> {
        let mesh: Vec<MeshSelector> = serde_json::from_value(self.mesh).map_err(Error::internal)?;
        let store = |signal: &str| {
            let name = self.stores.get(signal).and_then(Value::as_str);
            name.unwrap_or(crate::stores::EMBEDDED).to_owned()
        };
        let tenant = Tenant {
            stores: StoreNames { metrics: store("metrics"), logs: store("logs"), traces: store("traces") },
            slug: self.slug,
            name: self.name,
            plan: self.plan,
            mesh: rules_of(&mesh),
            suspended: self.suspended_at.map(|_| self.suspended_why),
            require_sso: self.require_sso,
            invite_domains: self.invite_domains,
            provisioned_by: self.provisioned_by,
            created_at: Timestamp::from(self.created_at).to_string(),
        };
        Ok(Found { id: self.id, tenant })
    }
}

/// The tenant of this name; locked until the transaction ends.
pub(super) async fn find(tx: &mut Tx, slug: &TenantSlug) -> Result<Option<Found>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select t.id, t.slug, t.name, t.plan, t.mesh, t.provisioned_by, t.suspended_at, t.suspended_why, t.require_sso,
                  t.invite_domains, t.created_at,
                  (select coalesce(jsonb_object_agg(s.signal, s.store), '{}') from tenant_stores s where s.tenant_id = t.id)
                      as "stores!"
           from tenants t where t.slug = $1 and t.disabled_at is null for update of t"#,
        slug.as_str()
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Row::into_found).transpose()
}

/// Tenants by slug, after one.
pub(super) async fn page(
    tx: &mut Tx,
    search: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<TenantSummary>, Error> {
    let like = search.map(|part| format!("%{}%", escaped(part)));
    let rows = sqlx::query_as!(
        Row,
        r#"select t.id, t.slug, t.name, t.plan, t.mesh, t.provisioned_by, t.suspended_at, t.suspended_why, t.require_sso,
                  t.invite_domains, t.created_at,
                  (select coalesce(jsonb_object_agg(s.signal, s.store), '{}') from tenant_stores s where s.tenant_id = t.id)
                      as "stores!"
           from tenants t
           where t.disabled_at is null and ($1::text is null or t.slug > $1)
             and ($2::text is null or t.slug ilike $2 or t.name ilike $2)
           order by t.slug limit $3"#,
        after,
        like,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        let found = row.into_found()?;
        items.push(TenantSummary { counts: counts(tx, found.id).await?, tenant: found.tenant });
    }
    Ok(items)
}

/// A part of a text for `like`, with nothing special in it.
pub(crate) fn escaped(part: &str) -> String {
    part.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// What depends on a tenant.
pub(super) async fn counts(tx: &mut Tx, tenant: Uuid) -> Result<TenantCounts, Error> {
    let row = sqlx::query!(
        r#"select
             (select count(distinct m.user_id) from memberships m where m.tenant_id = $1) as "members!",
             (select count(distinct m.user_id) from memberships m join users u on u.id = m.user_id
                where m.tenant_id = $1 and m.role = 'admin' and u.disabled_at is null) as "admins!",
             (select count(*) from invitations i
                where i.tenant_id = $1 and i.accepted_at is null and i.revoked_at is null) as "invitations!",
             (select count(*) from api_keys k where k.tenant_id = $1 and k.revoked_at is null) as "api_keys!",
             (select count(*) from service_accounts s where s.tenant_id = $1) as "service_accounts!",
             (select count(*) from identity_providers p where p.tenant_id = $1) as "providers!""#,
        tenant
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(TenantCounts {
        members: row.members,
        admins: row.admins,
        invitations: row.invitations,
        api_keys: row.api_keys,
        service_accounts: row.service_accounts,
        providers: row.providers,
    })
}

/// Makes a tenant. `None` when the slug is taken, also by one that was switched off.
pub(super) async fn create(
    tx: &mut Tx,
    slug: &TenantSlug,
    name: &str,
    plan: &str,
    mesh: &[MeshSelector],
    now: Timestamp,
) -> Result<Option<Uuid>, Error> {
    let mesh = serde_json::to_value(mesh).map_err(Error::internal)?;
    Ok(sqlx::query_scalar!(
        "insert into tenants (id, slug, name, plan, mesh, created_at, updated_at) values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (slug) do nothing returning id",
        Uuid::now_v7(),
        slug.as_str(),
        name,
        plan,
        mesh,
        now.to_datetime(),
    )
    .fetch_optional(&mut **tx)
    .await?)
}

/// Writes what an operator can change.
pub(super) async fn update(
    tx: &mut Tx,
    tenant: Uuid,
    name: &str,
    plan: &str,
    mesh: &[MeshSelector],
    now: Timestamp,
) -> Result<(), Error> {
    let mesh = serde_json::to_value(mesh).map_err(Error::internal)?;
    sqlx::query!(
        "update tenants set name = $2, plan = $3, mesh = $4, updated_at = $5 where id = $1",
        tenant,
        name,
        plan,
        mesh,
        now.to_datetime(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Binds the stores.
pub(super) async fn bind(tx: &mut Tx, tenant: Uuid, stores: &StoreBindings) -> Result<(), Error> {
    for (signal, store) in stores.pairs() {
        sqlx::query!(
            "insert into tenant_stores (tenant_id, signal, store) values ($1, $2, $3)
             on conflict (tenant_id, signal) do update set store = excluded.store where tenant_stores.store <> excluded.store",
            tenant,
            signal_name(signal),
            store,
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Shuts a tenant, or opens it.
pub(super) async fn suspend(tx: &mut Tx, tenant: Uuid, why: Option<&str>, now: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "update tenants set suspended_at = $2, suspended_why = $3, updated_at = $4 where id = $1",
        tenant,
        why.map(|_| now.to_datetime()),
        why.unwrap_or_default(),
        now.to_datetime(),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Deletes a tenant with everything that depends on it.
pub(super) async fn delete(tx: &mut Tx, tenant: Uuid) -> Result<(), Error> {
    sqlx::query!("delete from tenants where id = $1", tenant).execute(&mut **tx).await?;
    Ok(())
}
