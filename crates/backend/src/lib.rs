//! Services (rules), stores (SQL), upstream clients, embedded telemetry stores, jobs and configuration. Nothing of the UI
//! and nothing of HTTP serving: whoever calls this crate brings a `Scope`.

pub mod auth;
pub mod clock;
pub mod config;
pub mod db;
mod error;
pub mod metrics;
pub mod provision;
pub mod tenants;
pub mod upstream;

pub use error::{Error, Source};
