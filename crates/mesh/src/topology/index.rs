//! Looking up nodes and the edges between them.

use std::collections::BTreeMap;

use super::{Edge, Graph, Node};

/// A graph by id. Works on torn graphs too: what is missing is just not found.
pub(super) struct Index<'g> {
    nodes: BTreeMap<&'g str, &'g Node>,
    incoming: BTreeMap<&'g str, Vec<&'g Edge>>,
}

impl<'g> Index<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        let mut nodes = BTreeMap::new();
        nodes.extend(graph.nodes.iter().map(|node| (node.id.as_str(), node)));
        let mut incoming: BTreeMap<&str, Vec<&Edge>> = BTreeMap::new();
        for edge in &graph.edges {
            incoming.entry(&edge.target).or_default().push(edge);
        }
        Self { nodes, incoming }
    }

    pub(super) fn node(&self, id: &str) -> Option<&'g Node> {
        self.nodes.get(id).copied()
    }

    /// Source and target of an edge.
    pub(super) fn ends(&self, edge: &Edge) -> Option<(&'g Node, &'g Node)> {
        Some((self.node(&edge.source)?, self.node(&edge.target)?))
    }

    /// Edges that lead to a node.
    pub(super) fn incoming(&self, id: &str) -> &[&'g Edge] {
        self.incoming.get(id).map_or(&[], Vec::as_slice)
    }
}
