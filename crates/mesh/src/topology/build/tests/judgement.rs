//! Health, transport security, latency, throughput.

use super::*;
use crate::topology::HealthStatus;

/// Status of the callee of 100 requests per second of which so many have a code.
fn status(protocol: &str, code: &str, failed: f64) -> HealthStatus {
    let good: &[(&str, &str)] = &[("request_protocol", protocol), ("grpc_response_status", "0")];
    let bad: &[(&str, &str)] = if protocol == "grpc" && code != "0" {
        &[("request_protocol", "grpc"), ("grpc_response_status", code)]
    } else {
        &[("request_protocol", protocol), ("response_code", code)]
    };
    let rows = mk_rows(Part::Requests, &[(good, 100.0 - failed), (bad, failed)]);
    let graph = see_all(&rows, &mk_view(GraphType::App));
    let edge = only_edge(&graph).health;
    assert_eq!(node(&graph, "pay").health.status, edge);
    assert_eq!(node(&graph, "cart").health.status, edge, "callers are judged by what they get");
    edge
}

#[test]
fn tolerances_are_those_meshes_are_used_to() {
    use HealthStatus::{Degraded, Failure, Healthy};
    for (protocol, code, failed, expected) in [
        ("http", "503", 0.0, Healthy),
        ("http", "503", 0.1, Degraded),
        ("http", "503", 9.9, Degraded),
        ("http", "503", 10.0, Failure),
        ("http", "404", 9.9, Healthy),
        ("http", "404", 10.0, Degraded),
        ("http", "404", 20.0, Failure),
        ("http", "302", 90.0, Healthy),
        ("http", "0", 0.1, Degraded),
        ("http", "0", 10.0, Failure),
        ("grpc", "14", 0.1, Degraded),
        ("grpc", "14", 10.0, Failure),
        ("grpc", "0", 10.0, Failure),
    ] {
        assert_eq!(status(protocol, code, failed), expected, "{failed} % {code} over {protocol}");
    }
}

#[test]
fn reasons_are_sentences_worst_first() {
    let rows =
        mk_rows(Part::Requests, &[(&[], 80.0), (&[("response_code", "503")], 8.0), (&[("response_code", "0")], 12.0)]);
    let graph = see_all(&rows, &mk_view(GraphType::App));
    assert_eq!(
        node(&graph, "pay").health.reasons,
        [
            "12 % of incoming HTTP requests got no answer (failing from 10 %)",
            "8 % of incoming HTTP requests failed with 5xx (degraded above 0 %)"
        ]
    );
}

#[test]
fn tcp_and_silence_are_not_judged() {
    let graph = see_all(&mk_rows(Part::Tcp, &[(&[], 1.0)]), &mk_view(GraphType::App));
    assert_eq!(only_edge(&graph).health, HealthStatus::Na);
    assert_eq!(node(&graph, "pay").health.status, HealthStatus::Na);
}

#[test]
fn a_box_is_as_ill_as_its_worst_member() {
    let v2 = [("destination_workload", "pay-v2"), ("destination_canonical_revision", "v2"), ("response_code", "503")];
    let rows = mk_rows(Part::Requests, &[(&[], 1.0), (&v2, 1.0)]);
    let view = View { boxes: vec![BoxBy::App], ..mk_view(GraphType::VersionedApp) };
    let graph = see_all(&rows, &view);
    let around = graph.nodes.iter().find(|node| node.kind == NodeKind::Box).expect("two versions are boxed");
    assert_eq!(around.health.status, HealthStatus::Failure);
    assert_eq!(around.health.reasons, ["1 of 2 failing"]);
}

fn mtls(rows: &[(&[(&str, &str)], f64)]) -> Option<f64> {
    let graph = see_all(&mk_rows(Part::Requests, rows), &mk_view(GraphType::App));
    only_edge(&graph).mtls.percent
}

