//! What values are measured in, and how they are written. Only multiplication and division by constants, no logarithms:
//! those differ in the last bit between platforms.

#[cfg(test)]
mod tests;

/// What the values of a chart are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Events per second.
    PerSecond,
    /// Milliseconds.
    Millis,
    /// Per cent, 0 to 100.
    Percent,
    /// Bytes.
    Bytes,
    /// A number of things.
    Count,
}

/// One way to write the values of a unit: divided by `divisor`, followed by `suffix`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct UnitScale {
    pub(crate) divisor: f64,
    pub(crate) suffix: &'static str,
    /// Ticks are powers of two, for bytes.
    pub(crate) binary: bool,
}

const fn decimal(divisor: f64, suffix: &'static str) -> UnitScale {
    UnitScale { divisor, suffix, binary: false }
}

const fn binary(divisor: f64, suffix: &'static str) -> UnitScale {
    UnitScale { divisor, suffix, binary: true }
}

/// Each scale with the magnitude from which it is used, ascending.
type Scales = &'static [(f64, UnitScale)];

const PER_SECOND: Scales = &[
    (0.0, decimal(1.0, "/s")),
    (10_000.0, decimal(1.0e3, "k/s")),
    (10_000_000.0, decimal(1.0e6, "M/s")),
    (1.0e10, decimal(1.0e9, "G/s")),
];
const MILLIS: Scales = &[
    (0.0, decimal(1.0e-3, " µs")),
    (1.0, decimal(1.0, " ms")),
    (1_000.0, decimal(1.0e3, " s")),
    (120_000.0, decimal(6.0e4, " min")),
    (7_200_000.0, decimal(3.6e6, " h")),
];
const PERCENT: Scales = &[(0.0, decimal(1.0, " %"))];
const BYTES: Scales = &[
    (0.0, binary(1.0, " B")),
    (1_024.0, binary(1_024.0, " KiB")),
    (1_048_576.0, binary(1_048_576.0, " MiB")),
    (1_073_741_824.0, binary(1_073_741_824.0, " GiB")),
    (1_099_511_627_776.0, binary(1_099_511_627_776.0, " TiB")),
];
const COUNT: Scales = &[
    (0.0, decimal(1.0, "")),
    (10_000.0, decimal(1.0e3, "k")),
    (10_000_000.0, decimal(1.0e6, "M")),
    (1.0e10, decimal(1.0e9, "G")),
];

impl Unit {
    /// How an axis up to `magnitude` is written. Zero is written in the unit's own scale.
    pub(crate) fn scale(self, magnitude: f64) -> UnitScale {
        let (scales, zero) = match self {
            Unit::PerSecond => (PER_SECOND, 0),
            Unit::Millis => (MILLIS, 1),
            Unit::Percent => (PERCENT, 0),
            Unit::Bytes => (BYTES, 0),
            Unit::Count => (COUNT, 0),
        };
        let magnitude = magnitude.abs();
        let found = if magnitude > 0.0 { scales.iter().rposition(|(from, _)| magnitude >= *from) } else { None };
        scales[found.unwrap_or(zero)].1
    }

    /// A value with its unit, at most three significant digits unless it is a large whole number: `812 ms`, `1.9 s`,
    /// `41.3/s`, `8.2 %`. What is not a number becomes `no value`.
    pub fn format(self, value: f64) -> String {
        if !value.is_finite() {
            return "no value".to_owned();
        }
        let scale = self.scale(value);
        let shown = value / scale.divisor;
        format!("{}{}", significant(shown), scale.suffix)
    }
}

/// Three significant digits, without trailing zeros; beyond 10^15 in powers of ten.
fn significant(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 1.0e15 {
        return format!("{value:.1e}");
    }
    let decimals = match magnitude {
        magnitude if magnitude >= 99.95 => 0,
        magnitude if magnitude >= 9.995 => 1,
        magnitude if magnitude >= 0.0995 => 2,
        _ => 3,
    };
    trimmed(value, decimals)
}

/// `value` with at most `decimals` decimals and no trailing zeros; never `-0`.
pub(crate) fn trimmed(value: f64, decimals: usize) -> String {
    let mut text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if text == "-0" { "0".to_owned() } else { text }
}
