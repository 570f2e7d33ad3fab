//! The curves of the history: counters that follow the day, shares of a log-normal latency, sawtooths of certificates.

use crate::{
    topology::{Latency, Workload},
    traffic::{REAL_DAY_MS, shape},
};

/// The instants of the history, oldest first; the last one is now.
#[derive(Clone, Debug)]
pub struct Clock {
    now_ms: i64,
    step_ms: i64,
    steps: i64,
}

impl Clock {
    /// So many hours back in steps of so many seconds. A step of zero counts as one second.
    pub fn new(now_ms: i64, hours: u32, step_secs: u32) -> Self {
        let step_ms = i64::from(step_secs.max(1)) * 1000;
        Self { now_ms, step_ms, steps: i64::from(hours) * 3_600_000 / step_ms }
    }

    fn instants(&self) -> impl Iterator<Item = i64> + '_ {
        (0..=self.steps).map(|i| self.now_ms - (self.steps - i) * self.step_ms)
    }
}

/// A counter that grows by this much per second at the busiest time, given the pace of the service at the moment: 1 as
/// usual, more when slower.
pub fn counter(clock: &Clock, service: &str, at_peak_per_sec: impl Fn(f64) -> f64) -> Vec<(i64, f64)> {
    let own = service.bytes().fold(1, |sum: i64, byte| sum.wrapping_mul(31).wrapping_add(i64::from(byte)));
    let step_secs = clock.step_ms as f64 / 1000.0;
    let mut total = 0.0;
    let point = |(i, at): (usize, i64)| {
        if i > 0 {
            let step = at / clock.step_ms;
            let traffic = shape(at, REAL_DAY_MS) * (0.96 + 0.08 * chance(step));
            total += at_peak_per_sec(0.93 + 0.14 * chance(step ^ (own << 40))) * traffic * step_secs;
        }
        (at, total)
    };
    clock.instants().enumerate().map(point).collect()
}

/// A number between 0 and 1, the same for all series of a service at the same time, so that sums and ratios between them
/// stay right.
fn chance(step: i64) -> f64 {
    // SplitMix64's finaliser: any good mixing will do.
    let mut z = step.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Share of log-normal times below a bound, milliseconds.
pub fn share_below(bound_ms: f64, time: Latency) -> f64 {
    let z = (bound_ms / time.median_ms).ln() / time.sigma;
    0.5 * (1.0 + erf(z / std::f64::consts::SQRT_2))
}

/// Error function, Abramowitz and Stegun 7.1.26; off by less than 1.5e-7.
fn erf(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let poly =
        t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    (1.0 - poly * (-x * x).exp()).copysign(x)
}

/// Seconds left of a workload's leaf: renewed at half of ten minutes for most; `email` has held the same since twenty
/// hours ago and missed its renewal eight hours ago.
pub fn expiry(clock: &Clock, workload: &Workload) -> Vec<(i64, f64)> {
    const HOUR_MS: i64 = 3_600_000;
    let spread_ms = workload.name.bytes().map(i64::from).sum::<i64>() * 1000;
    let left_ms = |at: i64| match workload.name {
        "email" => {
            let end = clock.now_ms + 4 * HOUR_MS;
            // The leaf before that one was renewed in time, at half of its day.
            if at >= clock.now_ms - 20 * HOUR_MS { end - at } else { end - 12 * HOUR_MS - at }
        }
        _ => 600_000 - (at + spread_ms).rem_euclid(300_000),
    };
    clock.instants().map(|at| (at, (left_ms(at) / 1000) as f64)).collect()
}
