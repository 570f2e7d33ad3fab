//! The language of the find and hide boxes: `ns:shop err>1% or rt>500ms !healthy`. Terms side by side must all hold,
//! `or` begins an alternative, `!` turns a term round. Small on purpose: it runs in the browser on every key.

mod parse;
mod term;

use std::collections::BTreeSet;

use super::{Edge, Graph, Node, NodeKind, index::Index};
use term::Term;

/// A parsed expression.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Find {
    /// Alternatives, each of terms that must all hold. No alternative is empty.
    any: Vec<Vec<Wanted>>,
}

#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    term: Term,
    /// With `!` in front.
    not: bool,
}

/// Why an expression is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FindError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What would be right there.
    pub expected: String,
}

impl std::fmt::Display for FindError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "column {}: expected {}", self.column, self.expected)
    }
}

impl std::error::Error for FindError {}

/// What an expression found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Ids of nodes, boxes not among them.
    pub nodes: BTreeSet<String>,
    /// Ids of edges.
    pub edges: BTreeSet<String>,
}

impl Find {
    /// Reads an expression. An empty one finds nothing.
    pub fn parse(text: &str) -> Result<Self, FindError> {
        parse::parse(text)
    }

    /// True when nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.any.is_empty()
    }

    /// Whether a node is meant. `incoming` are the edges that lead to it: latency, codes and security of a node are
    /// theirs. A figure the node does not have fits neither a term nor its opposite.
    pub fn matches_node(&self, node: &Node, incoming: &[&Edge]) -> bool {
        self.holds(|term| term.of_node(node, incoming))
    }

    /// Whether an edge is meant. Names fit when they fit one of its ends.
    pub fn matches_edge(&self, edge: &Edge, source: &Node, target: &Node) -> bool {
        self.holds(|term| term.of_edge(edge, [source, target]))
    }

    /// Everything in a graph that is meant.
    pub fn search(&self, graph: &Graph) -> Found {
        let mut found = Found::default();
        if self.is_empty() {
            return found;
        }
        let index = Index::new(graph);
        for node in graph.nodes.iter().filter(|node| node.kind != NodeKind::Box) {
            if self.matches_node(node, index.incoming(&node.id)) {
                found.nodes.insert(node.id.clone());
            }
        }
        for edge in &graph.edges {
            if index.ends(edge).is_some_and(|(source, target)| self.matches_edge(edge, source, target)) {
                found.edges.insert(edge.id.clone());
            }
        }
        found
    }

    fn holds(&self, answer: impl Fn(&Term) -> Option<bool>) -> bool {
        self.any.iter().any(|all| all.iter().all(|wanted| answer(&wanted.term) == Some(!wanted.not)))
    }
}

#[cfg(test)]
mod tests;
