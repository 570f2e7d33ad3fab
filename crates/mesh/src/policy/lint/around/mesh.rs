//! MeshConfig as istiod reads it: YAML in the text `mesh` of a ConfigMap.

use std::{collections::BTreeSet, sync::Arc};

use super::objects::{items, texts};
use crate::policy::{
    finding::Findings,
    settings::Mesh,
    yaml::{self, Node, Value},
};

/// What the MeshConfigs of the files say; those of several revisions together.
#[derive(Debug)]
pub struct MeshConfig {
    /// `rootNamespace`, of the first that has one.
    pub root_namespace: Option<String>,
    /// `trustDomain` and `trustDomainAliases`.
    pub trust_domains: BTreeSet<String>,
    /// `enableAutoMtls`: off only where every one turns it off.
    pub auto_mtls: bool,
    /// Whether `outboundTrafficPolicy` lets hosts pass that nothing defines.
    pub allow_any: bool,
    /// Names of extension providers.
    pub providers: BTreeSet<String>,
}

/// Adds what a ConfigMap says.
pub fn read(node: &Node, known: &mut Option<MeshConfig>) {
    let Some(text) = node.get("data").and_then(|data| data.get("mesh")).and_then(Node::text) else { return };
    let file = Arc::from("mesh");
    let mut ignored = Findings::new(&file);
    for document in yaml::read(&file, text, &mut ignored) {
        add(&document, known);
    }
}

fn add(document: &Node, known: &mut Option<MeshConfig>) {
    let word = |key: &str| document.get(key).and_then(Node::text).map(str::to_owned);
    let auto = document.get("enableAutoMtls").is_none_or(|node| node.value != Value::Bool(false));
    let mode = document.get("outboundTrafficPolicy").and_then(|policy| policy.get("mode")).and_then(Node::text);
    let all = known.get_or_insert_with(|| MeshConfig {
        root_namespace: None,
        trust_domains: BTreeSet::new(),
        auto_mtls: false,
        allow_any: false,
        providers: BTreeSet::new(),
    });
    all.root_namespace = all.root_namespace.take().or(word("rootNamespace"));
    all.trust_domains.insert(word("trustDomain").unwrap_or(Mesh::default().trust_domain));
    all.trust_domains.extend(texts(document.get("trustDomainAliases")));
    all.auto_mtls |= auto;
    all.allow_any |= mode == Some("ALLOW_ANY");
    let providers = items(document.get("extensionProviders"));
    all.providers.extend(providers.filter_map(|item| item.get("name").and_then(Node::text).map(str::to_owned)));
}
