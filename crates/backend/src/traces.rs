//! Traces: the trait every trace store answers to, and its implementations. Questions are confined by [`MeshScope`]; of a
//! trace that crosses several tenants, each sees its own spans and how many there are besides.

pub mod embedded;

use std::collections::BTreeMap;

use async_trait::async_trait;
use contract::Timestamp;
use query::MeshScope;

use crate::{Error, metrics::Probe};

/// What part a span plays, in OTLP's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "OTLP's names say it")]
pub enum SpanKind {
    #[default]
    Unspecified,
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

impl SpanKind {
    /// From OTLP's number; what is not known is unspecified.
    pub fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Internal,
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Unspecified,
        }
    }

    /// OTLP's number.
    pub fn number(self) -> i16 {
        match self {
            Self::Unspecified => 0,
            Self::Internal => 1,
            Self::Server => 2,
            Self::Client => 3,
            Self::Producer => 4,
            Self::Consumer => 5,
        }
    }
}

/// How a span ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanStatus {
    /// Not said.
    #[default]
    Unset,
    /// Said to be well.
    Ok,
    /// Failed.
    Error,
}

impl SpanStatus {
    /// From OTLP's number; what is not known is unset.
    pub fn from_number(number: i16) -> Self {
        match number {
            1 => Self::Ok,
            2 => Self::Error,
            _ => Self::Unset,
        }
    }

    /// OTLP's number.
    pub fn number(self) -> i16 {
        match self {
            Self::Unset => 0,
            Self::Ok => 1,
            Self::Error => 2,
        }
    }
}

/// Something that happened within a span.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SpanEvent {
    /// When, microseconds since 1970.
    pub at_us: i64,
    /// What.
    pub name: String,
    /// Anything else, as a JSON object.
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

/// One span, as it is written and read.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Its trace.
    pub trace_id: [u8; 16],
    /// Itself.
    pub span_id: [u8; 8],
    /// Its parent; none at the root.
    pub parent_id: Option<[u8; 8]>,
    /// Cluster, empty when unknown.
    pub cluster: String,
    /// Namespace, empty when unknown.
    pub namespace: String,
    /// Service that did it.
    pub service: String,
    /// What it did.
    pub name: String,
    /// Its part.
    pub kind: SpanKind,
    /// Start, microseconds since 1970.
    pub start_us: i64,
    /// Length, nanoseconds.
    pub duration_ns: i64,
    /// How it ended.
    pub status: SpanStatus,
    /// Why it failed, empty when not said.
    pub status_message: String,
    /// Anything else, as a JSON object.
    pub attributes: serde_json::Map<String, serde_json::Value>,
    /// What happened within, by time.
    pub events: Vec<SpanEvent>,
}

/// Which traces: those with a span that meets all conditions.
#[derive(Clone, Debug)]
pub struct TraceQuery {
    /// Only spans that lie in here count.
    pub scope: MeshScope,
    /// Earliest start, included.
    pub from: Timestamp,
    /// Latest start, excluded.
    pub to: Timestamp,
    /// Exactly this service.
    pub service: Option<String>,
    /// Part of the span's name, upper and lower case alike.
    pub name: Option<String>,
    /// At least so long, milliseconds.
    pub min_duration_ms: Option<u64>,
    /// At most so long, milliseconds.
    pub max_duration_ms: Option<u64>,
    /// Only spans that failed.
    pub failed: bool,
    /// Attributes with exactly these text values.
    pub attributes: BTreeMap<String, String>,
    /// Most traces, 1 to [`MAX_TRACES`].
    pub limit: u32,
}

/// Most traces of an answer.
pub const MAX_TRACES: u32 = 500;

impl TraceQuery {
    /// The newest 20 traces of a scope and a range.
    pub fn new(scope: MeshScope, from: Timestamp, to: Timestamp) -> Self {
        Self {
            scope,
            from,
            to,
            service: None,
            name: None,
            min_duration_ms: None,
            max_duration_ms: None,
            failed: false,
            attributes: BTreeMap::new(),
            limit: 20,
        }
    }
}

/// A trace in one line. Only visible spans count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceSummary {
    /// Which.
    pub trace_id: [u8; 16],
    /// Start of the earliest span, microseconds since 1970.
    pub start_us: i64,
    /// From the earliest start to the latest end, nanoseconds.
    pub duration_ns: i64,
    /// Service of the root, or of the earliest span where the root is not visible.
    pub root_service: String,
    /// Name of the same span.
    pub root_name: String,
    /// Spans.
    pub spans: u64,
    /// Spans that failed.
    pub errors: u64,
    /// Services, by name.
    pub services: Vec<String>,
}

/// A trace. Nothing of spans that are not visible is in it but their number.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Visible spans, by start.
    pub spans: Vec<Span>,
    /// Spans that belong to others.
    pub hidden: u64,
    /// The trace is larger than [`MAX_SPANS`]; the earliest are there.
    pub truncated: bool,
}

/// Most spans of a trace that are shown.
pub const MAX_SPANS: u32 = 10_000;

/// A store of traces. Every implementation passes the suite in `tests/traces_contract.rs`.
#[async_trait]
pub trait TraceStore: Send + Sync {
    /// Traces, newest first.
    async fn search(&self, query: &TraceQuery) -> Result<Vec<TraceSummary>, Error>;

    /// One trace; none when it does not exist or nothing of it is visible.
    async fn find(&self, scope: &MeshScope, trace_id: [u8; 16]) -> Result<Option<Trace>, Error>;

    /// Asks for a sign of life.
    async fn probe(&self) -> Result<Probe, Error>;
}
