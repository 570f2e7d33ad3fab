//! The home page of a tenant: a verdict, what hurts, what changed, and the stores.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{ApiError, TimeRange, Timestamp, stores::StoreStatus, topology::SeriesSet};

/// Options of the overview.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OverviewQuery {
    /// Range of the charts, `from..to`; the last hour when absent.
    #[param(value_type = String)]
    #[schema(value_type = String)]
    pub range: TimeRange,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing to do.
    #[default]
    Ok,
    /// Have a look.
    Warn,
    /// Act.
    Crit,
    /// Cannot be told.
    Unknown,
}

/// A piece of a sentence, so that names can be set off and linked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phrase {
    /// Plain words.
    Text(String),
    /// A thing set in bold.
    Strong(String),
    /// A link to a node of the topology: shown text and `focus`.
    Node {
        /// Shown text.
        text: String,
        /// As `focus` of the topology.
        focus: String,
    },
}

/// The sentence on top of the page and what stands below it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    /// The worst thing.
    pub severity: Severity,
    /// What is the matter, in one or two sentences.
    pub sentence: Vec<Phrase>,
    /// Lesser things, a sentence each.
    pub also: Vec<Vec<Phrase>>,
    /// Node to open first, as `focus` of the topology.
    pub focus: Option<String>,
}

/// The row of numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Requests per second, HTTP and gRPC, counted once per call.
    pub requests_per_s: f64,
    /// Failed share, percent; absent without traffic.
    pub failing_percent: Option<f64>,
    /// Share of requests under mutual TLS, percent; absent where no proxy could tell.
    pub mtls_percent: Option<f64>,
    /// Requests refused with 403 in the range.
    pub denied: f64,
    /// Apps with traffic.
    pub services: usize,
    /// Apps that are not healthy.
    pub services_hurt: usize,
    /// Sidecar certificates that are watched; absent where no metric tells.
    pub certificates: Option<usize>,
    /// Those that expired, or missed their rotation, or are gateways with less than 14 days.
    pub certificates_hurt: usize,
}

/// One app in the table of pain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServicePain {
    /// Namespace.
    pub namespace: String,
    /// Canonical app name.
    pub app: String,
    /// As `focus` of the topology.
    pub focus: String,
    /// Judgement.
    pub severity: Severity,
    /// Requests per second.
    pub requests_per_s: f64,
    /// 95th percentile over the last minutes, milliseconds.
    pub p95_ms: Option<f64>,
    /// The same against its own usual value over the past day (1.0 = as usual).
    pub times_usual: Option<f64>,
    /// Failed share, percent.
    pub error_percent: f64,
    /// p95 over the range for the spark line, milliseconds.
    pub spark: Vec<Option<f64>>,
}

/// Something that changed in the mesh.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// When it was first seen.
    pub at: Timestamp,
    /// What, in one sentence.
    pub sentence: Vec<Phrase>,
}

/// Everything on the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OverviewPage {
    /// When it was gathered.
    pub at: Timestamp,
    /// Age when it comes from the cache because a store is down, milliseconds; 0 when fresh.
    pub age_ms: u64,
    /// True when a part is missing.
    pub partial: bool,
    /// What is missing.
    pub warnings: Vec<String>,
    /// The sentence.
    pub verdict: Verdict,
    /// The numbers.
    pub stats: Stats,
    /// Apps, worst first.
    pub services: Vec<ServicePain>,
    /// Latest first.
    pub changes: Vec<Change>,
    /// The stores.
    pub stores: Vec<StoreStatus>,
    /// App whose latency is drawn: the worst one.
    pub worst: Option<String>,
    /// Its latency in milliseconds: `p50`, `p95`, `usual` (its own value a day before, where known).
    pub latency: SeriesSet,
    /// Requests per second of all apps: `requests`, `failed`, `before` (a day before, where known).
    pub requests: SeriesSet,
    /// Where there is no traffic at all: what was checked and what came out, so that people know why.
    pub empty_checks: Vec<EmptyCheck>,
}

/// One of the five checks that tell why there is nothing to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EmptyCheck {
    /// The question.
    pub question: String,
    /// Whether it holds; absent when it could not be checked.
    pub passed: Option<bool>,
    /// What was found and what to do.
    pub finding: String,
}

/// The overview.
#[async_trait]
pub trait Overview: Send + Sync {
    /// The whole page.
    async fn page(&self, query: OverviewQuery) -> Result<OverviewPage, ApiError>;
    /// Why there is nothing to see: sidecars, scraping, window, namespace, tenant.
    async fn empty_checks(&self) -> Result<Vec<EmptyCheck>, ApiError>;
}
