//! Finding nodes and what belongs to them in a graph. Pure.

use std::collections::BTreeSet;

use contract::topology::{Focus, Graph, Node};
use mesh::topology::NodeKind;

/// The node of this id.
pub fn find<'a>(graph: &'a Graph, id: &str) -> Option<&'a Node> {
    graph.nodes.binary_search_by(|node| node.id.as_str().cmp(id)).ok().map(|at| &graph.nodes[at])
}

/// The node a selection of the URL means: by id, by focus, or, for an app that is drawn in parts, its worst part.
pub fn selected<'a>(graph: &'a Graph, sel: &str) -> Option<&'a Node> {
    if let Some(node) = find(graph, sel) {
        return Some(node);
    }
    let focus: Focus = sel.parse().ok()?;
    let nodes = || graph.nodes.iter().filter(|node| node.kind != NodeKind::Box);
    nodes().find(|node| Focus::of(node).as_ref() == Some(&focus)).or_else(|| {
        let same = |node: &&Node| {
            node.namespace == focus.namespace()
                && [&node.app, &node.workload, &node.service].into_iter().flatten().any(|name| name == focus.name())
        };
        nodes().filter(same).min_by_key(|node| super::walk::health_rank(node.health.status))
    })
}

/// The focus the backend knows a selection by.
pub fn focus_of(graph: &Graph, sel: &str) -> Option<Focus> {
    sel.parse().ok().or_else(|| find(graph, sel).and_then(Focus::of))
}

/// A node, its callers and callees, and the edges between it and them.
pub fn neighbours(graph: &Graph, id: &str) -> BTreeSet<String> {
    let mut lit = BTreeSet::from([id.to_owned()]);
    for edge in graph.edges.iter().filter(|edge| edge.source == id || edge.target == id) {
        lit.extend([edge.id.clone(), edge.source.clone(), edge.target.clone()]);
    }
    lit
}

/// Nodes and all edges between them.
pub fn with_edges<'a>(graph: &Graph, nodes: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut lit = BTreeSet::new();
    lit.extend(nodes.map(str::to_owned));
    let edges: Vec<String> = graph
        .edges
        .iter()
        .filter(|edge| lit.contains(&edge.source) && lit.contains(&edge.target))
        .map(|edge| edge.id.clone())
        .collect();
    lit.extend(edges);
    lit
}
