//! The day before the first start, computed: the same edges, labels and traffic model as the live mesh, so that
//! charts, comparisons and baselines have something to stand on. The UI says so with [`NOTE`].

mod curves;

use std::collections::BTreeMap;

use crate::{
    sidecar::{DURATION_BOUNDS, Edge, Label, Peer, request_labels, tcp_labels},
    topology::{Role, Workload, workloads},
    traffic::{self, Flow},
};

/// What the UI writes at the border between history and live data.
pub const NOTE: &str = "Earlier data was computed by the demo from its traffic model before its first start.";

/// One series of the past, with the labels it has when it is scraped live.
#[derive(Clone, Debug, PartialEq)]
pub struct HistorySeries {
    /// Metric name.
    pub name: String,
    /// All other labels, those of the scrape included.
    pub labels: Vec<(String, String)>,
    /// Milliseconds since 1970 and value, in order of time.
    pub points: Vec<(i64, f64)>,
}

/// So many hours of every edge's counters and histograms, and of the certificates, ending at `now_ms`. Counters start
/// at zero and only grow. One series after the other, so that nobody has to hold all of it.
pub fn backfill(now_ms: i64, hours: u32, step_secs: u32) -> impl Iterator<Item = HistorySeries> {
    let clock = curves::Clock::new(now_ms, hours, step_secs);
    let edges = edges();
    let certificates = {
        let clock = clock.clone();
        workloads().iter().filter(|w| w.sidecar).map(move |w| HistorySeries {
            name: "istio_agent_cert_expiry_seconds".to_owned(),
            labels: labels_of(w, vec![("resource_name", "default".into())]),
            points: curves::expiry(&clock, w),
        })
    };
    edges.into_iter().flat_map(move |edge| edge.series(&clock)).chain(certificates)
}

/// All flows between two workloads that answer alike, as one reporter tells them.
struct EdgeHistory {
    reporter: &'static Workload,
    labels: Vec<Label>,
    flows: Vec<(&'static str, Flow, f64)>,
}

/// Both reporters' view of every edge, by answer.
fn edges() -> Vec<EdgeHistory> {
    let mut all: BTreeMap<(&str, &str, u16, bool), EdgeHistory> = BTreeMap::new();
    for flow in traffic::flows(traffic::PEAK_RPS) {
        for at_source in [true, false] {
            let reporter = if at_source { flow.from } else { flow.to };
            let reports = if at_source { reporter.sidecar } else { reporter.reports_inbound() };
            if !reports {
                continue;
            }
            let edge = if at_source {
                Edge::outbound(flow.from, flow.to)
            } else {
                Edge::inbound(
                    if flow.from.sidecar { Peer::of(flow.from) } else { Peer::unknown() },
                    flow.to,
                    flow.from.sidecar,
                )
            };
            for (code, share) in [(200, 1.0 - flow.missing), (404, flow.missing)] {
                if share <= 0.0 {
                    continue;
                }
                let labels = match flow.to.role {
                    Role::Store => tcp_labels(&edge, "-"),
                    Role::Grpc => request_labels(&edge, code, Some(0), "-", true),
                    Role::Gateway | Role::Http | Role::External | Role::Load => {
                        request_labels(&edge, code, None, "-", false)
                    }
                };
                let key = (flow.from.name, flow.to.name, code, at_source);
                let history = all.entry(key).or_insert_with(|| EdgeHistory { reporter, labels, flows: Vec::new() });
                history.flows.push((flow.path, flow.clone(), flow.rps * share));
            }
        }
    }
    all.into_values().collect()
}

impl EdgeHistory {
    fn series(&self, clock: &curves::Clock) -> Vec<HistorySeries> {
        let service = self.flows.first().map_or("", |(_, flow, _)| flow.to.name);
        let rps: f64 = self.flows.iter().map(|(_, _, rps)| rps).sum();
        let per_sec = |value: &dyn Fn(&Flow) -> f64| self.flows.iter().map(|(_, f, rps)| rps * value(f)).sum::<f64>();
        let mut all = Vec::new();
        let mut put = |name: &str, extra: Option<Label>, points| {
            let labels = self.labels.iter().cloned().chain(extra).collect();
            all.push(HistorySeries { name: name.to_owned(), labels: labels_of(self.reporter, labels), points });
        };
        let mut add = |name: &str, at_peak_per_sec: f64| {
            put(name, None, curves::counter(clock, service, |_| at_peak_per_sec));
        };
        let store = self.flows.iter().any(|(_, f, _)| f.to.role == Role::Store);
        if store {
            add("istio_tcp_sent_bytes_total", per_sec(&|f| f64::from(f.route.reply_bytes) + 12.0));
            add("istio_tcp_received_bytes_total", per_sec(&|f| f.path.len() as f64 + 4.0));
            // Every tunnel lives for three quarters of a minute.
            add("istio_tcp_connections_opened_total", rps.min(2.0) / 45.0);
            add("istio_tcp_connections_closed_total", rps.min(2.0) / 45.0);
            return all;
        }
        add("istio_requests_total", rps);
        let grpc = self.flows.iter().any(|(_, f, _)| f.to.role == Role::Grpc);
        if grpc {
            add("istio_request_messages_total", rps);
            add("istio_response_messages_total", rps);
        }
        add("istio_request_bytes_sum", per_sec(&|f| f64::from(f.route.request_bytes) + 260.0));
        add("istio_request_bytes_count", rps);
        add("istio_response_bytes_sum", per_sec(&|f| f64::from(f.route.reply_bytes) + 240.0));
        add("istio_response_bytes_count", rps);
        let duration = "istio_request_duration_milliseconds";
        add(&format!("{duration}_count"), rps);
        // As fast as usual, a little more or less.
        let sum = |pace: f64| per_sec(&|f| f.latency.mean_ms * pace);
        put(&format!("{duration}_sum"), None, curves::counter(clock, service, sum));
        let times: Vec<_> = self.flows.iter().map(|(_, flow, rps)| (flow.latency.log_normal(), *rps)).collect();
        for bound in DURATION_BOUNDS {
            let below =
                |pace: f64| times.iter().map(|(time, rps)| rps * curves::share_below(bound / pace, *time)).sum();
            put(
                &format!("{duration}_bucket"),
                Some(("le", bound.to_string().into())),
                curves::counter(clock, service, below),
            );
        }
        put(&format!("{duration}_bucket"), Some(("le", "+Inf".into())), curves::counter(clock, service, |_| rps));
        all
    }
}

fn labels_of(reporter: &Workload, labels: Vec<Label>) -> Vec<(String, String)> {
    let own = labels.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned()));
    reporter.scrape_labels().into_iter().chain(own).collect()
}

#[cfg(test)]
mod tests;
