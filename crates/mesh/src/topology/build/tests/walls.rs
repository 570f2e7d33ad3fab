//! What must not be seen is nowhere in the graph.

use super::*;

const FOREIGN: [&str; 3] = ["vault", "keeper", "secret-region"];

/// Nothing foreign in the whole graph as the API prints it.
fn assert_silent(graph: &Graph) {
    let text = serde_json::to_string(graph).expect("graphs serialise");
    for word in FOREIGN {
        assert!(!text.contains(word), "{word} in {text}");
    }
}

#[test]
fn foreign_callees_are_one_nameless_node() {
    let foreign = |workload: &'static str, code: &'static str| {
        vec![
            ("destination_cluster", "secret-region"),
            ("destination_workload_namespace", "vault"),
            ("destination_workload", workload),
            ("destination_canonical_service", workload),
            ("destination_service", "keeper.vault.svc.cluster.local"),
            ("destination_service_name", "keeper"),
            ("destination_service_namespace", "vault"),
            ("destination_principal", "spiffe://cluster.local/ns/vault/sa/keeper"),
            ("response_code", code),
        ]
    };
    let rows = mk_rows(Part::Requests, &[(&foreign("keeper", "200"), 1.0), (&foreign("keeper-2", "503"), 2.0)]);
    for graph in [GraphType::App, GraphType::VersionedApp, GraphType::Workload, GraphType::Service] {
        for service_nodes in [false, true] {
            let view = View { service_nodes, boxes: vec![BoxBy::Cluster, BoxBy::Namespace], ..mk_view(graph) };
            let graph = see(&rows, &view, &["shop"]);
            assert_silent(&graph);
            let outside = node(&graph, "outside");
            assert_eq!((outside.kind, outside.cluster.as_str()), (NodeKind::External, "unknown"));
            assert_eq!((outside.namespace.as_str(), outside.dest_services.len()), ("", 0));
            let edge = only_edge(&graph);
            assert_eq!((edge.rate, edge.responses["200"].hosts["outside"]), (3.0, 33.3));
        }
    }
}

#[test]
fn foreign_callers_are_the_same_node() {
    let foreign = [
        ("source_cluster", "secret-region"),
        ("source_workload_namespace", "vault"),
        ("source_workload", "keeper"),
        ("source_canonical_service", "keeper"),
        ("source_principal", "spiffe://cluster.local/ns/vault/sa/keeper"),
    ];
    let graph = see(&mk_rows(Part::Requests, &[(&foreign, 1.0)]), &mk_view(GraphType::App), &["shop"]);
    assert_silent(&graph);
    assert_eq!(arrows(&graph), ["outside → pay Http 1"]);
    assert!(node(&graph, "outside").has(NodeFlag::Inaccessible));
}

#[test]
fn calls_between_others_are_nobodys_business() {
    let foreign = [
        ("source_workload_namespace", "vault"),
        ("destination_workload_namespace", "vault"),
        ("destination_service_namespace", "vault"),
    ];
    assert!(see(&mk_rows(Part::Requests, &[(&foreign, 1.0)]), &mk_view(GraphType::App), &["shop"]).nodes.is_empty());
}

#[test]
fn names_without_a_namespace_do_not_leak() {
    // A caller whose namespace no label tells, but whose other labels do.
    let source = [
        ("source_cluster", "secret-region"),
        ("source_workload_namespace", "unknown"),
        ("source_workload", "keeper"),
        ("source_canonical_service", "keeper"),
        ("source_principal", "spiffe://cluster.local/ns/vault/sa/keeper"),
    ];
    let graph = see(&mk_rows(Part::Requests, &[(&source, 1.0)]), &mk_view(GraphType::App), &["shop"]);
    assert_silent(&graph);
    assert_eq!(arrows(&graph), ["unknown → pay Http 1"]);
    // A callee that only its host gives away.
    for host in ["keeper.vault.svc.cluster.local", "pod-0.keeper.vault.svc.cluster.local:8080", "keeper.vault.global"] {
        let destination = [
            ("destination_cluster", "secret-region"),
            ("destination_workload_namespace", ""),
            ("destination_workload", "unknown"),
            ("destination_canonical_service", ""),
            ("destination_service", host),
            ("destination_service_name", "keeper"),
            ("destination_service_namespace", ""),
        ];
        let graph = see(&mk_rows(Part::Requests, &[(&destination, 1.0)]), &mk_view(GraphType::App), &["shop"]);
        assert_silent(&graph);
        assert_eq!(arrows(&graph), ["cart → outside Http 1"]);
    }
}

#[test]
fn a_foreign_service_before_an_own_workload_is_left_out() {
    let labels = [
        ("destination_service", "keeper.vault.svc.cluster.local"),
        ("destination_service_name", "keeper"),
        ("destination_service_namespace", "vault"),
    ];
    let view = View { service_nodes: true, ..mk_view(GraphType::App) };
    let graph = see(&mk_rows(Part::Requests, &[(&labels, 1.0)]), &view, &["shop"]);
    assert_silent(&graph);
    assert_eq!(arrows(&graph), ["cart → pay Http 1"]);
}

#[test]
fn the_same_namespace_elsewhere_is_foreign_when_the_cluster_is() {
    let rows = mk_rows(Part::Requests, &[(&[("destination_cluster", "secret-region")], 1.0)]);
    let graph = build(&rows, &mk_view(GraphType::App), &|cluster, namespace| cluster == "east" && namespace == "shop");
    assert_silent(&graph);
    assert_eq!(arrows(&graph), ["cart → outside Http 1"]);
}

#[test]
fn nothing_is_seen_without_a_right() {
    assert!(see(&mk_rows(Part::Requests, &[(&[], 1.0)]), &mk_view(GraphType::App), &[]).nodes.is_empty());
}
