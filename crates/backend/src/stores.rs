//! Which stores there are, which of them a tenant is bound to, and how they are doing: those of the configuration and those
//! kept in the database, which change while the portal runs. The stores' own languages stand in `metrics`, `logs` and
//! `traces`; how stores do stands in `status`, how they are administered in `admin`, what a test of one looks at in `trial`.

mod admin;
mod kept;
mod settings;
mod status;
mod trial;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contract::stores::Signal;
use query::TenantLabel;
use uuid::Uuid;

pub use admin::StoreAdmin;
pub(crate) use status::MetricsHealth;

use crate::{
    Backend, Error, Scope,
    ask::Ask,
    clock::Clock,
    config::{StoreAuth, StoreConfig, Tenancy},
    db::{Db, Tx},
    logs::embedded::EmbeddedLogs,
    metrics::{Guarded, MetricsStore, prometheus::Prometheus},
    tenants::TenantRecord,
    traces::embedded::EmbeddedTraces,
    upstream::{Connect, Health, Thresholds},
    vault::Vault,
};

/// The name of the stores inside the portal.
pub const EMBEDDED: &str = "embedded";

/// A metrics store as one tenant reaches it.
#[derive(Clone)]
struct Bound {
    store: Arc<dyn MetricsStore>,
    health: Arc<Health>,
}

/// A store as tenants can be bound to it.
#[derive(Clone, Debug)]
pub struct StoreName {
    /// Name.
    pub name: String,
    /// Kind, as it is written.
    pub kind: &'static str,
    /// `none`, `label` or `header`; empty for the embedded store, which keeps tenants apart by itself.
    pub tenancy: &'static str,
    /// What it can keep.
    pub keeps: Vec<Signal>,
}

/// A store by name.
#[derive(Clone)]
struct Entry {
    config: StoreConfig,
    /// Written in the configuration, not in the database.
    configured: bool,
    /// Its secret cannot be opened.
    sealed: bool,
    /// Another one with every change.
    revision: u64,
}

#[derive(Default)]
struct Inner {
    entries: BTreeMap<String, Entry>,
    revisions: u64,
    /// Clients by store and, where the store keeps tenants apart by header, tenant.
    clients: HashMap<(String, Option<String>), Bound>,
    /// How many tenants are bound to a metrics store, as of the last reading.
    bound: HashMap<String, usize>,
}

/// All stores.
pub struct StoreSet {
    inner: Mutex<Inner>,
    /// One reading of the database at a time, so that an older one never replaces a newer one.
    reading: tokio::sync::Mutex<()>,
    embedded: Bound,
    logs: Arc<Health>,
    traces: Arc<Health>,
    log_store: EmbeddedLogs,
    trace_store: EmbeddedTraces,
    scrape_secs: u64,
    clock: Arc<dyn Clock>,
}

/// What [`StoreSet::new`] is made of.
pub(crate) struct Parts {
    pub configured: Vec<StoreConfig>,
    pub metrics: (Arc<dyn MetricsStore>, Arc<Health>),
    pub logs: Arc<Health>,
    pub traces: Arc<Health>,
    pub log_store: EmbeddedLogs,
    pub trace_store: EmbeddedTraces,
    pub scrape_secs: u64,
    pub clock: Arc<dyn Clock>,
}

