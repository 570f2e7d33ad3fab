//! R16–R23 through the whole evaluation; the finer cases are beside the code. R59–R61: PeerAuthentication.

use crate::scene::{PLAINTEXT, Scene, at, policy, sidecar, tcp};

const DENY: &str = "{action: DENY, rules: [{}]}";

fn deny(namespace: &str, target: &str) -> Scene {
    sidecar().object("AuthorizationPolicy", namespace, "p", "", &format!("{{action: DENY, {target}rules: [{{}}]}}"))
}

#[test]
fn r16_a_policy_covers_its_namespace() {
    deny("foo", "").says(&[(&[], "DENY by foo/p rule[0]")]);
    deny("bar", "").says(&[(&[], "ALLOW by default")]);
    deny("foo", "").enforced_by("gateway").says(&[(&[], "DENY")]);
}

#[test]
fn r17_a_selector_must_be_a_subset_of_the_labels() {
    deny("foo", "selector: {matchLabels: {app: a}}, ").says(&[(&[], "DENY")]);
    deny("foo", "selector: {matchLabels: {app: b}}, ").says(&[(&[], "ALLOW")]);
    deny("foo", "selector: {matchLabels: {app: a, v: '1'}}, ").says(&[(&[], "ALLOW")]);
}

#[test]
fn r18_the_root_namespace_reaches_everywhere() {
    deny("istio-system", "").says(&[(&[], "DENY by istio-system/p rule[0]")]);
    deny("istio-system", "selector: {matchLabels: {app: a}}, ").says(&[(&[], "DENY")]);
    deny("istio-system", "selector: {matchLabels: {app: b}}, ").says(&[(&[], "ALLOW")]);
    deny("istio-system", "").mesh("{rootNamespace: root}").says(&[(&[], "ALLOW")]);
    deny("root", "").mesh("{rootNamespace: root}").says(&[(&[], "DENY by root/p rule[0]")]);
}

#[test]
fn r19_an_empty_selector_is_none_at_envoy() {
    deny("foo", "selector: {}, ").says(&[(&[], "DENY")]);
    deny("foo", "selector: {matchLabels: {}}, ").says(&[(&[], "DENY")]);
}

#[test]
fn r20_target_refs_do_not_reach_sidecars() {
    deny("foo", "targetRefs: [{kind: Service, name: s}], ")
        .workload("{namespace: foo, service: s}")
        .says(&[(&[], "ALLOW")]);
}

#[test]
fn r21_gateway_api_gateways_by_target_ref() {
    let gateway = "{namespace: foo, labels: {app: a, gateway.networking.k8s.io/gateway-name: gw}}";
    let by_ref = "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}], ";
    deny("foo", by_ref).enforced_by("gateway").workload(gateway).says(&[(&[], "DENY")]);
    deny("istio-system", by_ref).enforced_by("gateway").workload(gateway).says(&[(&[], "ALLOW")]);
    deny("foo", "selector: {matchLabels: {app: a}}, ").enforced_by("gateway").workload(gateway).says(&[(&[], "DENY")]);
    let off = "{features: {ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY: false}}";
    deny("foo", "").enforced_by("gateway").workload(gateway).mesh(off).says(&[(&[], "ALLOW")]);
}

#[test]
fn r22_waypoints_by_target_ref_only() {
    let waypoint =
        "{namespace: foo, labels: {gateway.networking.k8s.io/gateway-name: wp}, service: {name: s, namespace: bar}}";
    let run = |namespace: &str, target: &str| deny(namespace, target).enforced_by("waypoint").workload(waypoint);
    run("bar", "targetRefs: [{kind: Service, name: s}], ").says(&[(&[], "DENY by bar/p rule[0]")]);
    run("foo", "targetRefs: [{kind: Service, name: s}], ").says(&[(&[], "ALLOW")]);
    run("foo", "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: wp}], ").says(&[(&[], "DENY")]);
    let class = "targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}], ";
    run("istio-system", class).says(&[(&[], "DENY")]);
    run("foo", class).says(&[(&[], "ALLOW")]);
    run("foo", "").says(&[(&[], "ALLOW")]);
    run("istio-system", "").says(&[(&[], "ALLOW")]);
}

#[test]
fn r23_levels_are_merged_without_precedence() {
    let scene = sidecar()
        .object("AuthorizationPolicy", "istio-system", "m", "", "{rules: [{to: [{operation: {paths: [/mesh]}}]}]}")
        .policy("n", "{rules: [{to: [{operation: {paths: [/ns]}}]}]}")
        .policy("w", "{selector: {matchLabels: {app: a}}, rules: [{to: [{operation: {paths: [/own]}}]}]}");
    scene.says(&[
        (&[("path", "/mesh")], "ALLOW by istio-system/m rule[0]"),
        (&[("path", "/ns")], "ALLOW by foo/n rule[0]"),
        (&[("path", "/own")], "ALLOW by foo/w rule[0]"),
        (&[("path", "/x")], "DENY by no ALLOW matched"),
    ]);
    let denied = scene.object("AuthorizationPolicy", "istio-system", "d", "", DENY);
    denied.says(&[(&[("path", "/own")], "DENY by istio-system/d rule[0]")]);
}

