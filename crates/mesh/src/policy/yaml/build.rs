//! Builds the tree of one document from parser events: resolves aliases and merge keys within a budget, refuses duplicate
//! keys. No recursion, so depth cannot overflow the stack.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::{
    Entry, MAX_ALIAS_BYTES, MAX_ALIAS_NODES, MAX_BROKEN, MAX_DEPTH, MAX_NODES, Node, Value, scalar, split::Part,
};
use crate::policy::{
    finding::Findings,
    place::{Spot, Text},
};

/// How many nodes a file may still have, and how many of its documents may still be broken.
pub struct Budget {
    nodes: usize,
    alias_nodes: usize,
    alias_bytes: usize,
    broken: usize,
}

impl Budget {
    pub fn new() -> Self {
        Self { nodes: MAX_NODES, alias_nodes: MAX_ALIAS_NODES, alias_bytes: MAX_ALIAS_BYTES, broken: MAX_BROKEN }
    }

    /// After a document that could not be read: whether the next one is worth a try.
    pub fn goes_on(&mut self, after: Part<'_>, out: &mut Findings) -> bool {
        self.broken -= 1;
        if self.broken == 0 {
            let message = format!("{MAX_BROKEN} documents cannot be read; the rest of the file was not tried");
            out.error("OB0102", after.start(), "", message, "Give a file of YAML or JSON.");
        }
        self.nodes > 0 && self.broken > 0
    }
}

/// A list or map that is not complete yet.
struct Open {
    at: Spot,
    anchor: usize,
    size: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, key: Option<Text>, lines: HashMap<String, Spot>, merges: Vec<Node> },
}

struct Tree<'o> {
    open: Vec<Open>,
    root: Option<Node>,
    anchors: HashMap<usize, (Node, usize)>,
    out: &'o mut Findings,
}

/// Why a document is given up: that has been said.
pub type Stop = ();

/// The tree of one document, or nothing when it is empty.
pub fn document(part: Part<'_>, budget: &mut Budget, out: &mut Findings) -> Result<Option<Node>, Stop> {
    let spot = |span: Span| Spot {
        line: u32::try_from(span.start.line()).unwrap_or(u32::MAX).saturating_add(part.lines_before),
        column: u32::try_from(span.start.col()).unwrap_or(u32::MAX).saturating_add(1),
    };
    let mut tree = Tree { open: Vec::new(), root: None, anchors: HashMap::new(), out };
    // The parser keeps what is between brackets until they close, hundreds of bytes for each value; so these are counted
    // first.
    if part.separators() >= budget.nodes {
        tree.too_many(part.start(), budget);
        return Err(());
    }
    for event in Parser::new_from_str(part.text) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let mark = error.marker();
                let at = spot(Span::empty(*mark));
                let why = explain(part.text, mark.line(), error.info());
                tree.out.error("OB0102", at, "", why, "Correct the YAML at this position.");
                return Err(());
            }
        };
        let at = spot(span);
        budget.nodes = budget.nodes.saturating_sub(1);
        if budget.nodes == 0 {
            tree.too_many(at, budget);
            return Err(());
        }
        tree.take(event, at, budget)?;
    }
    Ok(tree.root)
}

/// The parser's words, or ours where a usual mistake is behind them.
fn explain(text: &str, line: usize, info: &str) -> String {
    let source = text.lines().nth(line.saturating_sub(1)).unwrap_or("");
    let indent: String = source.chars().take_while(|c| c.is_whitespace()).collect();
    if indent.contains('\t') {
        return "a tab is used for indentation, which YAML forbids; use spaces".to_owned();
    }
    format!("not YAML: {info}")
}

