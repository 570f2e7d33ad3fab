//! Which proxy decides about a flow. Labels come from the workload's manifest where there is one, and otherwise from the
//! metrics, which know two of them; a policy that asks for another one leaves open whether it is attached.

use std::collections::BTreeMap;

use super::Destination;
use crate::policy::{
    ask::{DiffAsked, Setting},
    attach::{GATEWAY_NAME, Point},
    compare::is_gateway,
    lint::Around,
    object::{Meta, PolicySet, Selector, Target},
    settings::{Enforcement, Workload},
    yaml::Node,
};

/// A proxy, or what is not known of it.
pub enum Spotted {
    /// The proxy.
    Point(Point),
    /// `workload.labels.…`, which a policy asks for.
    Lacks(String),
}

/// Labels of workloads by namespace and name.
type Known = BTreeMap<(String, String), BTreeMap<String, String>>;

/// The workloads of both sides.
pub struct Places<'a> {
    asked: &'a DiffAsked,
    before: Known,
    after: Known,
}

impl<'a> Places<'a> {
    pub fn new(asked: &'a DiffAsked) -> Self {
        let read = |own: &[Node], other: &[Node]| {
            // What stands on one side only counts for both: policies are often kept apart from workloads.
            let mut found = Known::new();
            for nodes in [other, own] {
                for workload in Around::new(nodes).workloads {
                    found.insert((workload.namespace, workload.name), workload.labels);
                }
            }
            found
        };
        let (before, after) = (&asked.before.others, &asked.after.others);
        Self { asked, before: read(before, after), after: read(after, before) }
    }

    pub fn before(&self, destination: &Destination) -> Spotted {
        spot(&self.before, &self.asked.before.set, &self.asked.setting, destination)
    }

    pub fn after(&self, destination: &Destination) -> Spotted {
        spot(&self.after, &self.asked.after.set, &self.asked.setting, destination)
    }
}

fn spot(known: &Known, set: &PolicySet, setting: &Setting, destination: &Destination) -> Spotted {
    let plain = if setting.ambient { Enforcement::Ztunnel } else { Enforcement::Sidecar };
    let point = |enforcement: Enforcement, labels: BTreeMap<String, String>| {
        let workload = Workload { namespace: destination.namespace.clone(), labels, service: None };
        Point { enforcement, mesh: setting.mesh.clone(), workload }
    };
    if let Some(labels) = known.get(&(destination.namespace.clone(), destination.workload.clone())) {
        let enforcement = if is_gateway(labels) { Enforcement::Gateway } else { plain };
        return Spotted::Point(point(enforcement, labels.clone()));
    }
    let mut labels = BTreeMap::new();
    for (key, value) in [("app", &destination.app), ("version", &destination.version)] {
        if !value.is_empty() {
            labels.insert(key.to_owned(), value.clone());
        }
    }
    match lacking(set, setting, destination, &labels) {
        Some(key) => Spotted::Lacks(format!("workload.labels.{key}")),
        None => Spotted::Point(point(plain, labels)),
    }
}

/// A label that decides whether a policy is attached, and that is not known.
fn lacking(
    set: &PolicySet,
    setting: &Setting,
    destination: &Destination,
    labels: &BTreeMap<String, String>,
) -> Option<String> {
    let own = |meta: &Meta| meta.namespace == destination.namespace;
    let here = |meta: &Meta| own(meta) || meta.namespace == setting.mesh.root_namespace;
    let of_selector = |selector: Option<&Selector>| {
        let pairs = &selector?.labels;
        let fits = pairs.iter().all(|(key, value)| labels.get(&key.value).is_none_or(|own| *own == value.value));
        let open = pairs.iter().find(|(key, _)| !labels.contains_key(&key.value));
        open.filter(|_| fits).map(|(key, _)| key.value.clone())
    };
    let of_target = |meta: &Meta, target: &Target| {
        if target.effective().is_empty() {
            return here(meta).then(|| of_selector(target.selector.as_ref())).flatten();
        }
        // Pods of a Gateway are named after it.
        let of_gateway = target.effective().iter().filter(|one| one.kind == "Gateway").any(|gateway| {
            let rest = destination.workload.strip_prefix(&gateway.name);
            own(meta) && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        });
        of_gateway.then(|| GATEWAY_NAME.to_owned())
    };
    let policies = set.authorization.iter().map(|policy| (&policy.meta, &policy.target));
    let tokens = set.request.iter().map(|object| (&object.meta, &object.target));
    let mut peers = set.peer.iter().filter(|object| own(&object.meta));
    let by_target = policies.chain(tokens).find_map(|(meta, target)| of_target(meta, target));
    by_target.or_else(|| peers.find_map(|object| of_selector(object.selector.as_ref())))
}
