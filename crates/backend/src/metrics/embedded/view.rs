//! What tsink's PromQL engine sees as its storage: aliases of [`super::plan`] resolve to the series of their selector,
//! fetched once for the whole range and cut per step. Selectors without an alias are those of `absent`.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use mesh::Labels;
use promql_parser::{
    label::{MatchOp, Matcher},
    parser::token::{T_EQL_REGEX, T_NEQ_REGEX},
};
use tsink::{
    DataPoint, Label, MetricSeries, QueryOptions, Result, Row, SeriesMatcher, SeriesMatcherOp, SeriesSelection,
    Storage, TsinkError,
};

use super::{
    plan::{Plan, Selector, Shown, alias_of, read_alias},
    store::{Found, Selection, Store, StoreError},
    sums::{Grouped, Sum},
};

/// Labels as tsink wants them, and samples by time.
type Labelled = (Vec<Label>, Vec<(i64, f64)>);

/// The series of one alias.
type Series = Arc<Vec<Labelled>>;

struct Fetched {
    from: i64,
    to: i64,
    series: Series,
}

/// A sum with the range its samples are of.
struct Summed {
    from: i64,
    to: i64,
    grouped: Arc<Grouped>,
}

/// The store as one query sees it.
pub(super) struct View {
    store: Arc<Store>,
    max_samples: usize,
    selectors: Vec<Selector>,
    names_as_labels: bool,
    range: (i64, i64),
    fetched: Mutex<HashMap<String, Fetched>>,
    sums: Mutex<HashMap<usize, Summed>>,
    overflowed: AtomicBool,
}

