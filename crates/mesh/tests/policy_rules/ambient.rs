//! R67–R73, R75: what a ztunnel makes of policies.

use crate::scene::{PLAINTEXT, Scene, at, principal, tcp};

fn ztunnel(spec: &str) -> Scene {
    at("ztunnel").policy("p", spec)
}

const L7: [&str; 9] = [
    "to: [{operation: {paths: [/a]}}]",
    "to: [{operation: {hosts: [a]}}]",
    "to: [{operation: {notMethods: [GET]}}]",
    "from: [{source: {requestPrincipals: ['*']}}]",
    "from: [{source: {remoteIpBlocks: [10.1.0.0/16]}}]",
    "when: [{key: 'request.headers[x]', values: [a]}]",
    "when: [{key: remote.ip, values: [10.1.0.0/16]}]",
    "when: [{key: connection.sni, values: [a]}]",
    "when: [{key: source.trustDomain, values: [cluster.local]}]",
];

#[test]
fn r67_an_allow_rule_with_anything_of_layer_7_is_dropped() {
    for part in L7 {
        ztunnel(&format!("{{rules: [{{{part}}}]}}")).says(&[(&tcp(&[]), "DENY by no ALLOW matched")]);
        ztunnel(&format!("{{rules: [{{{part}}}, {{}}]}}")).says(&[(&tcp(&[]), "ALLOW by foo/p rule[1]")]);
    }
    ztunnel("{rules: [{when: [{key: source.serviceAccount, values: [ns1/a]}]}]}").says(&[(&tcp(&[]), "DENY")]);
}

#[test]
fn r67_layer_4_fields_and_keys() {
    for part in [
        "from: [{source: {principals: ['cluster.local/*']}}]",
        "from: [{source: {namespaces: [ns1]}}]",
        "from: [{source: {serviceAccounts: [ns1/a]}}]",
        "from: [{source: {ipBlocks: [10.1.0.0/16]}}]",
        "to: [{operation: {ports: ['9000']}}]",
        "when: [{key: source.ip, values: [10.1.0.11]}]",
        "when: [{key: source.namespace, values: [ns1]}]",
        "when: [{key: source.principal, values: ['*']}]",
        "when: [{key: destination.ip, values: [10.2.0.22]}]",
        "when: [{key: destination.port, values: ['9000']}]",
    ] {
        let other = [("source", "{ip: 1.1.1.1, tls: plaintext}"), ("destination", "{ip: 1.1.1.1, port: 1}")];
        ztunnel(&format!("{{rules: [{{{part}}}]}}"))
            .says(&[(&tcp(&[]), "ALLOW by foo/p rule[0]"), (&tcp(&other), "DENY by no ALLOW matched")]);
    }
}

#[test]
fn r68_a_deny_rule_whose_clause_is_emptied_does_nothing() {
    for part in L7 {
        ztunnel(&format!("{{action: DENY, rules: [{{{part}}}]}}")).says(&[(&tcp(&[]), "ALLOW by default")]);
        let with_source = format!("{{action: DENY, rules: [{{from: [{{source: {{namespaces: [ns1]}}}}], {part}}}]}}");
        if !part.starts_with("from") {
            ztunnel(&with_source).says(&[(&tcp(&[]), "ALLOW by default")]);
        }
    }
}

#[test]
fn r68_a_deny_entry_that_keeps_something_denies_on_it() {
    ztunnel("{action: DENY, rules: [{to: [{operation: {paths: [/a], ports: ['9000']}}]}]}")
        .says(&[(&tcp(&[]), "DENY by foo/p rule[0]"), (&tcp(&[("destination", "{port: 1}")]), "ALLOW by default")]);
    ztunnel("{action: DENY, rules: [{to: [{operation: {paths: [/a]}}, {operation: {ports: ['9000']}}]}]}")
        .says(&[(&tcp(&[]), "DENY"), (&tcp(&[("destination", "{port: 1}")]), "ALLOW")]);
    ztunnel("{action: DENY, rules: [{}]}").says(&[(&tcp(&[]), "DENY by foo/p rule[0]")]);
}

