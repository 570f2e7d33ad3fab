//! How the stores are doing: the strip of a tenant, the list of those who run the installation, and the signs of life in
//! between.

use async_trait::async_trait;
use contract::{
    ApiError,
    stores::{Signal, StoreState, StoreStatus, Stores},
};

use super::{EMBEDDED, StoreSet};
use crate::{
    Backend, Error, Scope,
    logs::{LogStore, embedded::EmbeddedLogs},
    portal::Scoped,
    scope::Permission,
    traces::{TraceStore, embedded::EmbeddedTraces},
    upstream::{Health, Thresholds},
};

/// Whether the metrics store answers, for the checks of an empty page.
pub(crate) struct MetricsHealth {
    /// True unless its last calls failed.
    pub answers: bool,
}

impl StoreSet {
    /// Whether the tenant's metrics store answers.
    pub(crate) fn metrics_health(&self, scope: &Scope) -> MetricsHealth {
        let state = self.bound(scope).map(|(bound, _)| bound.health.status().state);
        MetricsHealth { answers: state.is_ok_and(|state| state != StoreState::Down) }
    }

    /// Asks every store that is in use for a sign of life, so that the strip is right also when nobody asks anything else.
    pub(crate) async fn probe(&self) {
        let clients = self.inner().clients.values().cloned().collect::<Vec<_>>();
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

    /// The log store, watched.
    pub(crate) async fn with_logs<T, F>(&self, call: impl FnOnce(EmbeddedLogs) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        watched(&self.logs, call(self.log_store.clone())).await
    }

    /// The trace store, watched.
    pub(crate) async fn with_traces<T, F>(&self, call: impl FnOnce(EmbeddedTraces) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        watched(&self.traces, call(self.trace_store.clone())).await
    }

    pub(super) fn status(&self, scope: &Scope) -> Vec<StoreStatus> {
        let metrics = match self.bound(scope) {
            Ok((bound, _)) => bound.health.status(),
            // The strip says what is wrong; the page around it keeps working.
            Err(error) => {
                let name = self.metrics_name(scope).to_owned();
                let kind = self.inner().entries.get(&name).map(|entry| entry.config.kind.as_str()).unwrap_or_default();
                StoreStatus {
                    kind: kind.to_owned(),
                    name,
                    signal: Signal::Metrics,
                    state: StoreState::Down,
                    latency_ms: None,
                    since: self.clock.now(),
                    message: Some(match error {
                        Error::Upstream { why, .. } => why,
                        _ => "it cannot be used, see the log".to_owned(),
                    }),
                    retry_at: None,
                }
            }
        };
        vec![metrics, self.logs.status(), self.traces.status()]
    }

    /// How a store is doing for all who use it: one line per signal, of metrics the worst.
    pub(super) fn overall(&self, name: &str, kind: &str) -> Vec<StoreStatus> {
        if name == EMBEDDED {
            return vec![self.embedded.health.status(), self.logs.status(), self.traces.status()];
        }
        let rank = |state: StoreState| match state {
            StoreState::Unknown => 0,
            StoreState::Ok => 1,
            StoreState::Slow => 2,
            StoreState::Down => 3,
        };
        let inner = self.inner();
        let of_store = inner.clients.iter().filter(|((store, _), _)| store == name);
        let worst = of_store.map(|(_, bound)| bound.health.status()).max_by_key(|status| rank(status.state));
        let unasked = || Health::new(name, kind, Signal::Metrics, Thresholds::default(), self.clock.clone()).status();
        vec![worst.unwrap_or_else(unasked)]
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
        Ok(self.stores().status(scope))
    }
}

#[async_trait]
impl Stores for Scoped {
    async fn status(&self) -> Result<Vec<StoreStatus>, ApiError> {
        Ok(self.backend.store_status(&self.scope)?)
    }
}
