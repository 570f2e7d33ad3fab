//! Administration of providers: those of a tenant by its administrators, those of the installation by whoever runs it. The
//! client secret goes in and never comes out. What the configuration manages is shown and not changed.

use contract::{
    Timestamp,
    sign_in::{IdentityProvider, IdentityProviderSettings, IdentityProviders, NewIdentityProvider},
};
use uuid::Uuid;

use super::{
    SignIn,
    provider::{Provider, sealed_about},
    settings::{Checked, check, provider_name},
    store,
};
use crate::{
    Error, Operator, Scope,
    audit::{self, Action, Entry, Target},
    db::Tx,
    etag,
    scope::{Actor, Permission},
    tenants::Limit,
    vault::Purpose,
};

/// Most providers of a page.
const PAGE_MAX: u32 = 200;

/// Whose providers.
#[derive(Clone, Copy, Debug)]
pub enum Whose<'a> {
    /// A tenant's own.
    Tenant(&'a Scope),
    /// The installation's.
    Installation(&'a Operator),
}

impl Whose<'_> {
    fn require(&self, permission: Permission) -> Result<(), Error> {
        match self {
            Self::Tenant(scope) => scope.require(permission),
            // An operator may.
            Self::Installation(_) => Ok(()),
        }
    }

    fn tenant(&self) -> Option<Uuid> {
        match self {
            Self::Tenant(scope) => Some(scope.tenant().id),
            Self::Installation(_) => None,
        }
    }

    fn slug(&self) -> Option<&str> {
        match self {
            Self::Tenant(scope) => Some(scope.slug().as_str()),
            Self::Installation(_) => None,
        }
    }

    fn actor(&self) -> &Actor {
        match self {
            Self::Tenant(scope) => scope.actor(),
            Self::Installation(operator) => operator.actor(),
        }
    }
}

impl SignIn {
    async fn within(&self, whose: Whose<'_>) -> Result<Tx, Error> {
        match whose {
            Whose::Tenant(scope) => self.db.tenant(scope).await,
            Whose::Installation(_) => self.db.begin().await,
        }
    }

    /// By name, from the one after `cursor` on.
    pub async fn list(
        &self,
        whose: Whose<'_>,
        limit: Option<u32>,
        cursor: Option<&str>,
    ) -> Result<IdentityProviders, Error> {
        whose.require(Permission::ViewSettings)?;
        let limit = limit.unwrap_or(50).clamp(1, PAGE_MAX);
        let mut tx = self.within(whose).await?;
        let mut found = page(&mut tx, whose.tenant(), cursor.unwrap_or_default(), i64::from(limit) + 1).await?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = more.then(|| found.last().map(|provider| provider.name.clone())).flatten();
        let mut items = Vec::new();
        for provider in found {
            items.push(self.shown(&provider, whose.slug()).await?);
        }
        Ok(IdentityProviders { items, next })
    }

    /// One of them.
    pub async fn get(&self, whose: Whose<'_>, name: &str) -> Result<IdentityProvider, Error> {
        whose.require(Permission::ViewSettings)?;
        let mut tx = self.within(whose).await?;
        let provider = find(&mut tx, whose.tenant(), name).await?;
        self.shown(&provider, whose.slug()).await
    }

    /// A new one.
    pub async fn create(&self, whose: Whose<'_>, new: &NewIdentityProvider) -> Result<IdentityProvider, Error> {
        whose.require(Permission::ManageSignIn)?;
        let name = provider_name(new.name.trim()).map_err(str::to_owned).and_then(|name| match whose.slug() {
            // Names are part of addresses and the same for everybody: a tenant must not take those of others.
            Some(slug) if !name.strip_prefix(slug).is_some_and(|rest| rest.starts_with('-')) => {
                Err(format!("begin it with {slug}-, for example {slug}-sso"))
            }
            Some(_) | None => Ok(name),
        });
        let checked = match (name, check(&new.settings, whose.slug())) {
            (Ok(name), Ok(checked)) => Ok((name, checked)),
            (Ok(_), Err(error)) => Err(error),
            (Err(why), checked) => {
                let mut errors = vec![contract::FieldError {
                    pointer: "/name".to_owned(),
                    detail: format!("This is no name: {why}."),
                }];
                if let Err(Error::InvalidFields(more)) = checked {
                    errors.extend(more);
                }
                Err(Error::InvalidFields(errors))
            }
        };
        let (name, checked) = checked?;
        let (id, now) = (Uuid::now_v7(), self.clock.now());
        let sealed = self.sealed(id, new.settings.client_secret.as_deref())?;
        let mut tx = self.within(whose).await?;
        if let Whose::Tenant(scope) = whose {
            let have = sqlx::query_scalar!(
                r#"select count(*) as "have!" from identity_providers where tenant_id = $1"#,
                scope.tenant().id
            )
            .fetch_one(&mut *tx)
            .await?;
            scope.tenant().plan.allow(Limit::SignInProviders, have)?;
        }
        insert(&mut tx, id, whose.tenant(), &name, &checked, sealed.as_deref(), now).await?;
        let made = find(&mut tx, whose.tenant(), &name).await?;
        let shown = self.shown(&made, whose.slug()).await?;
        let entry = Entry::done(Action::ProviderCreated, Target::new("provider", &name)).after(&shown);
        audit::record(&mut tx, whose.actor(), whose.tenant(), now, entry).await?;
        tx.commit().await?;
        Ok(shown)
    }

