//! Selectors against the workloads of the files. For one subject istioctl and Kiali have two codes: an AuthorizationPolicy
//! gets istioctl's, the other kinds, which istioctl does not look at, Kiali's.

use super::{
    Advice,
    around::{Around, selects},
};
use crate::policy::{
    attach::GATEWAY_NAME,
    object::{Kind, Meta, Selector},
};

pub fn check(kind: Kind, meta: &Meta, selector: Option<&Selector>, around: &Around, out: &mut Advice) {
    let Some(selector) = selector.filter(|selector| !selector.labels.is_empty()) else { return };
    let own = || around.workloads_of(&meta.namespace);
    let selected = || own().filter(|workload| selects(&selector.labels, &workload.labels));
    let (by_ref, code) = match kind {
        Kind::AuthorizationPolicy => (true, "IST0127"),
        Kind::RequestAuthentication => (true, "KIA0004"),
        Kind::PeerAuthentication => (false, "KIA0004"),
    };
    if by_ref && selected().any(|workload| workload.labels.contains_key(GATEWAY_NAME)) {
        let message = "the selected pods belong to a gateway of the Gateway API";
        out.say("IST0166", selector.at, "spec.selector", message);
    }
    // From the root namespace a selector reaches all namespaces, and files seldom hold the workloads of a whole mesh.
    if selected().next().is_none() && own().next().is_some() && meta.namespace != around.root_namespace() {
        let labels: Vec<String> = selector.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let message = format!("no workload of namespace {} has the labels {}", meta.namespace, labels.join(", "));
        out.say(code, selector.at, "spec.selector.matchLabels", message);
    }
}
