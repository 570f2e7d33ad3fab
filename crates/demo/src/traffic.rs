//! How much traffic there is: the shape of a day, and what the journeys of the visitors amount to on every edge.
//! The load generator follows the first live; the back-filled history is computed from both.

use std::f64::consts::TAU;

use crate::topology::{self, Call, Latency, Route, Workload};

/// Requests per second at the shop's ingress at the busiest time, unless told otherwise.
pub const PEAK_RPS: f64 = 64.0;
/// Traffic of the other gateway, as a share of the ingress'.
pub const API_SHARE: f64 = 0.14;
/// What a call costs beside the callee's work, milliseconds: two sidecars and timers that wake on the millisecond.
/// Measured on the running mesh.
const HOP_MS: f64 = 1.8;
/// A live day lasts twenty minutes.
pub const LIVE_DAY_MS: i64 = 20 * 60 * 1000;
/// A real day, for the history.
pub const REAL_DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Traffic at a time of day as a share of the peak: quiet at night, a hump at noon and a higher one in the evening.
pub fn shape(at_ms: i64, day_ms: i64) -> f64 {
    shape_at(at_ms.rem_euclid(day_ms) as f64 / day_ms as f64)
}

/// Traffic of the live mesh: the quick day begins at the hour it was at the start, so that the history goes on in it
/// without a step.
pub fn live_shape(started_ms: i64, at_ms: i64) -> f64 {
    let day = |ms: i64, day_ms: i64| ms.rem_euclid(day_ms) as f64 / day_ms as f64;
    shape_at((day(started_ms, REAL_DAY_MS) + day(at_ms - started_ms, LIVE_DAY_MS)).fract())
}

/// At a share of the day.
fn shape_at(phase: f64) -> f64 {
    0.72 - 0.24 * (TAU * (phase - 0.1)).cos() - 0.05 * (2.0 * TAU * phase).cos()
}

/// Requests per second a gateway gets at the busiest time.
pub fn gateway_rps(gateway: &str, peak_rps: f64) -> f64 {
    if gateway == "istio-ingress" { peak_rps } else { peak_rps * API_SHARE }
}

/// A time as its mean and variance, milliseconds: those of times one after the other add up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Time {
    /// Mean.
    pub mean_ms: f64,
    /// Variance, square milliseconds.
    pub variance: f64,
}

impl Time {
    /// Of a log-normal time of work.
    fn of(work: Latency) -> Self {
        let spread = work.sigma.powi(2).exp();
        let mean_ms = work.median_ms * spread.sqrt();
        Self { mean_ms, variance: (spread - 1.0) * mean_ms.powi(2) }
    }

    /// This time in so many of all cases, none in the others.
    fn sometimes(self, share: f64) -> Self {
        let square = self.variance + self.mean_ms.powi(2);
        let mean_ms = share * self.mean_ms;
        Self { mean_ms, variance: share * square - mean_ms.powi(2) }
    }

    fn then(self, other: Self) -> Self {
        Self { mean_ms: self.mean_ms + other.mean_ms, variance: self.variance + other.variance }
    }

    /// The log-normal time with this mean and variance.
    pub fn log_normal(self) -> Latency {
        let spread = 1.0 + self.variance / self.mean_ms.powi(2);
        Latency { median_ms: self.mean_ms / spread.sqrt(), sigma: spread.ln().sqrt() }
    }
}

/// The calls one workload makes to another on one route.
#[derive(Clone, Debug)]
pub struct Flow {
    /// Caller.
    pub from: &'static Workload,
    /// Callee.
    pub to: &'static Workload,
    /// What the callee does.
    pub route: &'static Route,
    /// The command, for stores.
    pub path: &'static str,
    /// Calls per second at the busiest time.
    pub rps: f64,
    /// Share answered with 404.
    pub missing: f64,
    /// Time until the answer, all calls included.
    pub latency: Time,
}

/// Everything the visitors' journeys cause at the busiest time, with this much at the ingress.
pub fn flows(peak_rps: f64) -> Vec<Flow> {
    let mut flows = Vec::new();
    for journey in topology::journeys() {
        let Some((forward, path)) = topology::forward(journey.gateway, journey.path) else { continue };
        let rps = gateway_rps(journey.gateway, peak_rps) * journey.share;
        for gateway in topology::service(journey.gateway) {
            follow(&mut flows, gateway, (forward.to, journey.method, path), rps);
        }
    }
    flows
}

