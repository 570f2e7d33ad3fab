//! What an evaluation says of itself. Plain values for people and for JSON.

use serde::Serialize;
use utoipa::ToSchema;

use super::Fields;
use crate::policy::{object::Action, place::Place};

/// The answer about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = PolicyVerdict)]
pub enum Verdict {
    /// It passes.
    Allow,
    /// It is rejected.
    Deny,
    /// It hangs on attributes that are not known.
    Depends,
}

impl Verdict {
    /// As in case files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "ALLOW",
            Self::Deny => "DENY",
            Self::Depends => "DEPENDS",
        }
    }
}

/// Shadow results, only for actions that have dry-run policies (R66).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DryRun {
    /// `allowed`, `denied` or `depends`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<String>,
    /// `allowed`, `denied by …` or `depends`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deny: Option<String>,
}

/// Everything there is to say about one request at one proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// Layer or rule that decided; several, joined by ` or `, when it hangs on something unknown which.
    pub decided_by: String,
    /// Fields the verdict hangs on.
    #[schema(value_type = Vec<String>)]
    pub depends_on: Fields,
    /// The verdicts that are still possible.
    pub possible: Vec<Verdict>,
    /// Whether a budget ended the search for what the verdict really hangs on; it may then hang on less.
    pub approximate: bool,
    /// For DEPENDS: one way to each possible verdict.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// Shadow results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<DryRun>,
    /// AUDIT rules that marked the request.
    pub audited: Vec<String>,
    /// What the proxy would refuse to load.
    pub warnings: Vec<String>,
    /// The layers in order.
    pub trace: Vec<LayerTrace>,
    /// For `no ALLOW matched`: the rule that came closest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
}

impl Outcome {
    /// About how many bytes the trace takes: the size of the answer. Texts count in full, because a file may have few
    /// and long ones, which every case that uses them repeats.
    pub fn traced_bytes(&self) -> usize {
        const PART: usize = 200;
        let of_check = |check: &CheckTrace| {
            let wanted: usize = check.wanted.iter().map(|text| text.len() + 24).sum();
            PART + check.field.len() + wanted + check.actual.as_ref().map_or(0, String::len)
        };
        let policies = self.trace.iter().flat_map(|layer| &layer.policies);
        policies
            .map(|policy| {
                let checks = policy.rules.iter().flat_map(|rule| &rule.entries).flat_map(|entry| &entry.checks);
                PART + policy.policy.len() + PART * policy.rules.len() + checks.map(of_check).sum::<usize>()
            })
            .sum()
    }
}

/// Values for unknown fields that lead to a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicyExample)]
pub struct Example {
    /// The verdict.
    pub verdict: Verdict,
    /// Fields and what to put in.
    #[schema(value_type = Vec<Vec<String>>)]
    pub with: Vec<(String, String)>,
}

/// A stage of the decision (R1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[schema(as = PolicyLayer)]
pub enum Layer {
    /// Path normalization and what the proxy refuses by itself.
    Request,
    /// Mutual TLS.
    Peer,
    /// External authorizers.
    Custom,
    /// Tokens.
    Jwt,
    /// AUDIT policies.
    Audit,
    /// DENY policies.
    Deny,
    /// ALLOW policies.
    Allow,
}

/// How a stage ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LayerResult {
    /// It lets the request pass.
    Pass,
    /// It rejects.
    Reject,
    /// Not known.
    Unknown,
}

/// One stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LayerTrace {
    /// Which.
    pub layer: Layer,
    /// How it ended.
    pub result: LayerResult,
    /// The rule or reason that decided it.
    pub why: String,
    /// The policies it ran, dry-run ones included.
    pub policies: Vec<PolicyTrace>,
}

/// One policy of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PolicyTrace {
    /// `namespace/name`.
    pub policy: String,
    /// Its action.
    pub action: Action,
    /// Whether it is only simulated.
    pub dry_run: bool,
    /// How it is attached.
    pub attached: &'static str,
    /// Where it is written.
    pub place: Place,
    /// Its rules by index.
    pub rules: Vec<RuleTrace>,
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PolicyRuleResult)]
pub enum RuleResult {
    /// It matched.
    Matched,
    /// It did not.
    Failed,
    /// Not known.
    Unknown,
    /// The proxy never got it.
    Dropped,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RuleTrace {
    /// Its index.
    pub rule: usize,
    /// Where it is written.
    pub place: Place,
    /// What became of it.
    pub result: RuleResult,
    /// Whether it matches more than written, because parts are not enforced here.
    pub widened: bool,
    /// Why it was dropped.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Sources, operations and conditions.
    pub entries: Vec<EntryTrace>,
}

/// One source, operation or condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct EntryTrace {
    /// `from[0].source`, `to[1].operation`, `when[0]`.
    pub entry: String,
    /// Which of the rule's clauses it belongs to: alternatives share a number.
    pub clause: usize,
    /// Matched, failed, unknown.
    pub result: RuleResult,
    /// Its fields.
    pub checks: Vec<CheckTrace>,
}

/// What became of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckResult {
    /// It holds.
    Matched,
    /// It does not.
    Failed,
    /// Not known.
    Unknown,
    /// Not enforced by this proxy.
    Dropped,
}

/// One field or condition side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckTrace {
    /// Field name or key.
    pub field: String,
    /// `not` form.
    pub negated: bool,
    /// Where it is written.
    pub place: Place,
    /// What became of it.
    pub result: CheckResult,
    /// What the request has; nothing when unknown.
    pub actual: Option<String>,
    /// What is written.
    pub wanted: Vec<String>,
    /// Why it is not enforced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'static str>,
}

/// The ALLOW rule that came closest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Nearest {
    /// `namespace/name rule[0]`.
    pub rule: String,
    /// Where it is written.
    pub place: Place,
    /// What would have to be different.
    pub missing: Vec<Miss>,
}

/// One field that keeps a rule from matching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Miss {
    /// `from[0].source.principals`.
    pub field: String,
    /// `not` form.
    pub negated: bool,
    /// What the request has.
    pub actual: Option<String>,
    /// What is written.
    pub wanted: Vec<String>,
}