impl Tree<'_> {
    fn take(&mut self, event: Event<'_>, at: Spot, budget: &mut Budget) -> Result<(), Stop> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, at, budget),
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let value = match style {
                    ScalarStyle::Plain if !is_text => scalar::resolve(&text),
                    _ => Value::Text(text.into_owned()),
                };
                self.done(Node { at, value }, anchor, 1, budget)
            }
            Event::SequenceStart(anchor, _) => self.open(at, anchor, OpenKind::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.open(
                at,
                anchor,
                OpenKind::Map { entries: Vec::new(), key: None, lines: HashMap::new(), merges: Vec::new() },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close(budget),
        }
    }

    fn open(&mut self, at: Spot, anchor: usize, kind: OpenKind) -> Result<(), Stop> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            self.out.error("OB0103", at, "", message, "Flatten the document.");
            return Err(());
        }
        self.open.push(Open { at, anchor, size: 1, kind });
        Ok(())
    }

    /// Ends the file, not only the document: there is nothing left for the others.
    fn too_many(&mut self, at: Spot, budget: &mut Budget) {
        budget.nodes = 0;
        let message = format!("the file has more than {MAX_NODES} values, those with an anchor counted twice");
        self.out.error("OB0101", at, "", message, "Split the file.");
    }

    fn close(&mut self, budget: &mut Budget) -> Result<(), Stop> {
        let Open { at, anchor, size, kind } = self.open.pop().expect("the parser closes only what it opened");
        let value = match kind {
            OpenKind::List(list) => Value::List(list),
            OpenKind::Map { mut entries, mut lines, merges, .. } => {
                // What stands in the map itself comes first, then what was merged first.
                for entry in merges.iter().flat_map(Node::entries) {
                    if !lines.contains_key(&entry.key.value) {
                        lines.insert(entry.key.value.clone(), entry.key.at);
                        entries.push(entry.clone());
                    }
                }
                Value::Map(entries)
            }
        };
        self.done(Node { at, value }, anchor, size, budget)
    }

    fn alias(&mut self, anchor: usize, at: Spot, budget: &mut Budget) -> Result<(), Stop> {
        let Some((node, size)) = self.anchors.get(&anchor) else {
            self.out.error("OB0102", at, "", "an alias inside its own anchor", "Write the value out.");
            return Err(());
        };
        if *size > budget.alias_nodes {
            let message = format!("aliases expand to more than {MAX_ALIAS_NODES} values");
            self.out.error("OB0104", at, "", message, "Write the values out instead of nesting aliases.");
            return Err(());
        }
        // Few values can be many bytes: a long text, over and over.
        let bytes = written_out(&node.value);
        if bytes > budget.alias_bytes {
            let message = format!("aliases expand to more than {} MiB", MAX_ALIAS_BYTES >> 20);
            self.out.error("OB0104", at, "", message, "Write the values out instead of repeating long ones.");
            return Err(());
        }
        budget.alias_bytes -= bytes;
        budget.alias_nodes -= size;
        let (node, size) = (Node { at, value: node.value.clone() }, *size);
        self.done(node, 0, size, budget)
    }

    /// Puts a finished node where it belongs.
    fn done(&mut self, node: Node, anchor: usize, size: usize, budget: &mut Budget) -> Result<(), Stop> {
        if anchor != 0 {
            // The copy for aliases is as large as the node, and anchors inside each other keep one each.
            if size >= budget.nodes {
                self.too_many(node.at, budget);
                return Err(());
            }
            budget.nodes -= size;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(parent) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        parent.size += size;
        match &mut parent.kind {
            OpenKind::List(list) => list.push(node),
            OpenKind::Map { entries, key, lines, merges } => match key.take() {
                None => {
                    let text = match node.value {
                        Value::Text(text) | Value::Number(text) => text,
                        Value::Bool(value) => value.to_string(),
                        Value::Null | Value::List(_) | Value::Map(_) => {
                            self.out.error("OB0102", node.at, "", "a key must be a text", "Name the field.");
                            return Err(());
                        }
                    };
                    *key = Some(Text { value: text, at: node.at });
                }
                Some(name) if name.value == "<<" => match node.value {
                    Value::List(list) => merges.extend(list),
                    value => merges.push(Node { at: node.at, value }),
                },
                Some(name) => {
                    if let Some(first) = lines.get(&name.value) {
                        let message = format!("`{name}` stands here a second time, first in line {}", first.line);
                        self.out.error("OB0105", name.at, &name.value, message, "Keep one of them.");
                        return Ok(());
                    }
                    lines.insert(name.value.clone(), name.at);
                    entries.push(Entry { key: name, value: node });
                }
            },
        }
        Ok(())
    }
}

/// How many bytes the texts of a value have.
fn written_out(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 0,
        Value::Number(text) | Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(|item| written_out(&item.value)).sum(),
        Value::Map(entries) => {
            entries.iter().map(|entry| entry.key.value.len() + written_out(&entry.value.value)).sum()
        }
    }
}
