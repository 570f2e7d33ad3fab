//! What a cluster adds to an object: its status. It is no input of anyone, so nothing in it is an error.

use std::sync::Arc;

use crate::policy::{
    object::{Meta, StatusCondition},
    place::Spot,
    yaml::{Node, Value},
};

/// An object of which only the place is known.
pub fn nameless(file: Arc<str>, at: Spot, namespace: &str) -> Meta {
    let namespace = namespace.to_owned();
    Meta { file, at, name: String::new(), namespace, created: None, dry_run: None, conditions: Vec::new() }
}

/// `status.conditions`.
pub fn conditions(object: &Node) -> Vec<StatusCondition> {
    let list = match object.get("status").and_then(|status| status.get("conditions")).map(|node| &node.value) {
        Some(Value::List(list)) => list.as_slice(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_)) | None => &[],
    };
    let condition = |node: &Node| {
        let word = |key: &str| node.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let (kind, status, reason) = (word("type"), word("status"), word("reason"));
        StatusCondition { at: node.at, kind, status, reason, message: word("message") }
    };
    list.iter().map(condition).collect()
}
