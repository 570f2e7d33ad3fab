//! What the page says about nodes and edges, in sentences. Pure, so that the server and the browser say the same.

use contract::{
    Timestamp,
    topology::{Edge, Graph, Node, NodeDetail, Series, SeriesSet},
};
use mesh::{
    format::{bytes_rate, count as number, ms, percent},
    order::in_order,
    topology::{HealthStatus, NodeFlag, NodeKind, Protocol, drawing::edge_text},
};

use super::view::EdgeText;

/// The word for a state.
pub fn state(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Failure => "failing",
        HealthStatus::Degraded => "degraded",
        HealthStatus::NotReady => "not ready",
        HealthStatus::Healthy => "healthy",
        HealthStatus::Na => "not judged",
    }
}

/// The name of a protocol.
pub fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http => "HTTP",
        Protocol::Grpc => "gRPC",
        Protocol::Tcp => "TCP",
    }
}

/// Name and version, as people say it.
pub fn name(node: &Node) -> String {
    match (&node.version, node.kind) {
        (Some(version), NodeKind::VersionedApp) => format!("{} {version}", node.label()),
        (
            _,
            NodeKind::Workload
            | NodeKind::App
            | NodeKind::VersionedApp
            | NodeKind::Service
            | NodeKind::ServiceEntry
            | NodeKind::Unknown
            | NodeKind::External
            | NodeKind::Box,
        ) => node.label().to_owned(),
    }
}

/// Requests per second that reach a node, and how many of them fail.
pub fn requests(node: &Node) -> (f64, f64) {
    let r = &node.rates;
    let failed = r.http_in_5xx + r.http_in_no_response + r.grpc_in_err + r.grpc_in_no_response;
    (r.http_in + r.grpc_in, failed)
}

/// Failing share of what reaches a node, percent; none without requests.
pub fn failing_percent(node: &Node) -> Option<f64> {
    let (all, failed) = requests(node);
    (all > 0.0).then(|| 100.0 * failed / all)
}

/// `1 caller`, `2 callers`.
pub fn count(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// A node in one sentence, for those who do not see the drawing.
pub fn node_sentence(node: &Node, callers: usize) -> String {
    let (all, failed) = requests(node);
    let traffic = if all > 0.0 && failed > 0.0 {
        format!("{} of {} requests per second fail", percent(100.0 * failed / all), number(all))
    } else if all > 0.0 {
        format!("{} requests per second, none fail", number(all))
    } else if node.rates.tcp_in > 0.0 {
        format!("{} over TCP", bytes_rate(node.rates.tcp_in))
    } else if node.has(NodeFlag::Root) {
        "sends traffic, receives none".to_owned()
    } else {
        "no requests".to_owned()
    };
    format!("{}, {}: {traffic}; {}", name(node), state(node.health.status), count(callers, "caller"))
}

/// The whole graph in one sentence.
pub fn graph_sentence(graph: &Graph) -> String {
    let nodes = graph.nodes.iter().filter(|node| node.kind != NodeKind::Box);
    let bad = |status| nodes.clone().filter(|node| node.health.status == status).count();
    format!(
        "Graph of {} and {}: {} failing, {} degraded",
        count(nodes.clone().count(), "node"),
        count(graph.edges.len(), "call"),
        bad(HealthStatus::Failure),
        bad(HealthStatus::Degraded)
    )
}

/// What stands on an edge.
pub fn on_edge(edge: &Edge, text: EdgeText) -> String {
    match text {
        EdgeText::Rate => edge_text(edge),
        EdgeText::P95 => edge.latency_ms.p95.map(ms).unwrap_or_default(),
        EdgeText::Mtls => mtls(edge.mtls.percent).0,
        EdgeText::Share => percent(edge.percent_of_source),
        EdgeText::Off => String::new(),
    }
}

/// How safe the way is: words and a class. `none` means that no proxy could tell.
pub fn mtls(percent_mtls: Option<f64>) -> (String, &'static str) {
    match percent_mtls {
        None => ("not known".to_owned(), "faint"),
        Some(p) if p <= 0.0 => ("plaintext".to_owned(), "is-warn"),
        Some(p) => (percent(p), if p < 100.0 { "is-warn" } else { "" }),
    }
}

/// Share of mutual TLS over several edges, weighed by their rates; none when no proxy could tell for any.
pub fn mtls_over<'a>(edges: impl Iterator<Item = &'a Edge>) -> Option<f64> {
    // What is missing is summed up, so that all of nothing but wholes is exactly 100.
    let (mut plain, mut all) = (0.0, 0.0);
    for edge in edges {
        if let Some(share) = edge.mtls.percent {
            // TCP counts bytes, so each edge counts by its share only.
            let weight = if edge.protocol == Protocol::Tcp { 1.0 } else { edge.rate.max(0.001) };
            plain += (100.0 - share) * weight;
            all += weight;
        }
    }
    (all > 0.0).then(|| 100.0 - plain / all)
}

