use std::sync::Arc;

use super::*;
use crate::policy::{
    place::{Spot, Text},
    settings::Service,
};

fn meta(namespace: &str) -> Meta {
    let file = Arc::from("t");
    let (name, namespace) = ("p".into(), namespace.into());
    Meta { file, at: Spot::default(), name, namespace, created: None, dry_run: None, conditions: Vec::new() }
}

fn labels(pairs: &[(&str, &str)]) -> Target {
    let labels = pairs.iter().map(|(k, v)| (Text::new(*k), Text::new(*v))).collect();
    Target { selector: Some(Selector { at: Spot::default(), labels }), ..Target::default() }
}

fn refers(group: &str, kind: &str, name: &str, namespace: &str) -> Target {
    let own = |text: &str| text.to_owned();
    let target = TargetRef {
        at: Spot::default(),
        group: own(group),
        kind: own(kind),
        name: own(name),
        namespace: own(namespace),
    };
    Target { refs: vec![target], ..Target::default() }
}

fn point(enforcement: Enforcement, labels: &[(&str, &str)]) -> Point {
    let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let service = Some(Service { name: "s".into(), namespace: "ns1".into(), entry: false });
    Point { enforcement, workload: Workload { namespace: "ns1".into(), labels, service }, ..Point::default() }
}

const APP: &[(&str, &str)] = &[("app", "b"), ("version", "v1")];
const GATEWAY: &[(&str, &str)] = &[("app", "b"), (GATEWAY_NAME, "gw")];
const GROUP: &str = "gateway.networking.k8s.io";

#[test]
fn r16_r17_r18_r19_selectors_and_scopes() {
    for enforcement in [Enforcement::Sidecar, Enforcement::Gateway] {
        let at = |namespace: &str, target: &Target| point(enforcement, APP).attached(&meta(namespace), target);
        let none = Target::default();
        assert_eq!(at("ns1", &none), Some(Attached::Namespace), "r16");
        assert_eq!(at("ns2", &none), None, "r16");
        assert_eq!(at("ns1", &labels(&[("app", "b")])), Some(Attached::Selector), "r17");
        assert_eq!(at("ns1", &labels(&[("app", "b"), ("foo", "bla")])), None, "r17");
        assert_eq!(at("ns2", &labels(&[("app", "b")])), None, "r17");
        assert_eq!(at("istio-system", &none), Some(Attached::Mesh), "r18");
        assert_eq!(at("istio-system", &labels(&[("app", "b")])), Some(Attached::Selector), "r18");
        assert_eq!(at("istio-system", &labels(&[("app", "c")])), None, "r18");
        assert_eq!(at("ns1", &labels(&[])), Some(Attached::Namespace), "r19");
        assert_eq!(at("istio-system", &labels(&[])), Some(Attached::Mesh), "r19");
    }
}

#[test]
fn r18_the_root_namespace_can_be_another() {
    let mut point = point(Enforcement::Sidecar, APP);
    point.mesh.root_namespace = "root".into();
    assert_eq!(point.attached(&meta("root"), &Target::default()), Some(Attached::Mesh));
    assert_eq!(point.attached(&meta("istio-system"), &Target::default()), None);
}

#[test]
fn r20_target_refs_never_reach_other_workloads() {
    for enforcement in [Enforcement::Sidecar, Enforcement::Gateway, Enforcement::Ztunnel] {
        let point = point(enforcement, APP);
        for target in [refers("", "Service", "s", ""), refers(GROUP, "Gateway", "gw", "")] {
            assert_eq!(point.attached(&meta("ns1"), &target), None);
        }
    }
}

#[test]
fn r21_gateway_api_gateways() {
    let at = |namespace: &str, target: &Target| point(Enforcement::Gateway, GATEWAY).attached(&meta(namespace), target);
    assert_eq!(at("ns1", &refers(GROUP, "Gateway", "gw", "")), Some(Attached::TargetRef));
    assert_eq!(at("ns1", &refers(GROUP, "Gateway", "other", "")), None);
    assert_eq!(at("istio-system", &refers(GROUP, "Gateway", "gw", "")), None);
    assert_eq!(at("ns1", &refers("", "Service", "s", "")), None);
    assert_eq!(at("ns1", &labels(&[("app", "b")])), Some(Attached::Selector));
    assert_eq!(at("ns1", &Target::default()), Some(Attached::Namespace));
    let mut off = point(Enforcement::Gateway, GATEWAY);
    off.mesh.features.selector_based_gateway_policy = false;
    assert_eq!(off.attached(&meta("ns1"), &labels(&[("app", "b")])), None);
    assert_eq!(off.attached(&meta("ns1"), &Target::default()), None);
}

