//! Advice about PeerAuthentication: objects of which only the oldest counts.

use super::{
    Advice,
    around::{Around, selects},
};
use crate::{
    order,
    policy::{
        finding::Finding,
        object::{PeerAuthentication, PolicySet},
    },
};

pub fn check(set: &PolicySet, around: &Around) -> Vec<Finding> {
    let mut all = Vec::new();
    let mut wide: Vec<&PeerAuthentication> = Vec::new();
    for object in set.peer.iter().filter(|object| object.is_wide()) {
        match wide.iter().find(|first| first.meta.namespace == object.meta.namespace) {
            None => wide.push(object),
            Some(first) => {
                let mut out = Advice::new(&object.meta);
                let message = format!("{} covers the namespace as well; only the oldest counts", first.meta.id());
                out.say("KIA0002", object.meta.at, "spec", message);
                all.extend(out.finish());
            }
        }
    }
    let narrow: Vec<&PeerAuthentication> = set.peer.iter().filter(|object| !object.is_wide()).collect();
    for (i, object) in narrow.iter().enumerate() {
        let first = narrow[..i].iter().find(|first| meet(first, object, around));
        if let Some(first) = first {
            let mut out = Advice::new(&object.meta);
            let message = format!("{} selects the same workloads; only the oldest counts", first.meta.id());
            out.say("KIA0003", object.meta.at, "spec.selector", message);
            all.extend(out.finish());
        }
    }
    all
}

/// Whether two objects select one workload: the same labels, or a workload of the files that both select.
fn meet(a: &PeerAuthentication, b: &PeerAuthentication, around: &Around) -> bool {
    if a.meta.namespace != b.meta.namespace {
        return false;
    }
    let labels = |object: &PeerAuthentication| {
        let mut labels: Vec<(String, String)> = object
            .selector
            .iter()
            .flat_map(|selector| &selector.labels)
            .map(|(key, value)| (key.value.clone(), value.value.clone()))
            .collect();
        order::sort(&mut labels, &Ord::cmp);
        labels
    };
    let both = |labels: &super::around::Labels| {
        [a, b].iter().all(|object| object.selector.as_ref().is_some_and(|selector| selects(&selector.labels, labels)))
    };
    let mut own = around.workloads.iter().filter(|workload| workload.namespace == a.meta.namespace);
    labels(a) == labels(b) || own.any(|workload| both(&workload.labels))
}