/// A change for the worse within a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jump {
    /// When it began.
    pub at: Timestamp,
    /// Usual value before.
    pub before: f64,
    /// Value now.
    pub now: f64,
}

/// When a series rose for good: its last values are at least twice its usual ones and `floor` above them, and it has
/// stayed in the upper half since. None when it is as it was, or was never otherwise.
pub fn jump(set: &SeriesSet, series: &Series, floor: f64) -> Option<Jump> {
    let values = &series.values;
    let half = values.len() / 2;
    let usual: Vec<f64> = values[..half].iter().flatten().copied().filter(|value| value.is_finite()).collect();
    let last: Vec<f64> = values.iter().rev().flatten().copied().take(3).collect();
    if usual.len() < 3 || last.is_empty() {
        return None;
    }
    let order = in_order(usual.len(), &|a, b| usual[a].total_cmp(&usual[b]));
    let before = usual[order[usual.len() / 2]];
    let now = last.iter().sum::<f64>() / last.len() as f64;
    if now < before * 2.0 || now < before + floor {
        return None;
    }
    let bar = f64::midpoint(before, now);
    let calm = values.iter().rposition(|value| value.is_some_and(|value| value < bar))?;
    let secs = set.step_secs * (calm as u64 + 1);
    Some(Jump { at: Timestamp(set.start.0.saturating_add_unsigned(secs * 1000)), before, now })
}

/// What is the matter with a node, in a few sentences; what is well when nothing is.
pub fn verdict(node: &Node, detail: Option<&NodeDetail>) -> String {
    let mut said: Vec<String> = Vec::new();
    if let Some(detail) = detail {
        if let Some(jump) = detail.errors.series.first().and_then(|series| jump(&detail.errors, series, 1.0)) {
            let (at, now, before) = (jump.at.hh_mm(), percent(jump.now), percent(jump.before));
            said.push(format!("Failing more since {at} UTC: {now}, before {before}."));
        }
        let p95 = detail.latency.series.iter().find(|series| series.name == "p95");
        if let Some(jump) = p95.and_then(|series| jump(&detail.latency, series, 20.0)) {
            let (at, now, before) = (jump.at.hh_mm(), ms(jump.now), ms(jump.before));
            said.push(format!("Slower since {at} UTC: p95 {now}, before {before}."));
        }
        said.extend(version_to_blame(detail));
    }
    if said.is_empty() {
        said.extend(node.health.reasons.iter().take(2).map(|reason| sentence(reason)));
    }
    if said.is_empty() {
        let (all, failed) = requests(node);
        said.push(if all > 0.0 && failed > 0.0 {
            format!(
                "{} of {} requests per second fail, within what is tolerated.",
                percent(100.0 * failed / all),
                number(all)
            )
        } else if all > 0.0 {
            format!("{} requests per second, none fail.", number(all))
        } else if node.rates.tcp_in > 0.0 {
            "Only TCP traffic, which tells nothing about failures.".to_owned()
        } else {
            "No requests reach it in this window.".to_owned()
        });
    }
    said.join(" ")
}

/// With a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return String::new() };
    let rest = chars.as_str().trim_end_matches('.');
    format!("{}{rest}.", first.to_ascii_uppercase())
}

