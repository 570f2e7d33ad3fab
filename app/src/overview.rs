//! The home page of a tenant: a verdict, what hurts, what changed, and the stores.

pub mod api;
mod page;

pub use page::OverviewPage;
