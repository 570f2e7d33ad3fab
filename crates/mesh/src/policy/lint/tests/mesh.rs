//! What policies refer to elsewhere in the mesh: namespaces, workloads, accounts, services, mutual TLS, status.

use super::*;

#[test]
fn ist0101_namespaces() {
    let namespace = "---\nkind: Namespace\napiVersion: v1\nmetadata: {name: team-a}\n";
    finds(&(source("ALLOW", "namespaces: [team-b]") + namespace), &["IST0101"]);
    finds(&(source("ALLOW", "namespaces: ['team-*', '*']") + namespace), &[]);
    finds(&source("ALLOW", "namespaces: [team-b]"), &[]);
}

#[test]
fn ist0127_ist0166_selectors() {
    let pod = |labels: &str| {
        format!("---\nkind: Pod\napiVersion: v1\nmetadata: {{name: x, namespace: foo, labels: {{{labels}}}}}\n")
    };
    let own = policy("{selector: {matchLabels: {app: a}}, rules: [{}]}");
    finds(&(own.clone() + &pod("app: b")), &["IST0127"]);
    finds(&(own.clone() + &pod("app: a")), &[]);
    finds(&(own + &pod("app: a, gateway.networking.k8s.io/gateway-name: g")), &["IST0166"]);
}

#[test]
fn kia0105_kia0106_identities() {
    let off = "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: d, namespace: foo}\nspec: {mtls: {mode: DISABLE}}\n";
    finds(&(source("ALLOW", "namespaces: [a]") + off), &["KIA0105"]);
    let account = "---\nkind: ServiceAccount\napiVersion: v1\nmetadata: {name: x, namespace: a}\n";
    finds(&(source("ALLOW", "principals: [td/ns/a/sa/b]") + account), &["KIA0106"]);
    finds(&(source("ALLOW", "principals: [td/ns/a/sa/x, td/ns/other/sa/b]") + account), &[]);
}

#[test]
fn kia0002_kia0003_peer_authentication() {
    let peer = |name: &str, spec: &str| {
        format!(
            "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: {name}, namespace: foo}}\nspec: {spec}\n"
        )
    };
    finds(&(peer("a", "{mtls: {mode: STRICT}}") + &peer("b", "{}")), &["KIA0002"]);
    let own = "{selector: {matchLabels: {app: a}}, mtls: {mode: STRICT}}";
    finds(&(peer("a", own) + &peer("b", own)), &["KIA0003"]);
    finds(&(peer("a", own) + &peer("b", "{mtls: {mode: STRICT}}")), &[]);
}

#[test]
fn kia0004_selectors_of_the_other_kinds() {
    let pod = |labels: &str| object("Pod", &format!("name: x, namespace: foo, labels: {{{labels}}}"), "");
    for (kind, rest) in
        [("PeerAuthentication", "mtls: {mode: STRICT}"), ("RequestAuthentication", "jwtRules: [{issuer: i}]")]
    {
        let own = security(kind, "p", &format!("{{selector: {{matchLabels: {{app: a}}}}, {rest}}}"));
        finds(&(own.clone() + &pod("app: b")), &["KIA0004"]);
        finds(&(own.clone() + &pod("app: a, version: v1")), &[]);
        finds(&(own.clone() + &pod("app: b").replace("foo", "bar")), &[]);
        finds(&(own.clone().replace("foo", "istio-system") + &pod("app: b").replace("foo", "istio-system")), &[]);
        let wide = security(kind, "p", &format!("{{{rest}}}"));
        finds(&(wide + &pod("app: b")), &[]);
        let gateway: &[&str] = if kind == "PeerAuthentication" { &[] } else { &["IST0166"] };
        finds(&(own + &pod("app: a, gateway.networking.k8s.io/gateway-name: g")), gateway);
    }
}