/// Follows a call to all versions of its service and on. Returns the time it takes and the share that is not found.
fn follow(flows: &mut Vec<Flow>, from: &'static Workload, call: (&str, &str, &'static str), rps: f64) -> (Time, f64) {
    let (app, method, path) = call;
    let Some((route, _)) = topology::route(app, method, path) else { return (Time::default(), 0.0) };
    let total: u32 = topology::service(app).map(|w| w.weight).sum();
    let (mut mean_ms, mut square, mut missing) = (0.0, 0.0, 0.0);
    for to in topology::service(app) {
        let weight = f64::from(to.weight) / f64::from(total);
        let (latency, version_missing) = visit(flows, to, route, rps * weight);
        mean_ms += weight * latency.mean_ms;
        square += weight * (latency.variance + latency.mean_ms.powi(2));
        missing += weight * version_missing;
        flows.push(Flow { from, to, route, path, rps: rps * weight, missing: version_missing, latency });
    }
    (Time { mean_ms, variance: square - mean_ms.powi(2) }, missing)
}

/// What a workload does on a route called this often.
fn visit(flows: &mut Vec<Flow>, me: &'static Workload, route: &'static Route, rps: f64) -> (Time, f64) {
    let hop = Time { mean_ms: HOP_MS, variance: HOP_MS.powi(2) / 4.0 };
    let (mut latency, mut missing) = (Time::of(route.work).then(hop), route.missing);
    let meant = |call: &&Call| call.only.is_none_or(|version| version == me.version);
    for call in route.calls.iter().filter(meant) {
        let share = call.share * (1.0 - missing);
        let (time, call_missing) = follow(flows, me, (call.to, call.method, call.path), rps * share);
        latency = latency.then(time.sometimes(share));
        if call.must {
            missing += share * call_missing;
        }
    }
    (latency, missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_a_night_and_a_peak() {
        let hours: Vec<f64> = (0..24).map(|h| shape(h * 3_600_000, REAL_DAY_MS)).collect();
        let (least, most) = hours.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
        assert!(least > 0.35 && least < 0.55, "{least}");
        assert!(most > 0.9 && most <= 1.0, "{most}");
    }

    #[test]
    fn the_live_day_goes_on_where_the_history_ends() {
        for started in [0, 7 * 3_600_000, 23 * 3_600_000 + 59 * 60_000] {
            assert!((live_shape(started, started) - shape(started, REAL_DAY_MS)).abs() < 1e-9);
            let next_day = live_shape(started, started + LIVE_DAY_MS);
            assert!((next_day - live_shape(started, started)).abs() < 1e-9);
            let half = live_shape(started, started + LIVE_DAY_MS / 2);
            assert!((half - shape(started + REAL_DAY_MS / 2, REAL_DAY_MS)).abs() < 1e-9);
        }
    }

    #[test]
    fn times_one_after_the_other_add_up() {
        let work = Latency { median_ms: 20.0, sigma: 0.4 };
        let again = Time::of(work).log_normal();
        assert!((again.median_ms - 20.0).abs() < 1e-9 && (again.sigma - 0.4).abs() < 1e-9);
        let always = Time::of(work).then(Time::of(work).sometimes(1.0));
        let seldom = Time::of(work).then(Time::of(work).sometimes(0.1));
        assert!((always.mean_ms - 2.0 * Time::of(work).mean_ms).abs() < 1e-9);
        assert!(always.log_normal().sigma < 0.4, "the sum of two spreads less");
        assert!(seldom.log_normal().sigma > always.log_normal().sigma, "a seldom call spreads more");
    }

    #[test]
    fn flows_split_by_weight_and_end_at_the_stores() {
        let flows = flows(100.0);
        let rps = |from: &str, to: &str| -> f64 {
            flows.iter().filter(|f| f.from.name == from && f.to.name == to).map(|f| f.rps).sum()
        };
        assert!((rps("istio-ingress", "storefront") - 100.0).abs() < 1e-9);
        assert!((rps("checkout", "payments-v1") - 8.4).abs() < 1e-9);
        assert!((rps("checkout", "payments-v2") - 3.6).abs() < 1e-9);
        assert_eq!(rps("reviews-v1", "ratings"), 0.0);
        // One product in a hundred is not found, and then nobody asks for its reviews.
        assert!((rps("reviews-v2", "ratings") - 0.5 * 36.0 * 400.0 / 404.0).abs() < 1e-6);
        let storefront: f64 = flows.iter().filter(|f| f.to.name == "storefront").map(|f| f.rps * f.missing).sum();
        assert!((storefront - 36.0 * 4.0 / 404.0).abs() < 1e-9);
        assert!(rps("payments-v2", "bank.example") > 0.0 && rps("llm-app", "model-stub") > 0.0);
    }
}
