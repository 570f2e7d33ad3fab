//! Running tenants: list, make, change, suspend, delete. For platform administrators; what a tenant's own administrators
//! can change is `settings`. What a configuration provisions is changed there and nowhere else.

use contract::{
    Role, TenantSlug,
    members::{Invitation, InviteLink},
    tenants::{
        CreatedTenant, ListQuery, NewTenant, Suspension, Tenant, TenantChange, TenantCounts, TenantPage, TenantSummary,
    },
};
use tracing::instrument;
use uuid::Uuid;

use super::{
    StoreChoice, bindings,
    checks::{self, Wrongs, display_name},
    rows::{self, Found},
};
use crate::{
    Backend, Error, Operator,
    audit::{self, Action, Entry, Target},
    auth::normalized_email,
    db::Tx,
    etag::require,
    members::invitations,
};

const REASON_MAX_CHARS: usize = 500;
/// First tenants made at the same moment take turns. The number only has to differ from other locks.
const FIRST_LOCK: i64 = 0x0b57_ac00_0003;

/// A tenant whose rows are there and whose transaction is not over.
struct Inserted {
    id: Uuid,
    tenant: Tenant,
    /// The first administrator's invitation and its secret.
    invited: Option<(Invitation, String)>,
}

/// Administration of tenants.
pub struct TenantAdmin<'b>(&'b Backend);

impl Backend {
    /// Administration of tenants, for platform administrators.
    pub fn tenants(&self) -> TenantAdmin<'_> {
        TenantAdmin(self)
    }
}