#[test]
fn r22_waypoints_use_target_refs_only() {
    let waypoint = point(Enforcement::Waypoint, GATEWAY);
    let at = |namespace: &str, target: &Target| waypoint.attached(&meta(namespace), target);
    for group in ["", "core"] {
        assert_eq!(at("ns1", &refers(group, "Service", "s", "")), Some(Attached::TargetRef));
    }
    assert_eq!(at("ns1", &refers("", "Service", "other", "")), None);
    assert_eq!(at("istio-system", &refers("", "Service", "s", "")), None);
    assert_eq!(at("ns1", &refers("apps", "Service", "s", "")), None);
    assert_eq!(at("ns1", &refers("networking.istio.io", "ServiceEntry", "s", "")), None);
    assert_eq!(at("ns1", &refers(GROUP, "Gateway", "gw", "")), Some(Attached::TargetRef));
    assert_eq!(at("ns1", &refers(GROUP, "Gateway", "gw", "ns1")), Some(Attached::TargetRef));
    assert_eq!(at("ns1", &refers(GROUP, "Gateway", "gw", "ns2")), None);
    assert_eq!(at("istio-system", &refers(GROUP, "GatewayClass", "istio-waypoint", "")), Some(Attached::TargetRef));
    assert_eq!(at("ns1", &refers(GROUP, "GatewayClass", "istio-waypoint", "")), None);
    assert_eq!(at("istio-system", &refers(GROUP, "GatewayClass", "istio", "")), None);
    assert_eq!(at("ns1", &Target::default()), None);
    assert_eq!(at("istio-system", &Target::default()), None);
    assert_eq!(at("ns1", &labels(&[("app", "b")])), None);
}

#[test]
fn r22_service_entries_and_services_of_other_namespaces() {
    let mut waypoint = point(Enforcement::Waypoint, GATEWAY);
    waypoint.workload.service = Some(Service { name: "e".into(), namespace: "ns2".into(), entry: true });
    let target = refers("networking.istio.io", "ServiceEntry", "e", "");
    assert_eq!(waypoint.attached(&meta("ns2"), &target), Some(Attached::TargetRef));
    assert_eq!(waypoint.attached(&meta("ns1"), &target), None);
    assert_eq!(waypoint.attached(&meta("ns2"), &refers("", "Service", "e", "")), None);
}

#[test]
fn r22_the_older_single_target_ref_counts_when_the_list_is_empty() {
    let waypoint = point(Enforcement::Waypoint, GATEWAY);
    let single = refers("", "Service", "s", "").refs.pop();
    let target = Target { single: single.clone(), ..Target::default() };
    assert_eq!(waypoint.attached(&meta("ns1"), &target), Some(Attached::TargetRef));
    let target = Target { single, ..refers("", "Service", "other", "") };
    assert_eq!(waypoint.attached(&meta("ns1"), &target), None);
}

#[test]
fn r72_ztunnel_scopes() {
    let at = |namespace: &str, target: &Target| point(Enforcement::Ztunnel, APP).attached(&meta(namespace), target);
    assert_eq!(at("istio-system", &Target::default()), Some(Attached::Mesh));
    assert_eq!(at("ns1", &Target::default()), Some(Attached::Namespace));
    assert_eq!(at("ns2", &Target::default()), None);
    assert_eq!(at("ns1", &labels(&[("app", "b")])), Some(Attached::Selector));
    assert_eq!(at("istio-system", &labels(&[("app", "b")])), Some(Attached::Selector));
    assert_eq!(at("ns2", &labels(&[("app", "b")])), None);
    assert_eq!(at("ns1", &labels(&[])), None, "an empty selector attaches to nothing");
}
