//! Which policies a proxy gets (R16–R23, R69, R72). Says how each one came to be attached, nothing about its rules.

#[cfg(test)]
mod tests;

use serde::Serialize;

use super::{
    object::{Meta, Selector, Target, TargetRef},
    settings::{Enforcement, Mesh, Workload},
};

/// The label of pods that belong to a Gateway API gateway (R21).
pub const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// One proxy with everything that attachment depends on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Point {
    /// Which kind of proxy.
    pub enforcement: Enforcement,
    /// Mesh-wide settings.
    pub mesh: Mesh,
    /// The workload.
    pub workload: Workload,
}

/// How a policy came to be attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Attached {
    /// From the root namespace, without selector.
    Mesh,
    /// From the workload's namespace, without selector.
    Namespace,
    /// By labels.
    Selector,
    /// By a targetRef.
    TargetRef,
}

impl Attached {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mesh => "mesh-wide",
            Self::Namespace => "namespace-wide",
            Self::Selector => "by selector",
            Self::TargetRef => "by targetRef",
        }
    }
}

impl Point {
    /// How an AuthorizationPolicy or a RequestAuthentication is attached here, if it is.
    pub fn attached(&self, meta: &Meta, target: &Target) -> Option<Attached> {
        match self.enforcement {
            Enforcement::Ztunnel => self.at_ztunnel(meta, target),
            Enforcement::Sidecar | Enforcement::Gateway | Enforcement::Waypoint => self.at_envoy(meta, target),
        }
    }

    /// Whether a PeerAuthentication covers the workload (authentication.go getConfigsForWorkload).
    pub fn covered_by(&self, meta: &Meta, selector: Option<&Selector>) -> bool {
        self.is_root(meta) || self.is_own(meta) && selector.is_none_or(|selector| self.selected(selector))
    }

    fn is_root(&self, meta: &Meta) -> bool {
        meta.namespace == self.mesh.root_namespace
    }

    fn is_own(&self, meta: &Meta) -> bool {
        meta.namespace == self.workload.namespace
    }

    fn selected(&self, selector: &Selector) -> bool {
        selector.labels.iter().all(|(key, value)| self.workload.labels.get(&key.value) == Some(&value.value))
    }

    /// Without targetRefs: by labels, or by namespace (R16–R19).
    fn by_selector(&self, meta: &Meta, selector: Option<&Selector>) -> Option<Attached> {
        match selector.filter(|selector| !selector.labels.is_empty()) {
            Some(selector) => self.selected(selector).then_some(Attached::Selector),
            None if self.is_root(meta) => Some(Attached::Mesh),
            None => Some(Attached::Namespace),
        }
    }

    /// pilot/pkg/model/policyattachment.go ShouldAttachPolicy.
    fn at_envoy(&self, meta: &Meta, target: &Target) -> Option<Attached> {
        let waypoint = self.enforcement == Enforcement::Waypoint;
        let of_service = self.workload.service.as_ref().is_some_and(|service| service.namespace == meta.namespace);
        if !(self.is_root(meta) || self.is_own(meta) || waypoint && of_service) {
            return None;
        }
        let gateway = self.workload.labels.get(GATEWAY_NAME);
        let refs = target.effective();
        if gateway.is_none() && !waypoint {
            return if refs.is_empty() { self.by_selector(meta, target.selector.as_ref()) } else { None };
        }
        if refs.is_empty() {
            let selectors_count = !waypoint && self.mesh.features.selector_based_gateway_policy;
            return selectors_count.then(|| self.by_selector(meta, target.selector.as_ref())).flatten();
        }
        refs.iter().any(|target| self.is_target(meta, target, gateway)).then_some(Attached::TargetRef)
    }

    fn is_target(&self, meta: &Meta, target: &TargetRef, gateway: Option<&String>) -> bool {
        let waypoint = self.enforcement == Enforcement::Waypoint;
        let serves = |entry: bool| {
            let service = self.workload.service.as_ref().filter(|service| service.entry == entry);
            service.is_some_and(|service| service.name == target.name && service.namespace == meta.namespace)
        };
        match (target.group.as_str(), target.kind.as_str()) {
            ("" | "core", "Service") => waypoint && serves(false),
            ("networking.istio.io", "ServiceEntry") => waypoint && serves(true),
            ("gateway.networking.k8s.io", "GatewayClass") => {
                waypoint && self.is_root(meta) && target.name == "istio-waypoint"
            }
            ("gateway.networking.k8s.io", "Gateway") => {
                let same = target.namespace.is_empty() || target.namespace == self.workload.namespace;
                self.is_own(meta) && same && gateway == Some(&target.name)
            }
            _ => false,
        }
    }

    /// ambient/authorization.go (scope) and ambient/workloads.go buildWorkloadPolicies (R69, R72).
    fn at_ztunnel(&self, meta: &Meta, target: &Target) -> Option<Attached> {
        if !target.effective().is_empty() {
            return None;
        }
        match &target.selector {
            None if self.is_root(meta) => Some(Attached::Mesh),
            None => self.is_own(meta).then_some(Attached::Namespace),
            Some(selector) => {
                let here = self.is_root(meta) || self.is_own(meta);
                (here && !selector.labels.is_empty() && self.selected(selector)).then_some(Attached::Selector)
            }
        }
    }
}
