//! Table tests over rows, then the properties that hold for any rows.

mod edges;
mod identity;
mod judgement;
mod properties;
mod walls;

use super::build;
use crate::{
    Labels,
    topology::{
        BoxBy, Edge, Focus, Graph, GraphType, GrpcTraffic, Node, NodeFlag, NodeKind, Part, Protocol, Rows, View,
    },
};

/// A row of the requests query between two workloads of one namespace, as both a base and an example.
const BASE: [(&str, &str); 17] = [
    ("reporter", "destination"),
    ("source_cluster", "east"),
    ("source_workload_namespace", "shop"),
    ("source_workload", "cart-v1"),
    ("source_canonical_service", "cart"),
    ("source_canonical_revision", "v1"),
    ("destination_cluster", "east"),
    ("destination_workload_namespace", "shop"),
    ("destination_workload", "pay-v1"),
    ("destination_canonical_service", "pay"),
    ("destination_canonical_revision", "v1"),
    ("destination_service", "pay.shop.svc.cluster.local"),
    ("destination_service_name", "pay"),
    ("destination_service_namespace", "shop"),
    ("request_protocol", "http"),
    ("response_code", "200"),
    ("response_flags", "-"),
];

/// The base row with some labels changed; an empty value takes a label away.
fn mk_labels(changes: &[(&str, &str)]) -> Labels {
    Labels::from_pairs(BASE.iter().chain(changes).copied())
}

/// Rows of one part, each the base with changes and a value.
fn mk_rows(part: Part, rows: &[(&[(&str, &str)], f64)]) -> Rows {
    let mut all = Rows::default();
    all.add(part, rows.iter().map(|(changes, value)| (mk_labels(changes), *value)).collect());
    all
}

fn mk_view(graph: GraphType) -> View {
    View { graph, boxes: Vec::new(), ..View::default() }
}

/// Builds for somebody who sees everything.
fn see_all(rows: &Rows, view: &View) -> Graph {
    build(rows, view, &|_, _| true)
}

/// Builds for somebody who sees some namespaces.
fn see(rows: &Rows, view: &View, namespaces: &[&str]) -> Graph {
    build(rows, view, &|_, namespace| namespaces.contains(&namespace))
}

fn node<'g>(graph: &'g Graph, label: &str) -> &'g Node {
    let found: Vec<&Node> =
        graph.nodes.iter().filter(|node| node.kind != NodeKind::Box && node.label() == label).collect();
    assert_eq!(found.len(), 1, "one node called {label} among {:?}", labels(graph));
    found[0]
}

/// Labels of nodes without boxes, sorted.
fn labels(graph: &Graph) -> Vec<&str> {
    let mut labels: Vec<&str> = graph.nodes.iter().filter(|node| node.kind != NodeKind::Box).map(Node::label).collect();
    labels.sort_unstable();
    labels
}

/// `source → target protocol rate`, sorted.
fn arrows(graph: &Graph) -> Vec<String> {
    let label = |id: &str| graph.nodes.iter().find(|node| node.id == id).expect("edges have ends").label().to_owned();
    let mut arrows: Vec<String> = graph
        .edges
        .iter()
        .map(|edge| format!("{} → {} {:?} {}", label(&edge.source), label(&edge.target), edge.protocol, edge.rate))
        .collect();
    arrows.sort();
    arrows
}

fn only_edge(graph: &Graph) -> &Edge {
    assert_eq!(graph.edges.len(), 1, "{:?}", arrows(graph));
    &graph.edges[0]
}
