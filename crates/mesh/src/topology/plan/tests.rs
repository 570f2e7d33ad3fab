use super::*;
use crate::topology::GraphType;

const GRAPHS: [GraphType; 4] = [GraphType::VersionedApp, GraphType::App, GraphType::Workload, GraphType::Service];

fn of(view: &View, part: Part, side: Side) -> String {
    let mut found = plan(view).into_iter().filter(|one| one.part == part && one.side == side);
    let one = found.next().expect("the part is planned");
    assert_eq!(found.next(), None, "a part has one query per side");
    one.promql
}

fn parts(view: &View) -> Vec<(Part, Side)> {
    plan(view).into_iter().map(|one| (one.part, one.side)).collect()
}

#[test]
fn a_handful_of_queries_whatever_is_asked_for() {
    let everything = View { grpc: GrpcTraffic::Total, tcp: TcpTraffic::Total, service_nodes: true, ..View::default() };
    assert_eq!(plan(&View::default()).len(), 9);
    assert_eq!(plan(&everything).len(), 11);
    let nothing = View { http: HttpTraffic::None, grpc: GrpcTraffic::None, tcp: TcpTraffic::None, ..View::default() };
    assert_eq!(plan(&nothing), []);
    let tcp = View { tcp: TcpTraffic::Sent, ..nothing };
    assert_eq!(
        parts(&tcp),
        [(Part::Tcp, Side::Source), (Part::Tcp, Side::Destination), (Part::Unserviced, Side::DestinationService)]
    );
}

#[test]
fn what_the_other_side_brings_is_left_out_only_where_groups_stay_whole() {
    for graph in GRAPHS {
        for planned in plan(&View { graph, tcp: TcpTraffic::Total, grpc: GrpcTraffic::Total, ..View::default() }) {
            let Some(seen) = planned.beyond else { continue };
            assert_eq!((planned.side, seen), (Side::Destination, Side::Source));
            for labels in planned.promql.split("sum by (").skip(1).filter_map(|rest| rest.split(')').next()) {
                for label in [seen.cluster_label(), seen.namespace_label()] {
                    assert!(labels.split(',').any(|own| own == label), "{label} in {}", planned.promql);
                }
            }
        }
    }
    let workload = Focus::Workload { namespace: "shop".to_owned(), name: "cart-v1".to_owned() };
    let focused = plan(&View { focus: Some(workload), ..View::default() });
    assert!(focused.iter().all(|planned| planned.beyond.is_none()), "the two sides ask about different ends");
}

#[test]
fn requests_carry_everything_an_edge_needs() {
    let view = View { duration_s: 300, ..View::default() };
    assert_eq!(
        of(&view, Part::Requests, Side::Source),
        "sum by (reporter,source_cluster,source_workload_namespace,destination_cluster,destination_workload_namespace,\
         request_protocol,source_workload,source_canonical_service,source_canonical_revision,destination_workload,\
         destination_canonical_service,destination_canonical_revision,destination_service,destination_service_name,\
         destination_service_namespace,connection_security_policy,source_principal,destination_principal,response_code,\
         grpc_response_status,response_flags) (rate(istio_requests_total{reporter=~\"source|destination|waypoint\"}[300s])) > 0"
    );
}

#[test]
fn every_row_tells_its_confinement() {
    for graph in GRAPHS {
        for planned in plan(&View { graph, tcp: TcpTraffic::Total, grpc: GrpcTraffic::Total, ..View::default() }) {
            let grouped = planned.promql.matches("sum by (").count();
            for label in [planned.side.cluster_label(), planned.side.namespace_label(), "reporter"] {
                let named = planned.promql.split("sum by (").skip(1).filter(|rest| {
                    rest.split(')').next().is_some_and(|labels| labels.split(',').any(|own| own == label))
                });
                assert_eq!(named.count(), grouped, "{label} in {}", planned.promql);
            }
        }
    }
}

#[test]
fn tcp_is_seen_from_the_client() {
    let metric = |tcp| of(&View { tcp, ..View::default() }, Part::Tcp, Side::Source);
    assert!(metric(TcpTraffic::Sent).contains("istio_tcp_received_bytes_total"));
    assert!(metric(TcpTraffic::Received).contains("istio_tcp_sent_bytes_total"));
    let both = metric(TcpTraffic::Total);
    assert!(both.contains("istio_tcp_received_bytes_total") && both.contains("istio_tcp_sent_bytes_total"));
    assert!(both.contains("\"direction\", \"sent\"") && both.contains("\"direction\", \"received\""));
    // The security labels come from the same counters, so the lock is never about the other direction.
    assert_eq!(both.matches("connection_security_policy").count(), 2);
}

