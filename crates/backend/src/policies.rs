//! Authorization policies, tried out: the engine is `mesh::policy`; here stands who may ask, how much may be asked at once,
//! and where observed traffic comes from.

mod refusal;
mod service;
mod traffic;

pub(crate) use service::Turns;