/// The one version that does worse than all others.
fn version_to_blame(detail: &NodeDetail) -> Option<String> {
    let worst = detail.versions.iter().max_by(|a, b| a.error_percent.total_cmp(&b.error_percent))?;
    let best = detail
        .versions
        .iter()
        .filter(|row| row.version != worst.version)
        .max_by(|a, b| a.error_percent.total_cmp(&b.error_percent));
    if let Some(next) = best
        && worst.error_percent >= 1.0
        && worst.error_percent >= 3.0 * next.error_percent
    {
        let (own, other) = (percent(worst.error_percent), percent(next.error_percent));
        return Some(format!("It is {}: {own} fail there, {other} in {}.", worst.version, next.version));
    }
    let slow = detail
        .versions
        .iter()
        .filter(|row| row.p95_ms.is_some())
        .max_by(|a, b| a.p95_ms.unwrap_or_default().total_cmp(&b.p95_ms.unwrap_or_default()))?;
    let next = detail
        .versions
        .iter()
        .filter(|row| row.version != slow.version && row.p95_ms.is_some())
        .max_by(|a, b| a.p95_ms.unwrap_or_default().total_cmp(&b.p95_ms.unwrap_or_default()))?;
    let (own, other) = (slow.p95_ms?, next.p95_ms?);
    (own >= 3.0 * other && own >= other + 20.0)
        .then(|| format!("It is {}: p95 {} there, {} in {}.", slow.version, ms(own), ms(other), next.version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::tests::{mk_detail, mk_graph, node_id};

    fn node(graph: &Graph, name: &str) -> Node {
        graph.nodes.iter().find(|node| node.id == node_id(name)).cloned().unwrap()
    }

    #[test]
    fn a_node_reads_as_a_sentence() {
        let graph = mk_graph();
        let say = |name: &str| node_sentence(&node(&graph, name), 1);
        assert_eq!(say("payments"), "payments, failing: 8.2 % of 41 requests per second fail; 1 caller");
        assert_eq!(say("cart"), "cart, healthy: 97 requests per second, none fail; 1 caller");
        assert_eq!(say("istio-ingress"), "istio-ingress, healthy: sends traffic, receives none; 1 caller");
        assert_eq!(graph_sentence(&graph), "Graph of 12 nodes and 11 calls: 1 failing, 2 degraded");
    }

    #[test]
    fn the_verdict_says_since_when_and_which_version() {
        let graph = mk_graph();
        let said = verdict(&node(&graph, "payments"), Some(&mk_detail()));
        assert!(said.starts_with("Failing more since 11:43 UTC: 8."), "{said}");
        assert!(said.contains("Slower since 11:43 UTC: p95 8"), "{said}");
        assert!(
            said.contains("It is v2: 17 % fail there, 0.1 % in v1.")
                || said.contains("It is v2: 17.0 % fail there, 0.1 % in v1."),
            "{said}"
        );
    }

    #[test]
    fn without_a_change_the_reasons_speak_and_then_the_traffic() {
        let graph = mk_graph();
        assert_eq!(verdict(&node(&graph, "payments"), None), "8.2 % of the requests answered with 5xx.");
        assert_eq!(verdict(&node(&graph, "cart"), None), "97 requests per second, none fail.");
        let calm = NodeDetail::default();
        assert_eq!(verdict(&node(&graph, "postgres"), Some(&calm)), "No requests reach it in this window.");
    }

    #[test]
    fn a_flat_or_falling_series_has_no_jump() {
        let set = |values: Vec<f64>| SeriesSet {
            start: Timestamp(0),
            step_secs: 60,
            series: vec![Series { name: "x".into(), values: values.into_iter().map(Some).collect() }],
        };
        for values in [vec![5.0; 20], (0..20).map(|i| 20.0 - f64::from(i)).collect(), vec![1.0, 9.0], vec![0.0; 20]] {
            let set = set(values);
            assert_eq!(jump(&set, &set.series[0], 1.0), None);
        }
    }

    #[test]
    fn mutual_tls_is_weighed_by_traffic() {
        let graph = mk_graph();
        assert_eq!(mtls_over(graph.edges.iter().filter(|edge| edge.source == node_id("payments"))), Some(0.0));
        assert_eq!(mtls_over(graph.edges.iter().filter(|edge| edge.target == node_id("payments"))), Some(100.0));
        assert_eq!(mtls_over(std::iter::empty()), None);
        let all = mtls_over(graph.edges.iter()).unwrap();
        assert!(all > 90.0 && all < 100.0, "{all}");
    }
}
