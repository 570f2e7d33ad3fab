//! Strict reading of maps: every key is either asked for or reported as unknown, every wrong type is an error with path
//! and position. Used by the policy objects and by the case files.

use super::{
    finding::Findings,
    place::{Spot, Text},
    yaml::{Entry, Node, Value},
};

/// A map while its keys are taken one by one.
pub struct Fields<'a> {
    entries: &'a [Entry],
    taken: Vec<bool>,
    /// Path of the map in its document.
    pub path: String,
    /// Where the map starts.
    pub at: Spot,
}

impl<'a> Fields<'a> {
    /// The fields of a map; anything else is an error.
    pub fn open(node: &'a Node, path: &str, out: &mut Findings) -> Option<Self> {
        match &node.value {
            Value::Map(entries) => {
                Some(Self { entries, taken: vec![false; entries.len()], path: path.to_owned(), at: node.at })
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => {
                wrong(node, path, "a map", out);
                None
            }
        }
    }

    /// Path of a field of this map.
    pub fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    /// The value under a key; null counts as missing, as it does for the API server.
    pub fn take(&mut self, key: &str) -> Option<&'a Node> {
        self.take_any(key).filter(|node| node.value != Value::Null)
    }

    /// The value under a key, null included.
    pub fn take_any(&mut self, key: &str) -> Option<&'a Node> {
        let place = self.entries.iter().position(|entry| entry.key.value == key)?;
        self.taken[place] = true;
        Some(&self.entries[place].value)
    }

    /// A text field.
    pub fn text(&mut self, key: &str, out: &mut Findings) -> Option<Text> {
        let node = self.take(key)?;
        text(node, &self.path_of(key), out)
    }

    /// A list of texts; nothing when the key is missing.
    pub fn texts(&mut self, key: &str, out: &mut Findings) -> Option<Vec<Text>> {
        let node = self.take(key)?;
        texts(node, &self.path_of(key), out)
    }

    /// A map field.
    pub fn map(&mut self, key: &str, out: &mut Findings) -> Option<Fields<'a>> {
        let node = self.take(key)?;
        Fields::open(node, &self.path_of(key), out)
    }

    /// A list field.
    pub fn list(&mut self, key: &str, out: &mut Findings) -> Option<&'a [Node]> {
        let node = self.take(key)?;
        list(node, &self.path_of(key), out)
    }

    /// Ignores keys that carry no meaning for us.
    pub fn skip(&mut self, keys: &[&str]) {
        for key in keys {
            let _ = self.take_any(key);
        }
    }

    /// Reports every key nobody asked for; `known` is offered when one of them is close.
    pub fn close(self, known: &[&str], out: &mut Findings) {
        for (entry, taken) in self.entries.iter().zip(&self.taken) {
            if !taken {
                let key = &entry.key.value;
                let remedy = match nearest(key, known) {
                    Some(other) => format!("Did you mean `{other}`?"),
                    None if known.is_empty() => "Remove it.".to_owned(),
                    None => format!("Remove it; known are {}.", known.join(", ")),
                };
                out.error("OB0106", entry.key.at, &join(&self.path, key), format!("unknown field `{key}`"), &remedy);
            }
        }
    }
}

/// `path.key`, or the key alone at the top.
pub fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A text; other types are errors, because the API server refuses them too.
pub fn text(node: &Node, path: &str, out: &mut Findings) -> Option<Text> {
    match &node.value {
        Value::Text(value) => Some(Text { value: value.clone(), at: node.at }),
        Value::Bool(_) | Value::Number(_) => {
            wrong(node, path, "a text; quote it", out);
            None
        }
        Value::Null | Value::List(_) | Value::Map(_) => {
            wrong(node, path, "a text", out);
            None
        }
    }
}

/// A list.
pub fn list<'a>(node: &'a Node, path: &str, out: &mut Findings) -> Option<&'a [Node]> {
    match &node.value {
        Value::List(list) => Some(list),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
            wrong(node, path, "a list", out);
            None
        }
    }
}

/// A list of texts.
pub fn texts(node: &Node, path: &str, out: &mut Findings) -> Option<Vec<Text>> {
    let items = list(node, path, out)?;
    Some(items.iter().enumerate().filter_map(|(i, item)| text(item, &format!("{path}[{i}]"), out)).collect())
}

/// Reports a value of the wrong type.
pub fn wrong(node: &Node, path: &str, wanted: &str, out: &mut Findings) {
    let field = path.rsplit('.').next().unwrap_or(path);
    let message = format!("`{field}` must be {wanted}, found {}", node.kind());
    out.error("OB0107", node.at, path, message, "Give a value of that type.");
}

/// The known word within two edits, if there is one.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = |other: &str| edits(&word.to_ascii_lowercase(), &other.to_ascii_lowercase());
    known.iter().copied().map(|other| (near(other), other)).min().filter(|(far, _)| *far <= 2).map(|(_, other)| other)
}

fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let cost = if from == *to { diagonal } else { 1 + diagonal.min(row[j]).min(row[j + 1]) };
            diagonal = row[j + 1];
            row[j + 1] = cost;
        }
    }
    row[b.len()]
}
