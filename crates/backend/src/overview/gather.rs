//! The questions the overview asks, and their answers in its own shapes.

use std::collections::BTreeMap;

use contract::{
    Timestamp,
    topology::{Series, SeriesSet},
};
use mesh::Labels;
use query::Side;

use crate::{
    Error,
    ask::{Ask, Window, chart_window, quoted},
};

/// An app by namespace and name.
pub(crate) type AppKey = (String, String);

/// Usual p95 latency per app in milliseconds: the median over the past day.
pub(crate) type Baseline = BTreeMap<AppKey, f64>;

const BY_APP: &str = "destination_workload_namespace, destination_canonical_service";

fn app_of(labels: &Labels) -> Option<AppKey> {
    let (namespace, app) = (labels.get("destination_workload_namespace"), labels.get("destination_canonical_service"));
    let known = |name: &str| !name.is_empty() && name != "unknown";
    (known(namespace) && known(app)).then(|| (namespace.to_owned(), app.to_owned()))
}

fn p95(by: &str, matchers: &str, window_secs: u64) -> String {
    quantile("0.95", by, matchers, window_secs)
}

fn quantile(q: &str, by: &str, matchers: &str, window_secs: u64) -> String {
    format!(
        "histogram_quantile({q}, sum by (le, {by}) (rate(istio_request_duration_milliseconds_bucket{{reporter=\"destination\"{matchers}}}[{window_secs}s])))"
    )
}

/// p95 in milliseconds per app over a window, on its grid.
pub(crate) async fn latency_by_app(
    ask: &Ask,
    window: Window,
    scrape_secs: u64,
) -> Result<BTreeMap<AppKey, Vec<Option<f64>>>, Error> {
    let answer =
        ask.range(&p95(BY_APP, "", chart_window(window.step_secs, scrape_secs)), Side::Destination, window).await?;
    Ok(answer.series.iter().filter_map(|series| Some((app_of(&series.labels)?, window.grid(&series.points)))).collect())
}

/// p95 in milliseconds per app over the last `window_secs`.
pub(crate) async fn latency_now(ask: &Ask, at: Timestamp, window_secs: u64) -> Result<BTreeMap<AppKey, f64>, Error> {
    let answer = ask.instant(&p95(BY_APP, "", window_secs), Side::Destination, at).await?;
    let finite = answer.samples.iter().filter(|sample| sample.value.is_finite());
    Ok(finite.filter_map(|sample| Some((app_of(&sample.labels)?, sample.value))).collect())
}

/// The usual p95 per app: the median of hourly values of the day before the last quarter of an hour.
pub(crate) async fn baseline(ask: &Ask, now: Timestamp) -> Result<Baseline, Error> {
    let to = now.minus_secs(900);
    let window = Window { from: to.minus_secs(23 * 3600), to, step_secs: 3600 };
    let answer = ask.range(&p95(BY_APP, "", 600), Side::Destination, window).await?;
    let mut usual = Baseline::new();
    for series in &answer.series {
        let mut values: Vec<f64> =
            series.points.iter().map(|(_, value)| *value).filter(|value| value.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        if let (Some(app), Some(median)) = (app_of(&series.labels), values.get(values.len() / 2)) {
            usual.insert(app, *median);
        }
    }
    Ok(usual)
}

/// Latency of one app: `p50`, `p95`, and `usual` (its p95 a day before, where there is one).
pub(crate) async fn latency_of(ask: &Ask, app: &AppKey, window: Window, scrape_secs: u64) -> Result<SeriesSet, Error> {
    let matchers =
        format!(",destination_workload_namespace={},destination_canonical_service={}", quoted(&app.0), quoted(&app.1));
    let rate = chart_window(window.step_secs, scrape_secs);
    let by = "destination_canonical_service";
    let (q50, q95) = (quantile("0.5", by, &matchers, rate), p95(by, &matchers, rate));
    let (p50, p95, usual) = tokio::try_join!(
        ask.range(&q50, Side::Destination, window),
        ask.range(&q95, Side::Destination, window),
        ask.range(&q95, Side::Destination, window.earlier(86_400)),
    )?;
    let series = [("p95", p95, window), ("p50", p50, window), ("usual", usual, window.earlier(86_400))];
    Ok(set(
        window,
        series.into_iter().map(|(name, answer, grid)| (name, answer.series.first().map(|one| grid.grid(&one.points)))),
    ))
}

/// Requests of all apps: `requests`, `failed`, and `before` (a day before, where there is one).
pub(crate) async fn requests(ask: &Ask, window: Window, scrape_secs: u64) -> Result<SeriesSet, Error> {
    let rate = chart_window(window.step_secs, scrape_secs);
    let all = format!("sum(rate(istio_requests_total{{reporter=\"destination\"}}[{rate}s]))");
    let http = format!("sum(rate(istio_requests_total{{reporter=\"destination\",response_code=~\"5..\"}}[{rate}s]))");
    let grpc = format!(
        "sum(rate(istio_requests_total{{reporter=\"destination\",request_protocol=\"grpc\",response_code!~\"5..\",grpc_response_status!~\"|0\"}}[{rate}s]))"
    );
    // A call that never arrived is known to its sender only.
    let lost = format!("sum(rate(istio_requests_total{{reporter=\"source\",response_code=\"0\"}}[{rate}s]))");
    let (all, before, http, grpc, lost) = tokio::try_join!(
        ask.range(&all, Side::Destination, window),
        ask.range(&all, Side::Destination, window.earlier(86_400)),
        ask.range(&http, Side::Destination, window),
        ask.range(&grpc, Side::Destination, window),
        ask.range(&lost, Side::DestinationService, window),
    )?;
    let first = |answer: &crate::metrics::Ranged, grid: Window| answer.series.first().map(|one| grid.grid(&one.points));
    let requests = first(&all, window);
    let mut failed = requests.as_ref().map(|all| all.iter().map(|value| value.map(|_| 0.0)).collect::<Vec<_>>());
    for part in [&http, &grpc, &lost] {
        if let (Some(sum), Some(values)) = (failed.as_mut(), first(part, window)) {
            for (sum, value) in sum.iter_mut().zip(values) {
                *sum = match (*sum, value) {
                    (Some(a), Some(b)) => Some(a + b),
                    (a, b) => a.or(b),
                };
            }
        }
    }
    Ok(set(window, [("requests", requests), ("failed", failed), ("before", first(&before, window.earlier(86_400)))]))
}

fn set<'a>(window: Window, series: impl IntoIterator<Item = (&'a str, Option<Vec<Option<f64>>>)>) -> SeriesSet {
    let series = series
        .into_iter()
        .filter_map(|(name, values)| Some(Series { name: name.to_owned(), values: values? }))
        .collect();
    SeriesSet { start: window.from, step_secs: window.step_secs, series }
}

