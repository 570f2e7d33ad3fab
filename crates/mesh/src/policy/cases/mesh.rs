//! Reads the `mesh` of a case: what MeshConfig and istiod's switches say.

use std::collections::BTreeMap;

use super::read::flag_of;
use crate::policy::{
    fields::{Fields, wrong},
    finding::Findings,
    place::Text,
    settings::{Features, Mesh, Normalization, Provider, ProxyVersion},
    yaml::{Node, Value},
};

pub fn read(mut fields: Fields<'_>, out: &mut Findings) -> Mesh {
    let mut mesh = Mesh::default();
    let own = |text: Text| text.value;
    if let Some(root) = fields.text("rootNamespace", out) {
        mesh.root_namespace = own(root);
    }
    if let Some(domain) = fields.text("trustDomain", out) {
        mesh.trust_domain = own(domain);
    }
    let aliases = fields.texts("trustDomainAliases", out).unwrap_or_default();
    mesh.trust_domain_aliases = aliases.into_iter().map(own).collect();
    if let Some(word) = fields.text("pathNormalization", out) {
        mesh.path_normalization = normalization(&word, &fields.path_of("pathNormalization"), out);
    }
    let path = fields.path_of("extensionProviders");
    if let Some(node) = fields.take("extensionProviders") {
        mesh.extension_providers = providers(node, &path, out);
    }
    if let Some(node) = fields.take("proxyVersion") {
        let path = fields.path_of("proxyVersion");
        mesh.proxy_version = version(node, &path, out).unwrap_or(ProxyVersion::NEWEST);
    }
    if let Some(switches) = fields.map("features", out) {
        mesh.features = features(switches, out);
    }
    let known = [
        "rootNamespace",
        "trustDomain",
        "trustDomainAliases",
        "pathNormalization",
        "extensionProviders",
        "proxyVersion",
        "features",
    ];
    fields.close(&known, out);
    mesh
}

fn features(mut fields: Fields<'_>, out: &mut Findings) -> Features {
    let mut features = Features::default();
    let known = [
        ("PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS", &mut features.multiple_custom_providers),
        ("ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY", &mut features.selector_based_gateway_policy),
        ("AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY", &mut features.ambient_dry_run),
    ];
    let names = known.each_ref().map(|(name, _)| *name);
    for (name, flag) in known {
        if let Some(value) = flag_of(&mut fields, name, out) {
            *flag = value;
        }
    }
    fields.close(&names, out);
    features
}

pub fn normalization(word: &Text, path: &str, out: &mut Findings) -> Normalization {
    Normalization::parse(&word.value).unwrap_or_else(|| {
        let remedy = "Use NONE, BASE, MERGE_SLASHES or DECODE_AND_MERGE_SLASHES.";
        out.error("OB0205", word.at, path, format!("`{word}` is no normalization"), remedy);
        Normalization::Base
    })
}

pub fn version(node: &Node, path: &str, out: &mut Findings) -> Option<ProxyVersion> {
    let text = match &node.value {
        Value::Text(text) | Value::Number(text) => text.trim_start_matches(['>', '=', ' ']),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) => "",
    };
    let version = ProxyVersion::parse(text);
    if version.is_none() {
        out.error("OB0205", node.at, path, "not an Envoy release", "Write it as 1.39.1.");
    }
    version
}

/// By name, as in case files, or the list of MeshConfig. The kind is `http`, `grpc` or MeshConfig's own key.
fn providers(node: &Node, path: &str, out: &mut Findings) -> BTreeMap<String, Provider> {
    let mut found = BTreeMap::new();
    match &node.value {
        Value::Map(entries) => {
            for entry in entries {
                found.insert(entry.key.value.clone(), provider(&entry.value));
            }
        }
        Value::List(items) => {
            for item in items {
                let name = item.get("name").and_then(Node::text).unwrap_or("");
                found.insert(name.to_owned(), provider(item));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => wrong(node, path, "a map", out),
    }
    found
}

/// `http`, `grpc` or MeshConfig's own key, as a text or inside a map; `invalid` for one with an error. Without a kind it is
/// an HTTP authorizer, which decides alike on everything but TCP.
fn provider(node: &Node) -> Provider {
    let words = || {
        let inner = node.entries().iter().flat_map(|entry| [Some(entry.key.value.as_str()), entry.value.text()]);
        std::iter::once(node.text()).chain(inner).flatten().map(str::to_ascii_lowercase)
    };
    if words().any(|word| word == "invalid") {
        Provider::Invalid
    } else if words().any(|word| matches!(word.as_str(), "grpc" | "envoyextauthzgrpc")) {
        Provider::Grpc
    } else {
        Provider::Http
    }
}