#[test]
fn r59_strict_refuses_plaintext_before_any_policy() {
    let scene = policy("{rules: [{}]}").peer("istio-system", "default", "{mtls: {mode: STRICT}}");
    scene.says(&[
        (&[("source", PLAINTEXT)], "DENY by PeerAuthentication"),
        (&tcp(&[("source", PLAINTEXT)]), "DENY by PeerAuthentication"),
        (&[], "ALLOW by foo/p rule[0]"),
    ]);
    scene.enforced_by("gateway").says(&[(&[("source", PLAINTEXT)], "ALLOW")]);
    sidecar().says(&[(&[("source", PLAINTEXT)], "ALLOW by default")]);
}

const STRICT: &str = "{mtls: {mode: STRICT}}";
const PERMISSIVE: &str = "{mtls: {mode: PERMISSIVE}}";
const UNSET: &str = "{mtls: {mode: UNSET}}";

fn own(spec: &str) -> String {
    spec.replacen('{', "{selector: {matchLabels: {app: a}}, ", 1)
}

#[test]
fn r60_workload_over_namespace_over_mesh() {
    let plain: &[(&str, &str)] = &[("source", PLAINTEXT)];
    let mesh = |spec: &str| sidecar().peer("istio-system", "m", spec);
    mesh(STRICT).says(&[(plain, "DENY")]);
    mesh(STRICT).peer("foo", "n", PERMISSIVE).says(&[(plain, "ALLOW")]);
    mesh(PERMISSIVE).peer("foo", "n", STRICT).says(&[(plain, "DENY")]);
    mesh(STRICT).peer("foo", "n", UNSET).says(&[(plain, "DENY")]);
    mesh(STRICT).peer("foo", "n", "{}").says(&[(plain, "DENY")]);
    mesh(STRICT).peer("foo", "w", &own(PERMISSIVE)).says(&[(plain, "ALLOW")]);
    mesh(PERMISSIVE).peer("foo", "w", &own(STRICT)).says(&[(plain, "DENY")]);
    mesh(PERMISSIVE)
        .peer("foo", "w", "{selector: {matchLabels: {app: b}}, mtls: {mode: STRICT}}")
        .says(&[(plain, "ALLOW")]);
    mesh(PERMISSIVE).peer("bar", "n", STRICT).says(&[(plain, "ALLOW")]);
    // A selector in the root namespace is ignored.
    sidecar().peer("istio-system", "s", &own(STRICT)).says(&[(plain, "ALLOW")]);
}

#[test]
fn r60_the_oldest_of_a_scope_wins() {
    let at = |year: u32| format!(", creationTimestamp: '{year}-01-01T00:00:00Z'");
    let plain: &[(&str, &str)] = &[("source", PLAINTEXT)];
    let young_strict = sidecar().object("PeerAuthentication", "foo", "a", &at(2024), STRICT).object(
        "PeerAuthentication",
        "foo",
        "b",
        &at(2020),
        PERMISSIVE,
    );
    young_strict.says(&[(plain, "ALLOW")]);
    let old_strict = sidecar().object("PeerAuthentication", "foo", "a", &at(2024), PERMISSIVE).object(
        "PeerAuthentication",
        "foo",
        "b",
        &at(2020),
        STRICT,
    );
    old_strict.says(&[(plain, "DENY")]);
    sidecar().peer("foo", "a", STRICT).peer("foo", "b", PERMISSIVE).says(&[(plain, "DENY")]);
}

#[test]
fn r61_ports_have_their_own_mode_in_workload_policies() {
    let on = |port: u16| format!("{{ip: 10.2.0.22, port: {port}}}");
    let (p80, p81, p82) = (on(80), on(81), on(82));
    let scene = sidecar().peer(
        "foo",
        "w",
        "{selector: {matchLabels: {app: a}}, mtls: {mode: STRICT}, portLevelMtls: {80: {mode: PERMISSIVE}, 81: {mode: UNSET}}}",
    );
    scene.says(&[
        (&[("source", PLAINTEXT), ("destination", &p80)], "ALLOW"),
        (&[("source", PLAINTEXT), ("destination", &p81)], "DENY"),
        (&[("source", PLAINTEXT), ("destination", &p82)], "DENY"),
        (&[("source", PLAINTEXT), ("destination", "")], "DEPENDS on destination.port"),
    ]);
    let wide = sidecar().peer("foo", "n", "{mtls: {mode: STRICT}, portLevelMtls: {80: {mode: PERMISSIVE}}}");
    wide.says(&[(&[("source", PLAINTEXT), ("destination", &p80)], "DENY")]);
}

#[test]
fn r60_disabled_mutual_tls_leaves_no_identity() {
    let scene =
        policy("{rules: [{from: [{source: {principals: ['*']}}]}]}").peer("foo", "n", "{mtls: {mode: DISABLE}}");
    scene.says(&[
        (&[("source", PLAINTEXT)], "DENY by no ALLOW matched"),
        (&[], "DENY by PeerAuthentication"),
        (&tcp(&[]), "DENY by no ALLOW matched"),
    ]);
}

#[test]
fn r74_a_waypoint_sees_the_identity_of_the_client() {
    let scene = at("waypoint").workload("{namespace: foo, service: s}").policy(
        "p",
        "{targetRefs: [{kind: Service, name: s}], rules: [{from: [{source: {principals: [cluster.local/ns/ns1/sa/a]}}]}]}",
    );
    let other = crate::scene::principal("cluster.local/ns/ns1/sa/b");
    scene.says(&[(&[], "ALLOW by foo/p rule[0]"), (&[("source", &other)], "DENY by no ALLOW matched")]);
}
