//! What tsink's PromQL engine sees instead of the storage: aliases of [`super::plan`] resolve to the series of their
//! selector, fetched once for the whole range and cut per step. Everything else passes through.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use mesh::Labels;
use tsink::{
    DataPoint, Label, MetricSeries, QueryOptions, Result, Row, SeriesSelection, Storage, TsinkError,
    promql::types::{is_stale_nan_value, value_to_f64},
};

use super::plan::{Plan, Selector, Shown, alias_of, read_alias};

/// Most samples one query may hold, about 48 MB.
const MAX_SAMPLES: usize = 3_000_000;

/// The series of one alias.
type Series = Arc<Vec<Labelled>>;

/// Labels as tsink writes them, and samples by time.
type Labelled = (Vec<Label>, Vec<(i64, f64)>);

struct Fetched {
    from: i64,
    to: i64,
    series: Series,
}

/// A storage as one query sees it.
pub(super) struct View {
    storage: Arc<dyn Storage>,
    selectors: Vec<Selector>,
    names_as_labels: bool,
    range: (i64, i64),
    fetched: Mutex<HashMap<String, Fetched>>,
    overflowed: AtomicBool,
}

impl View {
    /// A view for evaluations of the plan between the two instants.
    pub(super) fn new(storage: Arc<dyn Storage>, plan: &Plan, range: (i64, i64)) -> Self {
        Self {
            storage,
            selectors: plan.selectors().to_vec(),
            names_as_labels: plan.names_as_labels(),
            range,
            fetched: Mutex::default(),
            overflowed: AtomicBool::new(false),
        }
    }

    /// The query was stopped because it read too much.
    pub(super) fn overflowed(&self) -> bool {
        self.overflowed.load(Ordering::Relaxed)
    }

    fn series(&self, alias: &str, number: usize, real: &str, start: i64, end: i64) -> Result<Series> {
        let mut fetched = self.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = fetched.get(alias)
            && known.from <= start
            && end <= known.to
        {
            return Ok(known.series.clone());
        }
        let Some(selector) = self.selectors.get(number) else { return Ok(Series::default()) };
        let planned = (
            self.range.0.saturating_sub(selector.reach.0),
            self.range.1.saturating_add(selector.reach.1).saturating_add(1),
        );
        // With an `@` modifier the engine asks for other times than planned; those are the same in every step.
        let (from, to) = if planned.0 <= start && end <= planned.1 { planned } else { (start, end) };
        let mut selection = selector.selection.clone().with_time_range(from, to);
        if selection.metric.is_none() {
            selection = selection.with_metric(real);
        }
        let held: usize = fetched.values().flat_map(|known| known.series.iter()).map(|(_, points)| points.len()).sum();
        let series = Arc::new(self.fetch(&selection, from, to, held)?);
        fetched.insert(alias.to_owned(), Fetched { from, to, series: series.clone() });
        Ok(series)
    }

    fn fetch(&self, selection: &SeriesSelection, from: i64, to: i64, mut held: usize) -> Result<Vec<Labelled>> {
        let mut series = Vec::new();
        let mut points = Vec::new();
        for MetricSeries { name, mut labels } in self.storage.select_series(selection)? {
            points.clear();
            self.storage.select_into(&name, &labels, from, to, &mut points)?;
            held = held.saturating_add(points.len());
            if held > MAX_SAMPLES {
                self.overflowed.store(true, Ordering::Relaxed);
                return Err(TsinkError::Other("too many samples".to_owned()));
            }
            let compact: Vec<(i64, f64)> = points.iter().map(|point| (point.timestamp, float(point))).collect();
            if !compact.is_empty() {
                if self.names_as_labels {
                    labels.push(Label::new("__name__", name));
                }
                series.push((labels, compact));
            }
        }
        Ok(series)
    }
}

/// The staleness marker survives as its own bit pattern, which is how tsink recognises it.
fn float(point: &DataPoint) -> f64 {
    if is_stale_nan_value(&point.value) {
        return f64::from_bits(tsink::promql::types::PROMETHEUS_STALE_NAN_BITS);
    }
    value_to_f64(&point.value)
}

impl Storage for View {
    fn select_all(&self, metric: &str, start: i64, end: i64) -> Result<Vec<(Vec<Label>, Vec<DataPoint>)>> {
        let Some((number, real)) = read_alias(metric) else {
            return self.storage.select_all(metric, start, end);
        };
        let series = self.series(metric, number, real, start, end)?;
        let cut = series.iter().filter_map(|(labels, points)| {
            let first = points.partition_point(|(at, _)| *at < start);
            let last = points.partition_point(|(at, _)| *at < end);
            let points: Vec<DataPoint> =
                points.get(first..last)?.iter().map(|&(at, value)| DataPoint::new(at, value)).collect();
            (!points.is_empty()).then(|| (labels.clone(), points))
        });
        Ok(cut.collect())
    }

    fn select_series(&self, selection: &SeriesSelection) -> Result<Vec<MetricSeries>> {
        let alias = selection.matchers.iter().find_map(|matcher| read_alias(&matcher.value));
        let Some((number, selector)) = alias.and_then(|(number, _)| Some((number, self.selectors.get(number)?))) else {
            return self.storage.select_series(selection);
        };
        let mut series = self.storage.select_series(&selector.selection)?;
        for one in &mut series {
            one.name = alias_of(number, &one.name);
        }
        Ok(series)
    }

    fn select(&self, metric: &str, labels: &[Label], start: i64, end: i64) -> Result<Vec<DataPoint>> {
        self.storage.select(metric, labels, start, end)
    }

    fn select_with_options(&self, metric: &str, options: QueryOptions) -> Result<Vec<DataPoint>> {
        self.storage.select_with_options(metric, options)
    }

    fn list_metrics(&self) -> Result<Vec<MetricSeries>> {
        self.storage.list_metrics()
    }

    fn insert_rows(&self, _rows: &[Row]) -> Result<()> {
        Err(TsinkError::UnsupportedOperation { operation: "insert_rows", reason: "a query only reads".to_owned() })
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// Shares label texts over the samples of one answer.
#[derive(Default)]
pub(super) struct Names(std::collections::HashSet<Arc<str>>);

impl Names {
    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let new: Arc<str> = Arc::from(text);
        self.0.insert(new.clone());
        new
    }

    /// Labels of a result.
    pub(super) fn labels(&mut self, shown: Shown<'_>, labels: &[Label]) -> Labels {
        let mut pairs = Vec::with_capacity(labels.len() + 1);
        for label in labels {
            if label.name != "__name__" || shown == Shown::AsLabelled {
                pairs.push((self.share(&label.name), self.share(&label.value)));
            }
        }
        if let Shown::Name(name) = shown {
            pairs.push((self.share("__name__"), self.share(name)));
        }
        Labels::new(pairs)
    }
}
