//! Wrappers around any metrics store: one keeps its health and breaks the circuit, one pretends that it is gone.

use std::future::Future;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use contract::{Timestamp, stores::StoreStatus};
use query::{Enforced, PromQl};

use super::{Instant, MetricsStore, Probe, Ranged};
use crate::{Error, upstream::Health};

/// A store whose calls are watched: they feed the health record, and fail at once while the breaker is open.
pub struct Guarded {
    store: Arc<dyn MetricsStore>,
    health: Arc<Health>,
}

impl Guarded {
    /// Watches `store` in `health`.
    pub fn new(store: Arc<dyn MetricsStore>, health: Arc<Health>) -> Self {
        Self { store, health }
    }

    /// One line of the stores strip.
    pub fn status(&self) -> StoreStatus {
        self.health.status()
    }

    async fn watch<T: Send>(&self, call: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
        let permit = self.health.admit()?;
        let outcome = call.await;
        permit.finish(&outcome);
        outcome
    }
}

#[async_trait]
impl MetricsStore for Guarded {
    async fn query(&self, query: &Enforced<PromQl>, at: Timestamp) -> Result<Instant, Error> {
        self.watch(self.store.query(query, at)).await
    }

    async fn query_range(
        &self,
        query: &Enforced<PromQl>,
        from: Timestamp,
        to: Timestamp,
        step_secs: u64,
    ) -> Result<Ranged, Error> {
        self.watch(self.store.query_range(query, from, to, step_secs)).await
    }

    async fn label_values(
        &self,
        name: &str,
        matchers: &Enforced<Vec<String>>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<String>, Error> {
        self.watch(self.store.label_values(name, matchers, from, to)).await
    }

    async fn probe(&self) -> Result<Probe, Error> {
        self.watch(self.store.probe()).await
    }
}

/// A store that can be switched off: the demo's `store-down` fault. While it is off, every call fails as a store that
/// refuses connections.
pub struct Switch {
    store: Arc<dyn MetricsStore>,
    name: String,
    off: Arc<AtomicBool>,
}

impl Switch {
    /// Wraps `store`, named `name` in messages; `off` is shared with whoever turns the switch.
    pub fn new(store: Arc<dyn MetricsStore>, name: impl Into<String>, off: Arc<AtomicBool>) -> Self {
        Self { store, name: name.into(), off }
    }

    fn on(&self) -> Result<&dyn MetricsStore, Error> {
        if self.off.load(Ordering::SeqCst) {
            return Err(Error::upstream(&self.name, "it refuses connections"));
        }
        Ok(self.store.as_ref())
    }
}

#[async_trait]
impl MetricsStore for Switch {
    async fn query(&self, query: &Enforced<PromQl>, at: Timestamp) -> Result<Instant, Error> {
        self.on()?.query(query, at).await
    }

    async fn query_range(
        &self,
        query: &Enforced<PromQl>,
        from: Timestamp,
        to: Timestamp,
        step_secs: u64,
    ) -> Result<Ranged, Error> {
        self.on()?.query_range(query, from, to, step_secs).await
    }

    async fn label_values(
        &self,
        name: &str,
        matchers: &Enforced<Vec<String>>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<String>, Error> {
        self.on()?.label_values(name, matchers, from, to).await
    }

    async fn probe(&self) -> Result<Probe, Error> {
        self.on()?.probe().await
    }
}
