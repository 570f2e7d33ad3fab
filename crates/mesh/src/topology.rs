//! The mesh graph: the query plan, building it from rows, laying it out, drawing and exporting it, searching it.

mod build;
mod digest;
pub mod drawing;
mod export;
mod find;
mod graph;
mod index;
mod layout;
mod plan;
mod rows;
mod view;

pub use build::build;
pub use export::{Theme, csv, dot, moving_svg, svg};
pub use find::{Find, FindError, Found};
pub use graph::*;
pub use layout::{BOX_TITLE, LayoutMemory, NODE_HEIGHT, NODE_MAX_WIDTH, NODE_WIDTH, layout};
pub use plan::{Part, Planned, Side, plan};
pub use rows::{Rows, Sample};
pub use view::{Focus, View};
