//! A tenant as the rest of the backend needs it.

use contract::{TenantSlug, stores::Signal};
use uuid::Uuid;

use super::{MeshSelector, Plan};

/// Name of the store that is always there: metrics in the data directory, logs and traces in Postgres.
const EMBEDDED: &str = "embedded";

/// Which store keeps what, by name; a store of the configuration or `embedded`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreBindings {
    /// Time series.
    pub metrics: String,
    /// Log lines.
    pub logs: String,
    /// Spans.
    pub traces: String,
}

impl Default for StoreBindings {
    fn default() -> Self {
        let embedded = || EMBEDDED.to_owned();
        Self { metrics: embedded(), logs: embedded(), traces: embedded() }
    }
}

impl StoreBindings {
    /// Each signal with its store.
    pub fn pairs(&self) -> [(Signal, &str); 3] {
        [(Signal::Metrics, &self.metrics), (Signal::Logs, &self.logs), (Signal::Traces, &self.traces)]
    }

    pub(crate) fn set(&mut self, signal: Signal, store: String) {
        match signal {
            Signal::Metrics => self.metrics = store,
            Signal::Logs => self.logs = store,
            Signal::Traces => self.traces = store,
        }
    }
}

/// The word for a signal in files and the database.
pub(crate) fn signal_name(signal: Signal) -> &'static str {
    match signal {
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
        Signal::Traces => "traces",
    }
}

pub(crate) fn signal_of(name: &str) -> Option<Signal> {
    [Signal::Metrics, Signal::Logs, Signal::Traces].into_iter().find(|signal| signal_name(*signal) == name)
}

/// What a `Scope` is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantRecord {
    /// Id in the database.
    pub id: Uuid,
    /// Name in URLs and towards the stores.
    pub slug: TenantSlug,
    /// Display name.
    pub name: String,
    /// Plan.
    pub plan: Plan,
    /// What of a shared mesh it sees; empty sees nothing.
    pub mesh: Vec<MeshSelector>,
    /// Its stores.
    pub stores: StoreBindings,
    /// Managed by a configuration of this name.
    pub provisioned_by: Option<String>,
    /// Nobody gets in, and why, as a platform administrator wrote it (may be empty).
    pub suspended: Option<String>,
    /// Memberships count only in sessions that a sign-in provider vouches for.
    pub require_sso: bool,
}
