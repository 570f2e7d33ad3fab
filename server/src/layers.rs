//! What every request passes on its way in and out, one file per layer.

pub mod caller;
pub mod client;
pub mod limit;
pub mod observe;
pub mod origin;
pub mod refusals;
pub mod request_id;
pub mod security;
