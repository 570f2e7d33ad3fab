//! Istio's authorization policies: what a set of them decides about one request, and why. Reading, attachment,
//! evaluation, checks; rule numbers (R1…R76) are those of `docs/policy/rules.md`. No IO and no clock.

pub mod analyze;
pub mod ask;
pub mod attach;
pub mod cases;
pub mod compare;
pub mod decode;
pub mod effort;
pub mod evaluate;
mod fields;
pub mod finding;
mod jwks;
pub mod language;
pub mod lint;
pub mod normalize;
pub mod object;
pub mod pattern;
pub mod place;
pub mod plan;
pub mod print;
pub mod replay;
pub mod request;
pub mod search;
pub mod settings;
pub mod unknown;
pub mod validate;
pub mod yaml;
