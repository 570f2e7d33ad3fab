//! Edges: merging, both reporters, services between, folding, idle, focus.

use super::*;

#[test]
fn of_two_reports_the_larger_counts_and_both_are_kept() {
    let rows = mk_rows(Part::Requests, &[(&[], 9.0), (&[("reporter", "source")], 10.0)]);
    let graph = see_all(&rows, &mk_view(GraphType::App));
    let edge = only_edge(&graph);
    assert_eq!(edge.rate, 10.0);
    assert_eq!((edge.reporters.source, edge.reporters.destination), (Some(10.0), Some(9.0)));
}

#[test]
fn the_client_tells_the_outcome_where_both_saw_the_traffic() {
    let rows = mk_rows(
        Part::Requests,
        &[
            (&[], 10.0),
            (&[("reporter", "source")], 9.0),
            (&[("reporter", "source"), ("response_code", "0"), ("response_flags", "UT")], 1.0),
        ],
    );
    let graph = see_all(&rows, &mk_view(GraphType::App));
    let edge = only_edge(&graph);
    assert_eq!((edge.rate, edge.rates.http_no_response, edge.percent_error), (10.0, 1.0, 10.0));
    assert_eq!(edge.responses["-"].flags["UT"], 10.0);
    assert_eq!(edge.responses["200"].hosts["pay.shop.svc.cluster.local"], 90.0);
}

#[test]
fn the_server_tells_the_outcome_where_the_client_saw_less() {
    let failed = [("response_code", "503")];
    let rows = mk_rows(Part::Requests, &[(&failed, 10.0), (&[("reporter", "source")], 2.0)]);
    let graph = see_all(&rows, &mk_view(GraphType::App));
    assert_eq!(only_edge(&graph).rates.http_5xx, 10.0);
}

#[test]
fn a_row_in_the_answers_of_both_sides_counts_once() {
    let mut rows = mk_rows(Part::Requests, &[(&[], 4.0)]);
    rows.add(Part::Requests, vec![(mk_labels(&[]), 4.1)]);
    rows.add(Part::Unserviced, vec![(mk_labels(&[]), 4.0)]);
    assert_eq!(only_edge(&see_all(&rows, &mk_view(GraphType::App))).rate, 4.1);
}

#[test]
fn codes_are_filed_by_protocol() {
    for (changes, code, http_5xx, grpc_err, none) in [
        (&[("response_code", "500")][..], "500", 1.0, 0.0, 0.0),
        (&[("response_code", "0")], "-", 0.0, 0.0, 1.0),
        (&[("response_code", "")], "unknown", 0.0, 0.0, 0.0),
        (&[("request_protocol", "grpc"), ("grpc_response_status", "0")], "0", 0.0, 0.0, 0.0),
        (&[("request_protocol", "grpc"), ("grpc_response_status", "14")], "14", 0.0, 1.0, 0.0),
        (
            &[("request_protocol", "grpc"), ("grpc_response_status", "0"), ("response_code", "503")],
            "503",
            0.0,
            1.0,
            0.0,
        ),
        (&[("request_protocol", "grpc"), ("response_code", "0")], "-", 0.0, 0.0, 1.0),
        (&[("request_protocol", "grpc")], "200", 0.0, 0.0, 0.0),
    ] {
        let graph = see_all(&mk_rows(Part::Requests, &[(changes, 1.0)]), &mk_view(GraphType::App));
        let edge = only_edge(&graph);
        assert_eq!(edge.responses.keys().collect::<Vec<_>>(), [code], "{changes:?}");
        let unanswered = edge.rates.http_no_response + edge.rates.grpc_no_response;
        assert_eq!((edge.rates.http_5xx, edge.rates.grpc_err, unanswered), (http_5xx, grpc_err, none), "{changes:?}");
    }
}

#[test]
fn services_stand_between_when_asked_for() {
    let v2 = [("destination_workload", "pay-v2"), ("destination_canonical_revision", "v2")];
    let rows = mk_rows(Part::Requests, &[(&[], 3.0), (&v2, 1.0)]);
    let view = View { service_nodes: true, ..mk_view(GraphType::Workload) };
    let graph = see_all(&rows, &view);
    assert_eq!(arrows(&graph), ["cart-v1 → pay Http 4", "pay → pay-v1 Http 3", "pay → pay-v2 Http 1"]);
    let service = node(&graph, "pay");
    assert!(service.has(NodeFlag::Injected));
    assert_eq!(service.dest_services, node(&graph, "pay-v1").dest_services);
    assert_eq!((service.rates.http_in, service.rates.http_out), (4.0, 4.0));
}

