//! Log records: the trait every log store answers to, and its implementations. Questions are confined by [`MeshScope`];
//! there is none without a scope, a time range and a limit.

pub mod embedded;

use std::collections::BTreeMap;

use async_trait::async_trait;
use contract::Timestamp;
use query::MeshScope;

use crate::{Error, metrics::Probe};

/// How bad, in the classes people filter by. Ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Not said.
    Unknown,
    /// Traces of the code's way.
    Trace,
    /// For developers.
    Debug,
    /// Normal.
    Info,
    /// Degraded.
    Warn,
    /// Failed.
    Error,
    /// The process gave up.
    Fatal,
}

impl Severity {
    /// All, mildest first.
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The class of an OTLP severity number (0 to 24).
    pub fn from_number(number: i16) -> Self {
        match number {
            1..=4 => Self::Trace,
            5..=8 => Self::Debug,
            9..=12 => Self::Info,
            13..=16 => Self::Warn,
            17..=20 => Self::Error,
            21..=24 => Self::Fatal,
            _ => Self::Unknown,
        }
    }

    /// The smallest OTLP number of the class.
    pub fn number(self) -> i16 {
        match self {
            Self::Unknown => 0,
            Self::Trace => 1,
            Self::Debug => 5,
            Self::Info => 9,
            Self::Warn => 13,
            Self::Error => 17,
            Self::Fatal => 21,
        }
    }
}

/// One record, as it is written and read.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRecord {
    /// When, microseconds since 1970.
    pub at_us: i64,
    /// Cluster, empty when unknown.
    pub cluster: String,
    /// Namespace, empty when unknown.
    pub namespace: String,
    /// App or service.
    pub app: String,
    /// Pod, empty when unknown.
    pub pod: String,
    /// OTLP severity number, 0 to 24.
    pub severity_number: i16,
    /// The line.
    pub body: String,
    /// Anything else, as a JSON object.
    pub attributes: serde_json::Map<String, serde_json::Value>,
    /// The trace it belongs to.
    pub trace_id: Option<[u8; 16]>,
    /// The span it belongs to.
    pub span_id: Option<[u8; 8]>,
}

impl LogRecord {
    /// Class of its severity.
    pub fn severity(&self) -> Severity {
        Severity::from_number(self.severity_number)
    }
}

/// Where a page ended: the next one starts strictly before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// Microseconds since 1970.
    pub at_us: i64,
    /// Order among records of the same microsecond.
    pub id: i64,
}

/// Which records.
#[derive(Clone, Debug)]
pub struct LogQuery {
    /// Only what lies in here.
    pub scope: MeshScope,
    /// Start, included.
    pub from: Timestamp,
    /// End, excluded.
    pub to: Timestamp,
    /// Part of the line, upper and lower case alike.
    pub text: Option<String>,
    /// Exactly this app.
    pub app: Option<String>,
    /// Exactly this pod.
    pub pod: Option<String>,
    /// Exactly this trace.
    pub trace_id: Option<[u8; 16]>,
    /// Attributes with exactly these text values.
    pub attributes: BTreeMap<String, String>,
    /// At least this bad.
    pub severity: Option<Severity>,
    /// Most records, 1 to [`MAX_LINES`].
    pub limit: u32,
    /// Continue after a page.
    pub before: Option<Cursor>,
}

/// Largest page.
pub const MAX_LINES: u32 = 5000;

impl LogQuery {
    /// The newest 100 records of a scope and a range.
    pub fn new(scope: MeshScope, from: Timestamp, to: Timestamp) -> Self {
        Self {
            scope,
            from,
            to,
            text: None,
            app: None,
            pod: None,
            trace_id: None,
            attributes: BTreeMap::new(),
            severity: None,
            limit: 100,
            before: None,
        }
    }
}

/// Records, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogPage {
    /// The records.
    pub records: Vec<LogRecord>,
    /// Where to go on; none at the end.
    pub next: Option<Cursor>,
}

/// How many records there were in one stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogBucket {
    /// Start of the stretch.
    pub at: Timestamp,
    /// Records by class; classes without any are left out.
    pub counts: BTreeMap<Severity, u64>,
}

/// Largest number of stretches of a histogram.
pub const MAX_BUCKETS: u64 = 1000;

/// A store of log records. Every implementation passes the suite in `tests/logs_contract.rs`.
#[async_trait]
pub trait LogStore: Send + Sync {
    /// A page of records, newest first.
    async fn search(&self, query: &LogQuery) -> Result<LogPage, Error>;

    /// Counts by severity per `step_secs` (aligned to multiples of it, empty stretches left out), by the same filters;
    /// limit and cursor do not matter.
    async fn histogram(&self, query: &LogQuery, step_secs: u64) -> Result<Vec<LogBucket>, Error>;

    /// Asks for a sign of life.
    async fn probe(&self) -> Result<Probe, Error>;
}
