//! The objects around policies as values, and how they are read. Leniently: they are not ours to check.

use std::collections::BTreeMap;

use crate::{
    order,
    policy::yaml::{Node, Value},
};

/// Labels by name.
pub type Labels = BTreeMap<String, String>;

/// A Service.
#[derive(Debug)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its own labels.
    pub labels: Labels,
    /// Which pods it leads to.
    pub selector: Labels,
    /// Its ports.
    pub ports: Vec<Port>,
}

/// One port of a Service.
#[derive(Debug)]
pub struct Port {
    /// Its number.
    pub port: String,
    /// The number at the pod, when it is a number.
    pub target: Option<String>,
    /// Whether Istio takes it for HTTP or gRPC.
    pub http: bool,
}

/// A pod or what makes pods.
#[derive(Debug)]
pub struct Workload {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Labels of the pods.
    pub labels: Labels,
}

/// A Gateway of Istio's own API.
#[derive(Debug)]
pub struct Gateway {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Which pods it configures, in any namespace.
    pub selector: Labels,
}

/// A DestinationRule.
#[derive(Debug)]
pub struct DestinationRule {
    /// `namespace/name`.
    pub id: String,
    /// `host`.
    pub host: String,
    /// `trafficPolicy.tls.mode`.
    pub mode: Option<String>,
}

/// Hosts of a VirtualService or a ServiceEntry.
#[derive(Debug)]
pub struct Hosts {
    /// Namespace of the object, which completes short names.
    pub namespace: String,
    /// As written.
    pub hosts: Vec<String>,
}

/// An istiod.
#[derive(Debug)]
pub struct Istiod {
    /// `namespace/name`.
    pub id: String,
    /// Whether it refuses to fetch keys from addresses that its environment lists.
    pub blocks_cidrs: bool,
}

/// The variable that keeps istiod from fetching keys from inner addresses.
const BLOCKED_CIDRS: &str = "BLOCKED_CIDRS_IN_JWKS_URIS";

/// The istiod that a Deployment runs, if it is one (analyzers/authn/blockedcidrs.go).
pub fn istiod(node: &Node, id: &str) -> Option<Istiod> {
    let labels = labels(node.get("metadata").and_then(|meta| meta.get("labels")));
    if labels.get("app").map(String::as_str) != Some("istiod") {
        return None;
    }
    let pod = ["spec", "template", "spec"].iter().try_fold(node, |node, key| node.get(key));
    let variables = items(pod.and_then(|pod| pod.get("containers"))).flat_map(|container| items(container.get("env")));
    let blocks_cidrs = variables.filter(|one| one.get("name").and_then(Node::text) == Some(BLOCKED_CIDRS)).any(|one| {
        // A value from elsewhere is not known here, and taken for one.
        one.get("valueFrom").is_some() || one.get("value").and_then(Node::text).is_some_and(|value| !value.is_empty())
    });
    Some(Istiod { id: id.to_owned(), blocks_cidrs })
}

/// The entries of a list; none for anything else.
pub fn items(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    let list = match node.map(|node| &node.value) {
        Some(Value::List(list)) => list.as_slice(),
        Some(_) | None => &[],
    };
    list.iter()
}

/// Labels of a map; other values than texts are left out.
pub fn labels(node: Option<&Node>) -> Labels {
    let entries = node.map(Node::entries).unwrap_or_default();
    order::map(entries.iter().filter_map(|entry| Some((entry.key.value.clone(), entry.value.text()?.to_owned()))))
}

/// A port of a Service.
pub fn port(node: &Node) -> Port {
    let number = |key: &str| match node.get(key).map(|node| &node.value) {
        Some(Value::Number(text)) => Some(text.clone()),
        Some(Value::Text(_) | Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_)) | None => None,
    };
    let port = number("port").unwrap_or_default();
    let target = match node.get("targetPort") {
        None => Some(port.clone()),
        Some(_) => number("targetPort"),
    };
    let word = |key: &str| node.get(key).and_then(Node::text).unwrap_or("").to_ascii_lowercase();
    let protocol = match word("appProtocol") {
        own if own.is_empty() => word("name").split('-').next().unwrap_or("").to_owned(),
        own => own,
    };
    let http = ["http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c"].contains(&protocol.as_str());
    Port { port, target, http }
}

/// The texts of a list.
pub fn texts(node: Option<&Node>) -> Vec<String> {
    items(node).filter_map(|item| item.text().map(str::to_owned)).collect()
}
