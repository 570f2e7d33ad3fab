//! Routes of a gateway that look at claims: without a RequestAuthentication the gateway reads no token, and no such route is
//! ever taken (analyzers/virtualservice/jwtclaimroute.go).

use super::{
    Advice,
    around::{Around, Gateway, Workload},
};
use crate::policy::{
    attach::Point,
    object::{ClaimRoute, PolicySet},
    settings::{self, Enforcement, Mesh},
};

/// The word for all sidecars, which is no gateway.
const SIDECARS: &str = "mesh";

pub fn check(route: &ClaimRoute, set: &PolicySet, around: &Around, out: &mut Advice) {
    let Some((path, key)) = route.keys.first() else { return };
    for gateway in route.gateways.iter().filter(|name| *name != SIDECARS) {
        let (namespace, name) = gateway.split_once('/').unwrap_or((&route.meta.namespace, gateway));
        let found = around.own_gateways.iter().find(|own| own.namespace == namespace && own.name == name);
        let Some(found) = found else { continue };
        if let Some(workload) = workloads(found, around).find(|workload| !reads_tokens(workload, set, around)) {
            let message = format!(
                "`{key}` is never there, because no RequestAuthentication reaches {}/{} of gateway {namespace}/{name}",
                workload.namespace, workload.name
            );
            out.say("IST0149", key.at, path, message);
        }
    }
}

/// The workloads of a gateway. One without a selector is left out, since it would be all of the mesh.
fn workloads<'a>(gateway: &'a Gateway, around: &'a Around) -> impl Iterator<Item = &'a Workload> {
    around.workloads.iter().filter(|workload| {
        let has = |(key, value): (&String, &String)| workload.labels.get(key) == Some(value);
        !gateway.selector.is_empty() && gateway.selector.iter().all(has)
    })
}

fn reads_tokens(workload: &Workload, set: &PolicySet, around: &Around) -> bool {
    let mesh = Mesh { root_namespace: around.root_namespace(), ..Mesh::default() };
    let (namespace, labels) = (workload.namespace.clone(), workload.labels.clone());
    let workload = settings::Workload { namespace, labels, service: None };
    let point = Point { enforcement: Enforcement::Gateway, mesh, workload };
    let mut reading = set.request.iter().filter(|object| !object.rules.is_empty());
    reading.any(|object| point.attached(&object.meta, &object.target).is_some())
}
