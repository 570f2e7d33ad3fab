//! The embedded metrics store: samples in the data directory ([`store`]), PromQL by tsink. It serves a laptop and a small
//! team; beyond one machine the portal points at a Prometheus.
//!
//! tsink evaluates PromQL almost as Prometheus does. [`plan`] rewrites a query so that most differences do not show;
//! what is left is listed in `tests/metrics_contract.rs`. [`view`] fetches each selector's series once per query.

mod open;
mod plan;
mod store;
mod sums;
mod view;

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant as Moment},
};

use async_trait::async_trait;
use contract::Timestamp;
use mesh::Labels;
use query::{Enforced, PromQl};
use tokio::sync::Semaphore;
use tsink::{
    TimestampPrecision,
    promql::{Engine, PromqlError, PromqlValue},
};

pub use open::Options;

use self::{plan::Plan, store::Store, view::View};
use super::{Instant, MetricsStore, Probe, RangeSeries, Ranged, Sample, check_range};
use crate::Error;

/// The value that ends a series: queries do not see it from there on. The same bit pattern as in Prometheus.
pub const STALE: f64 = f64::from_bits(tsink::promql::types::PROMETHEUS_STALE_NAN_BITS);

/// One sample to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Metric name.
    pub name: Arc<str>,
    /// Labels without `__name__`.
    pub labels: Labels,
    /// When it was observed.
    pub at: Timestamp,
    /// The value.
    pub value: f64,
}

/// The embedded store. Cloning shares it. A process may end without [`Embedded::close`]: what was written is on disk.
#[derive(Clone)]
pub struct Embedded {
    store: Arc<Store>,
    name: Arc<str>,
    deadline: Duration,
    max_samples: usize,
    readers: Arc<Semaphore>,
}

/// So many queries are evaluated at once; the others wait. More would only share the same cores and memory.
const READERS: usize = 2;

impl Embedded {
    /// Opens or creates the store. Blocks while the open hours are read, some 100 ms; call it before serving.
    ///
    /// # Errors
    /// [`Error::Internal`] when the directory cannot be used or another process holds it.
    pub fn open(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            store: Arc::new(Store::open(options).map_err(Error::internal)?),
            name: Arc::from(options.name.as_str()),
            deadline: options.deadline,
            max_samples: options.max_samples,
            readers: Arc::new(Semaphore::new(READERS)),
        })
    }

    /// Writes samples; on disk when it returns. Those older than the retention, further ahead than 15 minutes, or of an instant their series
    /// already has, are dropped and counted. History may come late; of a series, oldest first.
    ///
    /// # Errors
    /// [`Error::Upstream`] when the disk refuses.
    pub async fn write(&self, rows: Vec<Row>) -> Result<Written, Error> {
        if rows.is_empty() {
            return Ok(Written::default());
        }
        let store = self.store.clone();
        let written = tokio::task::spawn_blocking(move || store.write(&rows)).await.map_err(Error::internal)?;
        written.map_err(|error| self.broken(error))
    }

    /// Waits for a write that is going on; writes after this fail. The directory is free again when the last clone is
    /// dropped.
    pub async fn close(&self) {
        let store = self.store.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || store.close()).await {
            tracing::error!(%error, "the embedded metrics were not closed");
        }
    }

    /// How large it is.
    pub fn size(&self) -> Size {
        let (series, memory_bytes) = self.store.size();
        Size { series, memory_bytes }
    }

    fn broken(&self, source: impl Into<crate::Source>) -> Error {
        Error::Upstream {
            store: self.name.to_string(),
            why: "the embedded store failed".to_owned(),
            retry_after: None,
            source: Some(source.into()),
        }
    }

    /// Runs blocking work on its own thread, a few at a time, not longer than the deadline.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, Moment) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let until = Moment::now() + self.deadline;
        let timeout = || Error::Timeout { store: self.name.to_string() };
        let turn = tokio::time::timeout(self.deadline, self.readers.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| timeout())?.map_err(Error::internal)?;
        let this = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let outcome = work(&this, until);
            drop(turn);
            outcome
        });
        match tokio::time::timeout_at(until.into(), work).await {
            Ok(outcome) => outcome.map_err(Error::internal)?,
            Err(_) => Err(timeout()),
        }
    }

    /// Evaluates at one instant after another and hands each value to `take`.
    fn evaluate(
        &self,
        plan: &Plan,
        steps: impl Iterator<Item = i64>,
        range: (Timestamp, Timestamp),
        until: Moment,
        mut take: impl FnMut(i64, PromqlValue),
    ) -> Result<(), Error> {
        let text = plan.text(range);
        let view = Arc::new(View::new(self.store.clone(), self.max_samples, plan, (range.0.0, range.1.0)));
        let engine = Engine::with_precision(view.clone(), TimestampPrecision::Milliseconds);
        for at in steps {
            if Moment::now() >= until {
                return Err(Error::Timeout { store: self.name.to_string() });
            }
            let value = engine.instant_query(&text, at).map_err(|error| self.refused(error, &view))?;
            take(at, value);
        }
        Ok(())
    }

    fn refused(&self, error: PromqlError, view: &View) -> Error {
        if view.overflowed() {
            return Error::invalid("/query", "The query reads too many samples; narrow it or shorten the range.");
        }
        match error {
            PromqlError::Storage(source) => self.broken(source),
            PromqlError::UnknownFunction(name) => {
                Error::invalid("/query", format!("The embedded store does not know the function {name}."))
            }
            PromqlError::Parse(_)
            | PromqlError::UnexpectedToken { .. }
            | PromqlError::ArgumentCount { .. }
            | PromqlError::Type(_)
            | PromqlError::Eval(_)
            | PromqlError::Regex(_) => {
                tracing::debug!(%error, "the embedded store refused a query");
                Error::invalid(
                    "/query",
                    format!("The embedded store cannot evaluate it: {}", plan::without_aliases(&error.to_string())),
                )
            }
        }
    }
}

