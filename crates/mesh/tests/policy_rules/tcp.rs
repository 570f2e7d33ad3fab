//! R56–R58: what remains on TCP ports.

use crate::scene::{PLAINTEXT, policy, principal, sidecar, tcp};

const HTTP_FIELDS: [&str; 10] = [
    "to: [{operation: {paths: [/a]}}]",
    "to: [{operation: {notPaths: [/a]}}]",
    "to: [{operation: {methods: [GET]}}]",
    "to: [{operation: {hosts: [h]}}]",
    "from: [{source: {requestPrincipals: ['*']}}]",
    "from: [{source: {notRequestPrincipals: ['*']}}]",
    "when: [{key: 'request.headers[x]', values: [a]}]",
    "when: [{key: 'request.auth.claims[x]', notValues: [a]}]",
    "when: [{key: request.auth.principal, values: [a]}]",
    "when: [{key: request.auth.audiences, values: [a]}]",
];

#[test]
fn r56_an_allow_rule_with_anything_http_is_dropped() {
    for part in HTTP_FIELDS {
        policy(&format!("{{rules: [{{{part}}}]}}")).says(&[(&tcp(&[]), "DENY by no ALLOW matched")]);
        policy(&format!("{{rules: [{{{part}}}, {{}}]}}")).says(&[(&tcp(&[]), "ALLOW by foo/p rule[1]")]);
    }
    let one_of_two = policy("{rules: [{to: [{operation: {ports: ['9000']}}, {operation: {paths: [/a]}}]}]}");
    one_of_two.says(&[(&tcp(&[]), "DENY by no ALLOW matched"), (&[("path", "/a")], "ALLOW")]);
    let mixed = policy("{rules: [{from: [{source: {namespaces: [ns1]}}], to: [{operation: {methods: [GET]}}]}]}");
    mixed.says(&[(&tcp(&[]), "DENY by no ALLOW matched")]);
}

#[test]
fn r57_a_deny_rule_loses_its_http_parts_and_matches_more() {
    for part in HTTP_FIELDS {
        policy(&format!("{{action: DENY, rules: [{{{part}}}]}}")).says(&[(&tcp(&[]), "DENY by foo/p rule[0]")]);
    }
    let with_port = policy("{action: DENY, rules: [{to: [{operation: {paths: [/a], ports: ['9000']}}]}]}");
    with_port
        .says(&[(&tcp(&[]), "DENY by foo/p rule[0]"), (&tcp(&[("destination", "{port: 9001}")]), "ALLOW by default")]);
    let with_source =
        policy("{action: DENY, rules: [{from: [{source: {namespaces: [ns1], requestPrincipals: ['*']}}]}]}");
    with_source.says(&[
        (&tcp(&[]), "DENY by foo/p rule[0]"),
        (&tcp(&[("source", &principal("td/ns/ns2/sa/a"))]), "ALLOW by default"),
    ]);
    let report = with_port.report(&crate::scene::request(&tcp(&[])));
    let layer = report.outcome.trace.iter().find(|layer| !layer.policies.is_empty()).expect("a layer");
    assert!(layer.policies[0].rules[0].widened, "the trace says that the rule is wider than written");
}

#[test]
fn r57_audit_and_custom_are_widened_as_well() {
    let audit = policy("{action: AUDIT, rules: [{to: [{operation: {paths: [/a]}}]}]}");
    assert_eq!(audit.report(&crate::scene::request(&tcp(&[]))).outcome.audited, ["foo/p rule[0]"]);
    let custom = sidecar()
        .mesh("{extensionProviders: {ext: grpc}}")
        .policy("p", "{action: CUSTOM, provider: {name: ext}, rules: [{to: [{operation: {paths: [/a]}}]}]}");
    custom.says(&[(&tcp(&[("extAuthz", "{ext: deny}")]), "DENY by CUSTOM foo/p rule[0]")]);
}

#[test]
fn r57_one_empty_alternative_makes_the_whole_clause_empty() {
    let scene = policy("{action: DENY, rules: [{to: [{operation: {ports: ['1']}}, {operation: {paths: [/a]}}]}]}");
    scene.says(&[(&tcp(&[]), "DENY by foo/p rule[0]"), (&[("path", "/b")], "ALLOW by default")]);
}

#[test]
fn r58_what_works_on_tcp() {
    for part in [
        "from: [{source: {principals: ['cluster.local/*']}}]",
        "from: [{source: {namespaces: [ns1]}}]",
        "from: [{source: {serviceAccounts: [ns1/a]}}]",
        "from: [{source: {trustDomains: [cluster.local]}}]",
        "from: [{source: {ipBlocks: [10.1.0.0/16]}}]",
        "from: [{source: {remoteIpBlocks: [10.1.0.0/16]}}]",
        "to: [{operation: {ports: ['9000']}}]",
        "when: [{key: source.ip, values: [10.1.0.11]}]",
        "when: [{key: source.namespace, values: [ns1]}]",
        "when: [{key: source.principal, values: ['*']}]",
        "when: [{key: source.serviceAccount, values: [ns1/a]}]",
        "when: [{key: source.trustDomain, values: [cluster.local]}]",
        "when: [{key: remote.ip, values: [10.1.0.11]}]",
        "when: [{key: destination.ip, values: [10.2.0.22]}]",
        "when: [{key: destination.port, values: ['9000']}]",
    ] {
        policy(&format!("{{rules: [{{{part}}}]}}")).says(&[
            (&tcp(&[]), "ALLOW by foo/p rule[0]"),
            (&tcp(&[("source", "{ip: 1.1.1.1, tls: plaintext}"), ("destination", "{ip: 1.1.1.1, port: 1}")]), "DENY"),
        ]);
    }
}

#[test]
fn r58_tokens_do_not_exist_on_tcp() {
    let scene = sidecar().tokens("r", "{issuer: i}").policy("p", "{rules: [{}]}");
    scene.says(&[(&tcp(&[("source", PLAINTEXT)]), "ALLOW by foo/p rule[0]")]);
    assert!(
        scene
            .report(&crate::scene::request(&tcp(&[])))
            .outcome
            .trace
            .iter()
            .all(|layer| format!("{:?}", layer.layer) != "Jwt")
    );
}
