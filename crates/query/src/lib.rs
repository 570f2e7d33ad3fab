//! What may be asked of a telemetry store: confines queries to what the caller may see, chooses time steps, and does
//! the series maths that charts and summaries need. Pure: no IO, no clock, and nothing else of this workspace.

mod enforced;
mod promql;
mod scope;
pub mod series;
pub mod steps;

pub use enforced::Enforced;
pub use promql::{
    BadMatcher, Matcher, PromQl, Refused, TenantLabel, confine, confine_beyond, confine_selectors, enforce,
    label_matchers, limits,
};
pub use scope::{BadName, MeshScope, MeshSelector, Namespaces, Side};
pub use steps::{align_range, rate_window, step_for};
