//! What a layout remembers from refresh to refresh.

use std::collections::{BTreeMap, BTreeSet};

use super::structure::{NodeShape, Structure, shapes};
use crate::topology::{Graph, Layout};

/// Something missing from this many graphs in a row loses its place at the next change.
const FORGET_AFTER: u64 = 30;

/// The places of the recent past. One per view; a new one starts from nothing.
#[derive(Clone, Debug, Default)]
pub struct LayoutMemory {
    round: u64,
    nodes: BTreeMap<String, Known<NodeShape>>,
    /// Edge id → source and target.
    edges: BTreeMap<String, Known<(String, String)>>,
    /// The layout of everything above.
    full: Layout,
}

#[derive(Clone, Debug)]
struct Known<T> {
    what: T,
    /// The round it was last there.
    seen: u64,
}

impl LayoutMemory {
    /// The remembered places, if they cover the graph.
    pub(super) fn recall(&mut self, graph: &Graph) -> Option<Layout> {
        self.round += 1;
        let shapes = shapes(graph);
        let covered = shapes.iter().all(|(id, shape)| self.nodes.get(*id).is_some_and(|known| known.what == *shape))
            && graph.edges.iter().all(|edge| {
                let ends = |known: &Known<(String, String)>| known.what.0 == edge.source && known.what.1 == edge.target;
                self.edges.get(&edge.id).is_some_and(ends)
            });
        // When most of the drawing would be holes, a fresh one is worth the jump.
        let holes = self.nodes.len().saturating_sub(shapes.len());
        let stale = self.nodes.values().filter(|known| known.seen + FORGET_AFTER < self.round).count();
        let drawn = self.full.width > 0.0;
        if !drawn || !covered || (stale > 0 && holes * 2 > self.nodes.len()) {
            return None;
        }
        for id in shapes.keys() {
            if let Some(known) = self.nodes.get_mut(*id) {
                known.seen = self.round;
            }
        }
        for edge in &graph.edges {
            if let Some(known) = self.edges.get_mut(&edge.id) {
                known.seen = self.round;
            }
        }
        Some(self.part(graph))
    }

    /// The graph and what was there lately, as one structure.
    pub(super) fn structure(&mut self, graph: &Graph) -> Structure {
        let round = self.round;
        let shapes = shapes(graph);
        let recent = |seen: u64| seen + FORGET_AFTER >= round;
        // What is gone keeps its place only if the box around it is still there.
        self.nodes.retain(|id, known| {
            shapes.contains_key(id.as_str())
                || (recent(known.seen)
                    && !known.what.is_box
                    && known.what.parent.as_ref().is_none_or(|parent| shapes.contains_key(parent.as_str())))
        });
        for (id, shape) in shapes {
            self.nodes.insert(id.to_owned(), Known { what: shape, seen: round });
        }
        for edge in &graph.edges {
            let ends = (edge.source.clone(), edge.target.clone());
            self.edges.insert(edge.id.clone(), Known { what: ends, seen: round });
        }
        let nodes = &self.nodes;
        self.edges.retain(|_, known| {
            recent(known.seen) && nodes.contains_key(&known.what.0) && nodes.contains_key(&known.what.1)
        });
        Structure::new(
            self.nodes.iter().map(|(id, known)| (id.as_str(), &known.what)),
            self.edges.iter().map(|(id, known)| (id.as_str(), known.what.0.as_str(), known.what.1.as_str())),
            &self.full,
        )
    }

    /// Remembers a layout of [`Self::structure`] and gives the graph's part of it.
    pub(super) fn keep(&mut self, graph: &Graph, full: Layout) -> Layout {
        self.full = full;
        self.part(graph)
    }

    fn part(&self, graph: &Graph) -> Layout {
        let nodes: BTreeSet<&str> = graph.nodes.iter().map(|node| node.id.as_str()).collect();
        let edges: BTreeSet<&str> = graph.edges.iter().map(|edge| edge.id.as_str()).collect();
        let mut layout = self.full.clone();
        layout.nodes.retain(|id, _| nodes.contains(id.as_str()));
        layout.edges.retain(|id, _| edges.contains(id.as_str()));
        layout
    }
}
