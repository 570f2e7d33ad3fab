//! Our own logs: one line per event on standard error, as text for people or JSON for machines.

use backend::config::{Log, LogFormat};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Starts logging. The filter is in the syntax of `tracing` (`info`, `backend=debug,info`).
pub fn start(log: &Log) -> Result<(), String> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| format!("log.filter: {error}"))?;
    let registry = tracing_subscriber::registry().with(filter);
    let started = match log.format {
        LogFormat::Json => {
            registry.with(fmt::layer().json().with_writer(std::io::stderr).with_current_span(true)).try_init()
        }
        LogFormat::Text => registry.with(fmt::layer().with_writer(std::io::stderr).with_target(false)).try_init(),
    };
    started.map_err(|error| format!("logging cannot start: {error}"))
}
