//! The other objects of the files, as far as policies hang on them. Nothing is said about kinds that the files do not hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    order,
    policy::{
        place::Text,
        yaml::{self, Node, Value},
    },
};

/// Labels by name.
pub type Labels = BTreeMap<String, String>;

/// What surrounds the policies.
#[derive(Debug, Default)]
pub struct Around {
    /// Namespaces and their labels.
    pub namespaces: BTreeMap<String, Labels>,
    /// Services.
    pub services: Vec<Service>,
    /// Pods, and what makes them.
    pub workloads: Vec<Workload>,
    /// Service accounts, `namespace/name`.
    pub accounts: BTreeSet<String>,
    /// Gateways of the Gateway API, `namespace/name`.
    pub gateways: BTreeSet<String>,
    /// Names of extension providers, when MeshConfig is there.
    pub providers: Option<BTreeSet<String>>,
}

/// A Service.
#[derive(Debug)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
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
    /// Labels of the pods.
    pub labels: Labels,
}

impl Around {
    /// From documents that are no policies.
    pub fn new<'n>(nodes: impl IntoIterator<Item = &'n Node>) -> Self {
        let mut around = Self::default();
        for node in nodes {
            around.take(node);
        }
        around
    }

    /// Whether a namespace is in ambient mode, and whether it has a waypoint.
    pub fn ambient(&self, namespace: &str) -> Option<bool> {
        let labels = self.namespaces.get(namespace)?;
        let ambient = labels.get("istio.io/dataplane-mode").is_some_and(|mode| mode == "ambient");
        let waypoint = labels.get("istio.io/use-waypoint").is_some_and(|name| name != "none");
        ambient.then_some(waypoint)
    }

    fn take(&mut self, node: &Node) {
        let text = |node: Option<&Node>| node.and_then(Node::text).unwrap_or("").to_owned();
        let meta = node.get("metadata");
        let name = text(meta.and_then(|meta| meta.get("name")));
        let namespace = Some(text(meta.and_then(|meta| meta.get("namespace")))).filter(|text| !text.is_empty());
        let namespace = namespace.unwrap_or_else(|| "default".to_owned());
        let spec = node.get("spec");
        let labels_of = |node: Option<&Node>| labels(node.and_then(|node| node.get("labels")));
        match node.get("kind").and_then(Node::text).unwrap_or("") {
            "Namespace" => {
                self.namespaces.insert(name, labels_of(meta));
            }
            "ServiceAccount" => {
                self.accounts.insert(format!("{namespace}/{name}"));
            }
            "Service" => {
                let selector = labels(spec.and_then(|spec| spec.get("selector")));
                let ports = items(spec.and_then(|spec| spec.get("ports"))).map(port).collect();
                self.services.push(Service { namespace, name, selector, ports });
            }
            "Pod" => self.workloads.push(Workload { namespace, labels: labels_of(meta) }),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => {
                let template = spec.and_then(|spec| spec.get("template")).and_then(|template| template.get("metadata"));
                self.workloads.push(Workload { namespace, labels: labels_of(template) });
            }
            "Gateway" if text(node.get("apiVersion")).starts_with("gateway.networking.k8s.io/") => {
                self.gateways.insert(format!("{namespace}/{name}"));
            }
            "ConfigMap" if name == "istio" || name.starts_with("istio-") => self.mesh_config(node),
            _ => {}
        }
    }

    /// MeshConfig as istiod reads it: YAML in the text `mesh`.
    fn mesh_config(&mut self, node: &Node) {
        let Some(text) = node.get("data").and_then(|data| data.get("mesh")).and_then(Node::text) else { return };
        let file = std::sync::Arc::from("mesh");
        let mut ignored = crate::policy::finding::Findings::new(&file);
        let known = self.providers.get_or_insert_default();
        for document in yaml::read(&file, text, &mut ignored) {
            let providers = items(document.get("extensionProviders"));
            known.extend(providers.filter_map(|item| item.get("name").and_then(Node::text).map(str::to_owned)));
        }
    }
}

fn items(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    let list = match node.map(|node| &node.value) {
        Some(Value::List(list)) => list.as_slice(),
        Some(_) | None => &[],
    };
    list.iter()
}

fn labels(node: Option<&Node>) -> Labels {
    let entries = node.map(Node::entries).unwrap_or_default();
    order::map(entries.iter().filter_map(|entry| Some((entry.key.value.clone(), entry.value.text()?.to_owned()))))
}

fn port(node: &Node) -> Port {
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

/// Whether the labels of a selector are among those of a pod.
pub fn selects<'l>(selector: impl IntoIterator<Item = &'l (Text, Text)>, labels: &Labels) -> bool {
    selector.into_iter().all(|(key, value)| labels.get(&key.value) == Some(&value.value))
}
