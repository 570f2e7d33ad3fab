//! What the UI and the backend say to each other: values, ids, errors and the [`Portal`] traits. No rules, no IO.
//! Everything here is compiled into the browser's wasm, so keep it small.

pub mod audit;
pub mod auth;
pub mod demo;
pub mod error;
pub mod ids;
pub mod isolation;
pub mod keys;
pub mod live;
pub mod members;
pub mod overview;
pub mod people;
pub mod policies;
pub mod portal;
pub mod sign_in;
pub mod store_admin;
pub mod stores;
pub mod tenants;
pub mod time;
pub mod topology;

pub use error::{ApiError, ErrorCode, FieldError};
pub use ids::{Role, TenantSlug};
pub use portal::{Door, Portal};
pub use time::{TimeRange, Timestamp};
