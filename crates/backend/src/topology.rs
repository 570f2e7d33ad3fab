//! The mesh graph of a tenant: asks the store what `mesh` plans, lets `mesh` build, and remembers layouts so that nodes
//! stay where they are. Rules of the graph stand in `mesh`; no HTML here.

mod detail;
mod layouts;
mod service;

pub(crate) use layouts::Layouts;
