//! Stores for those who run the installation: list, create, change, delete, test. Rules only; SQL stands in `kept`, the
//! rules of single fields in `settings`.

use contract::{
    Timestamp,
    store_admin::{Fix, StoreListed, StorePage, StoreSettings, StoreTenancy, StoreTest, StoreView},
    stores::StoreStatus,
};
use reqwest::Url;
use serde::Serialize;

use super::{EMBEDDED, Entry, kept, settings, trial};
use crate::{
    Backend, Error, Operator,
    audit::{Action, Entry as AuditEntry, Target, record},
    config::{StoreConfig, StoreKind, Tenancy},
    db::Tx,
    etag,
};

const USUAL: u32 = 50;
const MOST: u32 = 500;

/// Administration of stores.
pub struct StoreAdmin<'a>(&'a Backend);

impl Backend {
    /// Administration of stores.
    pub fn store_admin(&self) -> StoreAdmin<'_> {
        StoreAdmin(self)
    }
}

/// What the audit log says of a store.
#[derive(Serialize)]
struct Audited<'a> {
    kind: &'a str,
    url: Option<&'a str>,
    timeout_ms: u32,
    tenancy: StoreTenancy,
    auth: &'a str,
    username: &'a str,
    /// Whether there is one, and whether this change wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'static str>,
}

impl<'a> Audited<'a> {
    fn of(config: &'a StoreConfig, secret: &'static str) -> Self {
        let (auth, username, kept) = config.auth.parts();
        Self {
            kind: config.kind.as_str(),
            url: config.url.as_ref().map(Url::as_str),
            timeout_ms: millis(config),
            tenancy: tenancy(config),
            auth,
            username,
            secret: kept.map(|_| secret),
        }
    }
}

fn millis(config: &StoreConfig) -> u32 {
    u32::try_from(config.timeout.as_millis()).unwrap_or(u32::MAX)
}

fn tenancy(config: &StoreConfig) -> StoreTenancy {
    StoreTenancy { mode: config.tenancy.mode().to_owned(), label: config.tenancy.label().to_owned() }
}

fn view(
    config: &StoreConfig,
    locked_by: Option<String>,
    tenants: Vec<String>,
    updated_at: Option<Timestamp>,
) -> StoreView {
    let (auth, username, secret) = config.auth.parts();
    StoreView {
        name: config.name.clone(),
        kind: config.kind.as_str().to_owned(),
        url: config.url.as_ref().map(ToString::to_string),
        timeout_ms: millis(config),
        tenancy: tenancy(config),
        auth: auth.to_owned(),
        username: username.to_owned(),
        has_secret: secret.is_some(),
        locked_by,
        tenants,
        updated_at,
    }
}

/// What a store is, as settings that change nothing; the secret stays where it is.
pub(crate) fn settings_of(view: &StoreView) -> StoreSettings {
    StoreSettings {
        name: view.name.clone(),
        kind: view.kind.clone(),
        url: view.url.clone().unwrap_or_default(),
        timeout_ms: view.timeout_ms,
        tenancy: view.tenancy.clone(),
        auth: view.auth.clone(),
        username: view.username.clone(),
        secret: String::new(),
    }
}

/// Settings with a fix put in.
pub(crate) fn fixed(mut settings: StoreSettings, fix: &Fix) -> StoreSettings {
    for (field, value) in &fix.set {
        match field.as_str() {
            "kind" => settings.kind.clone_from(value),
            "url" => settings.url.clone_from(value),
            "tenancy/mode" => settings.tenancy.mode.clone_from(value),
            "tenancy/label" => settings.tenancy.label.clone_from(value),
            // Not among what a test offers.
            _ => {}
        }
    }
    if settings.tenancy.mode != "label" {
        settings.tenancy.label.clear();
    }
    settings
}

