use super::*;
use crate::topology::{
    EdgeRates, Health, HealthStatus, LatencyMs, NodeFlag, NodeRates, Protocol, Responses, ServiceRef,
};

fn mk_node(name: &str, namespace: &str, status: HealthStatus) -> Node {
    Node {
        id: name.to_owned(),
        kind: NodeKind::App,
        cluster: "east-1".to_owned(),
        namespace: namespace.to_owned(),
        workload: None,
        app: Some(name.to_owned()),
        version: Some("v1".to_owned()),
        service: None,
        parent: None,
        dest_services: vec![ServiceRef {
            cluster: "east-1".to_owned(),
            namespace: namespace.to_owned(),
            name: format!("{name}-svc"),
        }],
        rates: NodeRates { http_in: 10.0, http_in_5xx: 0.5, ..NodeRates::default() },
        health: Health { status, reasons: Vec::new() },
        flags: Vec::new(),
    }
}

fn mk_edge(source: &str, target: &str, protocol: Protocol, p95: Option<f64>, mtls: Option<f64>) -> Edge {
    let mut responses = std::collections::BTreeMap::new();
    if protocol == Protocol::Http {
        let flags = [("UF,URX".to_owned(), 5.0)].into();
        responses.insert("503".to_owned(), Responses { flags, hosts: Default::default() });
    }
    Edge {
        id: format!("{source}>{target}"),
        source: source.to_owned(),
        target: target.to_owned(),
        protocol,
        rate: 10.0,
        rates: EdgeRates::default(),
        percent_of_source: 40.0,
        percent_error: if protocol == Protocol::Http { 5.0 } else { 0.0 },
        responses,
        latency_ms: LatencyMs { p95, ..LatencyMs::default() },
        bytes_per_s: 2_000_000.0,
        mtls: crate::topology::EdgeMtls { percent: mtls, ..Default::default() },
        reporters: Default::default(),
        health: if protocol == Protocol::Http { HealthStatus::Degraded } else { HealthStatus::Na },
        waypoint: None,
    }
}

/// web → payments (HTTP, slow, partly plain), payments → ledger (TCP), and an idle gateway.
fn mk_graph() -> Graph {
    let mut idle = mk_node("istio-ingress", "edge", HealthStatus::Na);
    idle.rates = NodeRates::default();
    idle.flags = vec![NodeFlag::Idle, NodeFlag::Gateway];
    let mut ledger = mk_node("ledger", "bank", HealthStatus::Na);
    ledger.rates = NodeRates { tcp_in: 5.0, ..NodeRates::default() };
    let mut around = mk_node("around", "shop", HealthStatus::Degraded);
    around.kind = NodeKind::Box;
    Graph {
        nodes: vec![
            around,
            idle,
            ledger,
            mk_node("payments", "shop", HealthStatus::Degraded),
            mk_node("web", "shop-eu", HealthStatus::Healthy),
        ],
        edges: vec![
            mk_edge("payments", "ledger", Protocol::Tcp, None, None),
            mk_edge("web", "payments", Protocol::Http, Some(812.0), Some(97.5)),
        ],
        ..Graph::default()
    }
}

fn search(text: &str) -> String {
    let found = Find::parse(text).expect("a good expression").search(&mk_graph());
    found.nodes.into_iter().chain(found.edges).collect::<Vec<_>>().join(" ")
}

#[test]
fn terms_find_nodes_and_edges() {
    for (text, found) in [
        ("ns:shop", "payments payments>ledger web>payments"),
        ("ns:shop*", "payments web payments>ledger web>payments"),
        ("NS:Shop", "payments payments>ledger web>payments"),
        ("cluster:east*", "istio-ingress ledger payments web payments>ledger web>payments"),
        ("app:pay", "payments payments>ledger web>payments"),
        ("app:pay*s", "payments payments>ledger web>payments"),
        ("app:pay*x", ""),
        ("svc:ledger-svc", "ledger payments>ledger"),
        ("version:v1 name:web", "web web>payments"),
        ("pay", "payments payments>ledger web>payments"),
        ("\"istio-in\"", "istio-ingress"),
        ("err>1%", "payments web web>payments"),
        ("err>=5 err<=5", "payments web web>payments"),
        ("rt>500ms", "payments web>payments"),
        ("rt > 0.5s", "payments web>payments"),
        ("p95>1s", ""),
        ("mtls<100", "payments web>payments"),
        ("mtls=97.5", "payments web>payments"),
        ("mtls!=100", "payments web>payments"),
        ("rate>=10", "payments web web>payments"),
        ("bytes>1.5MB", "ledger payments payments>ledger web>payments"),
        ("share>30", "payments>ledger web>payments"),
        ("protocol:tcp", "ledger payments>ledger"),
        ("healthy", "web"),
        ("!healthy", "payments web>payments"),
        ("is:degraded", "payments web>payments"),
        ("idle", "istio-ingress"),
        ("gateway", "istio-ingress"),
        ("kind:app idle", "istio-ingress"),
        ("code:5*", "payments web>payments"),
        ("flag:urx", "payments web>payments"),
        ("flag:U", ""),
        ("ns:shop err>1%", "payments web>payments"),
        ("ns:shop !protocol:tcp", "payments web>payments"),
        ("idle or healthy", "istio-ingress web"),
        ("app:web OR app:ledger protocol:tcp", "ledger web payments>ledger web>payments"),
        ("order", ""),
        ("", ""),
        ("   ", ""),
    ] {
        assert_eq!(search(text), found, "{text}");
    }
}

#[test]
fn what_has_no_such_figure_fits_neither_a_term_nor_its_opposite() {
    assert_eq!(search("app:ledger rt>1"), "");
    assert_eq!(search("app:ledger !rt>1"), "");
}

#[test]
fn errors_say_where_and_what() {
    for (text, column, expected) in [
        ("ns:", 4, "a namespace"),
        ("ns:shop color:red", 9, "ns, cluster, app, version"),
        ("err>", 5, "a percentage"),
        ("err>5ms", 6, "a percentage"),
        ("rt>fast", 4, "a duration"),
        ("name>5", 1, "a figure before the comparison"),
        ("err=>5", 4, "one of > >= < <= = !="),
        ("protocol:udp", 10, "http, grpc or tcp"),
        ("kind:pod", 6, "workload, app"),
        ("or idle", 1, "a term before"),
        ("idle or", 8, "a term after"),
        ("idle or or", 9, "a term before"),
        ("name:\"open", 11, "a closing quote"),
        ("is:blue", 4, "a word like healthy"),
        ("!", 2, "a name"),
        (":x", 1, "a name"),
        ("ünï:x", 1, "ns, cluster"),
    ] {
        let error = Find::parse(text).expect_err(text);
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.expected.starts_with(expected), "{text}: {error}");
        assert!(error.to_string().starts_with(&format!("column {column}: expected ")));
    }
}

proptest::proptest! {
    /// Whatever is typed, there is an answer.
    #[test]
    fn parsing_never_fails_to_end(text in "[ -~äµ]{0,60}") {
        if let Ok(find) = Find::parse(&text) {
            find.search(&mk_graph());
        }
    }
}
