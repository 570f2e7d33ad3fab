//! Which proxies to compare: the workloads of the files, or, without any, one for every selector and namespace that the
//! policies name.

use std::collections::BTreeMap;

use crate::{
    order,
    policy::{
        attach::{GATEWAY_NAME, Point},
        lint::Around,
        object::{PolicySet, Selector, Target},
        settings::{Enforcement, Mesh, Service, Workload},
    },
};

/// A proxy and what to call it.
#[derive(Clone, Debug)]
pub struct Place {
    /// For people: `sidecar of app=a in foo`.
    pub name: String,
    /// The proxy.
    pub point: Point,
}

/// The proxies that any policy of the sets might reach.
pub fn points(sets: &[&PolicySet], around: &Around, mesh: &Mesh, ambient: bool) -> Vec<Place> {
    let mut found: Vec<(Enforcement, Workload)> = Vec::new();
    let plain = if ambient { Enforcement::Ztunnel } else { Enforcement::Sidecar };
    for workload in &around.workloads {
        let enforcement = if is_gateway(&workload.labels) { Enforcement::Gateway } else { plain };
        let own = Workload { namespace: workload.namespace.clone(), labels: workload.labels.clone(), service: None };
        found.push((enforcement, own));
    }
    let from_files = !found.is_empty();
    for set in sets {
        let targets = set.authorization.iter().map(|policy| (&policy.meta.namespace, &policy.target));
        let tokens = set.request.iter().map(|object| (&object.meta.namespace, &object.target));
        for (namespace, target) in targets.chain(tokens) {
            of_target(namespace, target, from_files, plain, &mut found);
        }
        for object in set.peer.iter().filter(|_| !from_files) {
            found.push((plain, of_selector(&object.meta.namespace, object.selector.as_ref())));
        }
    }
    order::distinct(found).into_iter().map(|(enforcement, workload)| place(enforcement, workload, mesh)).collect()
}

/// Whether these are labels of a gateway's pods.
pub fn is_gateway(labels: &BTreeMap<String, String>) -> bool {
    labels.contains_key(GATEWAY_NAME) || labels.contains_key("istio")
}

fn of_target(
    namespace: &str,
    target: &Target,
    from_files: bool,
    plain: Enforcement,
    found: &mut Vec<(Enforcement, Workload)>,
) {
    for reference in target.effective() {
        let mut workload = Workload { namespace: namespace.to_owned(), ..Workload::default() };
        let enforcement = match reference.kind.as_str() {
            "Gateway" => {
                workload.labels.insert(GATEWAY_NAME.to_owned(), reference.name.clone());
                Enforcement::Gateway
            }
            "Service" | "ServiceEntry" => {
                let entry = reference.kind == "ServiceEntry";
                let (name, namespace) = (reference.name.clone(), namespace.to_owned());
                workload.service = Some(Service { name, namespace, entry });
                Enforcement::Waypoint
            }
            _ => Enforcement::Waypoint,
        };
        found.push((enforcement, workload));
    }
    if target.effective().is_empty() && !from_files {
        found.push((plain, of_selector(namespace, target.selector.as_ref())));
    }
}

fn of_selector(namespace: &str, selector: Option<&Selector>) -> Workload {
    let labels = selector.iter().flat_map(|selector| &selector.labels);
    let labels: BTreeMap<String, String> =
        order::map(labels.map(|(key, value)| (key.value.clone(), value.value.clone())));
    Workload { namespace: namespace.to_owned(), labels, service: None }
}

fn place(enforcement: Enforcement, workload: Workload, mesh: &Mesh) -> Place {
    let labels: Vec<String> = workload.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let whom = match &workload.service {
        Some(service) => format!("service {}", service.name),
        None if labels.is_empty() => "any workload".to_owned(),
        None => labels.join(","),
    };
    let name = format!("{} of {whom} in {}", enforcement.name(), workload.namespace);
    Place { name, point: Point { enforcement, mesh: mesh.clone(), workload } }
}
