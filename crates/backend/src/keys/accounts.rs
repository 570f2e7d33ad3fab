//! Service accounts: principals that are no person. Only who manages keys sees and changes them.

use contract::{
    Timestamp,
    keys::{ServiceAccount, ServiceAccountInput, ServiceAccountPage},
};
use tracing::instrument;
use uuid::Uuid;

use super::{Keys, input, service::locked, store};
use crate::{
    Error, Scope,
    audit::{self, Action, Entry, Target},
    db::Tx,
    etag,
    scope::Permission,
    tenants::Limit,
};

impl Keys {
    /// All of them, by name.
    #[instrument(name = "service_accounts.list", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn accounts(&self, scope: &Scope, now: Timestamp) -> Result<ServiceAccountPage, Error> {
        scope.require(Permission::ManageKeys)?;
        let mut tx = self.db.tenant(scope).await?;
        Ok(ServiceAccountPage { items: store::accounts(&mut tx, scope, None, now).await?, next: None })
    }

    /// One of them.
    #[instrument(name = "service_accounts.get", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn account(&self, scope: &Scope, id: &str, now: Timestamp) -> Result<ServiceAccount, Error> {
        scope.require(Permission::ManageKeys)?;
        let mut tx = self.db.tenant(scope).await?;
        find(&mut tx, scope, id, now).await
    }

    /// Makes one. Its role is at most the caller's.
    #[instrument(name = "service_accounts.create", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn create_account(
        &self,
        scope: &Scope,
        asked: &ServiceAccountInput,
        now: Timestamp,
    ) -> Result<ServiceAccount, Error> {
        scope.require(Permission::ManageKeys)?;
        let (name, role) = checked(scope, asked)?;
        let mut tx = self.db.tenant(scope).await?;
        let have = store::count_accounts(&mut tx, scope).await?;
        scope.tenant().plan.allow(Limit::ServiceAccounts, have.into())?;
        let id = Uuid::now_v7();
        store::insert_account(&mut tx, scope, id, &name, role.as_str(), now).await?;
        let made = find(&mut tx, scope, &id.to_string(), now).await?;
        let entry = Entry::done(Action::ServiceAccountCreated, Target::new("service_account", id)).after(&made);
        audit::record(&mut tx, scope.actor(), Some(scope.tenant().id), now, entry).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Changes name and role. A lesser role is at once the most its keys can do.
    #[instrument(name = "service_accounts.update", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn update_account(
        &self,
        scope: &Scope,
        id: &str,
        asked: &ServiceAccountInput,
        if_match: Option<&str>,
        now: Timestamp,
    ) -> Result<ServiceAccount, Error> {
        scope.require(Permission::ManageKeys)?;
        let (name, role) = checked(scope, asked)?;
        let mut tx = self.db.tenant(scope).await?;
        let old = find_to_change(&mut tx, scope, id, if_match, now).await?;
        store::update_account(&mut tx, scope, id_of(id)?, &name, role.as_str()).await?;
        let changed = find(&mut tx, scope, id, now).await?;
        if changed == old {
            return Ok(old);
        }
        let entry =
            Entry::done(Action::ServiceAccountChanged, Target::new("service_account", id)).before(&old).after(&changed);
        audit::record(&mut tx, scope.actor(), Some(scope.tenant().id), now, entry).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Deletes it with its keys, which stop working at once.
    #[instrument(name = "service_accounts.delete", skip_all, fields(tenant.id = %scope.slug()))]
    pub async fn delete_account(
        &self,
        scope: &Scope,
        id: &str,
        if_match: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        scope.require(Permission::ManageKeys)?;
        let mut tx = self.db.tenant(scope).await?;
        let old = find_to_change(&mut tx, scope, id, if_match, now).await?;
        store::delete_account(&mut tx, scope, id_of(id)?).await?;
        let entry = Entry::done(Action::ServiceAccountDeleted, Target::new("service_account", id)).before(&old);
        audit::record(&mut tx, scope.actor(), Some(scope.tenant().id), now, entry).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn checked(scope: &Scope, asked: &ServiceAccountInput) -> Result<(String, contract::Role), Error> {
    let mut wrong = Vec::new();
    let name = input::keep(&mut wrong, input::name(&asked.name));
    let role = input::keep(&mut wrong, input::role(scope.access(), &asked.role));
    match (name, role) {
        (Some(name), Some(role)) => Ok((name, role)),
        _ => Err(Error::InvalidFields(wrong)),
    }
}

fn id_of(id: &str) -> Result<Uuid, Error> {
    id.parse().map_err(|_| Error::NotFound { what: "This service account" })
}

async fn find(tx: &mut Tx, scope: &Scope, id: &str, now: Timestamp) -> Result<ServiceAccount, Error> {
    let found = store::accounts(tx, scope, Some(id_of(id)?), now).await?.into_iter().next();
    found.ok_or(Error::NotFound { what: "This service account" })
}

async fn find_to_change(
    tx: &mut Tx,
    scope: &Scope,
    id: &str,
    if_match: Option<&str>,
    now: Timestamp,
) -> Result<ServiceAccount, Error> {
    store::lock_account(tx, scope, id_of(id)?).await?;
    let account = find(tx, scope, id, now).await?;
    etag::require(if_match, &account.without_keys())?;
    // One that the configuration has lost is nobody's any more, and can be tidied away.
    if account.disabled_at.is_none() {
        locked(account.provisioned_by.as_deref(), "The service account")?;
    }
    Ok(account)
}
