//! Time series: the trait every metrics store answers to, and its implementations. What is asked about the mesh stands
//! in the slices; that a query stays within a tenant is `query`'s business, seen here as [`Enforced`].

pub mod embedded;
mod guarded;
pub mod prometheus;

use async_trait::async_trait;
use contract::Timestamp;
use mesh::Labels;
use query::{Enforced, PromQl};

pub use guarded::{Guarded, Switch};

use crate::Error;

/// One sample of an instant query.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Labels, with `__name__` where Prometheus keeps it.
    pub labels: Labels,
    /// Value; may be NaN or infinite.
    pub value: f64,
}

/// Answer of an instant query. A scalar answers as one sample without labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instant {
    /// Samples in the order of the store.
    pub samples: Vec<Sample>,
    /// What the store said is missing or doubtful.
    pub warnings: Vec<String>,
}

/// One series of a range query.
#[derive(Clone, Debug, PartialEq)]
pub struct RangeSeries {
    /// Labels, with `__name__` where Prometheus keeps it.
    pub labels: Labels,
    /// Points by time; steps without a value are left out.
    pub points: Vec<(Timestamp, f64)>,
}

/// Answer of a range query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranged {
    /// Series in the order of the store.
    pub series: Vec<RangeSeries>,
    /// What the store said is missing or doubtful.
    pub warnings: Vec<String>,
}

/// What a store says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Version, empty when it does not say.
    pub version: String,
}

/// Largest number of points per series of a range query, as in Prometheus.
pub const MAX_POINTS: u64 = 11_000;

/// A store of time series that understands PromQL.
///
/// Every implementation passes the contract suite in `tests/metrics_contract.rs`. Errors: [`Error::Invalid`] for a query
/// the store refuses, [`Error::Timeout`] and [`Error::Upstream`] for the store's own failures.
#[async_trait]
pub trait MetricsStore: Send + Sync {
    /// The query's value at an instant.
    async fn query(&self, query: &Enforced<PromQl>, at: Timestamp) -> Result<Instant, Error>;

    /// The query's value at `from`, `from + step`, … up to `to`. At most [`MAX_POINTS`] steps.
    async fn query_range(
        &self,
        query: &Enforced<PromQl>,
        from: Timestamp,
        to: Timestamp,
        step_secs: u64,
    ) -> Result<Ranged, Error>;

    /// The values of a label on series that match one of the selectors and have samples in the range, sorted.
    async fn label_values(
        &self,
        name: &str,
        matchers: &Enforced<Vec<String>>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<String>, Error>;

    /// Asks for a sign of life.
    async fn probe(&self) -> Result<Probe, Error>;
}

/// Refuses ranges no store accepts.
pub(crate) fn check_range(from: Timestamp, to: Timestamp, step_secs: u64) -> Result<(), Error> {
    if step_secs == 0 {
        return Err(Error::invalid("/step", "write a step of at least one second"));
    }
    if from > to {
        return Err(Error::invalid("/from", "the range ends before it starts"));
    }
    if (to.0.abs_diff(from.0) / 1000) / step_secs > MAX_POINTS {
        return Err(Error::invalid(
            "/step",
            format!("that is more than {MAX_POINTS} points per series; take a larger step"),
        ));
    }
    Ok(())
}
