//! What a tenant's own administrators see of it and can change: name, domains of invitations, and whether a sign-in
//! provider is a must. Plan, mesh scope and stores are the installation's.

use contract::tenants::{PlanLimit, Settings, SettingsChange};
use tracing::instrument;
use uuid::Uuid;

use super::{
    Limit,
    checks::{Wrongs, display_name, email_domain},
    rows,
};
use crate::{
    Backend, Error, Scope, Visitor,
    audit::{self, Action, Entry, Target},
    db::Tx,
    etag::require,
    scope::{Permission, describe},
};

const DOMAINS_MAX: usize = 50;

/// Settings of a tenant.
pub struct TenantSettings<'b>(&'b Backend);

impl Backend {
    /// Settings of a tenant, for its administrators.
    pub fn settings(&self) -> TenantSettings<'_> {
        TenantSettings(self)
    }
}

impl TenantSettings<'_> {
    /// The settings.
    pub async fn get(&self, scope: &Scope) -> Result<Settings, Error> {
        scope.require(Permission::ViewSettings)?;
        read(&mut self.0.db.tenant(scope).await?, scope).await
    }

    /// Changes them. The visitor shows whether whoever switches single sign-on on could still come back.
    #[instrument(name = "settings.update", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn update(
        &self,
        scope: &Scope,
        visitor: &Visitor,
        change: &SettingsChange,
        if_match: Option<&str>,
    ) -> Result<Settings, Error> {
        scope.require(Permission::ManageSettings)?;
        let (tenant, now) = (scope.tenant().id, self.0.clock.now());
        let mut tx = self.0.db.tenant(scope).await?;
        let before = read(&mut tx, scope).await?;
        require(if_match, &versioned(&before))?;
        let mut wrong = Wrongs::default();
        let name = wrong.take(display_name("/name", &change.name))?;
        let domains = wrong.take(domains(&change.invite_domains))?;
        if change.require_sso && !before.require_sso {
            wrong.take(self.may_come_back(&mut tx, scope, visitor).await)?;
        }
        let (Some(name), Some(domains)) = (name, domains) else { return Err(wrong.into_error()) };
        wrong.none()?;
        if let Some(file) = before.provisioned_by.as_ref().filter(|_| name != before.name) {
            let why = format!("The name is managed by {file}. Change it there and restart.");
            return Err(Error::Conflict { why });
        }
        sqlx::query!(
            "update tenants set name = $2, invite_domains = $3, require_sso = $4, updated_at = $5 where id = $1",
            tenant,
            name,
            &domains,
            change.require_sso,
            now.to_datetime(),
        )
        .execute(&mut *tx)
        .await?;
        let after = read(&mut tx, scope).await?;
        if versioned(&after) != versioned(&before) {
            let entry = Entry::done(Action::TenantChanged, Target::new("tenant", scope.slug()))
                .before(versioned(&before))
                .after(versioned(&after));
            audit::record(&mut tx, scope.actor(), Some(tenant), now, entry).await?;
        }
        tx.commit().await?;
        Ok(after)
    }

    /// Whether requiring single sign-on would lock out who asks for it: their session must be from a provider, and that
    /// provider must be one that can say who belongs to this tenant.
    async fn may_come_back(&self, tx: &mut Tx, scope: &Scope, visitor: &Visitor) -> Result<(), Error> {
        let wrong = |why: &str| Err(Error::invalid("/require_sso", why));
        let Some(provider) = visitor.provider() else {
            return wrong(
                "You are signed in with a password and would be locked out. Sign in with a provider, then switch this on.",
            );
        };
        if !self.can_assert(tx, scope, provider).await? {
            return wrong(
                "No sign-in provider can say who belongs to this tenant. Add one with a rule for it, then switch this on.",
            );
        }
        Ok(())
    }

    async fn can_assert(&self, tx: &mut Tx, scope: &Scope, provider: Uuid) -> Result<bool, Error> {
        // The tenant's own providers are seen from inside; the installation's only from above.
        let own = sqlx::query_scalar!(
            r#"select exists (select 1 from identity_providers where id = $1 and tenant_id = $2 and disabled_at is null) as "own!""#,
            provider,
            scope.tenant().id,
        )
        .fetch_one(&mut **tx)
        .await?;
        if own {
            return Ok(true);
        }
        let rule = serde_json::json!([{"tenant": scope.slug()}]);
        Ok(sqlx::query_scalar!(
            r#"select exists (select 1 from identity_providers
                 where id = $1 and tenant_id is null and disabled_at is null and mappings @> $2) as "shared!""#,
            provider,
            rule,
        )
        .fetch_one(self.0.db.system())
        .await?)
    }
}

/// What can be changed here, which is what a version of the settings is a version of.
pub(super) fn versioned(settings: &Settings) -> SettingsChange {
    SettingsChange {
        name: settings.name.clone(),
        invite_domains: settings.invite_domains.clone(),
        require_sso: settings.require_sso,
    }
}

impl TenantSettings<'_> {
    /// The entity tag of settings: it does not change with what is used of the plan.
    pub fn version(settings: &Settings) -> String {
        crate::etag(&versioned(settings))
    }
}

async fn read(tx: &mut Tx, scope: &Scope) -> Result<Settings, Error> {
    let found = rows::find(tx, scope.slug()).await?.ok_or(Error::NotFound { what: "This tenant" })?;
    let counts = rows::counts(tx, found.id).await?;
    let plan = scope.tenant().plan;
    let clusters = found.tenant.mesh.iter().filter(|rule| rule.cluster != "*").count();
    let limits = Limit::ALL.map(|limit| PlanLimit {
        what: limit.words().to_owned(),
        most: plan.limit(limit),
        have: match limit {
            Limit::Members => counts.members + counts.invitations,
            Limit::ApiKeys => counts.api_keys,
            Limit::ServiceAccounts => counts.service_accounts,
            Limit::SignInProviders => counts.providers,
            Limit::Clusters => i64::try_from(clusters).unwrap_or(i64::MAX),
        },
    });
    let tenant = found.tenant;
    Ok(Settings {
        name: tenant.name,
        invite_domains: tenant.invite_domains,
        require_sso: tenant.require_sso,
        plan: tenant.plan,
        limits: limits.into(),
        sees: describe(scope.mesh()),
        stores: tenant.stores,
        provisioned_by: tenant.provisioned_by,
    })
}

fn domains(texts: &[String]) -> Result<Vec<String>, Error> {
    if texts.len() > DOMAINS_MAX {
        return Err(Error::invalid("/invite_domains", format!("Write at most {DOMAINS_MAX} domains.")));
    }
    let mut all = texts.iter().map(|text| email_domain("/invite_domains", text)).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    all.dedup();
    Ok(all)
}
