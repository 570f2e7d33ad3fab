//! Whether what a policy is for has a waypoint, by the labels of Service or workload and then of the namespace.

use super::around::{Around, Labels, selects};
use crate::policy::{
    attach::GATEWAY_NAME,
    object::{Meta, Target},
};

/// The class of the Gateways that are waypoints.
const CLASS: &str = "istio-waypoint";

/// How it stands with the waypoint of a policy in ambient mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waypoint {
    /// What the policy is for is enrolled with none.
    Missing,
    /// It is enrolled with this one, `namespace/name`.
    Named(String),
    /// The files do not say.
    Unknown,
}

/// Nothing where the policy is not for ambient mode.
pub fn of(meta: &Meta, target: &Target, around: &Around) -> Option<Waypoint> {
    let namespace =
        around.namespaces.get(&meta.namespace).filter(|labels| has(labels, "istio.io/dataplane-mode", "ambient"))?;
    let enrolled = |labels: &Labels| enrolled(&meta.namespace, [labels, namespace]);
    let refs = target.effective();
    let services: Vec<&Labels> = refs
        .iter()
        .filter(|target| target.kind == "Service" && matches!(target.group.as_str(), "" | "core"))
        .flat_map(|target| {
            around.services.iter().filter(|own| own.namespace == meta.namespace && own.name == target.name)
        })
        .map(|service| &service.labels)
        .collect();
    if !refs.is_empty() {
        return Some(worst(services.into_iter().map(enrolled)).unwrap_or(Waypoint::Unknown));
    }
    let labels = target.selector.as_ref().map(|selector| selector.labels.as_slice()).unwrap_or_default();
    let selected = || {
        let own = around.workloads_of(&meta.namespace).filter(|own| selects(labels, &own.labels));
        own.filter(|own| !labels.is_empty() && !own.labels.contains_key(GATEWAY_NAME)).map(|own| &own.labels)
    };
    let inside = || selected().filter(|labels| !has(labels, "istio.io/dataplane-mode", "none"));
    if selected().next().is_some() && inside().next().is_none() {
        return None;
    }
    Some(worst(inside().map(enrolled)).unwrap_or_else(|| enrolled(namespace)))
}

/// Whether the files hold waypoints, but not this one.
pub fn is_absent(name: &str, around: &Around) -> bool {
    around.gateways.values().any(|class| class == CLASS) && !around.gateways.contains_key(name)
}

/// Missing if any is, or the first that is named.
fn worst(all: impl Iterator<Item = Waypoint>) -> Option<Waypoint> {
    let all: Vec<Waypoint> = all.collect();
    all.iter().find(|one| **one == Waypoint::Missing).or(all.first()).cloned()
}

/// By the nearest labels that say anything.
fn enrolled(namespace: &str, all: [&Labels; 2]) -> Waypoint {
    let near = all.into_iter().find_map(|labels| Some((labels, labels.get("istio.io/use-waypoint")?)));
    match near.filter(|(_, name)| !matches!(name.as_str(), "" | "none")) {
        Some((labels, name)) => {
            let home = labels.get("istio.io/use-waypoint-namespace").map_or(namespace, String::as_str);
            Waypoint::Named(format!("{home}/{name}"))
        }
        None => Waypoint::Missing,
    }
}

fn has(labels: &Labels, key: &str, value: &str) -> bool {
    labels.get(key).is_some_and(|own| own == value)
}
