//! What must hold for any telemetry.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::select};

use super::*;

const NAMESPACES: [&str; 3] = ["shop", "bank", "vault"];

/// One call as both sides may report it: labels and rate.
type Call = (BTreeMap<&'static str, String>, f64);

prop_compose! {
    fn end(side: &'static str)(
        cluster in select(vec!["east", "west", ""]),
        namespace in select(NAMESPACES.to_vec()),
        app in select(vec!["web", "cart", "pay", "unknown"]),
        version in select(vec!["v1", "v2", ""]),
        workload in select(vec!["named", "unknown"]),
    ) -> BTreeMap<&'static str, String> {
        // Names carry their namespace, so that a leak shows.
        let own = |name: &str| if name == "unknown" { name.to_owned() } else { format!("{namespace}-{name}") };
        let label = |name: &str| -> &'static str {
            match (side, name) {
                ("source", "cluster") => "source_cluster",
                ("source", "namespace") => "source_workload_namespace",
                ("source", "workload") => "source_workload",
                ("source", "app") => "source_canonical_service",
                ("source", "version") => "source_canonical_revision",
                ("source", _) => "source_principal",
                (_, "cluster") => "destination_cluster",
                (_, "namespace") => "destination_workload_namespace",
                (_, "workload") => "destination_workload",
                (_, "app") => "destination_canonical_service",
                (_, "version") => "destination_canonical_revision",
                (_, _) => "destination_principal",
            }
        };
        let workload = if workload == "unknown" { workload.to_owned() } else { format!("{}-{version}", own(app)) };
        BTreeMap::from([
            (label("cluster"), cluster.to_owned()),
            (label("namespace"), namespace.to_owned()),
            (label("workload"), workload),
            (label("app"), own(app)),
            (label("version"), version.to_owned()),
            (label("principal"), format!("spiffe://cluster.local/ns/{namespace}/sa/{}", own(app))),
        ])
    }
}

prop_compose! {
    fn call()(
        source in end("source"),
        destination in end("destination"),
        protocol in select(vec!["http", "grpc", ""]),
        code in select(vec!["200", "302", "404", "503", "0"]),
        status in select(vec!["0", "14", ""]),
        policy in select(vec!["mutual_tls", "none", "unknown", ""]),
        flags in select(vec!["-", "UF", ""]),
        rate in 0.0..500.0,
    ) -> Call {
        let namespace = destination["destination_workload_namespace"].clone();
        let service = destination["destination_canonical_service"].clone();
        let mut labels = source;
        labels.extend(destination);
        labels.extend([
            ("destination_service", format!("{service}.{namespace}.svc.cluster.local")),
            ("destination_service_name", service),
            ("destination_service_namespace", namespace),
            ("request_protocol", protocol.to_owned()),
            ("response_code", code.to_owned()),
            ("grpc_response_status", status.to_owned()),
            ("connection_security_policy", policy.to_owned()),
            ("response_flags", flags.to_owned()),
        ]);
        (labels, rate)
    }
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    prop::collection::vec(call(), 0..40).prop_map(|calls| {
        // Within one answer a label set appears once.
        let mut seen = BTreeSet::new();
        calls.into_iter().filter(|(labels, _)| seen.insert(labels.clone())).collect()
    })
}

fn views() -> impl Strategy<Value = View> {
    (
        select(vec![GraphType::VersionedApp, GraphType::App, GraphType::Workload, GraphType::Service]),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(graph, service_nodes, idle_edges)| View { graph, service_nodes, idle_edges, ..mk_view(graph) })
}

fn mk(calls: &[Call], more: &[(&str, &str)], factor: f64) -> Vec<crate::topology::Sample> {
    calls
        .iter()
        .map(|(labels, rate)| {
            let own = labels.iter().map(|(name, value)| (*name, value.as_str()));
            (Labels::from_pairs(own.chain(more.iter().copied())), rate * factor)
        })
        .collect()
}

fn reported(calls: &[Call], reporter: &str) -> Rows {
    let mut rows = Rows::default();
    rows.add(Part::Requests, mk(calls, &[("reporter", reporter)], 1.0));
    rows
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1.0)
}

