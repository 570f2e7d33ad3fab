//! Charts and tables of one node for the side panel.

use contract::{
    ApiError, TimeRange, Timestamp,
    topology::{Focus, NodeCertificate, NodeDetail, Series, SeriesSet, VersionRow},
};
use query::Side;

use crate::{
    Backend, Error, Scope,
    ask::{Ask, Window, chart_window, quoted},
    metrics::Ranged,
    overview::gather,
    scope::Permission,
};

/// Points of a chart.
const POINTS: usize = 90;

/// The labels that pick the node on its own side of a call.
struct Picked {
    /// Matchers for calls to it.
    inbound: String,
    /// Which labels carry its namespace.
    side: Side,
}

fn picked(focus: &Focus) -> Picked {
    let ns = quoted(focus.namespace());
    let name = quoted(focus.name());
    let (inbound, side) = match focus {
        Focus::Workload { .. } => {
            (format!("destination_workload_namespace={ns},destination_workload={name}"), Side::Destination)
        }
        Focus::App { .. } => {
            (format!("destination_workload_namespace={ns},destination_canonical_service={name}"), Side::Destination)
        }
        Focus::VersionedApp { version, .. } => (
            format!(
                "destination_workload_namespace={ns},destination_canonical_service={name},destination_canonical_revision={}",
                quoted(version)
            ),
            Side::Destination,
        ),
        Focus::Service { .. } => {
            (format!("destination_service_namespace={ns},destination_service_name={name}"), Side::DestinationService)
        }
    };
    Picked { inbound, side }
}

impl Backend {
    /// Charts of a node; a part that cannot be read becomes a warning.
    pub(crate) async fn node_detail(&self, scope: &Scope, focus: Focus, range: TimeRange) -> Result<NodeDetail, Error> {
        scope.require(Permission::ViewMesh)?;
        if !scope.sees_namespace(focus.namespace()) {
            return Err(Error::NotFound { what: "This node" });
        }
        let now = self.clock().now();
        let (from, to) = range.resolve(now);
        let window = Window::new(from, to, POINTS);
        let scrape = self.stores().scrape_secs(scope);
        let ask = self.stores().ask(scope)?;
        let node = picked(&focus);
        let recent = (4 * scrape).max(60);
        let (traffic, latency, tcp, versions, certificates) = tokio::join!(
            traffic(&ask, &node, window, scrape),
            latency(&ask, &node, window, scrape),
            tcp(&ask, &node, window, scrape),
            versions(&ask, &node, to, recent),
            gather::certificates(&ask, to),
        );
        let mut warnings = Vec::new();
        let (requests, errors) = kept(traffic, "requests", &mut warnings);
        let certificate = kept(certificates, "the certificate", &mut warnings)
            .into_iter()
            .filter(|one| one.namespace == focus.namespace() && one.app == focus.name())
            .min_by(|a, b| a.left_secs.total_cmp(&b.left_secs))
            .map(|one| NodeCertificate {
                expires_in_secs: one.left_secs as i64,
                missed_rotation: one.left_secs <= 0.0 || one.missed_rotation(),
            });
        Ok(NodeDetail {
            requests,
            errors,
            latency: kept(latency, "latency", &mut warnings),
            tcp: kept(tcp, "TCP traffic", &mut warnings),
            versions: kept(versions, "versions", &mut warnings),
            certificate,
            warnings,
        })
    }
}

fn kept<T: Default>(part: Result<T, Error>, name: &str, warnings: &mut Vec<String>) -> T {
    part.unwrap_or_else(|error| {
        warnings.push(format!("Not shown: {name}. {}", ApiError::from(error).detail));
        T::default()
    })
}

fn one(window: Window, name: &str, values: Vec<Option<f64>>) -> SeriesSet {
    SeriesSet {
        start: window.from,
        step_secs: window.step_secs,
        series: vec![Series { name: name.to_owned(), values }],
    }
}

fn first(answer: &Ranged, window: Window) -> Vec<Option<f64>> {
    answer.series.first().map(|series| window.grid(&series.points)).unwrap_or_default()
}

/// Requests per second and failed share. The server's report counts; what never arrived is known to callers only and is
/// added on top.
async fn traffic(ask: &Ask, node: &Picked, window: Window, scrape_secs: u64) -> Result<(SeriesSet, SeriesSet), Error> {
    let rate = chart_window(window.step_secs, scrape_secs);
    let pick = &node.inbound;
    let sum = |matchers: &str| format!("sum(rate(istio_requests_total{{{pick},{matchers}}}[{rate}s]))");
    let all = sum("reporter=\"destination\"");
    let http = sum("reporter=\"destination\",response_code=~\"5..\"");
    let grpc =
        sum("reporter=\"destination\",request_protocol=\"grpc\",response_code!~\"5..\",grpc_response_status!~\"|0\"");
    let lost = sum("reporter=\"source\",response_code=\"0\"");
    let (all, http, grpc, lost) = tokio::try_join!(
        ask.range(&all, node.side, window),
        ask.range(&http, node.side, window),
        ask.range(&grpc, node.side, window),
        ask.range(&lost, node.side, window),
    )?;
    let at = |values: &[Option<f64>], place: usize| values.get(place).copied().flatten();
    let (all, http, grpc, lost) =
        (first(&all, window), first(&http, window), first(&grpc, window), first(&lost, window));
    let (mut requests, mut errors) = (Vec::with_capacity(window.points()), Vec::with_capacity(window.points()));
    for place in 0..window.points() {
        let lost = at(&lost, place);
        let total = match (at(&all, place), lost) {
            (Some(seen), Some(lost)) => Some(seen + lost),
            (seen, lost) => seen.or(lost),
        };
        let failed = at(&http, place).unwrap_or(0.0) + at(&grpc, place).unwrap_or(0.0) + lost.unwrap_or(0.0);
        requests.push(total);
        errors.push(total.filter(|total| *total > 0.0).map(|total| (failed / total * 100.0).min(100.0)));
    }
    Ok((one(window, "requests", requests), one(window, "errors", errors)))
}

