//! Selectors and targetRefs (validateOneOfSelectorType, validateWorkloadSelector, validatePolicyTargetReference).

use super::Report;
use crate::policy::{
    object::{Selector, Target, TargetRef},
    place::Spot,
};

/// What a policy applies to.
pub fn target(target: &Target, at: Spot, out: &mut Report) {
    let set = [target.selector.is_some(), target.single.is_some(), !target.refs.is_empty()];
    if set.into_iter().filter(|set| *set).count() > 1 {
        let at = target.selector.as_ref().map_or(at, |selector| selector.at);
        let message = "only one of targetRefs or workloadSelector can be set";
        out.error(at, "spec.selector", message, "Keep the one that is meant.");
    }
    selector(target.selector.as_ref(), out);
    if let Some(single) = &target.single {
        reference(single, "spec.targetRef", out);
    }
    for (i, target) in target.refs.iter().enumerate() {
        reference(target, &format!("spec.targetRefs[{i}]"), out);
    }
}

/// `selector`.
pub fn selector(selector: Option<&Selector>, out: &mut Report) {
    let Some(selector) = selector else { return };
    let path = "spec.selector.matchLabels";
    for (key, value) in &selector.labels {
        if key.value.is_empty() {
            let message = format!("empty key is not supported in selector: \"{key}={value}\"");
            out.error(key.at, path, message, "Name the label.");
        }
        if key.value.contains('*') || value.value.contains('*') {
            let message = format!("wildcard is not supported in selector: \"{key}={value}\"");
            out.error(value.at, &format!("{path}.{key}"), message, "Write the label's full value.");
        }
    }
    if selector.labels.is_empty() {
        let message = "workload selector specified without labels";
        let remedy = "Remove `selector` to cover the namespace, or name labels; a ztunnel attaches it to nothing.";
        out.warning(selector.at, "spec.selector", message, remedy);
    }
}

/// The kinds a targetRef may name.
const KINDS: [(&str, &str); 4] = [
    ("core", "Service"),
    ("networking.istio.io", "ServiceEntry"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "GatewayClass"),
];

fn reference(target: &TargetRef, path: &str, out: &mut Report) {
    if target.name.is_empty() {
        out.error(target.at, &format!("{path}.name"), "targetRef name must be set", "Name the object.");
    }
    if !target.namespace.is_empty() {
        let message = "targetRef namespace must not be set; cross namespace referencing is not supported";
        let remedy = "Remove it and keep the policy in the target's namespace.";
        out.error(target.at, &format!("{path}.namespace"), message, remedy);
    }
    let group = if target.group.is_empty() { "core" } else { &target.group };
    if !KINDS.contains(&(group, target.kind.as_str())) {
        let message = format!(
            "targetRef must be to one of Service, ServiceEntry, Gateway, GatewayClass but was {}/{}",
            target.group, target.kind
        );
        out.error(target.at, &format!("{path}.kind"), message, "Correct group and kind.");
    }
}