impl TenantAdmin<'_> {
    /// A page of tenants, by slug.
    pub async fn list(&self, _operator: &Operator, query: &ListQuery) -> Result<TenantPage, Error> {
        let limit = checks::list_page(query.limit)?;
        let mut tx = self.0.db.begin().await?;
        let search = query.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let mut items: Vec<TenantSummary> = rows::page(&mut tx, search, query.cursor.as_deref(), limit + 1).await?;
        let more = items.len() as i64 > limit;
        items.truncate(limit as usize);
        let next = items.last().filter(|_| more).map(|last| last.tenant.slug.clone());
        Ok(TenantPage { items, next })
    }

    /// One tenant.
    pub async fn get(&self, _operator: &Operator, slug: &TenantSlug) -> Result<Tenant, Error> {
        let mut tx = self.0.db.begin().await?;
        Ok(found(&mut tx, slug).await?.tenant)
    }

    /// What depends on a tenant, for saying what goes with it.
    pub async fn counts(&self, _operator: &Operator, slug: &TenantSlug) -> Result<TenantCounts, Error> {
        let mut tx = self.0.db.begin().await?;
        let Found { id, .. } = found(&mut tx, slug).await?;
        rows::counts(&mut tx, id).await
    }

    /// The stores that tenants can be bound to.
    pub async fn stores(&self, _operator: &Operator) -> Result<Vec<StoreChoice>, Error> {
        bindings::choices(self.0, &mut self.0.db.begin().await?).await
    }

    /// Makes a tenant and, where an address is given, invites its first administrator.
    #[instrument(name = "tenants.create", skip_all)]
    pub async fn create(&self, operator: &Operator, new: &NewTenant) -> Result<CreatedTenant, Error> {
        let mut tx = self.0.db.begin().await?;
        let created = self.insert(&mut tx, operator, new).await?;
        self.finish(tx, operator, created).await
    }

    /// Makes the first tenant of an installation, with who runs it as its administrator.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is one already, [`Error::InvalidFields`] as for any other.
    pub async fn create_first(&self, operator: &Operator, new: &NewTenant) -> Result<CreatedTenant, Error> {
        let mut tx = self.0.db.begin().await?;
        sqlx::query!("select pg_advisory_xact_lock($1)", FIRST_LOCK).execute(&mut *tx).await?;
        let any = sqlx::query_scalar!(r#"select exists (select 1 from tenants) as "any!""#).fetch_one(&mut *tx).await?;
        if any {
            return Err(Error::Conflict { why: "There is a tenant already; make others under Tenants.".to_owned() });
        }
        let inserted = self.insert(&mut tx, operator, new).await?;
        sqlx::query!(
            "insert into memberships (tenant_id, user_id, role, created_at) values ($1, $2, 'admin', $3)",
            inserted.id,
            operator.user(),
            self.0.clock.now().to_datetime(),
        )
        .execute(&mut *tx)
        .await?;
        let entry = Entry::done(Action::MemberAdded, Target::new("user", operator.user()))
            .after(serde_json::json!({"role": Role::Admin}));
        audit::record(&mut tx, operator.actor(), Some(inserted.id), self.0.clock.now(), entry).await?;
        self.finish(tx, operator, inserted).await
    }

    async fn insert(&self, tx: &mut Tx, operator: &Operator, new: &NewTenant) -> Result<Inserted, Error> {
        let now = self.0.clock.now();
        let mut wrong = Wrongs::default();
        let slug = wrong.take(checks::slug(&new.slug))?;
        let name = wrong.take(display_name("/name", &new.name))?;
        let plan = wrong.take(checks::plan(new.plan.as_deref().unwrap_or("community")))?;
        let mesh = wrong.take(checks::mesh(&new.mesh, plan))?;
        let stores = wrong.take(bindings::check(self.0, tx, Uuid::nil(), plan, &new.stores).await)?;
        let admin = wrong.take(first_admin(new.first_admin.as_deref()))?;
        let (Some(slug), Some(name), Some(plan), Some(mesh), Some(stores), Some(admin)) =
            (slug, name, plan, mesh, stores, admin)
        else {
            return Err(wrong.into_error());
        };
        let made = rows::create(tx, &slug, &name, plan.as_str(), &mesh, now).await?;
        let Some(id) = made else {
            let why = format!(
                "There is a tenant {slug} already, or there was one that is switched off. Choose another slug."
            );
            return Err(Error::invalid("/slug", why));
        };
        rows::bind(tx, id, &stores).await?;
        let tenant = found(tx, &slug).await?.tenant;
        let invited = match &admin {
            Some(email) => {
                let by = operator.actor().name.to_string();
                Some(invitations::insert(tx, id, email, Role::Admin, &by, now).await?)
            }
            None => None,
        };
        Ok(Inserted { id, tenant, invited })
    }

    /// Notes the new tenant, commits, and sends the invitation.
    async fn finish(&self, mut tx: Tx, operator: &Operator, inserted: Inserted) -> Result<CreatedTenant, Error> {
        let Inserted { id: _, tenant, invited } = inserted;
        let entry = Entry::done(Action::TenantCreated, Target::new("tenant", &tenant.slug)).after(&tenant);
        audit::record(&mut tx, operator.actor(), None, self.0.clock.now(), entry).await?;
        tx.commit().await?;
        let invitation = match invited {
            Some((invitation, secret)) => {
                let link = invitations::link(self.0, &secret)?;
                let mailed = invitations::mail(self.0, &tenant.name, &operator.actor().name, &invitation, &link);
                Some(InviteLink { invitation, link, mailed })
            }
            None => None,
        };
        Ok(CreatedTenant { tenant, invitation })
    }

    /// Changes name, plan, mesh scope and stores.
    #[instrument(name = "tenants.update", skip_all, fields(tenant.id = %slug))]
    pub async fn update(
        &self,
        operator: &Operator,
        slug: &TenantSlug,
        change: &TenantChange,
        if_match: Option<&str>,
    ) -> Result<Tenant, Error> {
        let now = self.0.clock.now();
        let mut tx = self.0.db.begin().await?;
        let Found { id, tenant: before } = found(&mut tx, slug).await?;
        require(if_match, &before)?;
        locked(&before)?;
        let mut wrong = Wrongs::default();
        let name = wrong.take(display_name("/name", &change.name))?;
        let plan = wrong.take(checks::plan(&change.plan))?;
        let mesh = wrong.take(checks::mesh(&change.mesh, plan))?;
        let stores = wrong.take(bindings::check(self.0, &mut tx, id, plan, &change.stores).await)?;
        let (Some(name), Some(plan), Some(mesh), Some(stores)) = (name, plan, mesh, stores) else {
            return Err(wrong.into_error());
        };
        rows::update(&mut tx, id, &name, plan.as_str(), &mesh, now).await?;
        rows::bind(&mut tx, id, &stores).await?;
        let after = found(&mut tx, slug).await?.tenant;
        if after != before {
            let entry = Entry::done(Action::TenantChanged, Target::new("tenant", slug)).before(&before).after(&after);
            audit::record(&mut tx, operator.actor(), Some(id), now, entry).await?;
        }
        tx.commit().await?;
        Ok(after)
    }

    /// Shuts a tenant: from the next request on nobody but platform administrators gets in. Everything stays.
    #[instrument(name = "tenants.suspend", skip_all, fields(tenant.id = %slug))]
    pub async fn suspend(
        &self,
        operator: &Operator,
        slug: &TenantSlug,
        suspension: &Suspension,
        if_match: Option<&str>,
    ) -> Result<Tenant, Error> {
        let reason = suspension.reason.trim();
        if reason.chars().count() > REASON_MAX_CHARS || reason.chars().any(char::is_control) {
            return Err(Error::invalid("/reason", format!("Write at most {REASON_MAX_CHARS} characters on one line.")));
        }
        self.set_suspended(operator, slug, Some(reason), if_match).await
    }

    /// Opens a tenant again.
    #[instrument(name = "tenants.resume", skip_all, fields(tenant.id = %slug))]
    pub async fn resume(
        &self,
        operator: &Operator,
        slug: &TenantSlug,
        if_match: Option<&str>,
    ) -> Result<Tenant, Error> {
        self.set_suspended(operator, slug, None, if_match).await
    }

    async fn set_suspended(
        &self,
        operator: &Operator,
        slug: &TenantSlug,
        why: Option<&str>,
        if_match: Option<&str>,
    ) -> Result<Tenant, Error> {
        let now = self.0.clock.now();
        let mut tx = self.0.db.begin().await?;
        let Found { id, tenant: before } = found(&mut tx, slug).await?;
        require(if_match, &before)?;
        rows::suspend(&mut tx, id, why, now).await?;
        let after = found(&mut tx, slug).await?.tenant;
        if after != before {
            let action = if why.is_some() { Action::TenantSuspended } else { Action::TenantResumed };
            let state = |tenant: &Tenant| serde_json::json!({"suspended": tenant.suspended});
            let entry = Entry::done(action, Target::new("tenant", slug)).before(state(&before)).after(state(&after));
            audit::record(&mut tx, operator.actor(), Some(id), now, entry).await?;
        }
        tx.commit().await?;
        Ok(after)
    }

    /// Deletes a tenant with its members, invitations, keys and providers. `typed` is its slug, typed again by a person.
    #[instrument(name = "tenants.delete", skip_all, fields(tenant.id = %slug))]
    pub async fn delete(
        &self,
        operator: &Operator,
        slug: &TenantSlug,
        typed: Option<&str>,
        if_match: Option<&str>,
    ) -> Result<(), Error> {
        let now = self.0.clock.now();
        let mut tx = self.0.db.begin().await?;
        let Found { id, tenant } = found(&mut tx, slug).await?;
        require(if_match, &tenant)?;
        locked(&tenant)?;
        if typed.is_some_and(|typed| typed.trim() != slug.as_str()) {
            return Err(Error::invalid("/confirm", format!("Type {slug} to delete the tenant.")));
        }
        let counts = rows::counts(&mut tx, id).await?;
        rows::delete(&mut tx, id).await?;
        let before = serde_json::json!({"tenant": tenant, "counts": counts});
        let entry = Entry::done(Action::TenantDeleted, Target::new("tenant", slug)).before(before);
        audit::record(&mut tx, operator.actor(), None, now, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn found(tx: &mut Tx, slug: &TenantSlug) -> Result<Found, Error> {
    rows::find(tx, slug).await?.ok_or(Error::NotFound { what: "This tenant" })
}

fn locked(tenant: &Tenant) -> Result<(), Error> {
    match &tenant.provisioned_by {
        Some(file) => {
            Err(Error::Conflict { why: format!("{} is managed by {file}. Change it there and restart.", tenant.name) })
        }
        None => Ok(()),
    }
}

fn first_admin(text: Option<&str>) -> Result<Option<String>, Error> {
    match text.map(str::trim).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => normalized_email(text)
            .map(Some)
            .ok_or_else(|| Error::invalid("/first_admin", "Write an e-mail address, for example ana@acme.com.")),
    }
}