#[test]
fn calls_that_reached_no_workload_end_at_the_service() {
    let lost = [
        ("reporter", "source"),
        ("destination_workload", "unknown"),
        ("destination_workload_namespace", "unknown"),
        ("destination_canonical_service", "unknown"),
        ("response_code", "503"),
        ("response_flags", "UH"),
    ];
    let graph = see_all(&mk_rows(Part::Unserviced, &[(&lost, 2.0)]), &mk_view(GraphType::Workload));
    assert_eq!(arrows(&graph), ["cart-v1 → pay Http 2"]);
    let service = node(&graph, "pay");
    assert_eq!(service.kind, NodeKind::Service);
    assert!(!service.has(NodeFlag::Injected));
}

#[test]
fn a_service_graph_folds_workloads_away() {
    let into_cart = [
        ("source_workload", "web"),
        ("source_canonical_service", "web"),
        ("destination_workload", "cart-v1"),
        ("destination_canonical_service", "cart"),
        ("destination_service", "cart.shop.svc.cluster.local"),
        ("destination_service_name", "cart"),
    ];
    let rows = mk_rows(Part::Requests, &[(&into_cart, 5.0), (&[], 3.0)]);
    let graph = see_all(&rows, &mk_view(GraphType::Service));
    assert_eq!(arrows(&graph), ["cart → pay Http 3", "web → cart Http 5"]);
    assert_eq!(node(&graph, "web").kind, NodeKind::Workload);
    assert!(node(&graph, "cart").flags.is_empty());
}

#[test]
fn a_workload_behind_two_services_charges_each_its_share() {
    let into = |name: &'static str, host: &'static str| {
        vec![
            ("source_workload", "web"),
            ("source_canonical_service", "web"),
            ("destination_workload", "cart-v1"),
            ("destination_canonical_service", "cart"),
            ("destination_service", host),
            ("destination_service_name", name),
        ]
    };
    let rows = mk_rows(
        Part::Requests,
        &[
            (&into("cart", "cart.shop.svc.cluster.local"), 3.0),
            (&into("basket", "basket.shop.svc.cluster.local"), 1.0),
            (&[], 8.0),
        ],
    );
    let graph = see_all(&rows, &mk_view(GraphType::Service));
    assert_eq!(
        arrows(&graph),
        ["basket → pay Http 2", "cart → pay Http 6", "web → basket Http 1", "web → cart Http 3"]
    );
}

#[test]
fn idle_edges_and_nodes_show_only_when_asked_for() {
    let rows = mk_rows(Part::Requests, &[(&[], 0.0)]);
    let view = |idle_edges, idle_nodes| View { idle_edges, idle_nodes, ..mk_view(GraphType::App) };
    let size = |view: &View| {
        let graph = see_all(&rows, view);
        (graph.nodes.len(), graph.edges.len())
    };
    assert_eq!(size(&view(false, false)), (0, 0));
    assert_eq!(size(&view(true, false)), (2, 1));
    assert_eq!(size(&view(false, true)), (2, 0));
    assert!(node(&see_all(&rows, &view(true, false)), "pay").has(NodeFlag::Idle));
}

#[test]
fn tcp_directions_add_up() {
    let mut rows = Rows::default();
    for (direction, rate) in [("sent", 100.0), ("received", 40.0)] {
        rows.add(Part::Tcp, vec![(mk_labels(&[("direction", direction), ("request_protocol", "tcp")]), rate)]);
    }
    let graph = see_all(&rows, &mk_view(GraphType::App));
    let edge = only_edge(&graph);
    assert_eq!((edge.protocol, edge.rate, edge.bytes_per_s), (Protocol::Tcp, 140.0, 140.0));
    assert_eq!(node(&graph, "pay").rates.tcp_in, 140.0);
}

#[test]
fn grpc_counts_messages_or_requests_but_never_both() {
    let grpc = [("request_protocol", "grpc"), ("grpc_response_status", "0")];
    let mut rows = mk_rows(Part::Requests, &[(&grpc, 2.0)]);
    rows.add(Part::GrpcMessages, vec![(mk_labels(&[("direction", "sent"), ("request_protocol", "grpc")]), 50.0)]);
    for (grpc, rate) in [(GrpcTraffic::Requests, 2.0), (GrpcTraffic::Sent, 50.0)] {
        let view = View { grpc, ..mk_view(GraphType::App) };
        assert_eq!(only_edge(&see_all(&rows, &view)).rate, rate);
    }
    let view = View { grpc: GrpcTraffic::None, ..mk_view(GraphType::App) };
    assert!(see_all(&rows, &view).edges.is_empty());
}

