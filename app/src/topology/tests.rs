//! A small mesh with one failing service, for the tests of the topology page: here and in `tests/topology.rs`.

use std::collections::BTreeMap;

use contract::{
    Timestamp,
    topology::{Graph, Layout, NodeCertificate, NodeDetail, Series, SeriesSet, VersionRow},
};
use mesh::topology::{
    Edge, EdgeMtls, EdgeRates, Health, HealthStatus, LatencyMs, Node, NodeFlag, NodeKind, NodeRates, Protocol, Rect,
    Reporters,
};

/// The instant of the fixture.
pub const AT: &str = "2026-11-20T12:03:20Z";

/// The id of a node of the fixture.
pub fn node_id(name: &str) -> String {
    format!("n-{}", name.replace('.', "-"))
}

fn mk_node(name: &str, namespace: &str, status: HealthStatus, rate: f64, failing: f64) -> Node {
    let outside = name == "bank.example";
    Node {
        id: node_id(name),
        kind: if outside { NodeKind::ServiceEntry } else { NodeKind::App },
        cluster: "east".into(),
        namespace: namespace.into(),
        workload: None,
        app: (!outside).then(|| name.to_owned()),
        version: None,
        service: outside.then(|| name.to_owned()),
        parent: (namespace == "shop").then(|| node_id("box-shop")),
        dest_services: vec![],
        rates: NodeRates { http_in: rate, http_in_5xx: failing, ..NodeRates::default() },
        health: Health {
            status,
            reasons: if failing > 0.0 {
                vec![format!("{:.1} % of the requests answered with 5xx", 100.0 * failing / rate)]
            } else {
                vec![]
            },
        },
        flags: if name == "istio-ingress" { vec![NodeFlag::Root, NodeFlag::Gateway] } else { vec![] },
    }
}

fn mk_edge(source: &str, target: &str, protocol: Protocol, rate: f64, percent_error: f64, mtls: Option<f64>) -> Edge {
    let health = match percent_error {
        _ if protocol == Protocol::Tcp => HealthStatus::Na,
        e if e >= 5.0 => HealthStatus::Failure,
        e if e > 0.0 => HealthStatus::Degraded,
        _ => HealthStatus::Healthy,
    };
    let spiffe = |name: &str| vec![format!("spiffe://demo.obstack/ns/shop/sa/{name}")];
    Edge {
        id: format!("e-{}-{}", node_id(source), node_id(target)),
        source: node_id(source),
        target: node_id(target),
        protocol,
        rate,
        rates: EdgeRates { http_5xx: rate * percent_error / 100.0, ..EdgeRates::default() },
        percent_of_source: 25.0,
        percent_error,
        responses: BTreeMap::new(),
        latency_ms: if protocol == Protocol::Tcp {
            LatencyMs::default()
        } else {
            LatencyMs { p50: Some(12.0), p95: Some(if percent_error > 5.0 { 812.0 } else { 48.0 }), p99: Some(1400.0) }
        },
        bytes_per_s: rate * 900.0,
        mtls: EdgeMtls { percent: mtls, source_principals: spiffe(source), destination_principals: spiffe(target) },
        reporters: Reporters { source: Some(rate), destination: Some(rate) },
        health,
        waypoint: None,
    }
}