#[test]
fn kia0104_hosts() {
    let namespace = object("Namespace", "name: bar", "");
    let around = |host: &str| operation(&format!("hosts: ['{host}', '{host}:*']")) + SERVICE + &namespace;
    for host in ["t", "T", "t.foo"] {
        finds(&around(host), &["KIA0104"]);
    }
    for host in ["s", "S", "s.foo", "t.bar", "t.com", "a.b.c", "t.foo.svc.cluster.local"] {
        finds(&around(host), &[]);
    }
    finds(&(operation("hosts: ['t*', '*', '*t']") + SERVICE), &["OB0407"]);
    finds(&(operation("hosts: ['t:8080']") + SERVICE), &["KIA0104"]);
    finds(&(operation("hosts: ['s:8080']") + SERVICE), &[]);
    finds(&operation("hosts: [t, 't:*']"), &[]);
    finds(&(operation("notHosts: [t, 't:*']") + SERVICE), &[]);
    for host in ["t", "t.foo", "t.foo.svc.cluster.local", "'*'", "'*.foo.svc.cluster.local'"] {
        for kind in ["VirtualService", "ServiceEntry"] {
            let defines = object(kind, "name: x, namespace: foo", &format!("spec: {{hosts: [{host}]}}"));
            finds(&(around("t") + &defines), &[]);
        }
    }
    let other = object("VirtualService", "name: x, namespace: bar", "spec: {hosts: [t, '*.bar.svc.cluster.local']}");
    finds(&(around("t") + &other), &["KIA0104"]);
    let root = operation("hosts: [t, 't:*']").replace("foo", "istio-system");
    finds(&(root + SERVICE + &SERVICE.replace("foo", "istio-system")), &[]);
}

#[test]
fn kia0104_is_a_warning_where_unknown_hosts_pass() {
    let severity = |mesh: &str| {
        let decoded = decode::manifests("p.yaml", &(operation("hosts: [t, 't:*']") + SERVICE + mesh), "foo");
        lint(&decoded.set, &decoded.others)[0].severity
    };
    assert_eq!(severity(&mesh_config(&["outboundTrafficPolicy: {mode: ALLOW_ANY}"])), Severity::Warning);
    assert_eq!(severity(&mesh_config(&["outboundTrafficPolicy: {mode: REGISTRY_ONLY}"])), Severity::Error);
    assert_eq!(severity(""), Severity::Error);
}

#[test]
fn kia0108_foreign_trust_domains() {
    let account = object("ServiceAccount", "name: x, namespace: a", "");
    let with = |principal: &str, mesh: &str| source("ALLOW", &format!("principals: ['{principal}']")) + &account + mesh;
    let mesh = mesh_config(&["trustDomain: own.com", "trustDomainAliases: [old.com]"]);
    finds(&with("far.com/ns/a/sa/x", &mesh), &["KIA0108"]);
    finds(&with("far.com/ns/a/sa/b", &mesh), &["KIA0108"]);
    for domain in ["own.com", "old.com", "cluster.local"] {
        finds(&with(&format!("{domain}/ns/a/sa/x"), &mesh), &[]);
        finds(&with(&format!("{domain}/ns/a/sa/b"), &mesh), &["KIA0106"]);
    }
    finds(&with("far.com/ns/a/sa/x", ""), &[]);
    finds(&with("far.com/ns/a/sa/x*", &mesh), &[]);
    finds(&with("far.com/ns/a/sa/x", &mesh_config(&["trustDomain: 'own.com'", "trustDomainAliases: ['*.com']"])), &[]);
    finds(&with("far.com/ns/a/sa/x", &mesh_config(&[])), &["KIA0108"]);
}

/// A DestinationRule.
fn clients(host: &str, mode: &str) -> String {
    object(
        "DestinationRule",
        "name: d, namespace: x",
        &format!("spec: {{host: '{host}', trafficPolicy: {{tls: {{mode: {mode}}}}}}}"),
    )
}

fn peer(namespace: &str, spec: &str) -> String {
    security("PeerAuthentication", "p", spec).replace("namespace: foo", &format!("namespace: {namespace}"))
}

const MESH: &str = "*.local";
const FOO: &str = "*.foo.svc.cluster.local";
const BAR: &str = "*.bar.svc.cluster.local";

#[test]
fn kia0401_kia0501_strict_without_clients() {
    let manual = mesh_config(&["enableAutoMtls: false"]);
    let strict = |namespace: &str, mesh: &str, rules: &str| peer(namespace, "{mtls: {mode: STRICT}}") + mesh + rules;
    for (namespace, code) in [("istio-system", "KIA0401"), ("foo", "KIA0501")] {
        for rules in [clients(MESH, "DISABLE"), clients(MESH, "MUTUAL"), clients(BAR, "ISTIO_MUTUAL")] {
            finds(&strict(namespace, &manual, &rules), &[code]);
            finds(&strict(namespace, "", &rules), &[]);
            finds(&strict(namespace, &mesh_config(&[]), &rules), &[]);
        }
        finds(&strict(namespace, &manual, ""), &[]);
        finds(&strict(namespace, &manual, &clients(MESH, "ISTIO_MUTUAL")), &[]);
    }
    finds(&strict("foo", &manual, &clients(FOO, "ISTIO_MUTUAL")), &[]);
    finds(&strict("istio-system", &manual, &clients(FOO, "ISTIO_MUTUAL")), &["KIA0401"]);
    let root = mesh_config(&["enableAutoMtls: false", "rootNamespace: foo"]);
    finds(&strict("foo", &root, &clients(BAR, "ISTIO_MUTUAL")), &["KIA0401"]);
    for spec in ["{mtls: {mode: PERMISSIVE}}", "{}", "{selector: {matchLabels: {a: b}}, mtls: {mode: STRICT}}"] {
        finds(&(peer("foo", spec) + &manual + &clients(BAR, "ISTIO_MUTUAL")), &[]);
    }
}

