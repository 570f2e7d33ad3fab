//! Which rows count, and which node they mean.

use super::*;

#[test]
fn each_graph_type_has_its_own_nodes() {
    let rows = mk_rows(Part::Requests, &[(&[], 1.0)]);
    for (graph, expected) in [
        (GraphType::VersionedApp, "cart → pay Http 1"),
        (GraphType::App, "cart → pay Http 1"),
        (GraphType::Workload, "cart-v1 → pay-v1 Http 1"),
    ] {
        assert_eq!(arrows(&see_all(&rows, &mk_view(graph))), [expected], "{graph:?}");
    }
}

#[test]
fn fields_are_trimmed_to_what_the_node_stands_for() {
    let rows = mk_rows(Part::Requests, &[(&[], 1.0)]);
    let fields = |graph| {
        let graph = see_all(&rows, &mk_view(graph));
        let node = graph.nodes.iter().find(|node| node.label().starts_with("pay")).expect("the callee").clone();
        (node.kind, node.workload, node.app, node.version, node.service)
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        fields(GraphType::VersionedApp),
        (NodeKind::VersionedApp, some("pay-v1"), some("pay"), some("v1"), None)
    );
    assert_eq!(fields(GraphType::App), (NodeKind::App, None, some("pay"), None, None));
    assert_eq!(fields(GraphType::Workload), (NodeKind::Workload, some("pay-v1"), some("pay"), some("v1"), None));
    assert_eq!(fields(GraphType::Service), (NodeKind::Service, None, None, None, some("pay")));
}

#[test]
fn what_has_no_app_is_its_workload_and_what_has_no_workload_its_service() {
    let no_app: &[_] = &[("destination_canonical_service", "unknown")];
    let nothing: &[_] = &[("destination_canonical_service", ""), ("destination_workload", "unknown")];
    for (changes, graph, kind, label) in [
        (no_app, GraphType::App, NodeKind::Workload, "pay-v1"),
        (no_app, GraphType::VersionedApp, NodeKind::Workload, "pay-v1"),
        (nothing, GraphType::App, NodeKind::Service, "pay"),
        (nothing, GraphType::Workload, NodeKind::Service, "pay"),
    ] {
        let graph = see_all(&mk_rows(Part::Requests, &[(changes, 1.0)]), &mk_view(graph));
        assert_eq!(node(&graph, label).kind, kind);
    }
}

#[test]
fn versions_without_a_workload_are_told_apart_by_revision() {
    let rows = mk_rows(
        Part::Requests,
        &[
            (&[("destination_workload", "")], 1.0),
            (&[("destination_workload", ""), ("destination_canonical_revision", "v2")], 2.0),
            (&[("destination_workload", ""), ("destination_canonical_revision", "latest")], 4.0),
        ],
    );
    let graph = see_all(&rows, &mk_view(GraphType::VersionedApp));
    let mut kinds: Vec<_> =
        graph.nodes.iter().filter(|node| node.label() == "pay").map(|node| (node.kind, node.version.clone())).collect();
    kinds.sort();
    assert_eq!(
        kinds,
        [
            (NodeKind::App, None),
            (NodeKind::VersionedApp, Some("v1".to_owned())),
            (NodeKind::VersionedApp, Some("v2".to_owned()))
        ]
    );
}

#[test]
fn half_filled_rows_are_dropped() {
    let dropped: &[&[(&str, &str)]] = &[
        &[("source_workload", "unknown"), ("source_canonical_service", "")],
        &[("source_cluster", "unknown")],
        &[
            ("destination_workload", ""),
            ("destination_service", "10.0.0.7:8080"),
            ("destination_service_name", "10.0.0.7:8080"),
        ],
        &[("source_cluster", ""), ("destination_cluster", "unknown")],
    ];
    for changes in dropped {
        let graph = see_all(&mk_rows(Part::Requests, &[(changes, 1.0)]), &mk_view(GraphType::App));
        assert_eq!(graph.nodes, [], "{changes:?}");
    }
}

#[test]
fn an_unknown_destination_cluster_is_the_sources_when_the_service_is_known() {
    for stated in ["unknown", ""] {
        let rows = mk_rows(Part::Requests, &[(&[("destination_cluster", stated)], 1.0)]);
        assert_eq!(node(&see_all(&rows, &mk_view(GraphType::App)), "pay").cluster, "east");
    }
}

#[test]
fn the_egress_gateway_is_known_by_its_host() {
    let host = "istio-egressgateway.istio-system.svc.cluster.local";
    let rows = mk_rows(
        Part::Requests,
        &[(
            &[
                ("destination_workload", "unknown"),
                ("destination_workload_namespace", "unknown"),
                ("destination_canonical_service", "unknown"),
                ("destination_service", host),
                ("destination_service_name", host),
                ("destination_service_namespace", "unknown"),
            ],
            1.0,
        )],
    );
    let graph = see_all(&rows, &mk_view(GraphType::App));
    assert_eq!(node(&graph, "istio-egressgateway").namespace, "istio-system");
}

#[test]
fn traffic_from_outside_the_mesh_has_an_unknown_root() {
    let rows = mk_rows(
        Part::Requests,
        &[(
            &[
                ("source_cluster", "unknown"),
                ("source_workload_namespace", "unknown"),
                ("source_workload", "unknown"),
                ("source_canonical_service", "unknown"),
                ("source_canonical_revision", "unknown"),
            ],
            1.0,
        )],
    );
    let graph = see_all(&rows, &mk_view(GraphType::App));
    let source = node(&graph, "unknown");
    assert_eq!((source.kind, source.namespace.as_str()), (NodeKind::Unknown, ""));
    assert!(source.has(NodeFlag::Root) && source.has(NodeFlag::Inaccessible));
    assert!(!node(&graph, "pay").has(NodeFlag::Root));
}

