//! The demo mesh: some twenty small processes that really call each other over HTTP, gRPC and TCP through sidecars
//! with mutual TLS, so that everything the portal shows has happened. Every process is this program again; the parent
//! is the [`Supervisor`]. Nothing here reads stores or serves pages.

mod ca;
pub mod cli;
mod clock;
mod control;
pub mod history;
pub mod service;
mod services;
mod sidecar;
mod supervisor;
mod telemetry;
pub mod topology;
pub mod traffic;
mod wire;

pub use ca::CaError;
pub use control::StoreHook;
pub use supervisor::{Options, Running, ScrapeTarget, StartError, Supervisor, Tuning};
