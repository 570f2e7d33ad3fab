//! From what was read to the graph: one rate per edge, node totals from edges, shares, security, markers, order.

use std::collections::BTreeMap;

use super::{
    boxes,
    health::{self, Answers, NodeAnswers},
    nodes::{Draft, Key, is_egress_cluster},
    read::Reading,
    tally::{Tally, Traffic},
};
use crate::topology::{
    Edge, EdgeMtls, EdgeRates, Graph, GraphType, LatencyMs, Node, NodeFlag, NodeKind, NodeRates, Protocol, Reporters,
    Responses, ServiceRef, View, WaypointEdge, digest::digest,
};

/// A client whose total is at least this share of the largest saw the same traffic as the server. Then its view of
/// the outcome counts, because it also sees what never reached the server or never came back.
const SAME_TRAFFIC: f64 = 0.9;

pub(super) fn finish(reading: Reading<'_>, view: &View) -> Graph {
    let Reading { drafts, tallies } = reading;
    let ids: Vec<String> = drafts.all.iter().map(|draft| draft.key.id()).collect();
    let mut made: Vec<Made> = Vec::with_capacity(tallies.all.len());
    for ((source, target, protocol), tally) in &tallies.all {
        let (source, target, protocol) = (*source, *target, *protocol);
        let judged = Judged::of(protocol, tally);
        if judged.rate <= 0.0 && !view.idle_edges {
            continue;
        }
        let answers = judged.answers;
        let waypoint =
            [&drafts.all[source], &drafts.all[target]].map(|draft| draft.flags.contains(&NodeFlag::Waypoint));
        let edge = edge(&ids[source], &ids[target], protocol, tally, judged, waypoint);
        made.push(Made { source, target, answers, edge });
    }
    // Adding up by size, so that neither the order of rows nor that of ids shows in the last digit.
    let mut by_size: Vec<&Made> = made.iter().collect();
    by_size.sort_unstable_by(|a, b| a.edge.rate.total_cmp(&b.edge.rate).then_with(|| a.answers.order(&b.answers)));
    let mut sums: Vec<Sum> = vec![Sum::default(); ids.len()];
    for made in by_size {
        sums[made.source].sends(made);
        sums[made.target].receives(made);
    }
    sums.iter_mut().for_each(Sum::round);
    for made in &mut made {
        made.edge.percent_of_source = percent(made.edge.rate, sums[made.source].rates.sent(made.edge.protocol));
    }
    let mut edges: Vec<Edge> = made.into_iter().map(|made| made.edge).collect();
    edges.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    let mut nodes: Vec<Node> = Vec::with_capacity(ids.len());
    for ((draft, sum), id) in drafts.all.iter().zip(&sums).zip(ids) {
        if sum.edges > 0 || (view.idle_nodes && !sum.folded(draft, view)) {
            nodes.push(node(id, draft, sum, view));
        }
    }
    boxes::add(&mut nodes, view);
    nodes.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    Graph { duration_s: view.duration_s, nodes, edges, ..Graph::default() }
}

/// An edge on its way into the graph.
struct Made {
    source: usize,
    target: usize,
    answers: Answers,
    edge: Edge,
}

/// The verdict over an edge's reports.
struct Judged {
    rate: f64,
    answers: Answers,
    /// By code: flags and hosts with their rates.
    responses: BTreeMap<String, Responses>,
}

impl Judged {
    fn of(protocol: Protocol, tally: &Tally<'_>) -> Self {
        let (source, largest) = (&tally.traffic.source, tally.rate());
        let chosen: &Traffic<'_> = if source.total >= SAME_TRAFFIC * largest {
            source
        } else if tally.traffic.destination.total >= tally.traffic.waypoint.total {
            &tally.traffic.destination
        } else {
            &tally.traffic.waypoint
        };
        let mut judged = Self { rate: grid(largest), answers: Answers::default(), responses: BTreeMap::new() };
        if chosen.total <= 0.0 {
            return judged;
        }
        let scale = largest / chosen.total;
        for response in chosen.responses.iter().filter(|response| response.rate > 0.0) {
            judged.answers.file(protocol, response.code, response.rate * scale);
            if !response.code.is_empty() {
                let by_code = judged.responses.entry(response.code.to_owned()).or_default();
                *by_code.flags.entry(response.flags.to_owned()).or_default() += response.rate;
                *by_code.hosts.entry(response.host.to_owned()).or_default() += response.rate;
            }
        }
        for by_code in judged.responses.values_mut() {
            for share in by_code.flags.values_mut().chain(by_code.hosts.values_mut()) {
                *share = percent(*share, chosen.total);
            }
        }
        judged.answers.map(grid);
        judged
    }
}

