//! Places for nodes and boxes and bends for edges: layers from left to right, each box laid out by itself and put into
//! its surroundings as one piece. Written for this graph because the places must survive refreshes, boxes must never
//! overlap, and lines must not run over nodes. Every loop is bounded, so it ends on any input.

mod level;
mod memory;
mod order;
mod place;
mod ranks;
mod route;
mod structure;

pub use memory::LayoutMemory;

use super::{Graph, Layout};
use structure::Structure;

/// Height of a node.
pub const NODE_HEIGHT: f64 = 32.0;
/// Least width of a node; long names get up to [`NODE_MAX_WIDTH`].
pub const NODE_WIDTH: f64 = 108.0;
/// Greatest width of a node; longer names are cut.
pub const NODE_MAX_WIDTH: f64 = 196.0;
/// Room for a box's title above its members.
pub const BOX_TITLE: f64 = 30.0;

/// Room around the drawing.
const MARGIN: f64 = 16.0;

/// Lays out a graph, left to right. With the same memory it keeps every place as long as the graph has no node or edge
/// that was not there lately; otherwise it starts from the order it had.
///
/// The result holds exactly the graph's nodes, boxes and edges (edges whose ends are missing are left out).
pub fn layout(graph: &Graph, memory: &mut LayoutMemory) -> Layout {
    memory.recall(graph).unwrap_or_else(|| {
        let structure = memory.structure(graph);
        let full = compute(&structure);
        memory.keep(graph, full)
    })
}

fn compute(structure: &Structure) -> Layout {
    let ranks = ranks::all(structure);
    let levels = level::all(structure, &ranks);
    route::absolute(structure, &ranks, &levels, MARGIN)
}

#[cfg(test)]
mod tests;
