//! The wall clock of the demo, in one place. Durations are measured with tokio's clock, never with this one.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01 UTC.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Seconds since 1970-01-01 UTC, rounded down.
pub fn now_secs() -> i64 {
    now_ms().div_euclid(1000)
}

/// Nanoseconds since 1970-01-01 UTC, as OTLP wants them.
pub fn now_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