    /// Replaces the settings. `if_match` is the version the caller has seen; forms name none.
    pub async fn update(
        &self,
        whose: Whose<'_>,
        name: &str,
        settings: &IdentityProviderSettings,
        if_match: Option<&str>,
    ) -> Result<IdentityProvider, Error> {
        whose.require(Permission::ManageSignIn)?;
        let mut tx = self.within(whose).await?;
        let old = find(&mut tx, whose.tenant(), name).await?;
        let before = self.shown(&old, whose.slug()).await?;
        free(&old)?;
        etag::require(if_match, &before)?;
        let checked = check(settings, whose.slug())?;
        // People of another issuer are other people: what the old one gave must not stay.
        if checked.issuer != old.issuer {
            return Err(Error::invalid(
                "/issuer",
                "The issuer of a provider cannot be changed: its people would be other people. Make a new provider.",
            ));
        }
        let now = self.clock.now();
        let sealed = match &settings.client_secret {
            None => old.client_secret_sealed.clone(),
            Some(secret) => self.sealed(old.id, Some(secret))?,
        };
        save(&mut tx, old.id, whose.tenant(), &checked, sealed.as_deref(), now).await?;
        if !checked.enabled {
            drop_memberships(&mut tx, old.id).await?;
        }
        let changed = find(&mut tx, whose.tenant(), name).await?;
        let shown = self.shown(&changed, whose.slug()).await?;
        let mut after = serde_json::to_value(&shown).map_err(Error::internal)?;
        if settings.client_secret.is_some() {
            after["client_secret"] = "changed".into();
        }
        let entry = Entry::done(Action::ProviderChanged, Target::new("provider", name)).before(&before).after(after);
        audit::record(&mut tx, whose.actor(), whose.tenant(), now, entry).await?;
        tx.commit().await?;
        Ok(shown)
    }