#[test]
fn r69_what_a_ztunnel_never_gets() {
    ztunnel("{action: AUDIT, rules: [{}]}").says(&[(&tcp(&[]), "ALLOW by default")]);
    let custom =
        ztunnel("{action: CUSTOM, provider: {name: ext}, rules: [{}]}").mesh("{extensionProviders: {ext: grpc}}");
    custom.says(&[(&tcp(&[("extAuthz", "{ext: deny}")]), "ALLOW by default")]);
    ztunnel("{action: DENY, targetRefs: [{kind: Service, name: s}], rules: [{}]}")
        .says(&[(&tcp(&[]), "ALLOW by default")]);
    let dry = at("ztunnel").dry("p", "{action: DENY, rules: [{}]}");
    assert!(dry.report(&crate::scene::request(&tcp(&[]))).outcome.dry_run.is_none());
    let on = dry.mesh("{features: {AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY: true}}");
    let outcome = on.report(&crate::scene::request(&tcp(&[]))).outcome;
    assert_eq!(outcome.dry_run.and_then(|dry_run| dry_run.deny), Some("denied by foo/p rule[0]".to_owned()));
    assert_eq!(outcome.decided_by, "default");
}

#[track_caller]
fn ids(fields: &str, table: &[(&str, &str)]) {
    for (id, wanted) in table {
        ztunnel(&format!("{{rules: [{{from: [{{source: {{{fields}}}}}]}}]}}"))
            .says(&[(&tcp(&[("source", &principal(id))]), wanted)]);
    }
}

#[test]
fn r70_texts_compare_without_the_scheme_and_inner_stars_are_literal() {
    ids("principals: [td/ns/a/sa/b]", &[("td/ns/a/sa/b", "ALLOW"), ("td/ns/a/sa/c", "DENY")]);
    ids("principals: ['td/*']", &[("td/ns/a/sa/b", "ALLOW"), ("x/ns/a/sa/b", "DENY")]);
    ids("principals: ['*/sa/b']", &[("td/ns/a/sa/b", "ALLOW"), ("td/ns/a/sa/bb", "DENY")]);
    ids("principals: ['spiffe://td/ns/a/sa/b']", &[("td/ns/a/sa/b", "DENY")]);
    ids("namespaces: ['team-*-prod']", &[("td/ns/team-a-prod/sa/x", "DENY"), ("td/ns/team-*-prod/sa/x", "ALLOW")]);
    ids("namespaces: ['team-*']", &[("td/ns/team-a/sa/x", "ALLOW"), ("td/ns/x-team-a/sa/x", "DENY")]);
    ids("namespaces: ['*-prod']", &[("td/ns/a-prod/sa/x", "ALLOW"), ("td/ns/a-prod-b/sa/x", "DENY")]);
    ids("namespaces: ['*']", &[("td/ns/any/sa/x", "ALLOW")]);
    ids("serviceAccounts: [x]", &[("td/ns/foo/sa/x", "ALLOW"), ("td/ns/bar/sa/x", "DENY")]);
    ids("serviceAccounts: [bar/x]", &[("td/ns/bar/sa/x", "ALLOW"), ("td/ns/bar/sa/xy", "DENY")]);
    ids("notNamespaces: [a]", &[("td/ns/a/sa/x", "DENY"), ("td/ns/b/sa/x", "ALLOW")]);
}

#[test]
fn r70_plaintext_has_no_identity_at_a_ztunnel_either() {
    let run = |field: &str| ztunnel(&format!("{{rules: [{{from: [{{source: {{{field}}}}}]}}]}}"));
    let plain = tcp(&[("source", PLAINTEXT)]);
    run("principals: ['*']").says(&[(&plain, "DENY")]);
    run("namespaces: ['*']").says(&[(&plain, "DENY")]);
    run("notPrincipals: ['*']").says(&[(&plain, "ALLOW")]);
    run("notNamespaces: [a]").says(&[(&plain, "ALLOW")]);
}