/// Everything of a graph but the two reporters' own figures.
fn without_reporters(mut graph: Graph) -> Graph {
    for edge in &mut graph.edges {
        edge.reporters = Default::default();
        edge.mtls.percent = None;
    }
    graph
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn edge_sums_equal_node_totals(calls in calls(), view in views()) {
        let graph = see(&reported(&calls, "source"), &view, &["shop", "bank"]);
        for node in &graph.nodes {
            let sum = |to: bool, protocol, part: fn(&Edge) -> f64| -> f64 {
                let own = |edge: &&Edge| edge.protocol == protocol && node.id == if to { &*edge.target } else { &*edge.source };
                graph.edges.iter().filter(own).map(part).sum()
            };
            let (r, http, grpc) = (&node.rates, Protocol::Http, Protocol::Grpc);
            for (total, edges) in [
                (r.http_in, sum(true, http, |e| e.rate)),
                (r.http_out, sum(false, http, |e| e.rate)),
                (r.grpc_in, sum(true, grpc, |e| e.rate)),
                (r.grpc_out, sum(false, grpc, |e| e.rate)),
                (r.http_in_3xx, sum(true, http, |e| e.rates.http_3xx)),
                (r.http_in_4xx, sum(true, http, |e| e.rates.http_4xx)),
                (r.http_in_5xx, sum(true, http, |e| e.rates.http_5xx)),
                (r.http_in_no_response, sum(true, http, |e| e.rates.http_no_response)),
                (r.grpc_in_err, sum(true, grpc, |e| e.rates.grpc_err)),
                (r.grpc_in_no_response, sum(true, grpc, |e| e.rates.grpc_no_response)),
            ] {
                prop_assert!(near(total, edges), "{} has {total}, its edges {edges}", node.label());
            }
        }
    }

    #[test]
    fn edges_have_ends_and_everything_is_sorted(calls in calls(), view in views()) {
        let view = View { boxes: vec![BoxBy::Cluster, BoxBy::Namespace, BoxBy::App], ..view };
        let graph = see(&reported(&calls, "destination"), &view, &["shop", "bank"]);
        let ids: BTreeSet<&str> = graph.nodes.iter().map(|node| node.id.as_str()).collect();
        prop_assert_eq!(ids.len(), graph.nodes.len());
        prop_assert!(graph.nodes.is_sorted_by(|a, b| a.id < b.id));
        prop_assert!(graph.edges.is_sorted_by(|a, b| a.id < b.id));
        prop_assert!(graph.edges.iter().all(|edge| ids.contains(&*edge.source) && ids.contains(&*edge.target)));
        prop_assert!(graph.nodes.iter().all(|node| node.parent.as_deref().is_none_or(|parent| ids.contains(parent))));
    }

    /// Seeing more leaves what was seen as it was.
    #[test]
    fn a_part_of_the_whole_is_the_part(calls in calls(), view in views()) {
        prop_assume!(view.graph != GraphType::Service);
        let rows = reported(&calls, "source");
        let part = see(&rows, &view, &["shop"]);
        let whole = see(&rows, &view, &["shop", "bank"]);
        let inner = |graph: &Graph| -> Vec<Edge> {
            let own: BTreeSet<&str> =
                graph.nodes.iter().filter(|node| node.namespace == "shop").map(|node| node.id.as_str()).collect();
            graph.edges.iter().filter(|e| own.contains(&*e.source) && own.contains(&*e.target)).cloned().collect()
        };
        prop_assert_eq!(inner(&part), inner(&whole));
    }

    #[test]
    fn the_other_reporters_copy_changes_nothing(calls in calls(), view in views()) {
        let mut both = reported(&calls, "source");
        both.add(Part::Requests, mk(&calls, &[("reporter", "destination")], 1.0));
        let one = see(&reported(&calls, "source"), &view, &["shop", "bank"]);
        let both = see(&both, &view, &["shop", "bank"]);
        prop_assert_eq!(without_reporters(one), without_reporters(both));
    }

    #[test]
    fn splitting_a_series_by_pod_changes_nothing(calls in calls(), view in views()) {
        let mut split = Rows::default();
        split.add(Part::Requests, mk(&calls, &[("reporter", "source"), ("pod", "a")], 0.25));
        split.add(Part::Requests, mk(&calls, &[("reporter", "source"), ("pod", "b")], 0.75));
        let whole = see(&reported(&calls, "source"), &view, &["shop"]);
        prop_assert_eq!(whole, see(&split, &view, &["shop"]));
    }

    #[test]
    fn the_order_of_rows_changes_nothing(calls in calls(), view in views()) {
        let mut turned = calls.clone();
        turned.reverse();
        let (a, b) = (reported(&calls, "source"), reported(&turned, "source"));
        prop_assert_eq!(see(&a, &view, &["shop", "bank"]), see(&b, &view, &["shop", "bank"]));
    }

    #[test]
    fn renaming_a_cluster_only_permutes_ids(calls in calls(), view in views()) {
        let mut renamed = calls.clone();
        for label in renamed.iter_mut().flat_map(|(labels, _)| labels.values_mut()).filter(|label| *label == "west") {
            *label = "north".to_owned();
        }
        let nameless = |graph: Graph| {
            let mut nodes: Vec<Node> = graph.nodes;
            for node in &mut nodes {
                node.id = String::new();
                for name in [&mut node.cluster].into_iter().chain(node.dest_services.iter_mut().map(|s| &mut s.cluster)) {
                    *name = name.replace("north", "west");
                }
                node.dest_services.sort();
            }
            let mut nodes: Vec<String> = nodes.iter().map(|node| format!("{node:?}")).collect();
            nodes.sort();
            let mut edges: Vec<String> = graph.edges.into_iter().map(|edge| {
                format!("{:?}", Edge { id: String::new(), source: String::new(), target: String::new(), ..edge })
            }).collect();
            edges.sort();
            (nodes, edges)
        };
        let seen = |calls: &[Call]| nameless(see(&reported(calls, "source"), &view, &["shop", "bank"]));
        prop_assert_eq!(seen(&calls), seen(&renamed));
    }

    #[test]
    fn a_missing_label_is_an_empty_one(calls in calls(), view in views()) {
        let mut with = calls.clone();
        for (labels, _) in &mut with {
            labels.insert("app", String::new());
            labels.insert("source_cluster_extra", String::new());
        }
        let mut without = calls;
        for (labels, _) in &mut without {
            labels.retain(|_, value| !value.is_empty());
        }
        prop_assert_eq!(
            see(&reported(&with, "source"), &view, &["shop"]),
            see(&reported(&without, "source"), &view, &["shop"])
        );
    }

    #[test]
    fn no_foreign_name_is_ever_printed(calls in calls(), view in views()) {
        let view = View { boxes: vec![BoxBy::Cluster, BoxBy::Namespace, BoxBy::App], idle_nodes: true, ..view };
        let mut rows = reported(&calls, "destination");
        rows.add(Part::Latency, mk(&calls, &[("reporter", "source"), ("quantile", "0.95")], 1.0));
        let text = serde_json::to_string(&see(&rows, &view, &["shop", "bank"])).expect("graphs serialise");
        prop_assert!(!text.contains("vault"), "{}", text);
    }
}
