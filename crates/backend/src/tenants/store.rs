//! SQL of tenants and memberships. These statements come before any `Scope`: they are what a `Scope` is made from.

use contract::TenantSlug;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StoreBindings, TenantRecord, record::signal_of};
use crate::{Error, db::Db};

/// More tenants than one installation has.
const TENANTS_MAX: i64 = 10_000;

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
    stores: Value,
}

impl Row {
    fn into_record(self) -> Result<TenantRecord, Error> {
        let odd = |what: &str| Error::internal(format!("tenant {}: {what} in the database cannot be read", self.id));
        let mut stores = StoreBindings::default();
        for (signal, store) in self.stores.as_object().into_iter().flatten() {
            let (Some(signal), Some(store)) = (signal_of(signal), store.as_str()) else { return Err(odd("a store")) };
            stores.set(signal, store.to_owned());
        }
        Ok(TenantRecord {
            slug: self.slug.parse().map_err(|_| odd("the slug"))?,
            plan: self.plan.parse().map_err(|_| odd("the plan"))?,
            mesh: serde_json::from_value(self.mesh).map_err(|_| odd("the mesh"))?,
            id: self.id,
            name: self.name,
            stores,
            provisioned_by: self.provisioned_by,
            suspended: self.suspended_at.map(|_| self.suspended_why),
            require_sso: self.require_sso,
        })
    }
}

/// The tenant of this name, whoever asks. Callers check membership; jobs and the operator use it as it is.
pub async fn find(db: &Db, slug: &TenantSlug) -> Result<Option<TenantRecord>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"select t.id, t.slug, t.name, t.plan, t.mesh, t.provisioned_by, t.suspended_at, t.suspended_why, t.require_sso,
                  (select coalesce(jsonb_object_agg(s.signal, s.store), '{}') from tenant_stores s where s.tenant_id = t.id)
                      as "stores!"
           from tenants t where t.slug = $1 and t.disabled_at is null"#,
        slug.as_str()
    )
    .fetch_optional(db.system())
    .await?;
    row.map(Row::into_record).transpose()
}

/// All tenants by slug.
pub async fn list(db: &Db) -> Result<Vec<TenantRecord>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"select t.id, t.slug, t.name, t.plan, t.mesh, t.provisioned_by, t.suspended_at, t.suspended_why, t.require_sso,
                  (select coalesce(jsonb_object_agg(s.signal, s.store), '{}') from tenant_stores s where s.tenant_id = t.id)
                      as "stores!"
           from tenants t where t.disabled_at is null order by t.slug limit $1"#,
        TENANTS_MAX
    )
    .fetch_all(db.system())
    .await?;
    rows.into_iter().map(Row::into_record).collect()
}
