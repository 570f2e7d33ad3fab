//! How a store is doing, kept by watching the calls to it, and the circuit breaker that follows from it.
//!
//! Closed: everything passes. After a few failures in a row it opens: calls fail at once until `retry_at`. Then it is
//! half open: one call passes; its success closes the breaker, its failure doubles the wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contract::{
    Timestamp,
    stores::{Signal, StoreState, StoreStatus},
};

use crate::{Error, clock::Clock};

/// When a store counts as slow and when the breaker opens.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// A smoothed latency above this is `slow`.
    pub slow: Duration,
    /// So many failures in a row open the breaker.
    pub failures: u32,
    /// The first wait; every failed try doubles it.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            slow: Duration::from_secs(2),
            failures: 3,
            first_wait: Duration::from_secs(2),
            longest_wait: Duration::from_secs(60),
        }
    }
}

/// Weight of the latest answer in the smoothed latency.
const SMOOTHING: f64 = 0.3;

#[derive(Debug)]
struct Record {
    state: StoreState,
    since: Timestamp,
    message: Option<String>,
    last_ms: Option<u64>,
    smoothed_ms: f64,
    failures: u32,
    wait: Duration,
    retry_at: Option<Timestamp>,
    /// A call is under way while the breaker is half open.
    trying: bool,
}

/// The health record of one store. Shared by everything that calls it.
pub struct Health {
    name: String,
    kind: String,
    signal: Signal,
    thresholds: Thresholds,
    clock: Arc<dyn Clock>,
    record: Mutex<Record>,
}

impl Health {
    /// A record for the store of this name and kind (as in the configuration), nothing known yet.
    pub fn new(
        name: impl Into<String>,
        kind: impl Into<String>,
        signal: Signal,
        thresholds: Thresholds,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let record = Record {
            state: StoreState::Unknown,
            since: clock.now(),
            message: None,
            last_ms: None,
            smoothed_ms: 0.0,
            failures: 0,
            wait: thresholds.first_wait,
            retry_at: None,
            trying: false,
        };
        Self { name: name.into(), kind: kind.into(), signal, thresholds, clock, record: Mutex::new(record) }
    }

    /// Name of the store.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks to call the store. Finish the permit with its outcome; dropping it (the caller went away) counts as nothing.
    ///
    /// # Errors
    /// [`Error::Upstream`] with the seconds to wait while the breaker is open.
    pub fn admit(&self) -> Result<Permit<'_>, Error> {
        let now = self.clock.now();
        let mut record = self.record();
        let half_open = match record.retry_at {
            None => false,
            Some(retry_at) if now >= retry_at && !record.trying => {
                record.trying = true;
                true
            }
            Some(retry_at) => {
                let millis = u64::try_from(retry_at.0 - now.0).unwrap_or(0);
                return Err(Error::Upstream {
                    store: self.name.clone(),
                    why: record.message.clone().unwrap_or_else(|| "it did not answer lately".to_owned()),
                    retry_after: Some(millis.div_ceil(1000).max(1)),
                    source: None,
                });
            }
        };
        drop(record);
        Ok(Permit { health: self, half_open, started: Instant::now(), done: false })
    }

    /// One line of the stores strip.
    pub fn status(&self) -> StoreStatus {
        let record = self.record();
        StoreStatus {
            name: self.name.clone(),
            kind: self.kind.clone(),
            signal: self.signal,
            state: record.state,
            latency_ms: record.last_ms,
            since: record.since,
            message: record.message.clone(),
            retry_at: record.retry_at,
        }
    }

    fn succeeded(&self, took: Duration) {
        let now = self.clock.now();
        let millis = took.as_secs_f64() * 1000.0;
        let mut record = self.record();
        let first = record.last_ms.is_none();
        record.smoothed_ms =
            if first { millis } else { record.smoothed_ms + SMOOTHING * (millis - record.smoothed_ms) };
        record.last_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
        record.failures = 0;
        record.wait = self.thresholds.first_wait;
        record.retry_at = None;
        record.trying = false;
        let slow = record.smoothed_ms > self.thresholds.slow.as_secs_f64() * 1000.0;
        record.message = slow.then(|| format!("answers take {:.1} s", record.smoothed_ms / 1000.0));
        record.enter(if slow { StoreState::Slow } else { StoreState::Ok }, now);
    }

    fn failed(&self, why: String) {
        let now = self.clock.now();
        let mut record = self.record();
        record.failures = record.failures.saturating_add(1);
        if record.trying || record.failures >= self.thresholds.failures {
            let wait = record.wait;
            record.retry_at = Some(Timestamp(now.0 + i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2)));
            record.wait = (wait * 2).min(self.thresholds.longest_wait);
        }
        record.trying = false;
        record.message = Some(why);
        record.enter(StoreState::Down, now);
    }

    fn let_go(&self) {
        self.record().trying = false;
    }
}

impl Record {
    fn enter(&mut self, state: StoreState, now: Timestamp) {
        if self.state != state {
            self.state = state;
            self.since = now;
        }
    }
}

/// The right to make one call.
#[must_use = "finish it with the outcome of the call"]
pub struct Permit<'a> {
    health: &'a Health,
    half_open: bool,
    started: Instant,
    done: bool,
}

impl Permit<'_> {
    /// Records the outcome. An error that is the request's own fault shows that the store is alive.
    pub fn finish<T>(mut self, outcome: &Result<T, Error>) {
        self.done = true;
        match outcome {
            Err(error) if error.is_failure() => self.health.failed(reason(error)),
            Ok(_) | Err(_) => self.health.succeeded(self.started.elapsed()),
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.half_open && !self.done {
            self.health.let_go();
        }
    }
}

/// What the strip says about a failure.
fn reason(error: &Error) -> String {
    match error {
        Error::Upstream { why, .. } => why.clone(),
        Error::Timeout { .. } => "it does not answer in time".to_owned(),
        Error::Internal(_) => "an internal error, see the log".to_owned(),
        Error::NotFound { .. }
        | Error::Unauthenticated { .. }
        | Error::Denied { .. }
        | Error::Conflict { .. }
        | Error::PreconditionRequired
        | Error::PreconditionFailed
        | Error::Invalid { .. }
        | Error::InvalidFields(_)
        | Error::RateLimited { .. } => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
