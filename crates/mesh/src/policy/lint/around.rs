//! The other objects of the files, as far as policies hang on them. Nothing is said about kinds that the files do not hold.

mod mesh;
mod objects;

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::{place::Text, settings::Mesh, yaml::Node};

pub use mesh::MeshConfig;
pub use objects::{DestinationRule, Gateway, Hosts, Istiod, Labels, Service, Workload};
use objects::{istiod, items, labels, port, texts};

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
    /// Gateways of the Gateway API, `namespace/name`, and their classes.
    pub gateways: BTreeMap<String, String>,
    /// Gateways of Istio's own API.
    pub own_gateways: Vec<Gateway>,
    /// DestinationRules.
    pub destination_rules: Vec<DestinationRule>,
    /// Hosts of ServiceEntries.
    pub entries: Vec<Hosts>,
    /// Hosts of VirtualServices.
    pub virtual_services: Vec<Hosts>,
    /// Deployments of istiod.
    pub istiods: Vec<Istiod>,
    /// MeshConfig, when it is there.
    pub mesh: Option<MeshConfig>,
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

    /// The root namespace of the mesh.
    pub fn root_namespace(&self) -> String {
        let own = self.mesh.as_ref().and_then(|mesh| mesh.root_namespace.clone());
        own.unwrap_or_else(|| Mesh::default().root_namespace)
    }

    /// The workloads of a namespace.
    pub fn workloads_of<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Workload> {
        self.workloads.iter().filter(move |workload| workload.namespace == namespace)
    }

    fn take(&mut self, node: &Node) {
        let text = |node: Option<&Node>| node.and_then(Node::text).unwrap_or("").to_owned();
        let meta = node.get("metadata");
        let name = text(meta.and_then(|meta| meta.get("name")));
        let namespace = Some(text(meta.and_then(|meta| meta.get("namespace")))).filter(|text| !text.is_empty());
        let namespace = namespace.unwrap_or_else(|| "default".to_owned());
        let version = text(node.get("apiVersion"));
        let networking = version.starts_with("networking.istio.io/");
        let spec = node.get("spec");
        let of_spec = |key: &str| spec.and_then(|spec| spec.get(key));
        let labels_of = |node: Option<&Node>| labels(node.and_then(|node| node.get("labels")));
        match node.get("kind").and_then(Node::text).unwrap_or("") {
            "Namespace" => {
                self.namespaces.insert(name, labels_of(meta));
            }
            "ServiceAccount" => {
                self.accounts.insert(format!("{namespace}/{name}"));
            }
            "Service" => {
                let (selector, labels) = (labels(of_spec("selector")), labels_of(meta));
                let ports = items(of_spec("ports")).map(port).collect();
                self.services.push(Service { namespace, name, labels, selector, ports });
            }
            "Pod" => self.workloads.push(Workload { namespace, name, labels: labels_of(meta) }),
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" => {
                self.istiods.extend(istiod(node, &format!("{namespace}/{name}")));
                let template = of_spec("template").and_then(|template| template.get("metadata"));
                self.workloads.push(Workload { namespace, name, labels: labels_of(template) });
            }
            "Gateway" if version.starts_with("gateway.networking.k8s.io/") => {
                self.gateways.insert(format!("{namespace}/{name}"), text(of_spec("gatewayClassName")));
            }
            "Gateway" if networking => {
                self.own_gateways.push(Gateway { namespace, name, selector: labels(of_spec("selector")) });
            }
            "DestinationRule" if networking => {
                let mode =
                    of_spec("trafficPolicy").and_then(|policy| policy.get("tls")).and_then(|tls| tls.get("mode"));
                let mode = mode.and_then(Node::text).map(str::to_owned);
                let (id, host) = (format!("{namespace}/{name}"), text(of_spec("host")));
                self.destination_rules.push(DestinationRule { id, host, mode });
            }
            "ServiceEntry" if networking => self.entries.push(Hosts { namespace, hosts: texts(of_spec("hosts")) }),
            "VirtualService" if networking => {
                self.virtual_services.push(Hosts { namespace, hosts: texts(of_spec("hosts")) });
            }
            "ConfigMap" if name == "istio" || name.starts_with("istio-") => mesh::read(node, &mut self.mesh),
            _ => {}
        }
    }
}

/// Whether the labels of a selector are among those of a pod.
pub fn selects<'l>(selector: impl IntoIterator<Item = &'l (Text, Text)>, labels: &Labels) -> bool {
    selector.into_iter().all(|(key, value)| labels.get(&key.value) == Some(&value.value))
}
