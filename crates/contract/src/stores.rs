//! State of the telemetry stores a tenant is bound to.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ApiError, Timestamp};

/// What a store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// Time series.
    Metrics,
    /// Log lines.
    Logs,
    /// Spans.
    Traces,
}

/// How a store is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StoreState {
    /// Answers in good time.
    Ok,
    /// Answers, but slowly.
    Slow,
    /// Does not answer, or refuses.
    Down,
    /// Not asked yet.
    Unknown,
}

/// One line of the stores strip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StoreStatus {
    /// Name from the configuration.
    pub name: String,
    /// Kind from the configuration (`prometheus`, `embedded`, …).
    pub kind: String,
    /// What it keeps.
    pub signal: Signal,
    /// State now.
    pub state: StoreState,
    /// Time of the latest answer, milliseconds.
    pub latency_ms: Option<u64>,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// What is wrong, in one sentence without addresses or secrets.
    pub message: Option<String>,
    /// When the circuit breaker lets the next request through.
    pub retry_at: Option<Timestamp>,
}

/// The stores of a tenant.
#[async_trait]
pub trait Stores: Send + Sync {
    /// All stores the tenant is bound to, metrics first.
    async fn status(&self) -> Result<Vec<StoreStatus>, ApiError>;
}