#[test]
fn r71_no_aliases_and_no_trust_domains() {
    let aliases = "{trustDomain: td1, trustDomainAliases: [old]}";
    let own = ztunnel("{rules: [{from: [{source: {principals: [td1/ns/a/sa/b]}}]}]}").mesh(aliases);
    own.says(&[
        (&tcp(&[("source", &principal("td1/ns/a/sa/b"))]), "ALLOW"),
        (&tcp(&[("source", &principal("old/ns/a/sa/b"))]), "DENY"),
    ]);
    ids("trustDomains: [td]", &[("td/ns/a/sa/b", "DENY")]);
    ids("notTrustDomains: [x]", &[("td/ns/a/sa/b", "DENY")]);
    ids("trustDomains: [x], namespaces: [a]", &[("td/ns/a/sa/b", "ALLOW"), ("td/ns/c/sa/b", "DENY")]);
    ztunnel("{action: DENY, rules: [{from: [{source: {trustDomains: [td]}}]}]}")
        .says(&[(&tcp(&[]), "ALLOW by default")]);
}

#[test]
fn r71_values_a_ztunnel_cannot_use_are_left_out() {
    ztunnel("{action: DENY, rules: [{to: [{operation: {ports: [http]}}]}]}").says(&[(&tcp(&[]), "ALLOW by default")]);
    ztunnel("{rules: [{to: [{operation: {ports: [http, '9000']}}]}]}").says(&[(&tcp(&[]), "ALLOW")]);
    ztunnel("{rules: [{from: [{source: {ipBlocks: [x], namespaces: [ns1]}}]}]}").says(&[(&tcp(&[]), "ALLOW")]);
}

#[test]
fn r72_an_empty_selector_attaches_to_nothing() {
    ztunnel("{selector: {}, action: DENY, rules: [{}]}").says(&[(&tcp(&[]), "ALLOW by default")]);
    ztunnel("{action: DENY, rules: [{}]}").says(&[(&tcp(&[]), "DENY")]);
    ztunnel("{selector: {matchLabels: {app: a}}, action: DENY, rules: [{}]}").says(&[(&tcp(&[]), "DENY")]);
    let root = |target: &str| {
        let spec = format!("{{action: DENY, {target}rules: [{{}}]}}");
        at("ztunnel").object("AuthorizationPolicy", "istio-system", "p", "", &spec)
    };
    root("").says(&[(&tcp(&[]), "DENY by istio-system/p rule[0]")]);
    root("selector: {matchLabels: {app: a}}, ").says(&[(&tcp(&[]), "DENY")]);
    root("selector: {matchLabels: {app: b}}, ").says(&[(&tcp(&[]), "ALLOW")]);
}

#[test]
fn r73_behind_a_waypoint_the_identity_is_the_waypoints() {
    let scene = ztunnel("{rules: [{from: [{source: {principals: [cluster.local/ns/foo/sa/waypoint]}}]}]}");
    scene.says(&[
        (&tcp(&[("source", &principal("cluster.local/ns/foo/sa/waypoint"))]), "ALLOW"),
        (&tcp(&[("source", &principal("cluster.local/ns/ns1/sa/a"))]), "DENY"),
    ]);
}

