//! From documents to policy objects: recognises the kinds, reads their fields strictly, and says what else a file holds.

mod authentication;
mod authorization;
mod manifest;
mod route;
mod status;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{
    fields::Fields,
    finding::{Findings, Severity},
    object::{Kind, Meta, PolicySet, Selector, Target, TargetRef},
    place::{Spot, Text},
    yaml::Node,
};

pub use manifest::{Decoded, files, manifests, twice};

/// The versions that are read.
const VERSIONS: [&str; 2] = ["security.istio.io/v1", "security.istio.io/v1beta1"];
/// The annotation that takes a policy out of enforcement (R65).
const DRY_RUN: &str = "istio.io/dry-run";

/// Reads one object into `set`. Objects of other kinds are told to `other`.
pub fn object(node: &Node, path: &str, default_namespace: &str, set: &mut PolicySet, out: &mut Findings) -> Recognised {
    out.about("");
    let kind = node.get("kind").and_then(Node::text).unwrap_or("");
    let version = node.get("apiVersion").and_then(Node::text).unwrap_or("");
    let known = Kind::ALL.into_iter().find(|known| known.name() == kind);
    let istio = version.starts_with("security.istio.io/");
    let Some(known) = known.filter(|_| istio || version.is_empty()) else {
        if istio {
            let message = format!("`{kind}` is no kind of security.istio.io");
            let remedy = "Use AuthorizationPolicy, PeerAuthentication or RequestAuthentication.";
            out.error("OB0108", node.at, path, message, remedy);
        }
        return Recognised::Other;
    };
    let Some(mut fields) = Fields::open(node, path, out) else { return Recognised::Policy };
    let mut meta = meta(&mut fields, default_namespace, out);
    meta.conditions = status::conditions(node);
    out.about(meta.id());
    if !VERSIONS.contains(&version) {
        let message = format!("apiVersion `{version}` is not supported for {kind}");
        out.error("OB0108", node.at, &fields.path_of("apiVersion"), message, "Use security.istio.io/v1 or v1beta1.");
    }
    fields.skip(&["apiVersion", "kind", "status"]);
    let spec = fields.take("spec");
    let spec_path = fields.path_of("spec");
    fields.close(&["apiVersion", "kind", "metadata", "spec"], out);
    let spec = spec.and_then(|spec| Fields::open(spec, &spec_path, out));
    match known {
        Kind::AuthorizationPolicy => set.authorization.push(authorization::read(meta, spec, out)),
        Kind::PeerAuthentication => set.peer.push(authentication::peer(meta, spec, out)),
        Kind::RequestAuthentication => set.request.push(authentication::request(meta, spec, out)),
    }
    Recognised::Policy
}

/// What a document turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognised {
    /// A policy object, read as far as possible.
    Policy,
    /// Something else.
    Other,
}

/// Notes that an object of another kind is skipped.
pub fn skipped(node: &Node, path: &str, severity: Severity, out: &mut Findings) {
    let kind = node.get("kind").and_then(Node::text).unwrap_or("a document without `kind`");
    let name = node.get("metadata").and_then(|meta| meta.get("name")).and_then(Node::text).unwrap_or("");
    let message = format!("{kind} {name} is not a policy and was not checked").replace("  ", " ");
    out.add("OB0109", severity, node.at, path, message, "Nothing, unless a policy was meant.");
}

/// `metadata`: name, namespace, time and the dry-run annotation. Everything else in it belongs to Kubernetes.
fn meta(fields: &mut Fields<'_>, default_namespace: &str, out: &mut Findings) -> Meta {
    let file: Arc<str> = out.file().clone();
    let (at, path) = (fields.at, fields.path_of("metadata"));
    let mut meta = status::nameless(file, at, default_namespace);
    if let Some(mut inner) = fields.map("metadata", out) {
        if let Some(name) = inner.text("name", out) {
            meta.name = name.value;
        }
        if let Some(namespace) = inner.text("namespace", out).filter(|text| !text.value.is_empty()) {
            meta.namespace = namespace.value;
        }
        meta.created = inner.text("creationTimestamp", out).map(|text| text.value);
        if let Some(mut annotations) = inner.map("annotations", out) {
            meta.dry_run = annotations.text(DRY_RUN, out);
        }
    }
    if meta.name.is_empty() {
        out.error("OB0110", at, &path, "`metadata.name` is missing", "Name the object.");
    }
    meta
}

/// `selector`.
fn selector(spec: &mut Fields<'_>, out: &mut Findings) -> Option<Selector> {
    let mut inner = spec.map("selector", out)?;
    let mut selector = Selector { at: inner.at, labels: Vec::new() };
    if let Some(labels) = inner.take("matchLabels") {
        let path = inner.path_of("matchLabels");
        if let Some(fields) = Fields::open(labels, &path, out) {
            for entry in labels.entries() {
                if let Some(value) = super::fields::text(&entry.value, &fields.path_of(&entry.key.value), out) {
                    selector.labels.push((entry.key.clone(), value));
                }
            }
        }
    }
    inner.close(&["matchLabels"], out);
    Some(selector)
}

/// `selector`, `targetRef` and `targetRefs`.
fn target(spec: &mut Fields<'_>, out: &mut Findings) -> Target {
    let selector = selector(spec, out);
    let single = spec.map("targetRef", out).map(|fields| target_ref(fields, out));
    let mut refs = Vec::new();
    let path = spec.path_of("targetRefs");
    for (i, node) in spec.list("targetRefs", out).unwrap_or_default().iter().enumerate() {
        if let Some(fields) = Fields::open(node, &format!("{path}[{i}]"), out) {
            refs.push(target_ref(fields, out));
        }
    }
    Target { selector, single, refs }
}

fn target_ref(mut fields: Fields<'_>, out: &mut Findings) -> TargetRef {
    let mut word = |key: &str| fields.text(key, out).map(|text| text.value).unwrap_or_default();
    let (group, kind, name, namespace) = (word("group"), word("kind"), word("name"), word("namespace"));
    let at = fields.at;
    fields.close(&["group", "kind", "name", "namespace"], out);
    TargetRef { at, group, kind, name, namespace }
}

/// A text or an empty one at `at`.
fn or_empty(text: Option<Text>, at: Spot) -> Text {
    text.unwrap_or(Text { value: String::new(), at })
}