    /// Removes a provider; sessions it vouches for end, what it gave is taken back.
    pub async fn delete(&self, whose: Whose<'_>, name: &str, if_match: Option<&str>) -> Result<(), Error> {
        whose.require(Permission::ManageSignIn)?;
        let mut tx = self.within(whose).await?;
        let old = find(&mut tx, whose.tenant(), name).await?;
        let before = self.shown(&old, whose.slug()).await?;
        free(&old)?;
        etag::require(if_match, &before)?;
        sqlx::query!(
            "delete from identity_providers where id = $1 and tenant_id is not distinct from $2",
            old.id,
            whose.tenant()
        )
        .execute(&mut *tx)
        .await?;
        let entry = Entry::done(Action::ProviderDeleted, Target::new("provider", name)).before(&before);
        audit::record(&mut tx, whose.actor(), whose.tenant(), self.clock.now(), entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How many sessions a provider vouches for and how many memberships it has given.
    pub async fn consequences(&self, whose: Whose<'_>, name: &str) -> Result<(i64, i64), Error> {
        whose.require(Permission::ViewSettings)?;
        let mut tx = self.within(whose).await?;
        let provider = find(&mut tx, whose.tenant(), name).await?;
        drop(tx);
        // Sessions stand above tenants; the provider was found inside.
        let row = sqlx::query!(
            r#"select (select count(*) from sessions where provider_id = $1) as "sessions!",
                      (select count(*) from memberships where provider_id = $1) as "memberships!""#,
            provider.id
        )
        .fetch_one(self.db.system())
        .await?;
        Ok((row.sessions, row.memberships))
    }

    /// One of them as it is kept.
    pub(super) async fn kept(&self, whose: Whose<'_>, permission: Permission, name: &str) -> Result<Provider, Error> {
        whose.require(permission)?;
        let mut tx = self.within(whose).await?;
        find(&mut tx, whose.tenant(), name).await
    }

    fn sealed(&self, id: Uuid, secret: Option<&str>) -> Result<Option<Vec<u8>>, Error> {
        match secret.filter(|secret| !secret.is_empty()) {
            Some(secret) => self.vault.seal(Purpose::ClientSecret, &sealed_about(id), secret.as_bytes()).map(Some),
            None => Ok(None),
        }
    }

    async fn shown(&self, provider: &Provider, slug: Option<&str>) -> Result<IdentityProvider, Error> {
        let rules = provider.rules();
        let slugs: Vec<String> = rules.iter().map(|rule| rule.tenant.clone()).collect();
        let mut warnings = Vec::new();
        // A tenant learns nothing of the others: its rules can name itself only.
        if provider.tenant_id.is_none() {
            let existing = store::existing_tenants(&self.db, &slugs).await?;
            for missing in
                slugs.iter().filter(|slug| !existing.contains(*slug)).collect::<std::collections::BTreeSet<_>>()
            {
                warnings.push(format!("There is no tenant {missing}; rules for it give nothing."));
            }
        }
        if rules.is_empty() {
            warnings.push("There are no rules: nobody gets in with this provider.".to_owned());
        }
        if provider.issuer.starts_with("http://") {
            warnings.push("The provider is reached without TLS: use that on one machine only.".to_owned());
        }
        Ok(IdentityProvider {
            name: provider.name.clone(),
            tenant: slug.map(str::to_owned),
            title: provider.title.clone(),
            issuer: provider.issuer.clone(),
            client_id: provider.client_id.clone(),
            has_secret: provider.client_secret_sealed.is_some(),
            scopes: provider.scopes.clone(),
            api_audience: provider.api_audience.clone(),
            mappings: rules,
            enabled: provider.disabled_at.is_none(),
            provisioned_by: provider.provisioned_by.clone(),
            callback_url: self.address(&provider.name, "callback"),
            backchannel_logout_url: self.address(&provider.name, "backchannel-logout"),
            warnings,
        })
    }
}

/// What a file manages is changed there.
fn free(provider: &Provider) -> Result<(), Error> {
    match &provider.provisioned_by {
        Some(file) => {
            Err(Error::Conflict { why: format!("{} is managed by {file}; change it there.", provider.title) })
        }
        None => Ok(()),
    }
}

async fn page(tx: &mut Tx, tenant: Option<Uuid>, after: &str, limit: i64) -> Result<Vec<Provider>, Error> {
    Ok(sqlx::query_as!(
        Provider,
        r#"select p.id, p.tenant_id, t.slug as "tenant_slug?", p.name, p.title, p.issuer, p.client_id, p.client_secret_sealed,
                  p.scopes, p.api_audience, p.mappings, p.provisioned_by, p.updated_at, p.disabled_at
           from identity_providers p left join tenants t on t.id = p.tenant_id
           where p.tenant_id is not distinct from $1 and p.name > $2 order by p.name limit $3"#,
        tenant,
        after,
        limit
    )
    .fetch_all(&mut **tx)
    .await?)
}

async fn find(tx: &mut Tx, tenant: Option<Uuid>, name: &str) -> Result<Provider, Error> {
    sqlx::query_as!(
        Provider,
        r#"select p.id, p.tenant_id, t.slug as "tenant_slug?", p.name, p.title, p.issuer, p.client_id, p.client_secret_sealed,
                  p.scopes, p.api_audience, p.mappings, p.provisioned_by, p.updated_at, p.disabled_at
           from identity_providers p left join tenants t on t.id = p.tenant_id
           where p.tenant_id is not distinct from $1 and p.name = $2"#,
        tenant,
        name
    )
    .fetch_optional(&mut **tx)
    .await?
    .ok_or(Error::NotFound { what: "This sign-in provider" })
}

async fn insert(
    tx: &mut Tx,
    id: Uuid,
    tenant: Option<Uuid>,
    name: &str,
    checked: &Checked,
    sealed: Option<&[u8]>,
    now: Timestamp,
) -> Result<(), Error> {
    let mappings = serde_json::to_value(&checked.mappings).map_err(Error::internal)?;
    let at = now.to_datetime();
    let done = sqlx::query!(
        "insert into identity_providers (id, tenant_id, name, title, issuer, client_id, client_secret_sealed, scopes, api_audience,
                                         mappings, created_at, updated_at, disabled_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)",
        id,
        tenant,
        name,
        checked.title,
        checked.issuer,
        checked.client_id,
        sealed,
        &checked.scopes,
        checked.api_audience,
        mappings,
        at,
        (!checked.enabled).then_some(at),
    )
    .execute(&mut **tx)
    .await;
    match done {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.constraint() == Some("identity_providers_name_key") => {
            Err(Error::invalid("/name", "This name is taken; choose another."))
        }
        Err(error) => Err(error.into()),
    }
}

async fn save(
    tx: &mut Tx,
    id: Uuid,
    tenant: Option<Uuid>,
    checked: &Checked,
    sealed: Option<&[u8]>,
    now: Timestamp,
) -> Result<(), Error> {
    let mappings = serde_json::to_value(&checked.mappings).map_err(Error::internal)?;
    sqlx::query!(
        "update identity_providers set title = $3, client_id = $4, client_secret_sealed = $5, scopes = $6, api_audience = $7,
             mappings = $8, updated_at = $9, disabled_at = case when $10 then null else coalesce(disabled_at, $9) end
         where id = $1 and tenant_id is not distinct from $2",
        id,
        tenant,
        checked.title,
        checked.client_id,
        sealed,
        &checked.scopes,
        checked.api_audience,
        mappings,
        now.to_datetime(),
        checked.enabled,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn drop_memberships(tx: &mut Tx, provider: Uuid) -> Result<(), Error> {
    sqlx::query!("delete from memberships where provider_id = $1", provider).execute(&mut **tx).await?;
    Ok(())
}