impl StoreSet {
    pub(crate) fn new(parts: Parts) -> Self {
        let configured = parts.configured.into_iter().filter(|store| store.name != EMBEDDED);
        let entries = configured
            .map(|config| (config.name.clone(), Entry { config, configured: true, sealed: false, revision: 0 }));
        Self {
            inner: Mutex::new(Inner { entries: entries.collect(), ..Inner::default() }),
            reading: tokio::sync::Mutex::default(),
            embedded: Bound { store: parts.metrics.0, health: parts.metrics.1 },
            logs: parts.logs,
            traces: parts.traces,
            log_store: parts.log_store,
            trace_store: parts.trace_store,
            scrape_secs: parts.scrape_secs,
            clock: parts.clock,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the stores of the database again. What changed or went away loses its clients and with them its health.
    pub(crate) async fn reload(&self, db: &Db, vault: &Vault) -> Result<(), Error> {
        let _turn = self.reading.lock().await;
        let kept = kept::list(db, vault).await?;
        let mut guard = self.inner();
        let inner = &mut *guard;
        let mut entries: BTreeMap<String, Entry> =
            inner.entries.iter().filter(|(_, entry)| entry.configured).map(|(n, e)| (n.clone(), e.clone())).collect();
        for (config, sealed) in kept {
            let name = config.name.clone();
            if entries.contains_key(&name) {
                tracing::warn!(store = %name, "the configuration has a store of the same name as the database; the configuration's counts");
                continue;
            }
            let known = inner.entries.get(&name).filter(|old| old.sealed == sealed && old.config.is_like(&config));
            let revision = known.map_or_else(
                || {
                    inner.revisions += 1;
                    inner.revisions
                },
                |old| old.revision,
            );
            entries.insert(name, Entry { config, configured: false, sealed, revision });
        }
        let same = |name: &String| {
            let revision = |entries: &BTreeMap<String, Entry>| entries.get(name).map(|entry| entry.revision);
            revision(&entries) == revision(&inner.entries)
        };
        inner.clients.retain(|(name, _), _| same(name));
        inner.entries = entries;
        Ok(())
    }

    /// Which version of a store this is: answers of another one are not to be shown any more.
    pub(crate) fn revision(&self, name: &str) -> u64 {
        self.inner().entries.get(name).map_or(u64::MAX, |entry| entry.revision)
    }

    /// Notes who is bound to what, so that a store which keeps nobody apart never serves two tenants, however that came
    /// about.
    pub(crate) fn note_bindings(&self, tenants: &[TenantRecord]) {
        let mut bound = HashMap::new();
        for tenant in tenants {
            *bound.entry(tenant.stores.metrics.clone()).or_default() += 1;
        }
        self.inner().bound = bound;
    }

    /// What tenants can be bound to, the embedded store first.
    pub fn names(&self) -> Vec<StoreName> {
        let all = [Signal::Metrics, Signal::Logs, Signal::Traces];
        let embedded = StoreName { name: EMBEDDED.to_owned(), kind: EMBEDDED, tenancy: "", keeps: all.to_vec() };
        let inner = self.inner();
        let others = inner.entries.values().map(|Entry { config, .. }| StoreName {
            name: config.name.clone(),
            kind: config.kind.as_str(),
            tenancy: config.tenancy.mode(),
            keeps: all.into_iter().filter(|signal| config.kind.keeps(*signal)).collect(),
        });
        [embedded].into_iter().chain(others).collect()
    }

    /// Whether a tenant may be bound to a store for a signal; `field` is where the complaint belongs. Asked in the
    /// transaction (above tenants) that writes the binding: until its end nobody else binds to the store or changes it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the store does not exist, does not keep this, or belongs to another tenant.
    pub async fn may_bind(
        &self,
        tx: &mut Tx,
        field: &str,
        signal: Signal,
        store: &str,
        tenant: Uuid,
    ) -> Result<(), Error> {
        if store == EMBEDDED {
            return Ok(());
        }
        kept::lock(tx, store).await?;
        // The row as it is now, not as it was when this instance last read it.
        let configured =
            self.inner().entries.get(store).filter(|entry| entry.configured).map(|entry| entry.config.clone());
        let found = match configured {
            Some(config) => Some((config.kind, config.tenancy)),
            None => kept::shape(tx, store).await?,
        };
        let Some((kind, tenancy)) = found else {
            return Err(Error::invalid(field, format!("There is no store {store}. Choose one of the list.")));
        };
        if !kind.keeps(signal) {
            let what = crate::tenants::signal_name(signal);
            return Err(Error::invalid(field, format!("The store {store} ({}) keeps no {what}.", kind.as_str())));
        }
        if tenancy == Tenancy::Single {
            let others = kept::bound_tenants(tx, store).await?;
            if let Some((_, other)) = others.iter().find(|(id, _)| *id != tenant) {
                let why = format!(
                    "The store {store} does not keep tenants apart and belongs to {other} already. Give it a tenancy first, \
                     or choose another."
                );
                return Err(Error::invalid(field, why));
            }
        }
        Ok(())
    }

    /// The metrics store of a tenant, as questions confined to what the tenant sees.
    pub fn ask(&self, scope: &Scope) -> Result<Ask, Error> {
        let (bound, label) = self.bound(scope)?;
        Ok(Ask::new(bound.store, scope.mesh().clone(), label))
    }

    /// Name of the tenant's metrics store.
    pub fn metrics_name<'a>(&self, scope: &'a Scope) -> &'a str {
        &scope.tenant().stores.metrics
    }