/// What became of written samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Stored.
    pub stored: usize,
    /// Not stored: too old, from the future, or already there.
    pub dropped: usize,
}

/// How large the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Series with samples.
    pub series: usize,
    /// Bytes of samples and of indexes in memory.
    pub memory_bytes: usize,
}

#[async_trait]
impl MetricsStore for Embedded {
    async fn query(&self, query: &Enforced<PromQl>, at: Timestamp) -> Result<Instant, Error> {
        let plan = Plan::parse(query.get().as_str())?;
        self.blocking(move |this, until| {
            let mut samples = Vec::new();
            let mut names = view::Names::default();
            this.evaluate(&plan, std::iter::once(at.0), (at, at), until, |_, value| match value {
                PromqlValue::Scalar(value, _) => samples.push(Sample { labels: Labels::default(), value }),
                PromqlValue::InstantVector(vector) => samples.extend(vector.into_iter().map(|sample| Sample {
                    labels: names.labels(plan.shown_name(&sample.metric), &sample.labels),
                    value: sample.value,
                })),
                PromqlValue::RangeVector(_) | PromqlValue::String(..) => {}
            })?;
            Ok(Instant { samples, warnings: Vec::new() })
        })
        .await
    }

    async fn query_range(
        &self,
        query: &Enforced<PromQl>,
        from: Timestamp,
        to: Timestamp,
        step_secs: u64,
    ) -> Result<Ranged, Error> {
        check_range(from, to, step_secs)?;
        let plan = Plan::parse(query.get().as_str())?;
        let step = usize::try_from(step_secs.saturating_mul(1000)).map_err(Error::internal)?;
        self.blocking(move |this, until| {
            let mut series: Vec<RangeSeries> = Vec::new();
            let mut places: HashMap<Labels, usize> = HashMap::new();
            let mut names = view::Names::default();
            let mut push = |labels: Labels, at: i64, value: f64| {
                let place = *places.entry(labels).or_insert_with_key(|labels| {
                    series.push(RangeSeries { labels: labels.clone(), points: Vec::new() });
                    series.len() - 1
                });
                series[place].points.push((Timestamp(at), value));
            };
            this.evaluate(&plan, (from.0..=to.0).step_by(step), (from, to), until, |at, value| match value {
                PromqlValue::Scalar(value, _) => push(Labels::default(), at, value),
                PromqlValue::InstantVector(vector) => {
                    for sample in vector {
                        push(names.labels(plan.shown_name(&sample.metric), &sample.labels), at, sample.value);
                    }
                }
                PromqlValue::RangeVector(_) | PromqlValue::String(..) => {}
            })?;
            series.sort_by(|a, b| a.labels.cmp(&b.labels));
            Ok(Ranged { series, warnings: Vec::new() })
        })
        .await
    }

    async fn label_values(
        &self,
        name: &str,
        matchers: &Enforced<Vec<String>>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let selections = matchers.get().iter().map(|text| plan::selection(text)).collect::<Result<Vec<_>, _>>()?;
        let name = name.to_owned();
        self.blocking(move |this, _| {
            let mut values = std::collections::BTreeSet::new();
            for selection in selections {
                this.store.select(&selection, from.0, to.0.saturating_add(1), |metric, labels| {
                    let value = if name == "__name__" { metric } else { labels.get(&name) };
                    if !values.contains(value) {
                        values.insert(value.to_owned());
                    }
                });
            }
            values.remove("");
            Ok(values.into_iter().collect())
        })
        .await
    }

    async fn probe(&self) -> Result<Probe, Error> {
        self.blocking(|this, _| {
            let nothing = store::Selection { name: Some("up".to_owned()), matchers: Vec::new() };
            this.store.read(&nothing, 0, 1, 0).map_err(|error| this.broken(error))?;
            Ok(Probe { version: "embedded".to_owned() })
        })
        .await
    }
}