#[test]
fn transport_security_is_added_up_over_series() {
    let safe: &[_] = &[("connection_security_policy", "mutual_tls")];
    let plain: &[_] = &[("connection_security_policy", "none"), ("destination_workload", "pay-v2")];
    let client: &[_] = &[("reporter", "source"), ("connection_security_policy", "unknown")];
    assert_eq!(mtls(&[(safe, 3.0), (plain, 1.0)]), Some(75.0));
    assert_eq!(mtls(&[(plain, 1.0), (safe, 3.0)]), Some(75.0));
    assert_eq!(mtls(&[(safe, 3.0), (client, 9.0)]), Some(100.0));
    assert_eq!(mtls(&[(plain, 3.0)]), Some(0.0));
    assert_eq!(mtls(&[(client, 3.0)]), None);
    // All means all and none means none, whatever rounding says.
    assert_eq!(mtls(&[(safe, 1.0), (plain, 0.000_1)]), Some(99.9));
    assert_eq!(mtls(&[(safe, 0.000_1), (plain, 1.0)]), Some(0.1));
}

#[test]
fn principals_are_collected() {
    let spiffe = "spiffe://cluster.local/ns/shop/sa/cart";
    let rows = mk_rows(Part::Requests, &[(&[("source_principal", spiffe), ("destination_principal", "unknown")], 1.0)]);
    let graph = see_all(&rows, &mk_view(GraphType::App));
    let edge = only_edge(&graph);
    assert_eq!(edge.mtls.source_principals, [spiffe]);
    assert!(edge.mtls.destination_principals.is_empty());
}

#[test]
fn latency_is_the_servers_and_the_worst_of_parts() {
    let mut rows = mk_rows(Part::Requests, &[(&[], 1.0)]);
    let quantile = |reporter, quantile, ms| {
        (mk_labels(&[("reporter", reporter), ("quantile", quantile), ("response_code", "")]), ms)
    };
    rows.add(
        Part::Latency,
        vec![
            quantile("destination", "0.5", 3.04),
            quantile("source", "0.5", 90.0),
            quantile("source", "0.95", 120.0),
            quantile("destination", "0.99", f64::NAN),
            (mk_labels(&[("quantile", "0.5"), ("source_workload", "cart-v2")]), 8.0),
        ],
    );
    let graph = see_all(&rows, &mk_view(GraphType::App));
    let latency = only_edge(&graph).latency_ms;
    assert_eq!((latency.p50, latency.p95, latency.p99), (Some(8.0), Some(120.0), None));
}

#[test]
fn latency_finds_app_edges_by_app_labels_alone() {
    let mut rows = mk_rows(Part::Requests, &[(&[], 1.0)]);
    let without = [
        ("quantile", "0.95"),
        ("source_workload", ""),
        ("source_canonical_revision", ""),
        ("destination_workload", ""),
        ("destination_canonical_revision", ""),
        ("destination_service", ""),
        ("destination_service_name", ""),
        ("destination_service_namespace", ""),
    ];
    rows.add(Part::Latency, vec![(mk_labels(&without), 7.0)]);
    assert_eq!(only_edge(&see_all(&rows, &mk_view(GraphType::App))).latency_ms.p95, Some(7.0));
}

#[test]
fn latency_and_bytes_never_make_an_edge() {
    let mut rows = Rows::default();
    rows.add(Part::Latency, vec![(mk_labels(&[("quantile", "0.5")]), 7.0)]);
    rows.add(Part::Bytes, vec![(mk_labels(&[("direction", "sent")]), 7.0)]);
    assert_eq!(see_all(&rows, &mk_view(GraphType::App)), Graph { duration_s: 600, ..Graph::default() });
}

#[test]
fn bytes_add_up_per_reporter() {
    let mut rows = mk_rows(Part::Requests, &[(&[], 1.0)]);
    let bytes = |reporter, direction, rate| (mk_labels(&[("reporter", reporter), ("direction", direction)]), rate);
    let all = vec![
        bytes("source", "sent", 10.0),
        bytes("source", "received", 100.0),
        bytes("destination", "sent", 11.0),
        bytes("destination", "received", 101.0),
    ];
    rows.add(Part::Bytes, all);
    assert_eq!(only_edge(&see_all(&rows, &mk_view(GraphType::App))).bytes_per_s, 112.0);
}
