//! What is wrong with a document: one finding with code, severity, position, sentence and remedy. How findings are shown
//! is the command line's business.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::place::{Place, Spot};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// Works, but probably not as meant.
    Warning,
    /// Refused by the cluster, or it certainly does something else than written.
    Error,
}

impl Severity {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Replacement of one value in its file; only where the right text is certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fix {
    /// What stands there.
    pub old: String,
    /// What should stand there.
    pub new: String,
}

/// One thing to say about one place of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// Stable code; its page is `docs/policy/<code>.md`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// The object, `namespace/name`, when it is known.
    pub object: String,
    /// Path of the field inside the document, as in `spec.rules[0].from[1].source.ipBlocks[0]`.
    pub path: String,
    /// One sentence: what is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// The certain correction, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<Fix>,
}

/// Findings of one file while it is read.
#[derive(Debug)]
pub struct Findings {
    file: Arc<str>,
    object: String,
    list: Vec<Finding>,
}

impl Findings {
    /// None yet, for `file`.
    pub fn new(file: &Arc<str>) -> Self {
        Self { file: file.clone(), object: String::new(), list: Vec::new() }
    }

    /// The file all positions belong to.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Names the object that the following findings are about.
    pub fn about(&mut self, object: impl Into<String>) {
        self.object = object.into();
    }

    /// Adds an error.
    pub fn error(&mut self, code: &'static str, at: Spot, path: &str, message: impl Into<String>, remedy: &str) {
        self.add(code, Severity::Error, at, path, message, remedy);
    }

    /// Adds a finding of any severity.
    pub fn add(
        &mut self,
        code: &'static str,
        severity: Severity,
        at: Spot,
        path: &str,
        message: impl Into<String>,
        remedy: &str,
    ) {
        self.list.push(Finding {
            code,
            severity,
            place: Place::new(&self.file, at),
            object: self.object.clone(),
            path: path.to_owned(),
            message: message.into(),
            remedy: remedy.to_owned(),
            fix: None,
        });
    }

    /// Adds findings that were made elsewhere.
    pub fn extend(&mut self, found: Vec<Finding>) {
        self.list.extend(found);
    }

    /// Attaches the certain correction to the finding that was added last.
    pub fn fix(&mut self, old: &str, new: impl Into<String>) {
        if let Some(last) = self.list.last_mut() {
            last.fix = Some(Fix { old: old.to_owned(), new: new.into() });
        }
    }

    /// Whether anything is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|finding| finding.severity == Severity::Error)
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// All of them, in the order they were found.
    pub fn into_list(self) -> Vec<Finding> {
        self.list
    }
}