#[test]
fn r75_strict_denies_connections_without_identity() {
    let plain = tcp(&[("source", PLAINTEXT)]);
    let peer = |namespace: &str, spec: &str| at("ztunnel").peer(namespace, "x", spec);
    peer("istio-system", "{mtls: {mode: STRICT}}")
        .says(&[(&plain, "DENY by PeerAuthentication"), (&tcp(&[]), "ALLOW by default")]);
    peer("foo", "{mtls: {mode: STRICT}}").says(&[(&plain, "DENY by PeerAuthentication")]);
    peer("foo", "{mtls: {mode: PERMISSIVE}}").says(&[(&plain, "ALLOW by default")]);
    at("ztunnel").says(&[(&plain, "ALLOW by default")]);
    let mesh = peer("istio-system", "{mtls: {mode: STRICT}}");
    mesh.clone().peer("foo", "n", "{mtls: {mode: PERMISSIVE}}").says(&[(&plain, "ALLOW")]);
    mesh.peer("foo", "n", "{}").says(&[(&plain, "DENY")]);
}

fn workload(spec: &str) -> String {
    format!("{{selector: {{matchLabels: {{app: a}}}}, {spec}}}")
}

#[test]
fn r75_port_exceptions_of_workload_policies() {
    let plain = |port: &'static str| tcp(&[("source", PLAINTEXT), ("destination", port)]);
    let (on9000, on1) = (plain("{port: 9000}"), plain("{port: 1}"));
    let own = |spec: &str| at("ztunnel").peer("foo", "w", &workload(spec));
    own("mtls: {mode: STRICT}, portLevelMtls: {9000: {mode: PERMISSIVE}}").says(&[(&on9000, "ALLOW"), (&on1, "DENY")]);
    own("mtls: {mode: PERMISSIVE}, portLevelMtls: {9000: {mode: STRICT}}").says(&[(&on9000, "DENY"), (&on1, "ALLOW")]);
    own("mtls: {mode: STRICT}, portLevelMtls: {9000: {mode: STRICT}}").says(&[(&on9000, "DENY"), (&on1, "DENY")]);
    own("portLevelMtls: {9000: {mode: STRICT}}").says(&[(&on9000, "DENY"), (&on1, "ALLOW")]);
    own("portLevelMtls: {9000: {mode: UNSET}}").says(&[(&on9000, "ALLOW"), (&on1, "ALLOW")]);
    let strict_mesh = |spec: &str| own(spec).peer("istio-system", "m", "{mtls: {mode: STRICT}}");
    strict_mesh("portLevelMtls: {9000: {mode: PERMISSIVE}}").says(&[(&on9000, "ALLOW"), (&on1, "DENY")]);
    let strict_namespace = |spec: &str| own(spec).peer("foo", "n", "{mtls: {mode: STRICT}}");
    strict_namespace("portLevelMtls: {9000: {mode: PERMISSIVE}}").says(&[(&on9000, "ALLOW"), (&on1, "DENY")]);
    strict_namespace("portLevelMtls: {9000: {mode: STRICT}}").says(&[(&on9000, "DENY"), (&on1, "DENY")]);
}

#[test]
fn r75_quirks_of_the_conversion_are_kept() {
    let plain = |port: &'static str| tcp(&[("source", PLAINTEXT), ("destination", port)]);
    let (on9000, on1) = (plain("{port: 9000}"), plain("{port: 1}"));
    let mesh = |spec: &str| {
        at("ztunnel").peer("istio-system", "m", "{mtls: {mode: STRICT}}").peer("foo", "w", &workload(spec))
    };
    // A port set to DISABLE under an inherited STRICT stays strict.
    mesh("portLevelMtls: {9000: {mode: DISABLE}}").says(&[(&on9000, "DENY"), (&on1, "DENY")]);
    // A strict port of a permissive workload is skipped when the mesh is strict: `&&` binds tighter than `||` upstream.
    mesh("mtls: {mode: PERMISSIVE}, portLevelMtls: {9000: {mode: STRICT}}")
        .says(&[(&on9000, "ALLOW"), (&on1, "ALLOW")]);
    // An unset namespace object between them makes the exceptions vanish, and with them the strictness.
    mesh("portLevelMtls: {9000: {mode: PERMISSIVE}}")
        .peer("foo", "n", "{}")
        .says(&[(&on9000, "ALLOW"), (&on1, "ALLOW")]);
}
