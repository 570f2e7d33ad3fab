//! The graph as files: a picture that stands alone, Graphviz source, a table.

mod csv;
mod dot;
mod svg;

pub use csv::csv;
pub use dot::dot;
pub use svg::{Theme, moving_svg, svg};

#[cfg(test)]
mod tests;
