//! R10–R15: empty forms and the structure of rules; R65, R66: dry run.

use crate::scene::{PLAINTEXT, policy, principal, request, sidecar, tcp};

#[test]
fn r10_allow_without_rules_matches_nothing() {
    for spec in ["{}", "{rules: []}", "{action: ALLOW}", "{rules: null}"] {
        policy(spec).says(&[(&[], "DENY by no ALLOW matched"), (&tcp(&[]), "DENY by no ALLOW matched")]);
        policy(spec).policy("q", "{rules: [{}]}").says(&[(&[], "ALLOW by foo/q rule[0]")]);
    }
}

#[test]
fn r10_deny_and_custom_without_rules_never_match() {
    policy("{action: DENY}").says(&[(&[], "ALLOW by default")]);
    let custom = policy("{action: CUSTOM, provider: {name: ext}}").mesh("{extensionProviders: {ext: http}}");
    custom.says(&[(&[("extAuthz", "{ext: deny}")], "ALLOW by default")]);
}

#[test]
fn r11_an_empty_rule_matches_everything() {
    policy("{rules: [{}]}").says(&[
        (&[], "ALLOW by foo/p rule[0]"),
        (&[("source", PLAINTEXT)], "ALLOW by foo/p rule[0]"),
        (&tcp(&[]), "ALLOW by foo/p rule[0]"),
    ]);
    policy("{action: DENY, rules: [{}]}").says(&[(&[], "DENY by foo/p rule[0]"), (&tcp(&[]), "DENY by foo/p rule[0]")]);
}

#[test]
fn r11_a_null_rule_is_skipped() {
    policy("{rules: [null]}").says(&[(&[], "DENY by no ALLOW matched")]);
    policy("{action: DENY, rules: [null, {}]}").says(&[(&[], "DENY by foo/p rule[1]")]);
}

#[test]
fn r12_from_and_to_and_when() {
    let scene = policy(
        "{rules: [{from: [{source: {namespaces: [ns1]}}, {source: {namespaces: [ns2]}}], to: [{operation: {paths: [/a]}}, {operation: {methods: [PUT]}}], when: [{key: 'request.headers[x]', values: ['1']}]}]}",
    );
    let header = ("headers", "{x: '1'}");
    let ns2 = principal("td/ns/ns2/sa/z");
    let ns3 = principal("td/ns/ns3/sa/z");
    scene.says(&[
        (&[("path", "/a"), header], "ALLOW"),
        (&[("method", "PUT"), header], "ALLOW"),
        (&[("source", &ns2), ("path", "/a"), header], "ALLOW"),
        (&[("source", &ns3), ("path", "/a"), header], "DENY"),
        (&[header], "DENY"),
        (&[("path", "/a")], "DENY"),
    ]);
}

#[test]
fn r12_a_missing_part_matches_anything() {
    policy("{rules: [{to: [{operation: {paths: [/a]}}]}]}").says(&[
        (&[("path", "/a"), ("source", PLAINTEXT)], "ALLOW"),
        (&[("path", "/a"), ("source", &principal("x/ns/y/sa/z"))], "ALLOW"),
    ]);
    policy("{rules: [{from: [{source: {namespaces: [ns1]}}]}]}")
        .says(&[(&[("path", "/any"), ("method", "PUT")], "ALLOW"), (&[("source", PLAINTEXT)], "DENY")]);
    policy("{rules: [{when: [{key: destination.port, values: ['8080']}]}]}")
        .says(&[(&[], "ALLOW"), (&tcp(&[]), "DENY")]);
}

#[test]
fn r12_entries_are_not_mixed() {
    let scene = policy(
        "{rules: [{to: [{operation: {hosts: [one], paths: [/one]}}, {operation: {hosts: [two], paths: [/two]}}]}]}",
    );
    scene.says(&[
        (&[("host", "one"), ("path", "/one")], "ALLOW"),
        (&[("host", "two"), ("path", "/two")], "ALLOW"),
        (&[("host", "one"), ("path", "/two")], "DENY"),
        (&[("host", "two"), ("path", "/one")], "DENY"),
    ]);
}

#[test]
fn r12_an_empty_source_matches_anything_at_envoy() {
    policy("{action: DENY, rules: [{from: [{source: {}}]}]}").says(&[(&[("source", PLAINTEXT)], "DENY")]);
    policy("{rules: [{from: [{}], to: [{operation: {paths: [/a]}}]}]}")
        .says(&[(&[("path", "/a")], "ALLOW"), (&[], "DENY")]);
}

