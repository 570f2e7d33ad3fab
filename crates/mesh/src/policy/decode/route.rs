//! Reads what of a VirtualService hangs on the policies (pkg/jwt/routing.go). The rest of it is not checked, so whatever has
//! another form than expected is passed over.

use std::sync::Arc;

use super::status;
use crate::policy::{
    object::ClaimRoute,
    place::Text,
    yaml::{Node, Value},
};

/// How the name of a header starts that is a claim.
const CLAIMS: &str = "@request.auth.claims";

/// The routes of a VirtualService that look at claims, if it has any.
pub fn read(node: &Node, file: &Arc<str>, namespace: &str) -> Option<ClaimRoute> {
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    if text(node, "kind") != "VirtualService" || !text(node, "apiVersion").starts_with("networking.istio.io/") {
        return None;
    }
    let spec = node.get("spec")?;
    let mut keys = Vec::new();
    for (i, route) in items(spec.get("http")).iter().enumerate() {
        for (j, found) in items(route.get("match")).iter().enumerate() {
            for side in ["headers", "withoutHeaders"] {
                let entries = found.get(side).map(Node::entries).unwrap_or_default();
                let claims = entries.iter().filter(|entry| is_claim(&entry.key.value));
                keys.extend(claims.map(|entry| path(i, j, side, &entry.key)));
            }
        }
    }
    if keys.is_empty() {
        return None;
    }
    let mut meta = status::nameless(file.clone(), node.at, namespace);
    if let Some(own) = node.get("metadata") {
        meta.name = text(own, "name");
        meta.namespace = Some(text(own, "namespace")).filter(|name| !name.is_empty()).unwrap_or(meta.namespace);
    }
    let gateways = items(spec.get("gateways")).iter().filter_map(|node| node.text().map(str::to_owned)).collect();
    Some(ClaimRoute { meta, gateways, keys })
}

fn path(route: usize, place: usize, side: &str, key: &Text) -> (String, Text) {
    (format!("spec.http[{route}].match[{place}].{side}.{key}"), key.clone())
}

/// `@request.auth.claims.a.b` or `@request.auth.claims[a][b]`; the beginning in any case.
fn is_claim(header: &str) -> bool {
    let Some((start, rest)) = header.split_at_checked(CLAIMS.len()) else { return false };
    let dotted = rest.strip_prefix('.').is_some_and(|claim| !claim.is_empty());
    let bracketed =
        rest.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|claim| !claim.is_empty());
    start.eq_ignore_ascii_case(CLAIMS) && (dotted || bracketed)
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.value) {
        Some(Value::List(list)) => list,
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_)) | None => &[],
    }
}
