//! Which stores there are, which of them a tenant is bound to, and how they are doing. The stores' own languages stand in
//! `metrics`, `logs` and `traces`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use contract::{
    ApiError,
    stores::{Signal, StoreState, StoreStatus, Stores},
};

use crate::{
    Backend, Error, Scope,
    ask::Ask,
    clock::Clock,
    config::{StoreAuth, StoreConfig, Tenancy},
    logs::{LogStore, embedded::EmbeddedLogs},
    metrics::{Guarded, MetricsStore, prometheus::Prometheus},
    portal::Scoped,
    scope::Permission,
    traces::{TraceStore, embedded::EmbeddedTraces},
    upstream::{Connect, Health, Thresholds},
};

/// The name of the stores inside the portal.
pub const EMBEDDED: &str = "embedded";

/// A metrics store as one tenant reaches it.
#[derive(Clone)]
struct Bound {
    store: Arc<dyn MetricsStore>,
    health: Arc<Health>,
}

/// Whether the metrics store answers, for the checks of an empty page.
pub(crate) struct MetricsHealth {
    /// True unless its last calls failed.
    pub answers: bool,
}

/// All stores.
pub struct StoreSet {
    configured: HashMap<String, StoreConfig>,
    embedded: Bound,
    logs: Arc<Health>,
    traces: Arc<Health>,
    log_store: EmbeddedLogs,
    trace_store: EmbeddedTraces,
    /// Clients by store and, where the store keeps tenants apart by header, tenant.
    clients: Mutex<HashMap<(String, Option<String>), Bound>>,
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
        Self {
            configured: parts.configured.into_iter().map(|store| (store.name.clone(), store)).collect(),
            embedded: Bound { store: parts.metrics.0, health: parts.metrics.1 },
            logs: parts.logs,
            traces: parts.traces,
            log_store: parts.log_store,
            trace_store: parts.trace_store,
            clients: Mutex::default(),
            scrape_secs: parts.scrape_secs,
            clock: parts.clock,
        }
    }

    /// The metrics store of a tenant, as questions confined to what the tenant sees.
    pub fn ask(&self, scope: &Scope) -> Result<Ask, Error> {
        let label = match self.configured.get(self.metrics_name(scope)).map(|store| &store.tenancy) {
            Some(Tenancy::Label(label)) => Some(
                query::TenantLabel::new(label, scope.slug().as_str())
                    .map_err(|error| Error::internal(error.to_string()))?,
            ),
            Some(Tenancy::Header | Tenancy::Single) | None => None,
        };
        Ok(Ask::new(self.bound(scope)?.store, scope.mesh().clone(), label))
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

    /// Whether the tenant's metrics store answers.
    pub(crate) fn metrics_health(&self, scope: &Scope) -> MetricsHealth {
        let state = self.bound(scope).map(|bound| bound.health.status().state);
        MetricsHealth { answers: state.is_ok_and(|state| state != StoreState::Down) }
    }

    fn bound(&self, scope: &Scope) -> Result<Bound, Error> {
        let name = self.metrics_name(scope);
        if name == EMBEDDED {
            return Ok(self.embedded.clone());
        }
        let store =
            self.configured.get(name).ok_or_else(|| Error::internal(format!("store {name} is not configured")))?;
        let org_id = matches!(store.tenancy, Tenancy::Header).then(|| scope.slug().to_string());
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.to_owned(), org_id.clone());
        if let Some(bound) = clients.get(&key) {
            return Ok(bound.clone());
        }
        let url = store.url.as_ref().ok_or_else(|| Error::internal(format!("store {name} has no address")))?;
        let mut connect = Connect { org_id, deadline: store.timeout, ..Connect::new(name, url.as_str()) };
        match &store.auth {
            StoreAuth::None => {}
            StoreAuth::Bearer(token) => connect.token = Some(token.expose().to_owned()),
            StoreAuth::Basic { username, password } => {
                connect.basic = Some((username.clone(), password.expose().to_owned()));
            }
        }
        let health = Arc::new(Health::new(
            name,
            store.kind.as_str(),
            Signal::Metrics,
            Thresholds::default(),
            self.clock.clone(),
        ));
        let client: Arc<dyn MetricsStore> = Arc::new(Prometheus::new(&connect)?);
        let bound = Bound { store: Arc::new(Guarded::new(client, health.clone())), health };
        clients.insert(key, bound.clone());
        Ok(bound)
    }

    /// Asks every store that is in use for a sign of life, so that the strip is right also when nobody asks anything else.
    pub(crate) async fn probe(&self) {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect::<Vec<_>>();
        let probes = clients.iter().chain([&self.embedded]).map(|bound| bound.store.probe());
        let metrics = futures::future::join_all(probes);
        let (outcomes, logs, traces) = tokio::join!(
            metrics,
            watched(&self.logs, self.log_store.probe()),
            watched(&self.traces, self.trace_store.probe()),
        );
        for error in outcomes.into_iter().chain([logs, traces]).filter_map(Result::err) {
            tracing::debug!(%error, "a store does not answer");
        }
    }

    fn status(&self, scope: &Scope) -> Result<Vec<StoreStatus>, Error> {
        Ok(vec![self.bound(scope)?.health.status(), self.logs.status(), self.traces.status()])
    }
}

/// Makes a call to a store and records how it went.
async fn watched<T>(health: &Health, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let permit = health.admit()?;
    let outcome = call.await;
    permit.finish(&outcome);
    outcome
}

impl Backend {
    /// The strip of stores of a scope.
    pub(crate) fn store_status(&self, scope: &Scope) -> Result<Vec<StoreStatus>, Error> {
        scope.require(Permission::ViewMesh)?;
        self.stores().status(scope)
    }
}

#[async_trait]
impl Stores for Scoped {
    async fn status(&self) -> Result<Vec<StoreStatus>, ApiError> {
        Ok(self.backend.store_status(&self.scope)?)
    }
}
