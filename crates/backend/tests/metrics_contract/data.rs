//! The series both stores hold: counters with a reset, a histogram, gauges with odd values, series that end early, and
//! series whose labels are a part of another's. Samples lie 5 s after every quarter of a minute, so that none lies on the
//! edge of a window that ends at a whole minute (Prometheus 2 and 3 treat that edge differently).

use std::fmt::Write;

use backend::metrics::embedded::Row;
use contract::Timestamp;
use mesh::Labels;

/// Length of the data, seconds.
pub const LENGTH_SECS: i64 = 3600;
/// Distance of samples, seconds.
const EVERY_SECS: i64 = 15;

/// All samples, and the whole minute at which they begin.
pub struct Data {
    pub start: Timestamp,
    pub rows: Vec<Row>,
}

impl Data {
    /// An hour of samples that ends about an hour before `now`, beginning at a whole hour.
    pub fn ending_before(now: Timestamp) -> Self {
        let start = Timestamp::from_secs((now.as_secs() - 3 * 3600).div_euclid(3600) * 3600);
        let mut rows = Vec::new();
        for place in 0..LENGTH_SECS / EVERY_SECS {
            let at = Timestamp(start.0 + (place * EVERY_SECS + 5) * 1000);
            samples(place, |name, labels, value| {
                rows.push(Row { name: name.into(), labels: Labels::from_pairs(labels.iter().copied()), at, value });
            });
        }
        Self { start, rows }
    }

    /// The instant so many seconds after the start.
    pub fn at(&self, secs: i64) -> Timestamp {
        Timestamp(self.start.0 + secs * 1000)
    }

    /// The same as OpenMetrics text.
    pub fn open_metrics(&self) -> String {
        let mut text = String::new();
        for Row { name, labels, at, value } in &self.rows {
            let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
            let value = match value {
                value if value.is_nan() => "NaN".to_owned(),
                value if value.is_infinite() => "+Inf".to_owned(),
                value => value.to_string(),
            };
            writeln!(text, "{name}{{{}}} {value} {}", labels.join(","), at.as_secs_f64()).expect("a string takes all");
        }
        text.push_str("# EOF\n");
        text
    }
}

fn samples(place: i64, mut push: impl FnMut(&str, &[(&str, &str)], f64)) {
    let step = place as f64;
    for (app, pace) in [("cart", 2.0), ("pay", 5.0), ("web", 11.0)] {
        for (code, share) in [("200", 0.9), ("500", 0.1)] {
            for namespace in ["shop", "bank"] {
                let pace = if namespace == "bank" { pace * 3.0 } else { pace };
                // pay in shop restarts in the middle.
                let since = if (app, namespace) == ("pay", "shop") && place >= 120 { step - 120.0 } else { step };
                let labels = [("app", app), ("code", code), ("namespace", namespace)];
                push("requests_total", &labels, 100.0 + (since * pace * share).floor());
            }
        }
        for (le, share) in [("10", 0.3), ("100", 0.8), ("1000", 0.99), ("+Inf", 1.0)] {
            push("latency_bucket", &[("app", app), ("le", le)], (step * pace * share).floor());
        }
    }
    for (room, base) in [("attic", 30.0), ("cellar", 12.0), ("küche", 20.0)] {
        push("temperature", &[("room", room)], base + (step / 10.0).sin() * 4.0);
    }
    push("up", &[("job", "a")], 1.0);
    push("up", &[("job", "a"), ("instance", "x")], 0.0);
    push("up", &[("job", "b"), ("instance", "x")], 1.0);
    push("limit", &[("app", "cart"), ("team", "red")], 500.0);
    push("limit", &[("app", "pay"), ("team", "blue")], 700.0);
    push("odd", &[("kind", "nan")], f64::NAN);
    push("odd", &[("kind", "inf")], f64::INFINITY);
    push("odd", &[("kind", "negative")], -2.5);
    // Ends after 20 minutes.
    if place < 80 {
        push("gone", &[("app", "cart")], step);
    }
}