async fn latency(ask: &Ask, node: &Picked, window: Window, scrape_secs: u64) -> Result<SeriesSet, Error> {
    let rate = chart_window(window.step_secs, scrape_secs);
    let expr = |q: &str| {
        format!(
            "histogram_quantile({q}, sum by (le) (rate(istio_request_duration_milliseconds_bucket{{{},reporter=\"destination\"}}[{rate}s])))",
            node.inbound
        )
    };
    let (q50, q95, q99) = (expr("0.5"), expr("0.95"), expr("0.99"));
    let (p50, p95, p99) = tokio::try_join!(
        ask.range(&q50, node.side, window),
        ask.range(&q95, node.side, window),
        ask.range(&q99, node.side, window),
    )?;
    let series = [("p50", p50), ("p95", p95), ("p99", p99)];
    Ok(SeriesSet {
        start: window.from,
        step_secs: window.step_secs,
        series: series
            .into_iter()
            .map(|(name, answer)| Series { name: name.to_owned(), values: first(&answer, window) })
            .collect(),
    })
}

/// TCP bytes per second in and out, from the node's own point of view.
async fn tcp(ask: &Ask, node: &Picked, window: Window, scrape_secs: u64) -> Result<SeriesSet, Error> {
    let rate = chart_window(window.step_secs, scrape_secs);
    let expr = |metric: &str| format!("sum(rate({metric}{{{},reporter=\"destination\"}}[{rate}s]))", node.inbound);
    let (received, sent) = (expr("istio_tcp_received_bytes_total"), expr("istio_tcp_sent_bytes_total"));
    let (received, sent) =
        tokio::try_join!(ask.range(&received, node.side, window), ask.range(&sent, node.side, window))?;
    let named = [("in", received), ("out", sent)];
    let series = named
        .into_iter()
        .filter(|(_, answer)| !answer.series.is_empty())
        .map(|(name, answer)| Series { name: name.to_owned(), values: first(&answer, window) })
        .collect();
    Ok(SeriesSet { start: window.from, step_secs: window.step_secs, series })
}

/// Versions with their share, errors and p95; empty for a single version.
async fn versions(ask: &Ask, node: &Picked, at: Timestamp, secs: u64) -> Result<Vec<VersionRow>, Error> {
    const BY: &str = "destination_canonical_revision";
    let pick = &node.inbound;
    let sum = |matchers: &str| {
        format!("sum by ({BY}) (rate(istio_requests_total{{{pick},reporter=\"destination\"{matchers}}}[{secs}s])) > 0")
    };
    let (all, http) = (sum(""), sum(",response_code=~\"5..\""));
    let grpc = sum(",request_protocol=\"grpc\",response_code!~\"5..\",grpc_response_status!~\"|0\"");
    let p95 = format!(
        "histogram_quantile(0.95, sum by (le, {BY}) (rate(istio_request_duration_milliseconds_bucket{{{pick},reporter=\"destination\"}}[{secs}s])))"
    );
    let (all, http, grpc, p95) = tokio::try_join!(
        ask.instant(&all, node.side, at),
        ask.instant(&http, node.side, at),
        ask.instant(&grpc, node.side, at),
        ask.instant(&p95, node.side, at),
    )?;
    let total: f64 = all.samples.iter().map(|sample| sample.value).sum();
    if all.samples.len() < 2 || total <= 0.0 {
        return Ok(Vec::new());
    }
    let of = |answer: &crate::metrics::Instant, version: &str| {
        answer.samples.iter().find(|sample| sample.labels.get(BY) == version).map(|sample| sample.value)
    };
    let mut rows: Vec<VersionRow> = all
        .samples
        .iter()
        .map(|sample| {
            let version = sample.labels.get(BY);
            let failed = of(&http, version).unwrap_or(0.0) + of(&grpc, version).unwrap_or(0.0);
            VersionRow {
                version: version.to_owned(),
                share: sample.value / total * 100.0,
                error_percent: failed / sample.value * 100.0,
                p95_ms: of(&p95, version).filter(|value| value.is_finite()),
            }
        })
        .collect();
    rows.sort_by(|a, b| a.version.cmp(&b.version));
    Ok(rows)
}
