//! Pure mesh analysis: the topology graph, its layout and its drawings; what Istio's authorization policies decide. No
//! IO, no clock, no tenant: callers pass in rows that are already confined. Compiles for the browser too.

pub mod decimal;
pub mod format;
mod labels;
pub mod order;
pub mod policy;
pub mod topology;

pub use labels::Labels;
