//! The home page of a tenant: a verdict, what hurts, what changed, and the stores.

pub mod api;
mod changes;
mod faults;
mod page;
mod pain;
mod sentence;
mod stats;
mod stores;
mod trends;

pub use page::OverviewPage;
