//! Whole questions, each one document in YAML or JSON: what the API and the browser are asked. The command line asks the same
//! through flags. Reading and gathering only; every judgement is made elsewhere.

mod read;
#[cfg(test)]
mod tests;

use serde::Serialize;
use utoipa::ToSchema;

pub use read::mesh;

use super::{
    analyze, cases, compare,
    decode::{self, Decoded},
    effort::Effort,
    finding::{Finding, Severity},
    lint, replay,
    request::Protocol,
    settings::Mesh,
};
use crate::order;

/// Steps that an answer may cost, where somebody else waits for the machine: a second or a few.
pub const STEPS: u64 = 30_000_000;
/// The largest question in bytes.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The document cannot be read; these are the errors.
    Unreadable(Vec<Finding>),
    /// It would cost more than the effort that was given.
    TooMuch,
}

/// What questions about whole sets have in common.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// Namespace of objects that name none.
    pub namespace: String,
    /// Whether ztunnels decide instead of sidecars.
    pub ambient: bool,
    /// The mesh.
    pub mesh: Mesh,
}

/// What becomes of the requests of a document.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Evaluated {
    /// Verdict cases, in order.
    pub cases: Vec<cases::CaseReport>,
    /// Validation cases, in order.
    pub validation_cases: Vec<cases::ValidationReport>,
    /// Path cases, in order.
    pub normalization: Vec<cases::PathReport>,
    /// How many of all came out as expected, or expected nothing.
    pub passed: usize,
    /// How many did not.
    pub failed: usize,
}

/// What there is to say about manifests.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Linted {
    /// By place.
    pub findings: Vec<Finding>,
    /// How many policies were read.
    pub policies: usize,
    /// How many findings are errors.
    pub errors: usize,
    /// How many are warnings.
    pub warnings: usize,
    /// False when the effort ended the analysis; there may be more to say.
    pub complete: bool,
}

/// What changes from one set of policies to another.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Compared {
    /// Every proxy that a policy might reach, twice: for HTTP and for TCP.
    pub proxies: Vec<compare::ComparedProxy>,
    /// How many of them decide some request differently, or might.
    pub changed: usize,
    /// False when the effort ended a comparison; there may be more differences.
    pub complete: bool,
}

/// What changes from one set of policies to another, and what that does to the traffic that was observed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Diffed {
    /// What changes for any request.
    #[serde(flatten)]
    pub compared: Compared,
    /// What changes for the traffic of the last minutes; only when it was asked for and could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic: Option<replay::Replayed>,
    /// What is missing from the answer or doubtful, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Two sets, read.
#[derive(Debug)]
pub struct DiffAsked {
    /// As it is.
    pub before: Decoded,
    /// As it shall be.
    pub after: Decoded,
    /// What they are for.
    pub setting: Setting,
    /// Over how many seconds observed traffic shall be replayed, when it shall.
    pub traffic_secs: Option<u64>,
}

/// Evaluates a document in the case format.
pub fn evaluate(document: &str, effort: &Effort) -> Result<Evaluated, Refused> {
    let file = cases::read("document", document);
    readable(&file.findings)?;
    let mut reports = Vec::new();
    for case in &file.cases {
        let looked_at = effort.spend(case.policies.len());
        let report = cases::run_case(case, effort);
        // A step for every byte: it is the size of the answer that must stay within bounds.
        if !looked_at || !effort.spend(report.outcome.traced_bytes()) {
            return Err(Refused::TooMuch);
        }
        reports.push(report);
    }
    let validation_cases: Vec<_> = file.validation.iter().map(cases::run_validation).collect();
    let normalization: Vec<_> = file.paths.iter().map(cases::run_path).collect();
    let all = (reports.iter().map(|report| report.passed))
        .chain(validation_cases.iter().map(|report| report.passed))
        .chain(normalization.iter().map(|report| report.passed));
    let (mut passed, mut failed) = (0, 0);
    for fine in all {
        *if fine { &mut passed } else { &mut failed } += 1;
    }
    Ok(Evaluated { cases: reports, validation_cases, normalization, passed, failed })
}

/// Checks the manifests of a document.
pub fn lint(document: &str, effort: &Effort) -> Result<Linted, Refused> {
    let question = read::lint(document)?;
    Ok(lint_files(
        &decode::files(question.files.pairs(), &question.setting.namespace),
        question.analyze,
        &question.setting,
        effort,
    ))
}

/// Checks manifests that were read; with `analyze` also for rules that do nothing.
pub fn lint_files(decoded: &Decoded, analyze: bool, setting: &Setting, effort: &Effort) -> Linted {
    let mut findings = decoded.findings.clone();
    findings.extend(lint::lint(&decoded.set, &decoded.others));
    if analyze {
        let around = lint::Around::new(&decoded.others);
        for place in compare::points(&[&decoded.set], &around, &setting.mesh, setting.ambient) {
            if !effort.spend(decoded.set.len()) {
                break;
            }
            analyze::add(&decoded.set, &place, effort, &mut findings);
        }
    }
    order::sort(&mut findings, &|a, b| (&a.place, a.code).cmp(&(&b.place, b.code)));
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    Linted { findings, policies: decoded.set.len(), errors, warnings, complete: !effort.is_spent() }
}

/// Compares the two sets of a document. Traffic is for whoever has observed some: see [`read_diff`] and [`replay`].
pub fn diff(document: &str, effort: &Effort) -> Result<Compared, Refused> {
    let asked = read_diff(document)?;
    Ok(diff_files(&asked.before, &asked.after, &asked.setting, effort))
}

/// Reads the two sets of a document.
pub fn read_diff(document: &str) -> Result<DiffAsked, Refused> {
    let question = read::diff(document)?;
    let [before, after] =
        [&question.before, &question.after].map(|files| decode::files(files.pairs(), &question.setting.namespace));
    let mut findings = before.findings.clone();
    findings.extend(after.findings.iter().cloned());
    readable(&findings)?;
    Ok(DiffAsked { before, after, setting: question.setting, traffic_secs: question.traffic_secs })
}

/// Compares two sets that were read.
pub fn diff_files(before: &Decoded, after: &Decoded, setting: &Setting, effort: &Effort) -> Compared {
    let around = lint::Around::new(before.others.iter().chain(&after.others));
    let mut proxies = Vec::new();
    let mut complete = true;
    for place in compare::points(&[&before.set, &after.set], &around, &setting.mesh, setting.ambient) {
        if !effort.spend(before.set.len() + after.set.len()) {
            complete = false;
            break;
        }
        for protocol in [Protocol::Http, Protocol::Tcp] {
            let comparison = compare::compare(&before.set, &after.set, &place.point, protocol, effort);
            complete &= comparison.complete;
            proxies.push(compare::ComparedProxy { proxy: place.name.clone(), protocol, comparison });
        }
    }
    let changed = proxies.iter().filter(|one| one.comparison.relation != compare::Relation::Equivalent).count();
    Compared { proxies, changed, complete }
}

fn readable(findings: &[Finding]) -> Result<(), Refused> {
    let errors: Vec<Finding> = findings.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect();
    if errors.is_empty() { Ok(()) } else { Err(Refused::Unreadable(errors)) }
}
