//! What the drawing says about each node beside its shape, worked out for all nodes at once. Pure.

use std::collections::BTreeMap;

use contract::topology::{Focus, Graph, Node};
use mesh::{format::ms, topology::drawing::second_line};

use super::words::node_sentence;

/// What is said about one node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// What the address calls it.
    pub sel: String,
    /// The node in one sentence.
    pub sentence: String,
    /// Its p95 latency, to stand in place of the namespace where a box says that already.
    pub latency: Option<String>,
}

/// What the address calls a node: its focus where that is unique, else its id.
pub fn sel_of(graph: &Graph, node: &Node) -> String {
    let Some(focus) = Focus::of(node) else { return node.id.clone() };
    if graph.nodes.iter().filter(|other| same_name(other, node)).count() == 1 {
        focus.to_string()
    } else {
        node.id.clone()
    }
}

/// True when both have the same focus: they differ in the cluster only.
fn same_name(a: &Node, b: &Node) -> bool {
    (a.kind, &a.namespace, &a.app, &a.version, &a.workload, &a.service)
        == (b.kind, &b.namespace, &b.app, &b.version, &b.workload, &b.service)
}

/// Facts of all nodes by id, boxes left out.
pub fn facts(graph: &Graph) -> BTreeMap<String, Facts> {
    let mut callers: BTreeMap<&str, (usize, Option<f64>)> = BTreeMap::new();
    for edge in &graph.edges {
        let (count, p95) = callers.entry(&edge.target).or_default();
        *count += 1;
        *p95 = [*p95, edge.latency_ms.p95].into_iter().flatten().max_by(f64::total_cmp);
    }
    let nodes = graph.nodes.iter().filter(|node| node.kind != mesh::topology::NodeKind::Box);
    let mut all = BTreeMap::new();
    all.extend(nodes.map(|node| {
        let (count, p95) = callers.get(node.id.as_str()).copied().unwrap_or_default();
        let facts = Facts {
            sel: sel_of(graph, node),
            sentence: node_sentence(node, count),
            latency: p95.filter(|_| second_line(node) == node.namespace).map(ms),
        };
        (node.id.clone(), facts)
    }));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::tests::{mk_graph, node_id};

    #[test]
    fn twins_in_two_clusters_are_told_apart_by_id() {
        let mut graph = mk_graph();
        let one = graph.nodes.iter().find(|node| node.id == node_id("cart")).cloned().unwrap();
        assert_eq!(sel_of(&graph, &one), "app:shop/cart");
        graph.nodes.push(Node { id: "n-zz".into(), cluster: "west".into(), ..one.clone() });
        assert_eq!(sel_of(&graph, &one), node_id("cart"));
    }

    #[test]
    fn a_node_says_its_latency_only_in_place_of_its_namespace() {
        let all = facts(&mk_graph());
        assert_eq!(all.len(), 12);
        assert_eq!(all[&node_id("payments")].latency.as_deref(), Some("812 ms"));
        assert_eq!(all[&node_id("istio-ingress")].latency, None, "it is a gateway, and says so");
        assert_eq!(all[&node_id("postgres")].latency, None, "nothing is known");
        assert!(all[&node_id("payments")].sentence.ends_with("; 1 caller"));
    }
}