    /// Distance of two samples in the tenant's metrics store, seconds.
    pub fn scrape_secs(&self, scope: &Scope) -> u64 {
        match self.metrics_name(scope) {
            EMBEDDED => self.scrape_secs,
            // Prometheus' usual interval; a store does not tell its own.
            _ => 15,
        }
    }

    /// The client of a tenant's metrics store with the label that confines it: always of the same version of the store.
    fn bound(&self, scope: &Scope) -> Result<(Bound, Option<TenantLabel>), Error> {
        let name = self.metrics_name(scope);
        if name == EMBEDDED {
            return Ok((self.embedded.clone(), None));
        }
        let mut guard = self.inner();
        let inner = &mut *guard;
        let Some(entry) = inner.entries.get(name) else {
            return Err(Error::upstream(name, "it does not exist any more; the tenant has to be bound to another one"));
        };
        if entry.sealed {
            return Err(Error::upstream(name, "its token or password cannot be opened; it has to be written again"));
        }
        let store = &entry.config;
        if store.tenancy == Tenancy::Single && inner.bound.get(name).is_some_and(|tenants| *tenants > 1) {
            return Err(Error::upstream(name, "it does not keep tenants apart, and several are bound to it"));
        }
        let (org_id, label) = match &store.tenancy {
            Tenancy::Single => (None, None),
            Tenancy::Header => (Some(scope.slug().to_string()), None),
            Tenancy::Label(label) => {
                let label = TenantLabel::new(label, scope.slug().as_str());
                (None, Some(label.map_err(|error| Error::internal(error.to_string()))?))
            }
        };
        let key = (name.to_owned(), org_id.clone());
        if let Some(bound) = inner.clients.get(&key) {
            return Ok((bound.clone(), label));
        }
        let health = Arc::new(Health::new(
            name,
            store.kind.as_str(),
            Signal::Metrics,
            Thresholds::default(),
            self.clock.clone(),
        ));
        let client: Arc<dyn MetricsStore> = Arc::new(Prometheus::new(&connect(store, org_id)?)?);
        let bound = Bound { store: Arc::new(Guarded::new(client, health.clone())), health };
        inner.clients.insert(key, bound.clone());
        Ok((bound, label))
    }
}

/// How to reach a store, for one tenant where it keeps them apart by header.
fn connect(store: &StoreConfig, org_id: Option<String>) -> Result<Connect, Error> {
    let url = store.url.as_ref().ok_or_else(|| Error::internal(format!("store {} has no address", store.name)))?;
    let mut connect = Connect { org_id, deadline: store.timeout, ..Connect::new(&store.name, url.as_str()) };
    match &store.auth {
        StoreAuth::None => {}
        StoreAuth::Bearer(token) => connect.token = Some(token.expose().to_owned()),
        StoreAuth::Basic { username, password } => {
            connect.basic = Some((username.clone(), password.expose().to_owned()));
        }
    }
    Ok(connect)
}

impl Backend {
    /// Reads the stores of the database again, after a change of them.
    pub(crate) async fn reload_stores(&self) -> Result<(), Error> {
        self.stores.reload(&self.db, &self.vault).await?;
        // What tenants saw through the old ones is not theirs to see any more.
        self.caches().known.forget(crate::auth::changes::Change::Store);
        Ok(())
    }
}