fn edge(
    source: &str,
    target: &str,
    protocol: Protocol,
    tally: &Tally<'_>,
    judged: Judged,
    waypoint: [bool; 2],
) -> Edge {
    let answers = &judged.answers;
    let traffic = &tally.traffic;
    let grpc = protocol == Protocol::Grpc;
    let rates = EdgeRates {
        http_3xx: answers.redirects,
        http_4xx: answers.client_errors,
        http_5xx: answers.server_errors,
        http_no_response: if grpc { 0.0 } else { answers.unanswered },
        grpc_err: answers.errors,
        grpc_no_response: if grpc { answers.unanswered } else { 0.0 },
    };
    let latency = |place: usize| {
        let ms = tally.latency.server_first().into_iter().find_map(|quantiles| quantiles[place]);
        ms.map(|ms| (ms * 10.0).round() / 10.0)
    };
    let server_seen = traffic.destination.seen || traffic.waypoint.seen;
    let bytes = tally.bytes.server_first().into_iter().copied().fold(0.0, f64::max);
    Edge {
        id: digest(&["edge", source, target, name(protocol)]),
        source: source.to_owned(),
        target: target.to_owned(),
        protocol,
        rate: judged.rate,
        rates,
        percent_of_source: 0.0,
        percent_error: percent(answers.failed(), judged.rate),
        responses: judged.responses,
        latency_ms: LatencyMs { p50: latency(0), p95: latency(1), p99: latency(2) },
        bytes_per_s: if protocol == Protocol::Tcp { judged.rate } else { grid(bytes) },
        mtls: security(tally, waypoint.contains(&true)),
        reporters: Reporters {
            source: traffic.source.seen.then(|| grid(traffic.source.total)),
            destination: server_seen.then(|| grid(traffic.destination.total.max(traffic.waypoint.total))),
        },
        health: health::of_edge(protocol, answers),
        waypoint: match waypoint {
            [false, false] => None,
            [_, true] => Some(WaypointEdge::To),
            [true, false] => Some(WaypointEdge::From),
        },
    }
}

/// Share of the traffic under mutual TLS as the server's proxy says; by the client's where only that one knows.
fn security(tally: &Tally<'_>, waypoint: bool) -> EdgeMtls {
    let report = tally.traffic.server_first().into_iter().find(|traffic| traffic.policy_known && traffic.total > 0.0);
    let share = report.map(|traffic| {
        let exact = (traffic.mutual / traffic.total * 100.0).clamp(0.0, 100.0);
        // The ends are promises: all means all, none means none.
        match (traffic.mutual > 0.0, exact < 100.0 - 1e-9) {
            (false, _) => 0.0,
            (true, false) => 100.0,
            (true, true) => tenth(exact).clamp(0.1, 99.9),
        }
    });
    let own = |names: &std::collections::BTreeSet<&str>| names.iter().map(|name| (*name).to_owned()).collect();
    EdgeMtls {
        // Nothing but HBONE gets into or out of a waypoint.
        percent: share.or(waypoint.then_some(100.0)),
        source_principals: own(&tally.source_principals),
        destination_principals: own(&tally.destination_principals),
    }
}

/// A node's traffic, added up from its edges.
#[derive(Clone, Debug, Default)]
struct Sum {
    rates: NodeRates,
    answers: NodeAnswers,
    edges: usize,
    /// Edges from and to others.
    to_others: usize,
    from_others: usize,
}

impl Sum {
    fn sends(&mut self, made: &Made) {
        let rate = made.edge.rate;
        self.edges += 1;
        self.to_others += usize::from(made.source != made.target);
        match made.edge.protocol {
            Protocol::Http => {
                self.rates.http_out += rate;
                self.answers.http_out.add(&made.answers);
            }
            Protocol::Grpc => {
                self.rates.grpc_out += rate;
                self.answers.grpc_out.add(&made.answers);
            }
            Protocol::Tcp => self.rates.tcp_out += rate,
        }
    }

    fn receives(&mut self, made: &Made) {
        let (rate, rates, answers) = (made.edge.rate, &mut self.rates, &made.answers);
        self.edges += 1;
        self.from_others += usize::from(made.source != made.target);
        match made.edge.protocol {
            Protocol::Http => {
                rates.http_in += rate;
                rates.http_in_3xx += answers.redirects;
                rates.http_in_4xx += answers.client_errors;
                rates.http_in_5xx += answers.server_errors;
                rates.http_in_no_response += answers.unanswered;
                self.answers.http_in.add(answers);
            }
            Protocol::Grpc => {
                rates.grpc_in += rate;
                rates.grpc_in_err += answers.errors;
                rates.grpc_in_no_response += answers.unanswered;
                self.answers.grpc_in.add(answers);
            }
            Protocol::Tcp => rates.tcp_in += rate,
        }
    }

