//! The bare structure that is laid out: sizes, nesting and who is linked to whom, in a fixed order.

use std::collections::BTreeMap;

use super::{NODE_HEIGHT, NODE_MAX_WIDTH, NODE_WIDTH};
use crate::topology::{Graph, Layout, NodeKind};

/// What of a node matters to the layout.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NodeShape {
    pub label: String,
    pub parent: Option<String>,
    pub is_box: bool,
    pub looped: bool,
}

/// The shapes of a graph's nodes by id.
pub(super) fn shapes(graph: &Graph) -> BTreeMap<&str, NodeShape> {
    let mut shapes: BTreeMap<&str, NodeShape> = graph
        .nodes
        .iter()
        .map(|node| {
            let shape = NodeShape {
                label: node.label().to_owned(),
                parent: node.parent.clone(),
                is_box: node.kind == NodeKind::Box,
                looped: false,
            };
            (node.id.as_str(), shape)
        })
        .collect();
    for edge in graph.edges.iter().filter(|edge| edge.source == edge.target) {
        if let Some(shape) = shapes.get_mut(edge.source.as_str()) {
            shape.looped = true;
        }
    }
    shapes
}

/// Room above a node that calls itself.
pub(super) const LOOP_ROOM: f64 = 22.0;

/// A node or box.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub id: String,
    pub parent: Option<usize>,
    pub children: Vec<usize>,
    pub width: f64,
    /// With the room above for loops.
    pub height: f64,
    /// Room above the node itself.
    pub above: f64,
    pub is_box: bool,
    /// Where it was before.
    pub before: Option<[f64; 2]>,
}

/// All edges between two different nodes, drawn side by side.
#[derive(Clone, Debug)]
pub(super) struct Bundle {
    pub a: usize,
    pub b: usize,
    /// Edge id, and whether it leads from `a` to `b`.
    pub edges: Vec<(String, bool)>,
}

/// Items sorted by their old place, then by name: earlier ones win ties.
#[derive(Clone, Debug)]
pub(super) struct Structure {
    pub items: Vec<Item>,
    /// Items without a parent.
    pub top: Vec<usize>,
    pub bundles: Vec<Bundle>,
    /// Edge id and node of edges from a node to itself.
    pub loops: Vec<(String, usize)>,
}

impl Structure {
    pub(super) fn new<'a>(
        nodes: impl Iterator<Item = (&'a str, &'a NodeShape)>,
        edges: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
        before: &Layout,
    ) -> Self {
        let mut sorted: Vec<_> = nodes
            .map(|(id, shape)| {
                let place = before.nodes.get(id).map(|rect| [rect.x, rect.y + rect.h / 2.0]);
                (place, id, shape)
            })
            .collect();
        sorted.sort_by(|(a, a_id, a_shape), (b, b_id, b_shape)| {
            let y = |place: &Option<[f64; 2]>| place.map_or(f64::INFINITY, |[_, y]| y);
            y(a).total_cmp(&y(b)).then_with(|| (&a_shape.label, a_id).cmp(&(&b_shape.label, b_id)))
        });
        let places: BTreeMap<&str, usize> = sorted.iter().enumerate().map(|(place, (_, id, _))| (*id, place)).collect();
        let mut items: Vec<Item> = sorted
            .iter()
            .map(|(before, id, shape)| {
                let above = if shape.looped { LOOP_ROOM } else { 0.0 };
                Item {
                    id: (*id).to_owned(),
                    parent: shape.parent.as_deref().and_then(|parent| places.get(parent)).copied(),
                    children: Vec::new(),
                    width: node_width(&shape.label),
                    height: NODE_HEIGHT + above,
                    above,
                    is_box: shape.is_box,
                    before: *before,
                }
            })
            .collect();
        unloop(&mut items);
        let mut top = Vec::new();
        for place in 0..items.len() {
            match items[place].parent {
                Some(parent) => items[parent].children.push(place),
                None => top.push(place),
            }
        }
        let mut bundles: BTreeMap<(usize, usize), Bundle> = BTreeMap::new();
        let mut loops = Vec::new();
        for (id, source, target) in edges {
            let (Some(&source), Some(&target)) = (places.get(source), places.get(target)) else { continue };
            if source == target {
                loops.push((id.to_owned(), source));
            } else if items[source].children.is_empty() && items[target].children.is_empty() {
                let (a, b) = (source.min(target), source.max(target));
                let bundle = bundles.entry((a, b)).or_insert_with(|| Bundle { a, b, edges: Vec::new() });
                bundle.edges.push((id.to_owned(), source == a));
            }
        }
        Self { items, top, bundles: bundles.into_values().collect(), loops }
    }

    /// The members of a box, or of the drawing.
    pub(super) fn members(&self, container: Option<usize>) -> &[usize] {
        container.map_or(&self.top, |container| &self.items[container].children)
    }

    /// Number of nodes in a box, 1 for a node.
    pub(super) fn nodes_in(&self, item: usize) -> usize {
        let children = &self.items[item].children;
        if children.is_empty() { 1 } else { children.iter().map(|child| self.nodes_in(*child)).sum() }
    }

    /// The item and the boxes around it, innermost first.
    pub(super) fn path(&self, item: usize) -> Vec<usize> {
        std::iter::successors(Some(item), |item| self.items[*item].parent).collect()
    }

    /// The innermost container of both items and its members that hold them.
    pub(super) fn meeting(&self, a: usize, b: usize) -> (Option<usize>, usize, usize) {
        let (a, b) = (self.path(a), self.path(b));
        let common = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
        let container = common.checked_sub(1).map(|depth| a[a.len() - 1 - depth]);
        (container, a[a.len() - 1 - common], b[b.len() - 1 - common])
    }
}

/// Nesting that leads back to itself is cut, so that walking up always ends; so is nesting in what is no box.
fn unloop(items: &mut [Item]) {
    for place in 0..items.len() {
        if items[place].parent.is_some_and(|parent| !items[parent].is_box) {
            items[place].parent = None;
        }
        let mut at = items[place].parent;
        for _ in 0..items.len() {
            match at {
                Some(parent) if parent == place => {
                    items[place].parent = None;
                    break;
                }
                Some(parent) => at = items[parent].parent,
                None => break,
            }
        }
    }
}

/// Wide enough for the name in the interface's face, with room for the state mark.
fn node_width(label: &str) -> f64 {
    let letters = label.chars().count() as f64;
    (40.0 + 6.8 * letters).round().clamp(NODE_WIDTH, NODE_MAX_WIDTH)
}
