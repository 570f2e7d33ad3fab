//! The mesh graph: from telemetry rows to nodes, edges, health, layout and exports.

mod graph;

pub use graph::*;
