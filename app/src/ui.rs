//! The design system: parts that at least two pages use. No data access, no page knowledge.

mod chart;
mod icon;
mod loaded;
mod marks;
mod states;

pub use chart::{Chart, ChartTables, Crosshair, Legend, Pen, Spark};
pub use icon::{Icon, Logo, path};
pub use loaded::Loaded;
pub use marks::{Dot, severity_class, severity_word};
pub use states::{EmptyState, ErrorState, Skeleton, StaleStrip};
