//! The case format: policies, requests and expected verdicts in one file (`docs/policy/cases.md`). Reading and running;
//! finding the files and printing the answers is the command line's business.

mod mesh;
mod read;
mod request;
mod run;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use super::{
    attach::Point,
    evaluate::Verdict,
    finding::Finding,
    object::PolicySet,
    place::Place,
    request::Request,
    settings::{Normalization, ProxyVersion},
};

pub(super) use mesh::read as mesh_of;
pub(super) use read::flag_of;
pub use read::read;
pub use run::{CaseReport, PathReport, ValidationReport, run_case, run_path, run_validation};

/// A file of cases.
#[derive(Debug, Default)]
pub struct CaseFile {
    /// Verdict cases.
    pub cases: Vec<Case>,
    /// What the Istio validator says.
    pub validation: Vec<ValidationCase>,
    /// Request path and what policies see.
    pub paths: Vec<PathCase>,
    /// What is wrong with the file; with an error in it the cases cannot be trusted.
    pub findings: Vec<Finding>,
}

/// Free text that cases carry along: title, rules, source, note, confidence, verified.
pub type Notes = BTreeMap<String, String>;

/// One request with the answer that is expected.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, unique in the file.
    pub id: String,
    /// Where it stands.
    pub place: Place,
    /// Free text.
    pub notes: Notes,
    /// The proxy that decides.
    pub point: Point,
    /// Every object in the cluster.
    pub policies: Arc<PolicySet>,
    /// The request.
    pub request: Request,
    /// What is expected; nothing when only an answer is wanted.
    pub expect: Option<Expect>,
}

/// An expected answer; what is not given is not compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The verdict.
    pub verdict: Verdict,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Shadow result of dry-run ALLOW policies.
    pub dry_run_allow: Option<String>,
    /// Shadow result of dry-run DENY policies.
    pub dry_run_deny: Option<String>,
    /// Whether AUDIT marked it.
    pub audited: Option<bool>,
}

/// What the Istio validator says about some objects.
#[derive(Clone, Debug)]
pub struct ValidationCase {
    /// Its name.
    pub id: String,
    /// Where it stands.
    pub place: Place,
    /// Free text.
    pub notes: Notes,
    /// The objects.
    pub policies: PolicySet,
    /// What reading them found.
    pub findings: Vec<Finding>,
    /// Whether they are accepted.
    pub valid: bool,
    /// A part of an error; empty for none.
    pub error: String,
    /// A part of a warning; empty for none.
    pub warning: String,
}

/// A path and what policies see of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathCase {
    /// Where it stands.
    pub place: Place,
    /// The normalization.
    pub mode: Normalization,
    /// As sent.
    pub input: String,
    /// As policies see it.
    pub output: String,
    /// Only for these releases; the newest one when empty.
    pub proxies: Vec<ProxyVersion>,
}
