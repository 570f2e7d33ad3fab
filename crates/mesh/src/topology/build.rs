//! From rows to the graph. The rules are those meshes are usually drawn by, with these differences: of two reports of
//! one call the larger counts instead of their union, a missing label is an empty one, transport security is added up,
//! and whatever the viewer may not see becomes one nameless node.

mod boxes;
mod finish;
mod flow;
mod hash;
mod health;
mod nodes;
mod read;
mod row;
mod services;
mod tally;

use super::{Graph, GraphType, Rows, View};

/// Builds the graph of a view. `visible` says, by cluster (`unknown` where telemetry has none) and namespace, what may
/// be shown; everything else is folded into the one external node and none of its names is in the result.
///
/// Nodes and edges are sorted by id. `at`, `partial`, `warnings`, `age_ms` and `layout` are left for the caller.
pub fn build(rows: &Rows, view: &View, visible: &dyn Fn(&str, &str) -> bool) -> Graph {
    let sight = flow::Sight::new(view, visible);
    let mut reading = read::read(rows, view, &sight);
    if view.graph == GraphType::Service && view.focus.is_none() {
        reading = services::fold(reading);
    }
    finish::finish(reading, view)
}

#[cfg(test)]
mod tests;