#[test]
fn kia0505_kia0506_disabled_against_clients() {
    let off = |namespace: &str, rules: &[String]| peer(namespace, "{mtls: {mode: DISABLE}}") + &rules.concat();
    for mode in ["ISTIO_MUTUAL", "MUTUAL"] {
        finds(&off("foo", &[clients(FOO, mode)]), &["KIA0505"]);
        finds(&off("foo", &[clients(MESH, mode)]), &["KIA0505"]);
        finds(&off("foo", &[clients(FOO, "SIMPLE"), clients(MESH, mode)]), &["KIA0505"]);
        finds(&off("foo", &[clients(MESH, mode), clients(FOO, "DISABLE")]), &[]);
        finds(&off("foo", &[clients(BAR, mode)]), &[]);
        finds(&off("istio-system", &[clients(MESH, mode)]), &["KIA0506"]);
        finds(&off("istio-system", &[clients(FOO, mode)]), &[]);
    }
    for mode in ["DISABLE", "SIMPLE"] {
        finds(&off("foo", &[clients(FOO, mode), clients(MESH, mode)]), &[]);
    }
    finds(&off("foo", &[]), &[]);
    let selected = peer("foo", "{selector: {matchLabels: {a: b}}, mtls: {mode: DISABLE}}");
    finds(&(selected + &clients(FOO, "ISTIO_MUTUAL")), &[]);
}

#[test]
fn findings_about_mutual_tls_stand_at_the_mode() {
    let text = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: foo}\nspec:\n  mtls:\n    mode: DISABLE\n";
    let decoded = decode::manifests("p.yaml", &(text.to_owned() + &clients(FOO, "MUTUAL")), "foo");
    let findings = lint(&decoded.set, &decoded.others);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.place.line, finding.path.as_str()), (6, "spec.mtls"));
    assert_eq!(finding.message, format!("DestinationRule x/d for {FOO} has clients use MUTUAL"));
}

#[test]
fn ist0171_status() {
    let with = |kind: &str, spec: &str, condition: &str| {
        security(kind, "p", spec)
            + &format!("status: {{conditions: [{{type: Other, status: 'False'}}, {{{condition}}}]}}\n")
    };
    for (kind, spec) in [("AuthorizationPolicy", "{rules: [{}]}"), ("RequestAuthentication", "{}")] {
        for condition in [
            "type: ZtunnelAccepted, status: 'False', reason: UnsupportedValue, message: no",
            "type: WaypointAccepted, status: 'False', reason: TargetNotFound",
            "type: WaypointAccepted, status: 'True', reason: PartiallyInvalid, message: 'Invalid targetRefs: x'",
        ] {
            finds(&with(kind, spec, condition), &["IST0171"]);
        }
        for condition in
            ["type: ZtunnelAccepted, status: 'True', reason: Accepted", "type: WaypointAccepted, status: Unknown", ""]
        {
            finds(&with(kind, spec, condition), &[]);
        }
    }
    for status in
        ["status: 7", "status: {conditions: x}", "status: {conditions: [7]}", "status: {conditions: [{type: 7}]}"]
    {
        finds(&(security("AuthorizationPolicy", "p", "{rules: [{}]}") + status + "\n"), &[]);
    }
    let text = with(
        "AuthorizationPolicy",
        "{rules: [{}]}",
        "type: WaypointAccepted, status: 'False', reason: Invalid, message: m",
    );
    let decoded = decode::manifests("p.yaml", &text, "foo");
    let findings = lint(&decoded.set, &decoded.others);
    assert_eq!(findings[0].message, "WaypointAccepted is False: Invalid, m");
    assert_eq!(findings[0].path, "status.conditions[1]");
}
