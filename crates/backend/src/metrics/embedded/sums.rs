//! `sum by (…) (rate(…))` and the same of `increase`, evaluated on our own samples: nearly every question of a graph or a
//! chart is one, and tsink would copy every label of every series for each step of it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use mesh::Labels;
use promql_parser::parser::{AggregateExpr, Call, Expr, LabelModifier, MatrixSelector, ParenExpr, VectorSelector};
use tsink::Label;

use super::{plan::millis, store::Found};

/// What is summed, and by what.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sum {
    by: Vec<String>,
    /// The window, milliseconds.
    pub(super) range_ms: i64,
    /// A rate, rather than an increase.
    per_second: bool,
}

/// The sum an expression is, with its selector; none for anything else.
pub(super) fn sum_of(expr: &Expr) -> Option<(Sum, VectorSelector)> {
    let Expr::Aggregate(AggregateExpr { op, expr, param: None, modifier }) = expr else { return None };
    let mut by = match modifier {
        None => Vec::new(),
        Some(LabelModifier::Include(labels)) => labels.labels.clone(),
        Some(LabelModifier::Exclude(_)) => return None,
    };
    by.sort_unstable();
    by.dedup();
    let Expr::Call(Call { func, args }) = without_parens(expr) else { return None };
    let per_second = match func.name {
        "rate" => true,
        "increase" => false,
        _ => return None,
    };
    let Expr::MatrixSelector(MatrixSelector { vs, range }) = without_parens(args.args.first()?) else { return None };
    let plain = op.to_string() == "sum" && vs.offset.is_none() && vs.at.is_none();
    plain.then(|| (Sum { by, range_ms: millis(range), per_second }, vs.clone()))
}

fn without_parens(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(ParenExpr { expr }) => without_parens(expr),
        other => other,
    }
}

/// The samples of a sum, grouped.
pub(super) struct Grouped {
    sum: Sum,
    groups: Vec<Vec<Label>>,
    /// Each with its group.
    series: Vec<(usize, Vec<(i64, f64)>)>,
    /// The latest answer: a quantile asks for the same sum once per quantile.
    latest: Mutex<Option<(i64, Vec<Option<f64>>)>>,
}

impl Grouped {
    pub(super) fn new(sum: Sum, found: Vec<Found>) -> Self {
        let mut places: BTreeMap<Vec<String>, usize> = BTreeMap::new();
        let mut groups = Vec::new();
        let mut group_of = |labels: &Labels| {
            let key: Vec<String> = sum.by.iter().map(|name| labels.get(name).to_owned()).collect();
            *places.entry(key).or_insert_with_key(|key| {
                let pairs = sum.by.iter().zip(key).filter(|(_, value)| !value.is_empty());
                groups.push(pairs.map(|(name, value)| Label::new(name, value)).collect());
                groups.len() - 1
            })
        };
        let series = found.into_iter().map(|one| {
            // The mark of an ended series is no sample of a window.
            let samples = one.samples.into_iter().filter(|(_, value)| value.to_bits() != super::STALE.to_bits());
            (group_of(&one.labels), samples.collect())
        });
        let series = series.collect();
        Self { sum, groups, series, latest: Mutex::default() }
    }

    /// Samples held.
    pub(super) fn len(&self) -> usize {
        self.series.iter().map(|(_, samples)| samples.len()).sum()
    }

    /// The labels and the sum of each group at an instant.
    pub(super) fn at(&self, at: i64) -> Vec<(Vec<Label>, f64)> {
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.as_ref().is_none_or(|(known, _)| *known != at) {
            let mut sums: Vec<Option<f64>> = vec![None; self.groups.len()];
            for (group, samples) in &self.series {
                let first = samples.partition_point(|(time, _)| *time <= at - self.sum.range_ms);
                let last = samples.partition_point(|(time, _)| *time <= at);
                if let Some(increase) = increase(&samples[first..last], at, self.sum.range_ms) {
                    let value =
                        if self.sum.per_second { increase / (self.sum.range_ms as f64 / 1000.0) } else { increase };
                    *sums[*group].get_or_insert(0.0) += value;
                }
            }
            *latest = Some((at, sums));
        }
        let sums = latest.iter().flat_map(|(_, sums)| sums);
        self.groups.iter().zip(sums).filter_map(|(labels, sum)| Some((labels.clone(), (*sum)?))).collect()
    }
}

/// How much a counter grew in the window that ends `at`, extrapolated to its borders as Prometheus does
/// (`promql/functions.go`, `extrapolatedRate`): to a border when a sample would be due within it, half a distance beyond
/// otherwise, and never to before the counter was zero.
fn increase(samples: &[(i64, f64)], at: i64, range_ms: i64) -> Option<f64> {
    let ([(first_at, first), .., (last_at, last)], pairs) = (samples, samples.windows(2)) else { return None };
    let resets: f64 = pairs.filter(|pair| pair[1].1 < pair[0].1).map(|pair| pair[0].1).sum();
    let grown = last - first + resets;
    let sampled = (last_at - first_at) as f64 / 1000.0;
    let distance = sampled / (samples.len() - 1) as f64;
    let mut to_start = (first_at - (at - range_ms)) as f64 / 1000.0;
    let to_end = (at - last_at) as f64 / 1000.0;
    if grown > 0.0 && *first >= 0.0 {
        to_start = to_start.min(sampled * (first / grown));
    }
    let beyond = |gap: f64| if gap < distance * 1.1 { gap } else { distance / 2.0 };
    Some(grown * (sampled + beyond(to_start) + beyond(to_end)) / sampled)
}
