//! Services (rules), stores (SQL), upstream clients, embedded telemetry stores, jobs and configuration. Nothing of the UI
//! and nothing of HTTP serving: whoever calls this crate brings a `Scope`.

pub mod ask;
pub mod audit;
pub mod auth;
mod bearer;
mod cache;
pub mod clock;
pub mod config;
pub mod db;
mod error;
mod etag;
pub mod ingest;
pub mod isolation;
pub mod keys;
pub mod limits;
pub mod live;
pub mod logs;
pub mod mail;
pub mod members;
pub mod metrics;
mod overview;
mod people;
mod policies;
mod portal;
pub mod provision;
pub mod scope;
pub mod setup;
pub mod sign_in;
mod start;
pub mod stores;
pub mod telemetry;
pub mod tenants;
mod topology;
pub mod traces;
pub mod upstream;
pub mod vault;
mod visitor;

pub use error::{Error, Source};
pub use etag::etag;
pub use live::LiveData;
pub use people::People;
pub use portal::Backend;
pub use scope::Scope;
pub use start::{Database, DemoParts, PastSeries, StartError, TestParts};
pub use visitor::{ByToken, Credential, KeyGrant, Operator, SessionGrant, Visitor};
