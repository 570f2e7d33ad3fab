//! Where something is written: positions in files, texts that remember theirs. No judgement here.

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

/// A position in a file; both numbers count from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Spot {
    /// Line, from one.
    pub line: u32,
    /// Column in characters, from one.
    pub column: u32,
}

/// A position together with its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[schema(as = PolicyPlace)]
pub struct Place {
    /// The file as the caller named it; `-` for standard input.
    #[schema(value_type = String)]
    pub file: Arc<str>,
    /// Line, from one.
    pub line: u32,
    /// Column in characters, from one.
    pub column: u32,
}

impl Place {
    /// The position `at` of `file`.
    pub fn new(file: &Arc<str>, at: Spot) -> Self {
        Self { file: file.clone(), line: at.line, column: at.column }
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// A text of a document that remembers where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// What it says.
    pub value: String,
    /// Where it starts.
    pub at: Spot,
}

impl Text {
    /// A text that stands nowhere, for policies made by a program.
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), at: Spot::default() }
    }

    /// The text alone.
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

impl std::fmt::Display for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.value)
    }
}
