//! YAML and JSON with positions: documents as trees whose every part knows its line and column. Holds the limits that keep
//! hostile input harmless; knows nothing of policies.

mod build;
mod scalar;
mod split;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use scalar::is_number;

use super::{
    finding::Findings,
    place::{Spot, Text},
};

/// The largest file that is read.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// The deepest nesting of lists and maps.
pub const MAX_DEPTH: usize = 64;
/// The most nodes of one file, aliases written out.
pub const MAX_NODES: usize = 1_000_000;
/// The most nodes that aliases may add; a bomb is far beyond it.
pub const MAX_ALIAS_NODES: usize = 20_000;
/// The most documents of one file that cannot be read; what has more is no YAML at all.
pub const MAX_BROKEN: usize = 1_000;
/// The most bytes of texts that aliases may add.
pub const MAX_ALIAS_BYTES: usize = 4 * 1024 * 1024;

/// One part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it starts.
    pub at: Spot,
    /// What it is.
    pub value: Value,
}

/// What a node is, by the rules kubectl applies (YAML 1.1 words included: a plain `yes` is a boolean).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// Any other text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map in the order written; keys are unique.
    Map(Vec<Entry>),
}

/// One pair of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key and its position.
    pub key: Text,
    /// The value.
    pub value: Node,
}

impl Node {
    /// What to call this kind of value in an error.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The pairs of a map; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => &[],
        }
    }

    /// The value under `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key.value == key).map(|entry| &entry.value)
    }

    /// The text of a text node.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
        }
    }
}

/// Reads all documents of a file. What cannot be read becomes a finding; the other documents are still there.
pub fn read(file: &Arc<str>, text: &str, out: &mut Findings) -> Vec<Node> {
    if text.len() > MAX_BYTES {
        let at = Spot { line: 1, column: 1 };
        let message = format!("the file has {} bytes, more than {MAX_BYTES}", text.len());
        out.error("OB0101", at, "", message, "Split the file.");
        return Vec::new();
    }
    debug_assert_eq!(file, out.file());
    let mut budget = build::Budget::new();
    let mut nodes = Vec::new();
    for part in split::documents(text) {
        match build::document(part, &mut budget, out) {
            Ok(node) => nodes.extend(node),
            Err(()) if budget.goes_on(part, out) => {}
            Err(()) => break,
        }
    }
    nodes
}