#[test]
fn ambient_chooses_reporters() {
    for (ambient, reporters, ztunnel) in [
        (Ambient::None, "source|destination", false),
        (Ambient::Ztunnel, "source|destination", true),
        (Ambient::Waypoint, "source|destination|waypoint", false),
        (Ambient::Total, "source|destination|waypoint", true),
    ] {
        let promql = of(&View { ambient, ..View::default() }, Part::Tcp, Side::Destination);
        assert!(promql.contains(&format!("reporter=~\"{reporters}\"")), "{promql}");
        assert_eq!(promql.contains("app!=\"ztunnel\""), !ztunnel, "{promql}");
    }
}

#[test]
fn protocols_narrow_the_request_counter() {
    let requests = |http, grpc| of(&View { http, grpc, ..View::default() }, Part::Requests, Side::Source);
    assert!(requests(HttpTraffic::Requests, GrpcTraffic::None).contains("request_protocol!=\"grpc\""));
    assert!(requests(HttpTraffic::Requests, GrpcTraffic::Sent).contains("request_protocol!=\"grpc\""));
    assert!(requests(HttpTraffic::None, GrpcTraffic::Requests).contains("request_protocol=\"grpc\""));
    let messages = of(&View { grpc: GrpcTraffic::Received, ..View::default() }, Part::GrpcMessages, Side::Source);
    assert!(messages.contains("istio_response_messages_total"), "{messages}");
}

#[test]
fn quantiles_are_summed_by_the_nodes_of_the_graph_and_nothing_else() {
    let latency =
        |graph, service_nodes| of(&View { graph, service_nodes, ..View::default() }, Part::Latency, Side::Source);
    let app = latency(GraphType::App, false);
    assert!(!app.contains("revision"), "{app}");
    assert!(app.contains(
        "sum by (le,reporter,source_cluster,source_workload_namespace,destination_cluster,\
         destination_workload_namespace,request_protocol,source_canonical_service,destination_canonical_service) ("
    ));
    let workload = latency(GraphType::Workload, false);
    assert!(!workload.contains("canonical"), "{workload}");
    for quantile in ["0.5", "0.95", "0.99"] {
        assert!(app.contains(&format!("histogram_quantile({quantile}, ")));
        assert!(app.contains(&format!("\"quantile\", \"{quantile}\", \"\", \"\"")));
    }
    assert!(latency(GraphType::Workload, true).contains("destination_workload,destination_service,"));
}

#[test]
fn idle_series_are_kept_when_asked_for() {
    for (idle_edges, idle_nodes, kept) in [(false, false, false), (true, false, true), (false, true, true)] {
        let view = View { idle_edges, idle_nodes, ..View::default() };
        for part in [Part::Requests, Part::Tcp] {
            assert_eq!(!of(&view, part, Side::Source).ends_with(" > 0"), kept);
        }
    }
}

#[test]
fn a_focus_narrows_each_side_to_its_end() {
    let view = |focus| View { focus: Some(focus), ..View::default() };
    let app = view(Focus::App { namespace: "shop".to_owned(), name: "a\"b\\c".to_owned() });
    assert!(
        of(&app, Part::Requests, Side::Source)
            .contains("source_workload_namespace=\"shop\",source_canonical_service=\"a\\\"b\\\\c\"")
    );
    assert!(of(&app, Part::Requests, Side::Destination).contains("destination_canonical_service="));
    assert!(parts(&app).iter().all(|(part, _)| *part != Part::Unserviced));
    let service = view(Focus::Service { namespace: "unknown".to_owned(), name: "PassthroughCluster".to_owned() });
    for side in [Side::Source, Side::Destination] {
        assert!(
            of(&service, Part::Requests, side).contains(
                "destination_service_namespace=~\"(unknown)?\",destination_service_name=\"PassthroughCluster\""
            )
        );
    }
    assert!(parts(&service).contains(&(Part::Unserviced, Side::DestinationService)));
}
