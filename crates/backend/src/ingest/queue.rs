//! Between a push and the database: a bounded queue per signal and one writer each. A full queue refuses, so that the
//! sender slows down and tries again; nothing here grows without limit.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::otlp::{self, Encoding};
use crate::{
    Error,
    clock::Clock,
    logs::{LogRecord, embedded::EmbeddedLogs},
    metrics::embedded::Written,
    traces::{Span, embedded::EmbeddedTraces},
};

/// How much waits and how it is written.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Most spans, and most records, that wait or are being written.
    pub queue: usize,
    /// Most items of one statement.
    pub batch: usize,
    /// How long a batch waits to grow.
    pub linger: Duration,
    /// Tries of a batch that the database refuses; then it is dropped and counted.
    pub tries: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { queue: 20_000, batch: 2_000, linger: Duration::from_millis(300), tries: 4 }
    }
}

/// Why a push was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Neither protobuf nor JSON.
    #[error("send application/x-protobuf or application/json")]
    Unsupported,
    /// The body cannot be read.
    #[error("the body is no OTLP request")]
    Garbage,
    /// The queue is full, or the portal stops; the sender should try again.
    #[error("too much is waiting, try again in {retry_after} s")]
    Full {
        /// Seconds to wait.
        retry_after: u64,
    },
}

/// What became of a push.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Taken.
    pub items: usize,
    /// Left out because they cannot be kept (spans without ids).
    pub rejected: usize,
}

/// Takes pushed telemetry. Cloning shares the queues.
#[derive(Clone)]
pub struct Ingest {
    spans: Lane<Span>,
    logs: Lane<LogRecord>,
    clock: Arc<dyn Clock>,
}

/// The writing half: run it as a job.
pub struct Writer {
    spans: Drain<Span>,
    logs: Drain<LogRecord>,
    traces: EmbeddedTraces,
    records: EmbeddedLogs,
    settings: Settings,
}

impl Ingest {
    /// The two halves.
    pub fn new(
        settings: Settings,
        traces: EmbeddedTraces,
        logs: EmbeddedLogs,
        clock: Arc<dyn Clock>,
    ) -> (Self, Writer) {
        let (spans, span_drain) = lane("spans", settings.queue);
        let (records, record_drain) = lane("logs", settings.queue);
        let writer = Writer { spans: span_drain, logs: record_drain, traces, records: logs, settings };
        (Self { spans, logs: records, clock }, writer)
    }

    /// Takes the body of `POST /v1/traces`, not compressed.
    ///
    /// # Errors
    /// [`Refused`]; nothing of the push was taken then.
    pub fn traces(&self, body: &[u8], content_type: &str) -> Result<Accepted, Refused> {
        let encoding = Encoding::of(content_type).ok_or(Refused::Unsupported)?;
        let (spans, rejected) = otlp::spans(body, encoding).ok_or(Refused::Garbage)?;
        let items = self.spans.push(spans)?;
        Ok(Accepted { items, rejected })
    }

    /// Takes the body of `POST /v1/logs`, not compressed.
    ///
    /// # Errors
    /// [`Refused`]; nothing of the push was taken then.
    pub fn logs(&self, body: &[u8], content_type: &str) -> Result<Accepted, Refused> {
        let encoding = Encoding::of(content_type).ok_or(Refused::Unsupported)?;
        let now_us = self.clock.now().0.saturating_mul(1000);
        let records = otlp::records(body, encoding, now_us).ok_or(Refused::Garbage)?;
        Ok(Accepted { items: self.logs.push(records)?, rejected: 0 })
    }
}

impl Writer {
    /// Writes until `stop` is cancelled, then what still waits.
    pub async fn run(self, stop: CancellationToken) {
        let Self { spans, logs, traces, records, settings } = self;
        tokio::join!(
            spans.run(settings, &stop, |batch| traces.write(batch)),
            logs.run(settings, &stop, |batch| records.write(batch)),
        );
    }
}

struct Batch<T> {
    items: Vec<T>,
    _room: OwnedSemaphorePermit,
}

struct Lane<T> {
    signal: &'static str,
    /// Items the queue holds.
    most: usize,
    room: Arc<Semaphore>,
    queue: mpsc::UnboundedSender<Batch<T>>,
}

impl<T> Clone for Lane<T> {
    fn clone(&self) -> Self {
        Self { signal: self.signal, most: self.most, room: self.room.clone(), queue: self.queue.clone() }
    }
}

struct Drain<T> {
    signal: &'static str,
    queue: mpsc::UnboundedReceiver<Batch<T>>,
}

/// The channel itself has no bound: the semaphore counts items, which a channel cannot.
fn lane<T>(signal: &'static str, items: usize) -> (Lane<T>, Drain<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (
        Lane { signal, most: items, room: Arc::new(Semaphore::new(items)), queue: sender },
        Drain { signal, queue: receiver },
    )
}

impl<T> Lane<T> {
    fn push(&self, items: Vec<T>) -> Result<usize, Refused> {
        let count = items.len();
        if count == 0 {
            return Ok(0);
        }
        let full = || {
            metrics::counter!("obstack_ingest_refused_total", "signal" => self.signal).increment(count as u64);
            Refused::Full { retry_after: 2 }
        };
        // A push that is larger than the whole queue is taken when the queue is empty.
        let wanted = u32::try_from(count.min(self.most)).map_err(|_| full())?;
        let room = self.room.clone().try_acquire_many_owned(wanted).map_err(|_| full())?;
        self.queue.send(Batch { items, _room: room }).map_err(|_| full())?;
        Ok(count)
    }
}

impl<T: Clone> Drain<T> {
    async fn run<F>(mut self, settings: Settings, stop: &CancellationToken, write: impl Fn(Vec<T>) -> F)
    where
        F: Future<Output = Result<Written, Error>>,
    {
        loop {
            let first = tokio::select! {
                biased;
                first = self.queue.recv() => first,
                () = stop.cancelled() => {
                    self.queue.close();
                    self.queue.recv().await
                }
            };
            let Some(Batch { mut items, _room: room }) = first else { return };
            let mut rooms = vec![room];
            let grow = async {
                while items.len() < settings.batch {
                    let Some(batch) = self.queue.recv().await else { return };
                    items.extend(batch.items);
                    rooms.push(batch._room);
                }
            };
            // Elapsed only means that the batch is as large as it gets.
            let _ = timeout(settings.linger, grow).await;
            for part in items.chunks(settings.batch.max(1)) {
                self.write(part, settings.tries, &write).await;
            }
        }
    }

    async fn write<F>(&self, part: &[T], tries: u32, write: &impl Fn(Vec<T>) -> F)
    where
        F: Future<Output = Result<Written, Error>>,
    {
        let mut wait = Duration::from_millis(200);
        for attempt in 1.. {
            match write(part.to_vec()).await {
                Ok(written) => {
                    metrics::counter!("obstack_ingest_stored_total", "signal" => self.signal)
                        .increment(written.stored as u64);
                    self.dropped(written.dropped);
                    return;
                }
                Err(error) if attempt >= tries => {
                    tracing::error!(%error, signal = self.signal, items = part.len(), "pushed telemetry was dropped");
                    return self.dropped(part.len());
                }
                Err(error) => {
                    tracing::warn!(%error, signal = self.signal, attempt, "pushed telemetry is tried again");
                    tokio::time::sleep(wait).await;
                    wait *= 2;
                }
            }
        }
    }

    fn dropped(&self, items: usize) {
        metrics::counter!("obstack_ingest_dropped_total", "signal" => self.signal).increment(items as u64);
    }
}
