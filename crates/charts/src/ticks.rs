//! Round numbers for the value axis.

#[cfg(test)]
mod tests;

use crate::unit::{Unit, UnitScale, trimmed};

/// The value axis: from where to where, and what is written beside it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ValueAxis {
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Value and label, from below; only the topmost carries the unit.
    pub(crate) ticks: Vec<(f64, String)>,
}

/// Steps between ticks within one power of the base.
const DECIMAL_STEPS: [f64; 5] = [1.0, 2.0, 2.5, 5.0, 10.0];
const BINARY_STEPS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// An axis that holds `low..=high` in at most `intervals` equal, round parts; two at least, because a range around zero
/// has a part on each side.
pub(crate) fn value_axis(low: f64, high: f64, intervals: usize, unit: Unit) -> ValueAxis {
    let scale = unit.scale(low.abs().max(high.abs()));
    let (low, high) = (low / scale.divisor, high / scale.divisor);
    let step = round_step(low, high, intervals.max(2), scale);
    let first = (low / step).floor();
    let last = (high / step).ceil().max(first + 1.0);
    let decimals = decimals_of(step);
    let mut ticks = Vec::new();
    let mut index = first;
    while index <= last && ticks.len() <= intervals.max(2) + 1 {
        let value = index * step;
        ticks.push((value * scale.divisor, label(value, decimals)));
        index += 1.0;
    }
    if let Some((_, label)) = ticks.last_mut() {
        label.push_str(scale.suffix);
    }
    ValueAxis { low: first * step * scale.divisor, high: last * step * scale.divisor, ticks }
}

/// The smallest round step that covers the range in `intervals` parts.
fn round_step(low: f64, high: f64, intervals: usize, scale: UnitScale) -> f64 {
    let parts = crate::number::to_f64(intervals);
    let wide = (high - low).max(high.abs().max(low.abs()) * 1.0e-9).max(1.0e-9);
    let (steps, base): (&[f64], f64) = if scale.binary { (&BINARY_STEPS, 1024.0) } else { (&DECIMAL_STEPS, 10.0) };
    // Bounded: a power of ten per turn, and drawable values end at 10^300.
    let mut power = 1.0;
    while power > wide / parts && power > 1.0e-12 {
        power /= base;
    }
    loop {
        for step in steps {
            let step = step * power;
            let covered = (high / step).ceil() - (low / step).floor();
            if covered <= parts {
                return step;
            }
        }
        power *= base;
    }
}

/// Decimals needed so that multiples of `step` are written exactly.
fn decimals_of(step: f64) -> usize {
    let mut decimals = 0;
    let mut scaled = step;
    while decimals < 12 && (scaled - scaled.round()).abs() > scaled.abs() * 1.0e-6 {
        scaled *= 10.0;
        decimals += 1;
    }
    decimals
}

fn label(value: f64, decimals: usize) -> String {
    if value.abs() >= 1.0e15 { format!("{value:.1e}") } else { trimmed(value, decimals) }
}
