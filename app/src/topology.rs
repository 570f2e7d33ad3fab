//! The mesh as a graph: drawing, table, panel of a node. All state of the view stands in the URL.

pub mod api;
mod board;
mod camera;
mod facts;
mod filter;
mod input;
mod keys;
mod load;
mod lookup;
mod markup;
mod page;
mod panel;
mod patch;
mod rows;
mod stage;
mod table;
mod toolbar;
mod view;
mod walk;
mod words;

#[cfg(test)]
mod tests;

pub use page::TopologyPage;
