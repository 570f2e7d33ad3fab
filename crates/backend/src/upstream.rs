//! What every call to a store has in common: a deadline, a size limit, a circuit breaker and a health record.
//! What the stores speak stands in `metrics`, `logs` and `traces`.

mod health;
mod http;
mod look;

pub use health::{Health, Permit, Thresholds};
pub use http::{Answer, Connect, Http};
pub(crate) use http::{BadBody, read_body};
pub(crate) use look::{Look, Unreachable};