impl StoreAdmin<'_> {
    /// All stores, those of the configuration too, by name; the embedded one comes first.
    pub async fn list(&self, _: &Operator, limit: Option<u32>, cursor: Option<&str>) -> Result<StorePage, Error> {
        let limit = limit.unwrap_or(USUAL).clamp(1, MOST) as usize;
        let mut all = self.views().await?;
        all.sort_by(|a, b| (a.name != EMBEDDED, &a.name).cmp(&(b.name != EMBEDDED, &b.name)));
        let after = cursor.filter(|cursor| !cursor.is_empty());
        let key = |name: &str| (name != EMBEDDED, name.to_owned());
        let mut rest: Vec<_> =
            all.into_iter().filter(|s| after.is_none_or(|after| key(&s.name) > key(after))).collect();
        let more = rest.len() > limit;
        rest.truncate(limit);
        let next = rest.last().filter(|_| more).map(|store| store.name.clone());
        Ok(StorePage { items: rest.into_iter().map(|store| self.listed(store)).collect(), next })
    }

    /// One store.
    pub async fn get(&self, _: &Operator, name: &str) -> Result<StoreListed, Error> {
        Ok(self.listed(self.find(name).await?))
    }

    /// The settings of a store as they are, for a form.
    pub fn settings(&self, store: &StoreView) -> StoreSettings {
        settings_of(store)
    }

    /// Settings with a fix put in, for a form that is not saved.
    pub fn with_fix(&self, settings: StoreSettings, fix: &Fix) -> StoreSettings {
        fixed(settings, fix)
    }

    /// Writes a new store.
    pub async fn create(&self, operator: &Operator, new: &StoreSettings) -> Result<StoreView, Error> {
        let config = settings::check(new, None)?;
        if self.entry(&config.name).is_some_and(|entry| entry.configured) {
            return Err(self.taken(&config.name));
        }
        let now = self.0.clock().now();
        let mut tx = self.0.db.begin().await?;
        kept::lock(&mut tx, &config.name).await?;
        if !kept::write(&mut tx, &self.0.vault, &config, now, false).await? {
            return Err(self.taken(&config.name));
        }
        // Somebody may be bound to the name still: a store that was taken out of the configuration.
        let tenants = self.bound(&mut tx, &config).await?;
        let entry = AuditEntry::done(Action::StoreCreated, Target::new("store", &config.name))
            .after(Audited::of(&config, "written"));
        record(&mut tx, operator.actor(), None, now, entry).await?;
        tx.commit().await?;
        self.reload().await;
        Ok(view(&config, None, tenants, Some(now)))
    }

    /// Writes a store anew. `if_match` is the ETag of what the writer has seen.
    pub async fn change(
        &self,
        operator: &Operator,
        name: &str,
        new: &StoreSettings,
        if_match: &str,
    ) -> Result<StoreView, Error> {
        self.change_by(operator, name, if_match, |_| new.clone()).await
    }

    /// Puts the fix of a finding into a store, and changes nothing else of it.
    pub async fn fix(&self, operator: &Operator, name: &str, fix: &Fix, if_match: &str) -> Result<StoreView, Error> {
        self.change_by(operator, name, if_match, |now| fixed(settings_of(now), fix)).await
    }

    async fn change_by(
        &self,
        operator: &Operator,
        name: &str,
        if_match: &str,
        new: impl FnOnce(&StoreView) -> StoreSettings,
    ) -> Result<StoreView, Error> {
        self.refuse_locked(name)?;
        let now = self.0.clock().now();
        let mut tx = self.0.db.begin().await?;
        kept::lock(&mut tx, name).await?;
        let old = kept::find(&mut tx, &self.0.vault, name).await?.ok_or(Error::NotFound { what: "This store" })?;
        let tenants = slugs(kept::bound_tenants(&mut tx, name).await?);
        let before = view(&old.config, None, tenants, Some(old.updated_at));
        etag::require(Some(if_match), &before)?;
        let mut new = new(&before);
        if !new.name.is_empty() && new.name != name {
            return Err(Error::invalid("/name", "The name never changes: tenants refer to it. Create another store."));
        }
        name.clone_into(&mut new.name);
        let config = settings::check(&new, Some(&old.config))?;
        let tenants = self.bound(&mut tx, &config).await?;
        if !kept::write(&mut tx, &self.0.vault, &config, now, true).await? {
            return Err(Error::internal("a store that was there is not"));
        }
        let secret = if new.secret.is_empty() { "kept" } else { "written" };
        let entry = AuditEntry::done(Action::StoreChanged, Target::new("store", name))
            .before(Audited::of(&old.config, "kept"))
            .after(Audited::of(&config, secret));
        record(&mut tx, operator.actor(), None, now, entry).await?;
        tx.commit().await?;
        self.reload().await;
        Ok(view(&config, None, tenants, Some(now)))
    }

    /// Removes a store that no tenant is bound to.
    pub async fn delete(&self, operator: &Operator, name: &str, if_match: &str) -> Result<(), Error> {
        self.refuse_locked(name)?;
        let now = self.0.clock().now();
        let mut tx = self.0.db.begin().await?;
        kept::lock(&mut tx, name).await?;
        let old = kept::find(&mut tx, &self.0.vault, name).await?.ok_or(Error::NotFound { what: "This store" })?;
        let tenants = slugs(kept::bound_tenants(&mut tx, name).await?);
        let before = view(&old.config, None, tenants.clone(), Some(old.updated_at));
        etag::require(Some(if_match), &before)?;
        if !tenants.is_empty() {
            let why = format!("{} still bound to it. Bind them to another store first.", are(&tenants));
            return Err(Error::Conflict { why });
        }
        kept::delete(&mut tx, name).await?;
        let entry = AuditEntry::done(Action::StoreDeleted, Target::new("store", name))
            .before(Audited::of(&old.config, "removed"));
        record(&mut tx, operator.actor(), None, now, entry).await?;
        tx.commit().await?;
        self.reload().await;
        Ok(())
    }

    /// Tests a store as it is saved.
    pub async fn test(&self, _: &Operator, name: &str) -> Result<StoreTest, Error> {
        let store = self.find(name).await?;
        let entry = self.entry(name).ok_or_else(|| Error::Conflict {
            why: "The embedded store is part of the portal: its health is on this page.".to_owned(),
        })?;
        if entry.sealed {
            let why = "Its token or password cannot be opened. Write it again, then test.";
            return Err(Error::Conflict { why: why.to_owned() });
        }
        trial::run(&entry.config, &store.tenants, self.0.clock()).await
    }

    /// Tests settings that are not saved. Those of a store that exists (`saved`) may leave its secret out.
    pub async fn test_settings(
        &self,
        _: &Operator,
        typed: &StoreSettings,
        saved: Option<&str>,
    ) -> Result<StoreTest, Error> {
        let mut typed = typed.clone();
        let (mut old, mut tenants) = (None, Vec::new());
        match saved {
            Some(name) => {
                self.refuse_locked(name)?;
                tenants = self.find(name).await?.tenants;
                old = self.entry(name).map(|entry| entry.config);
                name.clone_into(&mut typed.name);
            }
            // A name is not needed to look.
            None => "unsaved".clone_into(&mut typed.name),
        }
        let config = settings::check(&typed, old.as_ref())?;
        trial::run(&config, &tenants, self.0.clock()).await
    }

    fn taken(&self, name: &str) -> Error {
        Error::invalid("/name", format!("There is a store {name} already. Choose another name."))
    }

    /// The tenants bound to a store, if they may all stay with it as it is written now.
    async fn bound(&self, tx: &mut Tx, config: &StoreConfig) -> Result<Vec<String>, Error> {
        let tenants = slugs(kept::bound_tenants(tx, &config.name).await?);
        if config.tenancy == Tenancy::Single && tenants.len() > 1 {
            let why = format!(
                "A store that keeps nobody apart belongs to one tenant, and {} bound to this one.",
                are(&tenants)
            );
            return Err(Error::invalid("/tenancy/mode", why));
        }
        Ok(tenants)
    }

    fn entry(&self, name: &str) -> Option<Entry> {
        self.0.stores.inner().entries.get(name).cloned()
    }

    fn refuse_locked(&self, name: &str) -> Result<(), Error> {
        if name == EMBEDDED {
            return Err(Error::Conflict {
                why: "The embedded store is part of the portal and cannot be changed.".to_owned(),
            });
        }
        if self.entry(name).is_some_and(|entry| entry.configured) {
            let file = &self.0.config.provisioned_by;
            let why = format!("The store {name} is managed by {file}. Change it there and restart.");
            return Err(Error::Conflict { why });
        }
        Ok(())
    }

    async fn find(&self, name: &str) -> Result<StoreView, Error> {
        let mut all = self.views().await?.into_iter();
        all.find(|store| store.name == name).ok_or(Error::NotFound { what: "This store" })
    }

    /// All stores as this process knows them. What another instance has just written is read first.
    async fn views(&self) -> Result<Vec<StoreView>, Error> {
        let stores = &self.0.stores;
        stores.reload(&self.0.db, &self.0.vault).await?;
        let (changed, bindings) = tokio::try_join!(kept::changes(&self.0.db), kept::bindings(&self.0.db))?;
        let bound = |name: &str| {
            bindings.iter().filter(|(store, _)| store == name).map(|(_, slug)| slug.clone()).collect::<Vec<_>>()
        };
        let file = &self.0.config.provisioned_by;
        let mut views: Vec<StoreView> = stores
            .inner()
            .entries
            .values()
            .map(|Entry { config, configured, .. }| {
                let updated_at =
                    changed.iter().find(|(name, _)| !configured && *name == config.name).map(|(_, at)| *at);
                view(config, configured.then(|| file.clone()), bound(&config.name), updated_at)
            })
            .collect();
        views.push(StoreView {
            name: EMBEDDED.to_owned(),
            kind: StoreKind::Embedded.as_str().to_owned(),
            url: None,
            timeout_ms: 0,
            tenancy: StoreTenancy::default(),
            auth: "none".to_owned(),
            username: String::new(),
            has_secret: false,
            locked_by: Some("the portal".to_owned()),
            tenants: bound(EMBEDDED),
            updated_at: None,
        });
        Ok(views)
    }

    fn listed(&self, store: StoreView) -> StoreListed {
        let status = self.0.stores.overall(&store.name, &store.kind);
        let breaker = breaker(&status, self.0.clock().now());
        StoreListed { store, status, breaker: breaker.to_owned() }
    }

    /// The change is saved; when it cannot be read back now, the news of it will try again.
    async fn reload(&self) {
        if let Err(error) = self.0.reload_stores().await {
            tracing::warn!(%error, "the stores were changed and cannot be read again");
        }
    }
}

fn breaker(status: &[StoreStatus], now: Timestamp) -> &'static str {
    match status.iter().filter_map(|line| line.retry_at).max() {
        None => "closed",
        Some(retry_at) if retry_at > now => "open",
        Some(_) => "half_open",
    }
}

fn slugs(tenants: Vec<(uuid::Uuid, String)>) -> Vec<String> {
    tenants.into_iter().map(|(_, slug)| slug).collect()
}

/// `acme is`, `acme and globex are`, `acme, globex and 4 more are`.
fn are(tenants: &[String]) -> String {
    match tenants {
        [one] => format!("{one} is"),
        [one, two] => format!("{one} and {two} are"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more are", rest.len()),
        [] => "nobody is".to_owned(),
    }
}
