//! What to draw for a graph with a layout: classes, texts and path data. The page and the exports share it, so that an
//! exported picture is the one on the screen. No colours here; classes stand for them.

mod labels;
mod path;
mod words;

pub use labels::{Label, labels};
pub use path::{path, point_at};
pub use words::{cut, edge_class, edge_rate, edge_text, edge_width, is_outside, second_line, state_class};

use std::collections::BTreeSet;

use super::{Edge, Graph, Layout, Node, NodeKind, Rect, index::Index};

/// A box around nodes.
#[derive(Clone, Debug, PartialEq)]
pub struct BoxDrawing {
    /// Id of the box.
    pub id: String,
    /// Place.
    pub at: Rect,
    /// Title in its top left corner.
    pub title: String,
    /// How deep it lies in other boxes; 0 is outermost.
    pub depth: usize,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeDrawing {
    /// Id of the node.
    pub id: String,
    /// Place.
    pub at: Rect,
    /// First line, cut to the width.
    pub name: String,
    /// The name in full, where it was cut.
    pub full_name: Option<String>,
    /// Second line: version, or what else it is.
    pub line: String,
    /// The cluster, where another node has the same name in another one.
    pub cluster: Option<String>,
    /// `ok`, `warn`, `crit` or `unk`; each has a shape of its own.
    pub state: &'static str,
    /// True for what lies outside: a dashed outline.
    pub outside: bool,
}

impl NodeDrawing {
    /// The second line with this text, after the cluster where that tells twins apart; cut to the width.
    pub fn second_line(&self, text: &str) -> String {
        let Some(cluster) = &self.cluster else { return text.to_owned() };
        // The letters of this line are smaller than those that `cut` reckons with.
        cut(&format!("{cluster} · {text}"), self.at.w * 1.25)
    }
}

/// An edge.
#[derive(Clone, Debug, PartialEq)]
pub struct EdgeDrawing {
    /// Id of the edge.
    pub id: String,
    /// Path data.
    pub path: String,
    /// `ok`, `warn`, `crit`, `tcp` or `unk`.
    pub state: &'static str,
    /// Width class, 1 to 6.
    pub width: u8,
    /// False when all of its traffic is under mutual TLS: a solid line; else a dashed one.
    pub plain: bool,
    /// What stands on it, if there is room for anything.
    pub label: Option<Label>,
    /// Where an open lock stands: a part of the traffic is plaintext.
    pub lock: Option<[f64; 2]>,
}

/// Everything to draw, in painting order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Size of the canvas.
    pub size: [f64; 2],
    /// Outer boxes first.
    pub boxes: Vec<BoxDrawing>,
    /// By id.
    pub edges: Vec<EdgeDrawing>,
    /// By id.
    pub nodes: Vec<NodeDrawing>,
}

impl Drawing {
    /// Draws a graph. `text` says what stands on an edge; nothing when empty.
    pub fn new(graph: &Graph, layout: &Layout, text: &dyn Fn(&Edge) -> String) -> Self {
        let mut drawing = Self { size: [layout.width, layout.height], ..Self::default() };
        let index = Index::new(graph);
        let twins = twins(graph);
        for node in &graph.nodes {
            let Some(at) = layout.nodes.get(&node.id).copied() else { continue };
            if node.kind == NodeKind::Box {
                let (id, title) = (node.id.clone(), node.label().to_owned());
                let depth = depth(&index, node);
                let place = drawing.boxes.partition_point(|before| (before.depth, &before.id) < (depth, &id));
                drawing.boxes.insert(place, BoxDrawing { id, at, title, depth });
            } else {
                let cluster = twins.contains(&name_of(node)).then(|| node.cluster.clone());
                drawing.nodes.push(node_drawing(node, at, cluster));
            }
        }
        let mut labels = labels(graph, layout, text);
        for edge in &graph.edges {
            let Some(points) = layout.edges.get(&edge.id).filter(|points| points.len() > 1) else { continue };
            drawing.edges.push(EdgeDrawing {
                id: edge.id.clone(),
                path: path(points),
                state: edge_class(edge),
                width: edge_width(edge),
                plain: edge.mtls.percent.is_none_or(|share| share < 100.0),
                label: labels.remove(&edge.id),
                lock: edge.mtls.percent.is_some_and(|share| share < 100.0).then(|| point_at(points, 0.1)),
            });
        }
        drawing
    }
}

/// What a node is called, without its cluster.
type Name<'g> = (NodeKind, &'g str, &'g str, Option<&'g str>);

fn name_of(node: &Node) -> Name<'_> {
    (node.kind, &node.namespace, node.label(), node.version.as_deref())
}

/// Names that several nodes have: they differ in the cluster.
fn twins(graph: &Graph) -> BTreeSet<Name<'_>> {
    let (mut seen, mut twins) = (BTreeSet::new(), BTreeSet::new());
    twins.extend(graph.nodes.iter().map(name_of).filter(|name| !seen.insert(*name)));
    twins
}

fn node_drawing(node: &Node, at: Rect, cluster: Option<String>) -> NodeDrawing {
    let full = node.label();
    let name = cut(full, at.w);
    NodeDrawing {
        id: node.id.clone(),
        at,
        full_name: (name != full).then(|| full.to_owned()),
        name,
        line: second_line(node).to_owned(),
        cluster,
        state: state_class(node.health.status),
        outside: is_outside(node),
    }
}

/// Number of boxes around a node. Nesting that leads back to itself ends somewhere.
fn depth(index: &Index<'_>, node: &Node) -> usize {
    let mut around = index_parent(index, node);
    let mut depth = 0;
    while let Some(parent) = around.filter(|_| depth < 8) {
        depth += 1;
        around = index_parent(index, parent);
    }
    depth
}

fn index_parent<'g>(index: &Index<'g>, node: &Node) -> Option<&'g Node> {
    index.node(node.parent.as_deref()?)
}

#[cfg(test)]
mod tests;
