//! The mesh graph: the query plan, building it from rows, laying it out, drawing and exporting it, searching it.

mod build;
mod digest;
mod graph;
mod plan;
mod rows;
mod view;

pub use build::build;
pub use graph::*;
pub use plan::{Part, Planned, Side, plan};
pub use rows::{Rows, Sample};
pub use view::{Focus, View};