/// 12 nodes in one box, 11 edges, payments failing.
pub fn mk_graph() -> Graph {
    use HealthStatus::{Degraded, Failure, Healthy, Na};
    let places: [(&str, &str, HealthStatus, f64, f64, f64, f64); 12] = [
        ("istio-ingress", "istio-system", Healthy, 0.0, 0.0, 8.0, 232.0),
        ("storefront", "shop", Healthy, 312.0, 0.0, 188.0, 232.0),
        ("catalog", "shop", Healthy, 188.0, 0.0, 388.0, 92.0),
        ("cart", "shop", Healthy, 97.0, 0.0, 388.0, 197.0),
        ("checkout", "shop", Degraded, 39.0, 0.94, 388.0, 312.0),
        ("reviews", "shop", Degraded, 63.0, 1.13, 388.0, 422.0),
        ("postgres", "shop", Na, 0.0, 0.0, 608.0, 77.0),
        ("cache", "shop", Na, 0.0, 0.0, 608.0, 172.0),
        ("payments", "shop", Failure, 41.0, 3.36, 608.0, 282.0),
        ("shipping", "shop", Healthy, 12.0, 0.0, 608.0, 377.0),
        ("ratings", "shop", Healthy, 51.0, 0.0, 608.0, 452.0),
        ("bank.example", "", Na, 40.0, 0.0, 818.0, 282.0),
    ];
    let mut layout = Layout { width: 950.0, height: 560.0, ..Layout::default() };
    let mut nodes =
        vec![Node { kind: NodeKind::Box, app: None, parent: None, ..mk_node("box-shop", "shop", Healthy, 0.0, 0.0) }];
    layout.nodes.insert(node_id("box-shop"), Rect { x: 168.0, y: 48.0, w: 590.0, h: 460.0 });
    for (name, namespace, status, rate, failing, x, y) in places {
        nodes.push(mk_node(name, namespace, status, rate, failing));
        layout.nodes.insert(node_id(name), Rect { x, y, w: 124.0, h: 36.0 });
    }
    type Call = (&'static str, &'static str, Protocol, f64, f64, Option<f64>);
    let calls: [Call; 11] = [
        ("istio-ingress", "storefront", Protocol::Http, 312.0, 0.0, Some(100.0)),
        ("storefront", "catalog", Protocol::Http, 188.0, 0.0, Some(100.0)),
        ("storefront", "cart", Protocol::Http, 97.0, 0.0, Some(100.0)),
        ("storefront", "checkout", Protocol::Http, 39.0, 2.4, Some(100.0)),
        ("storefront", "reviews", Protocol::Http, 63.0, 1.8, Some(100.0)),
        ("catalog", "postgres", Protocol::Tcp, 1_400_000.0, 0.0, Some(100.0)),
        ("cart", "cache", Protocol::Tcp, 1_400_000.0, 0.0, Some(100.0)),
        ("checkout", "payments", Protocol::Http, 41.0, 8.2, Some(100.0)),
        ("checkout", "shipping", Protocol::Grpc, 12.0, 0.0, Some(100.0)),
        ("reviews", "ratings", Protocol::Http, 51.0, 0.0, Some(100.0)),
        ("payments", "bank.example", Protocol::Http, 40.0, 0.0, Some(0.0)),
    ];
    let mut edges = Vec::new();
    for (source, target, protocol, rate, error, mtls) in calls {
        let edge = mk_edge(source, target, protocol, rate, error, mtls);
        let (from, to) = (layout.nodes[&edge.source], layout.nodes[&edge.target]);
        let ends = vec![[from.x + from.w, from.y + from.h / 2.0], [to.x, to.y + to.h / 2.0]];
        layout.edges.insert(edge.id.clone(), ends);
        edges.push(edge);
    }
    nodes.sort_by(|a, b| a.id.cmp(&b.id));
    edges.sort_by(|a, b| a.id.cmp(&b.id));
    Graph {
        at: AT.to_owned(),
        duration_s: 60,
        partial: false,
        warnings: vec![],
        age_ms: 0,
        nodes,
        edges,
        layout: Some(layout),
    }
}

/// The panel data of payments.
pub fn mk_detail() -> NodeDetail {
    let start: Timestamp = "2026-11-20T11:03:00Z".parse().expect("a time");
    let set = |series: Vec<(&str, Vec<f64>)>| SeriesSet {
        start,
        step_secs: 60,
        series: series
            .into_iter()
            .map(|(name, values)| Series { name: name.into(), values: values.into_iter().map(Some).collect() })
            .collect(),
    };
    let wave = |base: f64, late: f64| -> Vec<f64> {
        (0..60).map(|i| if i < 40 { base } else { late } * (1.0 + 0.03 * f64::from(i).sin())).collect()
    };
    NodeDetail {
        requests: set(vec![("requests", wave(41.0, 41.3))]),
        errors: set(vec![("errors", wave(0.1, 8.2))]),
        latency: set(vec![("p50", wave(20.0, 60.0)), ("p95", wave(96.0, 812.0)), ("p99", wave(140.0, 1400.0))]),
        tcp: SeriesSet::default(),
        versions: vec![
            VersionRow { version: "v1".into(), share: 52.0, error_percent: 0.1, p95_ms: Some(96.0) },
            VersionRow { version: "v2".into(), share: 48.0, error_percent: 17.0, p95_ms: Some(1400.0) },
        ],
        certificate: Some(NodeCertificate { expires_in_secs: 420, missed_rotation: false }),
        warnings: vec![],
    }
}