#[test]
fn r13_fields_are_anded_and_values_ored() {
    let scene = policy("{rules: [{to: [{operation: {paths: [/a, /b], methods: [GET, PUT]}}]}]}");
    scene.says(&[
        (&[("path", "/a")], "ALLOW"),
        (&[("path", "/b"), ("method", "PUT")], "ALLOW"),
        (&[("path", "/c")], "DENY"),
        (&[("path", "/a"), ("method", "POST")], "DENY"),
    ]);
    let scene = policy("{rules: [{from: [{source: {namespaces: [ns1], ipBlocks: [10.1.0.0/16]}}]}]}");
    scene.says(&[
        (&[], "ALLOW"),
        (&[("source", "{ip: 10.9.0.1, tls: mtls, principal: td/ns/ns1/sa/a}")], "DENY"),
        (&[("source", "{ip: 10.1.0.1, tls: mtls, principal: td/ns/ns2/sa/a}")], "DENY"),
    ]);
}

#[test]
fn r14_a_not_form_wants_none_of_its_values() {
    let scene = policy("{rules: [{to: [{operation: {notPaths: [/a, /b*]}}]}]}");
    scene.says(&[(&[("path", "/a")], "DENY"), (&[("path", "/bx")], "DENY"), (&[("path", "/c")], "ALLOW")]);
    let both = policy("{rules: [{to: [{operation: {paths: [/x*], notPaths: [/x/secret*]}}]}]}");
    both.says(&[(&[("path", "/x/open")], "ALLOW"), (&[("path", "/x/secret/1")], "DENY"), (&[("path", "/y")], "DENY")]);
}

#[test]
fn r15_conditions_are_anded_even_with_the_same_key() {
    let scene = policy(
        "{rules: [{when: [{key: 'request.headers[x]', values: ['a*', 'b*']}, {key: 'request.headers[x]', values: ['*z']}]}]}",
    );
    scene.says(&[
        (&[("headers", "{x: abz}")], "ALLOW"),
        (&[("headers", "{x: bz}")], "ALLOW"),
        (&[("headers", "{x: ab}")], "DENY"),
        (&[("headers", "{x: cz}")], "DENY"),
    ]);
    let not = policy("{rules: [{when: [{key: 'request.headers[x]', values: ['a*'], notValues: [ab, ac]}]}]}");
    not.says(&[
        (&[("headers", "{x: ad}")], "ALLOW"),
        (&[("headers", "{x: ab}")], "DENY"),
        (&[("headers", "{x: ac}")], "DENY"),
        (&[("headers", "{x: b}")], "DENY"),
    ]);
}

#[test]
fn r65_dry_run_policies_are_not_enforced() {
    let deny = "{action: DENY, rules: [{to: [{operation: {paths: [/a]}}]}]}";
    sidecar().dry("p", deny).says(&[(&[("path", "/a")], "ALLOW by default")]);
    sidecar()
        .dry("p", "{rules: [{to: [{operation: {paths: [/a]}}]}]}")
        .says(&[(&[("path", "/b")], "ALLOW by default")]);
    for (value, enforced) in [("true", false), ("1", false), ("T", false), ("false", true), ("0", true), ("yes", true)]
    {
        let more = format!(", annotations: {{istio.io/dry-run: '{value}'}}");
        let scene = sidecar().object("AuthorizationPolicy", "foo", "p", &more, deny);
        scene.says(&[(&[("path", "/a")], if enforced { "DENY" } else { "ALLOW" })]);
    }
}

#[test]
fn r66_shadow_results_are_kept_apart_by_action() {
    let scene = sidecar()
        .dry("a", "{rules: [{to: [{operation: {paths: [/allow]}}]}]}")
        .dry("d", "{action: DENY, rules: [{to: [{operation: {paths: [/deny]}}]}]}");
    let shadow = |path: &str| {
        let shadow = scene.report(&request(&[("path", path)])).outcome.dry_run.expect("a shadow result");
        (shadow.allow.expect("allow"), shadow.deny.expect("deny"))
    };
    let own = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(shadow("/allow"), own("allowed", "allowed"));
    assert_eq!(shadow("/deny"), own("denied", "denied by foo/d rule[0]"));
    assert_eq!(shadow("/other"), own("denied", "allowed"));
    let only = sidecar().dry("d", "{action: DENY, rules: [{}]}").policy("y", "{rules: [{}]}");
    let outcome = only.report(&request(&[])).outcome;
    assert_eq!(outcome.decided_by, "foo/y rule[0]");
    assert_eq!(
        outcome.dry_run.map(|shadow| (shadow.allow, shadow.deny)),
        Some((None, Some("denied by foo/d rule[0]".to_owned())))
    );
    assert!(policy("{rules: [{}]}").report(&request(&[])).outcome.dry_run.is_none());
}
