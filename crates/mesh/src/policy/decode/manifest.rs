//! Reads manifest files as people keep them: several documents, `kind: List`, other kinds in between.

use std::sync::Arc;

use super::{Recognised, object, route, skipped};
use crate::{
    order,
    policy::{
        finding::{Finding, Findings, Severity},
        object::{Kind, Meta, PolicySet},
        place::{Place, Text},
        yaml::{self, Entry, Node, Value},
    },
};

/// What manifest files hold.
#[derive(Debug, Default)]
pub struct Decoded {
    /// The policies.
    pub set: PolicySet,
    /// Everything else, for lints that look at services and namespaces; without a namespace of its own an object has the
    /// default one, as the policies do.
    pub others: Vec<Node>,
    /// What is wrong with the files.
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

/// Reads files, each a name and a text, that are one set together: an object that stands in them twice is an error.
pub fn files<'f>(files: impl IntoIterator<Item = (&'f str, &'f str)>, default_namespace: &str) -> Decoded {
    let mut all = Decoded::default();
    for (name, text) in files {
        let decoded = manifests(name, text, default_namespace);
        all.set.extend(decoded.set);
        all.others.extend(decoded.others);
        all.findings.extend(decoded.findings);
    }
    all.findings.extend(twice(&all.set));
    all
}

/// An error at every object whose kind, namespace and name another one before it has: a cluster keeps one of them, and
/// which one hangs on the order in which they are applied.
pub fn twice(set: &PolicySet) -> Vec<Finding> {
    let all = (set.authorization.iter().map(|object| (Kind::AuthorizationPolicy, &object.meta)))
        .chain(set.peer.iter().map(|object| (Kind::PeerAuthentication, &object.meta)))
        .chain(set.request.iter().map(|object| (Kind::RequestAuthentication, &object.meta)));
    let named: Vec<(Kind, &Meta)> = all.filter(|(_, meta)| !meta.name.is_empty()).collect();
    let key = |place: usize| (named[place].0, &named[place].1.namespace, &named[place].1.name);
    let mut found = Vec::new();
    let places = order::in_order(named.len(), &|a, b| key(a).cmp(&key(b)));
    for pair in places.windows(2).filter(|pair| key(pair[0]) == key(pair[1])) {
        let ((_, first), (kind, meta)) = (named[pair[0]], named[pair[1]]);
        found.push(Finding {
            code: "OB0112",
            severity: Severity::Error,
            place: Place::new(&meta.file, meta.at),
            object: meta.id(),
            path: "metadata.name".to_owned(),
            message: format!("{} {} stands at {} too", kind.name(), meta.id(), first.place(first.at)),
            remedy: "Keep one of them, or give them different names.".to_owned(),
            fix: None,
        });
    }
    found
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
            decoded.set.routes.extend(route::read(node, out.file(), namespace));
            decoded.others.push(placed(node.clone(), namespace));
        }
    }
}

/// An object with the namespace it would be applied to.
fn placed(mut node: Node, namespace: &str) -> Node {
    let Value::Map(fields) = &mut node.value else { return node };
    let Some(meta) = fields.iter_mut().find(|entry| entry.key.value == "metadata") else { return node };
    let Value::Map(own) = &mut meta.value.value else { return node };
    if !own.iter().any(|entry| entry.key.value == "namespace") {
        let value = Node { at: meta.value.at, value: Value::Text(namespace.to_owned()) };
        own.push(Entry { key: Text { value: "namespace".to_owned(), at: meta.value.at }, value });
    }
    node
}
