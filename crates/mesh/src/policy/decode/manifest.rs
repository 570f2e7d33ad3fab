//! Reads a manifest file as people keep it: several documents, `kind: List`, other kinds in between.

use std::sync::Arc;

use super::{Recognised, object, skipped};
use crate::policy::{
    finding::{Finding, Findings, Severity},
    object::PolicySet,
    yaml::{self, Node, Value},
};

/// What a manifest file holds.
#[derive(Debug, Default)]
pub struct Decoded {
    /// The policies.
    pub set: PolicySet,
    /// Everything else, for lints that look at services and namespaces.
    pub others: Vec<Node>,
    /// What is wrong with the file.
    pub findings: Vec<Finding>,
}

/// Reads the documents of one file. `default_namespace` is where objects without one would be applied.
pub fn manifests(file: &str, text: &str, default_namespace: &str) -> Decoded {
    let file: Arc<str> = Arc::from(file);
    let mut out = Findings::new(&file);
    let mut decoded = Decoded::default();
    for document in yaml::read(&file, text, &mut out) {
        let items = document.get("items").filter(|_| document.get("kind").and_then(Node::text) == Some("List"));
        match items.map(|items| &items.value) {
            Some(Value::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    one(item, &format!("items[{i}]"), default_namespace, &mut decoded, &mut out);
                }
            }
            Some(_) | None => one(&document, "", default_namespace, &mut decoded, &mut out),
        }
    }
    decoded.findings = out.into_list();
    decoded
}

fn one(node: &Node, path: &str, namespace: &str, decoded: &mut Decoded, out: &mut Findings) {
    if node.value == Value::Null {
        return;
    }
    match object(node, path, namespace, &mut decoded.set, out) {
        Recognised::Policy => {}
        Recognised::Other => {
            let severity = if node.get("kind").is_some() { Severity::Info } else { Severity::Error };
            skipped(node, path, severity, out);
            decoded.others.push(node.clone());
        }
    }
}
