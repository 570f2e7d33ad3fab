//! Runs cases and says in one line what differs.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Case, Notes, PathCase, ValidationCase};
use crate::policy::{
    effort::Effort,
    evaluate::{self, Outcome, Verdict},
    finding::Severity,
    normalize::{normalize, without_query},
    settings::ProxyVersion,
    validate,
};

/// What came of a verdict case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CaseReport {
    /// The case.
    pub id: String,
    /// Free text of the case.
    #[serde(skip_serializing_if = "Notes::is_empty")]
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub notes: Notes,
    /// Whether everything that was expected came true.
    pub passed: bool,
    /// What was expected, in words; empty when nothing was.
    pub expected: String,
    /// What came out, in the same words.
    pub got: String,
    /// The whole answer.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What came of a validation case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ValidationReport {
    /// The case.
    pub id: String,
    /// Whether it came out as expected.
    pub passed: bool,
    /// What was expected.
    pub expected: String,
    /// What came out.
    pub got: String,
}

/// What came of a path case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PathReport {
    /// Mode and path.
    pub id: String,
    /// Whether it came out as expected.
    pub passed: bool,
    /// What was expected.
    pub expected: String,
    /// What came out.
    pub got: String,
}

/// Evaluates a case and compares.
pub fn run_case(case: &Case, effort: &Effort) -> CaseReport {
    let outcome = evaluate::evaluate_within(&case.policies, &case.point, &case.request, effort);
    let mut expected = String::new();
    let mut got = verdict_by(outcome.verdict, Some(outcome.decided_by.as_str()).filter(|by| !by.is_empty()));
    let mut passed = true;
    if let Some(expect) = &case.expect {
        expected = verdict_by(expect.verdict, expect.decided_by.as_deref());
        let by = expect.decided_by.as_ref().is_none_or(|by| *by == outcome.decided_by);
        passed = expect.verdict == outcome.verdict && by;
        let shadow = outcome.dry_run.clone().unwrap_or_default();
        for (name, wanted, own) in
            [("allow", &expect.dry_run_allow, &shadow.allow), ("deny", &expect.dry_run_deny, &shadow.deny)]
        {
            if let Some(wanted) = wanted.as_ref().filter(|wanted| Some(*wanted) != own.as_ref()) {
                passed = false;
                expected.push_str(&format!(", dry-run {name} {wanted}"));
                got.push_str(&format!(", dry-run {name} {}", own.as_deref().unwrap_or("absent")));
            }
        }
        let audited = !outcome.audited.is_empty();
        if let Some(wanted) = expect.audited.filter(|wanted| *wanted != audited) {
            passed = false;
            expected.push_str(if wanted { ", audited" } else { ", not audited" });
            got.push_str(if audited { ", audited" } else { ", not audited" });
        }
    }
    if outcome.verdict == Verdict::Depends {
        let fields: Vec<&str> = outcome.depends_on.iter().map(String::as_str).collect();
        got.push_str(&format!(" on {}", fields.join(", ")));
    }
    CaseReport { id: case.id.clone(), notes: case.notes.clone(), passed, expected, got, outcome }
}

fn verdict_by(verdict: Verdict, by: Option<&str>) -> String {
    match by {
        Some(by) => format!("{} by {by}", verdict.name()),
        None => verdict.name().to_owned(),
    }
}

/// Compares with what our copy of the Istio validator says.
pub fn run_validation(case: &ValidationCase) -> ValidationReport {
    let mut findings = case.findings.clone();
    findings.extend(validate::istio(&case.policies));
    let texts = |severity: Severity| -> Vec<&str> {
        findings.iter().filter(|finding| finding.severity == severity).map(|finding| finding.message.as_str()).collect()
    };
    let (errors, warnings) = (texts(Severity::Error), texts(Severity::Warning));
    let fits = |wanted: &str, texts: &[&str]| match wanted {
        "" => texts.is_empty(),
        wanted => texts.iter().any(|text| text.contains(wanted)),
    };
    let error = if case.valid {
        errors.is_empty()
    } else {
        !errors.is_empty() && (case.error.is_empty() || fits(&case.error, &errors))
    };
    let words = |valid: bool, error: &str, warning: &str| {
        format!("{}, error `{error}`, warning `{warning}`", if valid { "valid" } else { "invalid" })
    };
    ValidationReport {
        id: case.id.clone(),
        passed: error && fits(&case.warning, &warnings),
        expected: words(case.valid, &case.error, &case.warning),
        got: words(errors.is_empty(), &errors.join("; "), &warnings.join("; ")),
    }
}

/// Compares with what the proxy makes of the path; for every release named, and for the newest.
pub fn run_path(case: &PathCase) -> PathReport {
    let mut proxies = case.proxies.clone();
    if proxies.is_empty() {
        proxies.push(ProxyVersion::NEWEST);
    }
    let outcomes = proxies.iter().map(|proxy| match normalize(&case.input, case.mode, *proxy) {
        Ok(path) => without_query(&path).to_owned(),
        Err(bad) => format!("400: {}", bad.reason()),
    });
    let wrong = outcomes.into_iter().find(|out| out != without_query(&case.output));
    PathReport {
        id: format!("{:?} {}", case.mode, case.input),
        passed: wrong.is_none(),
        expected: case.output.clone(),
        got: wrong.unwrap_or_else(|| case.output.clone()),
    }
}