impl View {
    /// A view for evaluations of the plan between the two instants.
    pub(super) fn new(store: Arc<Store>, max_samples: usize, plan: &Plan, range: (i64, i64)) -> Self {
        Self {
            store,
            max_samples,
            selectors: plan.selectors().to_vec(),
            names_as_labels: plan.names_as_labels(),
            range,
            fetched: Mutex::default(),
            sums: Mutex::default(),
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
        let (from, to) = self.planned(selector, start, end);
        let mut selection = selector.selection.clone();
        if selection.name.is_none() {
            selection.name = Some(real.to_owned());
        }
        let held: usize = fetched.values().flat_map(|known| known.series.iter()).map(|(_, points)| points.len()).sum();
        let series = Arc::new(self.fetch(&selection, from, to, held)?);
        fetched.insert(alias.to_owned(), Fetched { from, to, series: series.clone() });
        Ok(series)
    }

    /// What to fetch so that all steps are served. With an `@` modifier the engine asks for other times than planned; those
    /// are the same in every step.
    fn planned(&self, selector: &Selector, start: i64, end: i64) -> (i64, i64) {
        let planned = (
            self.range.0.saturating_sub(selector.reach.0),
            self.range.1.saturating_add(selector.reach.1).saturating_add(1),
        );
        if planned.0 <= start && end <= planned.1 { planned } else { (start, end) }
    }

    /// The groups of a sum with the samples of at least `[start, end)`.
    fn grouped(&self, number: usize, selector: &Selector, sum: &Sum, start: i64, end: i64) -> Result<Arc<Grouped>> {
        let mut sums = self.sums.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sums.get(&number)
            && known.from <= start
            && end <= known.to
        {
            return Ok(known.grouped.clone());
        }
        let (from, to) = self.planned(selector, start, end);
        let held = sums.values().map(|known| known.grouped.len()).sum();
        let grouped = Arc::new(Grouped::new(sum.clone(), self.read(&selector.selection, from, to, held)?));
        sums.insert(number, Summed { from, to, grouped: grouped.clone() });
        Ok(grouped)
    }

    fn read(&self, selection: &Selection, from: i64, to: i64, held: usize) -> Result<Vec<Found>> {
        self.store.read(selection, from, to, self.max_samples.saturating_sub(held)).map_err(|error| {
            self.overflowed.fetch_or(matches!(error, StoreError::TooMany(_)), Ordering::Relaxed);
            TsinkError::Other(error.to_string())
        })
    }

    fn fetch(&self, selection: &Selection, from: i64, to: i64, held: usize) -> Result<Vec<Labelled>> {
        let series = self.read(selection, from, to, held)?.into_iter().map(|Found { name, labels, samples }| {
            let mut labels = as_tsink(&labels);
            if self.names_as_labels {
                labels.push(Label::new("__name__", &*name));
            }
            (labels, samples)
        });
        Ok(series.collect())
    }
}

fn as_tsink(labels: &Labels) -> Vec<Label> {
    labels.iter().map(|(name, value)| Label::new(name, value)).collect()
}

/// A selection of tsink's as ours.
fn ours(selection: &SeriesSelection) -> Result<Selection> {
    let matcher = |SeriesMatcher { name, op, value }: &SeriesMatcher| match op {
        SeriesMatcherOp::Equal => Ok(Matcher::new(MatchOp::Equal, name, value)),
        SeriesMatcherOp::NotEqual => Ok(Matcher::new(MatchOp::NotEqual, name, value)),
        SeriesMatcherOp::RegexMatch => Matcher::new_matcher(T_EQL_REGEX, name.clone(), value.clone()),
        SeriesMatcherOp::RegexNoMatch => Matcher::new_matcher(T_NEQ_REGEX, name.clone(), value.clone()),
    };
    let matchers =
        selection.matchers.iter().map(matcher).collect::<std::result::Result<_, _>>().map_err(TsinkError::Other)?;
    Ok(Selection { name: selection.metric.clone(), matchers })
}

fn points(samples: &[(i64, f64)]) -> Vec<DataPoint> {
    samples.iter().map(|&(at, value)| DataPoint::new(at, value)).collect()
}

impl Storage for View {
    fn select_all(&self, metric: &str, start: i64, end: i64) -> Result<Vec<(Vec<Label>, Vec<DataPoint>)>> {
        let Some((number, real)) = read_alias(metric) else {
            let selection = Selection { name: Some(metric.to_owned()), matchers: Vec::new() };
            let found = self.fetch(&selection, start, end, 0)?;
            return Ok(found.into_iter().map(|(labels, samples)| (labels, points(&samples))).collect());
        };
        if let Some((selector, sum)) = self.selectors.get(number).and_then(|one| Some((one, one.sum.as_ref()?))) {
            // The engine asks for what lies before an instant; a sum stands at the instant itself.
            let at = end.saturating_sub(1);
            let grouped = self.grouped(number, selector, sum, at.saturating_sub(sum.range_ms), end)?;
            let sums = grouped.at(at).into_iter();
            return Ok(sums.map(|(labels, value)| (labels, vec![DataPoint::new(at, value)])).collect());
        }
        let series = self.series(metric, number, real, start, end)?;
        let cut = series.iter().filter_map(|(labels, samples)| {
            let first = samples.partition_point(|(at, _)| *at < start);
            let last = samples.partition_point(|(at, _)| *at < end);
            let points = points(samples.get(first..last)?);
            (!points.is_empty()).then(|| (labels.clone(), points))
        });
        Ok(cut.collect())
    }

    fn select_series(&self, selection: &SeriesSelection) -> Result<Vec<MetricSeries>> {
        let alias = selection.matchers.iter().find_map(|matcher| read_alias(&matcher.value));
        let aliased = alias.and_then(|(number, _)| Some((number, self.selectors.get(number)?)));
        let mut found = Vec::new();
        let (selection, number) = match aliased {
            Some((number, selector)) => (selector.selection.clone(), Some(number)),
            None => (ours(selection)?, None),
        };
        self.store.select(&selection, i64::MIN, i64::MAX, |name, labels| {
            let name = number.map_or_else(|| name.to_string(), |number| alias_of(number, name));
            found.push(MetricSeries { name, labels: as_tsink(labels) });
        });
        Ok(found)
    }

    fn select(&self, metric: &str, labels: &[Label], start: i64, end: i64) -> Result<Vec<DataPoint>> {
        let all = self.select_all(metric, start, end)?;
        Ok(all.into_iter().find(|(own, _)| own == labels).map(|(_, points)| points).unwrap_or_default())
    }

    fn select_with_options(&self, metric: &str, options: QueryOptions) -> Result<Vec<DataPoint>> {
        self.select(metric, &options.labels, options.start, options.end)
    }

    fn list_metrics(&self) -> Result<Vec<MetricSeries>> {
        self.select_series(&SeriesSelection::new())
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
