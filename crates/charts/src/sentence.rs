//! A chart in words, for people who do not see it.

use crate::chart::{Line, TimeChart};
use crate::number::{drawable, to_f64};
use crate::time::clock_label;
use crate::unit::Unit;

/// Change, as a share of the range of values, below which a series counts as steady.
const STEADY_SHARE: f64 = 0.15;

/// One sentence per series, after the span of time: lowest, highest, last value and where it is heading. Values of
/// [`crate::SeriesStyle::Usual`] are left out: they are a reference, not news.
pub fn sentence(chart: &TimeChart<'_>) -> String {
    let mut text = match chart.grid.len {
        0 => "No points in time.".to_owned(),
        _ => {
            let with_seconds = !chart.grid.step_ms.is_multiple_of(60_000);
            format!(
                "From {} to {} UTC.",
                clock_label(chart.grid.start_ms, with_seconds),
                clock_label(chart.grid.end_ms(), with_seconds)
            )
        }
    };
    for line in chart.lines.iter().filter(|line| line.style != crate::SeriesStyle::Usual) {
        text.push(' ');
        if line.name.is_empty() {
            text.push_str(&sentence_of(line, chart.unit));
        } else {
            text.push_str(line.name);
            text.push_str(": ");
            text.push_str(&sentence_of(line, chart.unit));
        }
    }
    for mark in &chart.marks {
        text.push_str(&format!(" {} at {}.", mark.label, clock_label(mark.at_ms, false)));
    }
    text
}

fn sentence_of(line: &Line<'_>, unit: Unit) -> String {
    let values: Vec<f64> = line.values.iter().filter_map(|value| drawable(*value)).collect();
    let Some(last) = values.last().copied() else { return "no values.".to_owned() };
    let low = values.iter().copied().fold(last, f64::min);
    let high = values.iter().copied().fold(last, f64::max);
    if low == high {
        return format!("steady at {}.", unit.format(last));
    }
    format!(
        "lowest {}, highest {}, last {}, {}.",
        unit.format(low),
        unit.format(high),
        unit.format(last),
        trend(&values, low, high)
    )
}

/// Compares the mean of the last third with that of the first.
fn trend(values: &[f64], low: f64, high: f64) -> &'static str {
    let third = values.len().div_ceil(3);
    let mean = |part: &[f64]| part.iter().map(|value| value / to_f64(part.len())).sum::<f64>();
    let change = mean(&values[values.len() - third..]) - mean(&values[..third]);
    if change.abs() < (high - low) * STEADY_SHARE {
        "steady"
    } else if change > 0.0 {
        "rising"
    } else {
        "falling"
    }
}