    fn round(&mut self) {
        let r = &mut self.rates;
        for rate in [
            &mut r.http_in,
            &mut r.http_in_3xx,
            &mut r.http_in_4xx,
            &mut r.http_in_5xx,
            &mut r.http_in_no_response,
            &mut r.http_out,
            &mut r.grpc_in,
            &mut r.grpc_in_err,
            &mut r.grpc_in_no_response,
            &mut r.grpc_out,
            &mut r.tcp_in,
            &mut r.tcp_out,
        ] {
            *rate = grid(*rate);
        }
    }

    /// A workload that has no edge because a service graph folds it away.
    fn folded(&self, draft: &Draft<'_>, view: &View) -> bool {
        view.graph == GraphType::Service && !draft.key.is_service()
    }
}

impl NodeRates {
    fn sent(&self, protocol: Protocol) -> f64 {
        match protocol {
            Protocol::Http => self.http_out,
            Protocol::Grpc => self.grpc_out,
            Protocol::Tcp => self.tcp_out,
        }
    }
}

fn node(id: String, draft: &Draft<'_>, sum: &Sum, view: &View) -> Node {
    let text = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    let service = if let Key::Service { name, .. } = draft.key { Some(name.to_owned()) } else { None };
    let kind = match draft.key {
        Key::External => NodeKind::External,
        Key::Unknown { .. } => NodeKind::Unknown,
        Key::Service { .. } if draft.service_entry => NodeKind::ServiceEntry,
        Key::Service { .. } => NodeKind::Service,
        Key::Workload { .. } => NodeKind::Workload,
        Key::App { .. } => NodeKind::App,
        Key::Version { .. } | Key::VersionWorkload { .. } => NodeKind::VersionedApp,
    };
    let judged = !matches!(kind, NodeKind::External | NodeKind::Unknown);
    let services = draft.services.iter().map(|(cluster, namespace, name)| ServiceRef {
        cluster: (*cluster).to_owned(),
        namespace: (*namespace).to_owned(),
        name: (*name).to_owned(),
    });
    Node {
        id,
        kind,
        cluster: draft.key.cluster().to_owned(),
        namespace: draft.key.namespace().to_owned(),
        workload: text(draft.workload),
        app: text(draft.app),
        version: text(draft.version),
        service,
        parent: None,
        dest_services: services.collect(),
        rates: sum.rates,
        health: if judged { health::of_node(&sum.answers) } else { Default::default() },
        flags: flags(draft, sum, view),
    }
}

fn flags(draft: &Draft<'_>, sum: &Sum, view: &View) -> Vec<NodeFlag> {
    let mut flags = draft.flags.clone();
    let (cluster, namespace) = (draft.key.cluster(), draft.key.namespace());
    let nowhere = namespace.is_empty() || namespace == "unknown";
    let rates = &sum.rates;
    let traffic = [rates.http_in, rates.http_out, rates.grpc_in, rates.grpc_out, rates.tcp_in, rates.tcp_out];
    for (flag, holds) in [
        (NodeFlag::Root, sum.to_others > 0 && sum.from_others == 0),
        (NodeFlag::Outside, !nowhere && !view.asks_for(cluster, namespace)),
        (NodeFlag::Inaccessible, nowhere || matches!(draft.key, Key::Service { name, .. } if is_egress_cluster(name))),
        (NodeFlag::Idle, traffic.iter().all(|rate| *rate <= 0.0)),
        (NodeFlag::Injected, draft.between && !draft.end && view.graph != GraphType::Service),
    ] {
        if holds {
            flags.insert(flag);
        }
    }
    flags.into_iter().collect()
}

/// The protocol's name in ids.
fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http => "http",
        Protocol::Grpc => "grpc",
        Protocol::Tcp => "tcp",
    }
}

/// Rounds away what adding in another order would change, so that equal data gives equal graphs.
fn grid(rate: f64) -> f64 {
    let steps = match rate.abs() {
        size if size < 1e3 => 1e9,
        size if size < 1e6 => 1e6,
        _ => 1e3,
    };
    (rate * steps).round() / steps
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { tenth(part / whole * 100.0) } else { 0.0 }
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