#[test]
fn hosts_outside_are_service_entries_or_sinks() {
    let outside = |name: &'static str, namespace: &'static str| {
        vec![
            ("destination_workload", "unknown"),
            ("destination_workload_namespace", "unknown"),
            ("destination_canonical_service", "unknown"),
            ("destination_cluster", "unknown"),
            ("destination_service", if name.contains('.') { name } else { "198.51.100.7" }),
            ("destination_service_name", name),
            ("destination_service_namespace", namespace),
        ]
    };
    let view = mk_view(GraphType::App);
    let graph = see_all(&mk_rows(Part::Requests, &[(&outside("bank.example", "shop"), 1.0)]), &view);
    assert_eq!(node(&graph, "bank.example").kind, NodeKind::ServiceEntry);
    let graph = see_all(&mk_rows(Part::Requests, &[(&outside("PassthroughCluster", "unknown"), 1.0)]), &view);
    let sink = node(&graph, "PassthroughCluster");
    assert_eq!((sink.kind, sink.namespace.as_str()), (NodeKind::Service, "unknown"));
    assert!(sink.has(NodeFlag::Inaccessible));
}

#[test]
fn one_workload_in_two_clusters_is_two_nodes() {
    let west = [("source_cluster", "west"), ("destination_cluster", "west")];
    let graph = see_all(&mk_rows(Part::Requests, &[(&[], 1.0), (&west, 1.0)]), &mk_view(GraphType::App));
    assert_eq!(labels(&graph), ["cart", "cart", "pay", "pay"]);
}

#[test]
fn gateways_and_waypoints_are_known_by_name() {
    let rows = mk_rows(
        Part::Requests,
        &[
            (&[("source_workload", "istio-ingressgateway"), ("source_canonical_service", "istio-ingressgateway")], 1.0),
            (&[("source_workload", "shop-gw-istio"), ("source_canonical_service", "shop-gw-istio")], 1.0),
            (&[("source_workload", "api-gateway"), ("source_canonical_service", "api-gateway")], 1.0),
            (&[("destination_workload", "waypoint"), ("destination_canonical_service", "waypoint")], 1.0),
        ],
    );
    let graph = see_all(&rows, &mk_view(GraphType::App));
    assert!(node(&graph, "istio-ingressgateway").has(NodeFlag::Gateway));
    assert!(node(&graph, "shop-gw-istio").has(NodeFlag::Gateway));
    assert!(!node(&graph, "api-gateway").has(NodeFlag::Gateway));
    let waypoint = node(&graph, "waypoint");
    assert_eq!((waypoint.kind, waypoint.app.as_deref()), (NodeKind::Workload, None));
    assert!(waypoint.has(NodeFlag::Waypoint));
}

#[test]
fn boxes_nest_and_stand_only_where_they_tell_something_apart() {
    let other_version = [("destination_workload", "pay-v2"), ("destination_canonical_revision", "v2")];
    let west = [
        ("source_cluster", "west"),
        ("destination_cluster", "west"),
        ("destination_workload_namespace", "bank"),
        ("destination_service_namespace", "bank"),
    ];
    let rows = mk_rows(Part::Requests, &[(&[], 1.0), (&other_version, 1.0), (&west, 1.0)]);
    let view = View { boxes: vec![BoxBy::App, BoxBy::Cluster, BoxBy::Namespace], ..mk_view(GraphType::VersionedApp) };
    let graph = see_all(&rows, &view);
    let by_id = |id: &str| graph.nodes.iter().find(|node| node.id == id).expect("parents exist");
    let v2 = graph.nodes.iter().find(|node| node.version.as_deref() == Some("v2")).expect("a second version");
    let around: Vec<&str> =
        std::iter::successors(v2.parent.as_deref().map(by_id), |node| node.parent.as_deref().map(by_id))
            .map(Node::label)
            .collect();
    assert_eq!(around, ["pay", "shop", "east"]);
    // West has two members in two namespaces: a cluster box, no namespace boxes.
    let boxes: Vec<&str> = graph
        .nodes
        .iter()
        .filter(|node| node.kind == NodeKind::Box && node.cluster == "west")
        .map(Node::label)
        .collect();
    assert_eq!(boxes, ["west"]);
    // Without boxes for clusters, a namespace is one box wherever it is.
    let far = [("source_cluster", "west"), ("destination_cluster", "west")];
    let rows = mk_rows(Part::Requests, &[(&[], 1.0), (&far, 1.0), (&west, 1.0)]);
    let graph = see_all(&rows, &View { boxes: vec![BoxBy::Namespace], ..view.clone() });
    let boxes: Vec<_> = graph.nodes.iter().filter(|node| node.kind == NodeKind::Box).collect();
    assert_eq!(boxes.iter().map(|one| (one.label(), one.cluster.as_str())).collect::<Vec<_>>(), [("shop", "")]);
    // A single namespace in a single cluster needs no box of either kind.
    let graph = see_all(&mk_rows(Part::Requests, &[(&[], 1.0)]), &view);
    assert!(graph.nodes.iter().all(|node| node.kind != NodeKind::Box && node.parent.is_none()));
}
