//! Policies in namespaces of ambient mode.

use super::*;

const AMBIENT: &str =
    "---\nkind: Namespace\napiVersion: v1\nmetadata: {name: foo, labels: {istio.io/dataplane-mode: ambient}}\n";
const WAYPOINT: &str = "---\nkind: Namespace\napiVersion: v1\nmetadata: {name: foo, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: wp}}\n";

#[test]
fn ob0412_kia0109_kia0110_layer_7_in_ambient() {
    let deny = policy("{action: DENY, rules: [{to: [{operation: {paths: [/a], notPorts: []}}]}]}");
    assert!(codes_of(&(deny.clone() + AMBIENT)).starts_with(&["IST0133", "KIA0109", "OB0412"]));
    finds(&(operation("paths: [/a]") + AMBIENT), &["KIA0109"]);
    finds(&(operation("paths: [/a]") + WAYPOINT), &["KIA0110"]);
    finds(&(operation("ports: ['80']") + AMBIENT), &[]);
    let by_ref = policy("{targetRefs: [{kind: Service, name: s}], rules: [{to: [{operation: {paths: [/a]}}]}]}");
    finds(&(by_ref + WAYPOINT), &[]);
}

#[test]
fn ob0413_ob0417_in_ambient() {
    let ambient = format!("{AMBIENT}---\nkind: Namespace\napiVersion: v1\nmetadata: {{name: axb}}\n");
    finds(&(source("ALLOW", "namespaces: ['a*b']") + &ambient), &["OB0413"]);
    assert!(codes_of(&(source("ALLOW", "trustDomains: [td]") + AMBIENT)).contains(&"OB0413"));
    finds(&(policy("{selector: {}, rules: [{}]}") + AMBIENT), &["IST0133", "OB0417"]);
}

/// A Service with its own labels.
fn service(labels: &str) -> String {
    object("Service", &format!("name: s, namespace: foo, labels: {{{labels}}}"), "spec: {}")
}

fn workload(labels: &str) -> String {
    object("Pod", &format!("name: x, namespace: foo, labels: {{{labels}}}"), "")
}

fn gateway(name: &str, class: &str) -> String {
    format!(
        "---\nkind: Gateway\napiVersion: gateway.networking.k8s.io/v1\nmetadata: {{name: {name}, namespace: foo}}\nspec: {{gatewayClassName: {class}}}\n"
    )
}

const BY_REF: &str = "targetRefs: [{kind: Service, name: s}]";
const RULE: &str = "jwtRules: [{issuer: i}]";

#[test]
fn kia0109_looks_at_the_labels_of_services_and_workloads() {
    let by_ref = policy(&format!("{{{BY_REF}, rules: [{{to: [{{operation: {{paths: [/a]}}}}]}}]}}"));
    finds(&(by_ref.clone() + AMBIENT + &service("")), &["KIA0109"]);
    finds(&(by_ref.clone() + AMBIENT + &service("istio.io/use-waypoint: wp")), &[]);
    finds(&(by_ref.clone() + WAYPOINT + &service("istio.io/use-waypoint: none")), &["KIA0109"]);
    finds(&(by_ref.clone() + WAYPOINT + &service("")), &[]);
    finds(&(by_ref.clone() + &service("")), &[]);
    finds(&(by_ref + AMBIENT), &[]);
    let of_layer_4 = policy(&format!("{{{BY_REF}, rules: [{{to: [{{operation: {{ports: ['80']}}}}]}}]}}"));
    finds(&(of_layer_4 + AMBIENT + &service("")), &[]);
    let selected = policy("{selector: {matchLabels: {app: a}}, rules: [{to: [{operation: {paths: [/a]}}]}]}");
    finds(&(selected.clone() + AMBIENT + &workload("app: a, istio.io/use-waypoint: wp")), &["KIA0110"]);
    finds(&(selected.clone() + WAYPOINT + &workload("app: a, istio.io/use-waypoint: none")), &["KIA0109"]);
    finds(&(selected + AMBIENT + &workload("app: a, istio.io/dataplane-mode: none")), &[]);
}

#[test]
fn kia1110_kia1115_request_authentication_in_ambient() {
    let wide = security("RequestAuthentication", "r", &format!("{{{RULE}}}"));
    finds(&(wide.clone() + AMBIENT), &["KIA1110"]);
    finds(&(wide.clone() + WAYPOINT), &["KIA1115"]);
    finds(&wide, &[]);
    let by_ref = security("RequestAuthentication", "r", &format!("{{{BY_REF}, {RULE}}}"));
    finds(&(by_ref.clone() + AMBIENT + &service("")), &["KIA1110"]);
    finds(&(by_ref.clone() + WAYPOINT + &service("")), &[]);
    finds(&(by_ref + AMBIENT), &[]);
    let gateway =
        "{targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: wp}], jwtRules: [{issuer: i}]}";
    finds(&(security("RequestAuthentication", "r", gateway) + AMBIENT), &[]);
}

#[test]
fn kia1313_waypoints_that_are_not_there() {
    let all = [
        security("RequestAuthentication", "r", &format!("{{{BY_REF}, {RULE}}}")),
        policy(&format!("{{{BY_REF}, rules: [{{to: [{{operation: {{paths: [/a]}}}}]}}]}}")),
    ];
    for text in all.map(|text| text + WAYPOINT + &service("")) {
        finds(&(text.clone() + &gateway("other", "istio-waypoint")), &["KIA1313"]);
        finds(&(text.clone() + &gateway("wp", "istio-waypoint")), &[]);
        finds(&(text.clone() + &gateway("ingress", "istio")), &[]);
        let elsewhere = text
            .replace("istio.io/use-waypoint: wp", "istio.io/use-waypoint: wp, istio.io/use-waypoint-namespace: infra");
        finds(&(elsewhere + &gateway("wp", "istio-waypoint")), &["KIA1313"]);
    }
}