#[test]
fn shares_of_the_source_add_up() {
    let other = [
        ("destination_workload", "stock-v1"),
        ("destination_canonical_service", "stock"),
        ("destination_service_name", "stock"),
    ];
    let graph = see_all(&mk_rows(Part::Requests, &[(&[], 1.0), (&other, 2.0)]), &mk_view(GraphType::App));
    let mut shares: Vec<f64> = graph.edges.iter().map(|edge| edge.percent_of_source).collect();
    shares.sort_by(f64::total_cmp);
    assert_eq!(shares, [33.3, 66.7]);
}

#[test]
fn a_focus_keeps_its_node_and_its_neighbours() {
    let name = |namespace: &str, name: &str| (namespace.to_owned(), name.to_owned());
    let (namespace, app) = name("shop", "cart");
    let beyond = [
        ("source_workload", "pay-v1"),
        ("source_canonical_service", "pay"),
        ("destination_workload", "bank-v1"),
        ("destination_canonical_service", "bank"),
        ("destination_service_name", "bank"),
    ];
    let rows = mk_rows(Part::Requests, &[(&[], 1.0), (&beyond, 2.0)]);
    let with = |focus| View { focus: Some(focus), ..mk_view(GraphType::App) };
    assert_eq!(arrows(&see_all(&rows, &with(Focus::App { namespace, name: app }))), ["cart → pay Http 1"]);
    let (namespace, workload) = name("shop", "pay-v1");
    let graph = see_all(&rows, &with(Focus::Workload { namespace, name: workload }));
    assert_eq!(arrows(&graph), ["cart → pay Http 1", "pay → bank Http 2"]);
    let (namespace, service) = name("shop", "bank");
    let graph = see_all(&rows, &with(Focus::Service { namespace, name: service }));
    assert_eq!(arrows(&graph), ["bank → bank Http 2", "pay → bank Http 2"]);
    let focus = Focus::VersionedApp { namespace: "shop".to_owned(), name: "pay".to_owned(), version: "v2".to_owned() };
    assert!(see_all(&rows, &with(focus)).nodes.is_empty());
}

#[test]
fn neighbours_of_what_was_asked_for_are_outside() {
    let away = [("destination_workload_namespace", "bank"), ("destination_service_namespace", "bank")];
    let elsewhere = [
        ("source_workload_namespace", "bank"),
        ("destination_workload_namespace", "bank"),
        ("destination_service_namespace", "bank"),
    ];
    let rows = mk_rows(Part::Requests, &[(&away, 1.0), (&elsewhere, 1.0)]);
    let view = View { namespaces: vec!["shop".to_owned()], ..mk_view(GraphType::App) };
    let graph = see_all(&rows, &view);
    assert_eq!(arrows(&graph), ["cart → pay Http 1"]);
    assert!(node(&graph, "pay").has(NodeFlag::Outside));
    assert!(!node(&graph, "cart").has(NodeFlag::Outside));
}

#[test]
fn waypoints_mark_their_edges() {
    let to = [("destination_workload", "waypoint"), ("destination_canonical_service", "waypoint")];
    let from = [("source_workload", "waypoint"), ("source_canonical_service", "waypoint")];
    let mut rows = mk_rows(Part::Tcp, &[(&to, 1.0)]);
    rows.add(Part::Tcp, vec![(mk_labels(&from), 1.0)]);
    let view = View { service_nodes: true, ..mk_view(GraphType::App) };
    let graph = see_all(&rows, &view);
    assert_eq!(arrows(&graph), ["cart → waypoint Tcp 1", "waypoint → pay Tcp 1"]);
    let mut marks: Vec<String> = graph.edges.iter().map(|edge| format!("{:?}", edge.waypoint)).collect();
    marks.sort();
    assert_eq!(marks, ["Some(From)", "Some(To)"]);
    // Nothing but mutual TLS gets into a waypoint.
    assert!(graph.edges.iter().all(|edge| edge.mtls.percent == Some(100.0)));
}

#[test]
fn ztunnel_reports_mark_what_it_captured() {
    let by_source = [("app", "ztunnel"), ("reporter", "source")];
    let graph = see_all(&mk_rows(Part::Tcp, &[(&by_source, 1.0)]), &mk_view(GraphType::App));
    assert!(node(&graph, "cart").has(NodeFlag::Ambient));
    assert!(!node(&graph, "pay").has(NodeFlag::Ambient));
}
