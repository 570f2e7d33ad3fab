//! The isolation proof: canary questions asked as a tenant, what really left for the stores, and what came back.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;

/// What the proof comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every question was answered or refused, and nothing of others was seen.
    Proven,
    /// Nothing of others was seen, but some questions were not answered.
    Incomplete,
    /// At least one wall does not hold.
    NotProven,
}

/// How one question went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CanaryOutcome {
    /// Answered, and nothing of others was in it.
    Held,
    /// Not let through.
    Refused,
    /// Nobody answered.
    NotAnswered,
    /// Something of others was seen, or could have been.
    Broken,
}

/// Which wall a question tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wall {
    /// The metrics store.
    Metrics,
    /// The log store.
    Logs,
    /// The trace store.
    Traces,
    /// The database.
    Database,
    /// The API's paths.
    Paths,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Canary {
    /// Which wall it tries.
    pub wall: Wall,
    /// What it tries, in a few words.
    pub title: String,
    /// The question as somebody would write it. Names of others are never shown.
    pub question: String,
    /// What really left, after it was confined.
    pub rewritten: Vec<String>,
    /// How it went.
    pub outcome: CanaryOutcome,
    /// What came back, in a sentence.
    pub answer: String,
    /// How many series, records, spans or rows were looked at.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<u64>,
}

/// What a run found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IsolationProof {
    /// What it comes to.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub sentence: String,
    /// When it was run.
    pub at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// The part of the mesh the tenant sees, in words.
    pub sees: String,
    /// Name of the tenant's metrics store.
    pub store: String,
    /// The questions.
    pub canaries: Vec<Canary>,
}