/// Requests refused with 403 over the last `secs`.
pub(crate) async fn denied(ask: &Ask, at: Timestamp, secs: u64) -> Result<f64, Error> {
    let expr =
        format!("sum(increase(istio_requests_total{{reporter=\"destination\",response_code=\"403\"}}[{secs}s]))");
    let answer = ask.instant(&expr, Side::Destination, at).await?;
    Ok(answer.samples.first().map_or(0.0, |sample| sample.value.max(0.0)).round())
}

/// Request rate per app and version over a window.
pub(crate) async fn versions(
    ask: &Ask,
    window: Window,
    scrape_secs: u64,
) -> Result<BTreeMap<(AppKey, String), Vec<Option<f64>>>, Error> {
    let rate = chart_window(window.step_secs, scrape_secs);
    let expr = format!(
        "sum by ({BY_APP}, destination_canonical_revision) (rate(istio_requests_total{{reporter=\"destination\"}}[{rate}s]))"
    );
    let answer = ask.range(&expr, Side::Destination, window).await?;
    let named = answer.series.iter().filter_map(|series| {
        let version = series.labels.get("destination_canonical_revision");
        Some(((app_of(&series.labels)?, version.to_owned()), window.grid(&series.points)))
    });
    Ok(named.collect())
}

/// A certificate that a sidecar agent reports.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Certificate {
    pub namespace: String,
    pub app: String,
    /// The agent's name for it: `default` is the workload's leaf.
    pub resource: String,
    /// Seconds until it expires; negative when it has.
    pub left_secs: f64,
    /// How long it is valid in all, seconds.
    pub lifetime_secs: f64,
}

impl Certificate {
    /// A leaf renews at half of its life (Istio's SECRET_GRACE_PERIOD_RATIO); with less than 40 % left the renewal was missed.
    pub fn missed_rotation(&self) -> bool {
        self.is_leaf() && self.left_secs < 0.4 * self.lifetime_secs
    }

    /// Whether it is a workload's own leaf, which renews by itself.
    pub fn is_leaf(&self) -> bool {
        self.resource == "default"
    }

    /// Whether somebody should care.
    pub fn hurts(&self) -> bool {
        const GATEWAY_DAYS: f64 = 14.0;
        self.left_secs <= 0.0 || self.missed_rotation() || (!self.is_leaf() && self.left_secs < GATEWAY_DAYS * 86_400.0)
    }
}

/// All certificates the sidecar agents report; empty where the metric is not collected.
///
/// The metric tells what is left of a certificate but not how long it lives. Where an exporter tells both ends of its
/// validity, those count; otherwise the longest rest of the same workload's certificate within two days, which is close to
/// the lifetime because it was seen right after a renewal.
pub(crate) async fn certificates(ask: &Ask, at: Timestamp) -> Result<Vec<Certificate>, Error> {
    const BY: &str = "namespace, app, resource_name";
    let now = format!("min by ({BY}) (istio_agent_cert_expiry_seconds)");
    let longest = format!("max by ({BY}) (max_over_time(istio_agent_cert_expiry_seconds[2d]))");
    let valid = format!("max by ({BY}) (x509_cert_not_after - x509_cert_not_before)");
    let (now, longest, valid) = tokio::try_join!(
        ask.instant(&now, Side::Resource, at),
        ask.instant(&longest, Side::Resource, at),
        ask.instant(&valid, Side::Resource, at),
    )?;
    type Key<'a> = [&'a str; 3];
    fn key(labels: &Labels) -> Key<'_> {
        [labels.get("namespace"), labels.get("app"), labels.get("resource_name")]
    }
    // Later entries win: a validity that is known beats one that was observed.
    let lifetimes: BTreeMap<Key<'_>, f64> =
        longest.samples.iter().chain(&valid.samples).map(|sample| (key(&sample.labels), sample.value)).collect();
    let certificate = |sample: &crate::metrics::Sample| {
        let [namespace, app, resource] = key(&sample.labels);
        // The root's own expiry is the platform's business, not a workload's.
        (resource != "ROOTCA").then(|| Certificate {
            namespace: namespace.to_owned(),
            app: app.to_owned(),
            resource: resource.to_owned(),
            left_secs: sample.value,
            lifetime_secs: lifetimes.get(&key(&sample.labels)).copied().unwrap_or_default(),
        })
    };
    Ok(now.samples.iter().filter_map(certificate).collect())
}
