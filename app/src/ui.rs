//! The design system: parts that at least two pages use. No data access, no page knowledge.

mod loaded;

pub use loaded::Loaded;
