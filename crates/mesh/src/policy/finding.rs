//! What is wrong with a document: one finding with code, severity, position, sentence and remedy. How findings are shown
//! is the command line's business.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::place::{Place, Spot};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PolicySeverity)]
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
#[schema(as = PolicyFix)]
pub struct Fix {
    /// What stands there.
    pub old: String,
    /// What should stand there.
    pub new: String,
}

/// One thing to say about one place of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PolicyFinding)]
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
    /// How many bytes of texts may still be told.
    left: usize,
}

/// The longest path, message and name of an object that is told, in bytes.
const MAX_TEXT: usize = 1024;
/// The most bytes of texts that are told of one file. A file may have a name of a megabyte, and a million things wrong
/// below it.
const MAX_TEXTS: usize = 16 * 1024 * 1024;

impl Findings {
    /// None yet, for `file`.
    pub fn new(file: &Arc<str>) -> Self {
        Self { file: file.clone(), object: String::new(), list: Vec::new(), left: MAX_TEXTS }
    }

    /// The file all positions belong to.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// Names the object that the following findings are about.
    pub fn about(&mut self, object: impl Into<String>) {
        self.object = clipped(object.into());
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
        if self.left == 0 {
            return;
        }
        let mut finding = Finding {
            code,
            severity,
            place: Place::new(&self.file, at),
            object: self.object.clone(),
            path: clipped(path.to_owned()),
            message: clipped(message.into()),
            remedy: clipped(remedy.to_owned()),
            fix: None,
        };
        let size = 100 + finding.object.len() + finding.path.len() + finding.message.len() + finding.remedy.len();
        self.left = self.left.saturating_sub(size);
        if self.left == 0 {
            finding.code = "OB0101";
            finding.severity = Severity::Error;
            finding.message = "there is more wrong with this file than can be told; the rest is left out".to_owned();
            finding.remedy = "Correct what is told, then look again.".to_owned();
        }
        self.list.push(finding);
    }

    /// Adds findings that were made elsewhere.
    pub fn extend(&mut self, found: Vec<Finding>) {
        self.list.extend(found);
    }

    /// Attaches the certain correction to the finding that was added last.
    pub fn fix(&mut self, old: &str, new: impl Into<String>) {
        if let Some(last) = self.list.last_mut().filter(|_| self.left > 0) {
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

/// The beginning of a text that is too long to be told.
pub(super) fn clipped(mut text: String) -> String {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.push('…');
    }
    text
}
