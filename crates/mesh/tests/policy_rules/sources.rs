//! R37–R47: who sends a request.

use crate::scene::{PLAINTEXT, Scene, policy, principal, tcp};

fn source(fields: &str) -> Scene {
    policy(&format!("{{rules: [{{from: [{{source: {{{fields}}}}}]}}]}}"))
}

#[track_caller]
fn ids(fields: &str, mesh: &str, table: &[(&str, &str)]) {
    let scene = source(fields).mesh(mesh);
    for (id, wanted) in table {
        scene.says(&[(&[("source", &principal(id))], wanted), (&tcp(&[("source", &principal(id))]), wanted)]);
    }
}

#[test]
fn r37_principals_compare_with_the_uri_of_the_peer() {
    ids(
        "principals: [cluster.local/ns/a/sa/b]",
        "{}",
        &[("cluster.local/ns/a/sa/b", "ALLOW"), ("cluster.local/ns/a/sa/bc", "DENY")],
    );
    ids(
        "principals: ['cluster.local/ns/a/*']",
        "{}",
        &[("cluster.local/ns/a/sa/b", "ALLOW"), ("cluster.local/ns/ab/sa/b", "DENY")],
    );
    ids("principals: ['spiffe://cluster.local/ns/a/sa/b']", "{}", &[("cluster.local/ns/a/sa/b", "DENY")]);
    ids(
        "notPrincipals: [cluster.local/ns/a/sa/b]",
        "{}",
        &[("cluster.local/ns/a/sa/b", "DENY"), ("cluster.local/ns/a/sa/c", "ALLOW")],
    );
}

#[test]
fn r38_plaintext_has_no_identity() {
    for field in ["principals: ['*']", "namespaces: ['*']", "serviceAccounts: [x]", "trustDomains: ['*']"] {
        source(field).says(&[(&[("source", PLAINTEXT)], "DENY")]);
    }
    for field in ["notPrincipals: ['*']", "notNamespaces: [x]", "notServiceAccounts: [x]", "notTrustDomains: ['*']"] {
        source(field).says(&[(&[("source", PLAINTEXT)], "ALLOW")]);
    }
    let deny = policy("{action: DENY, rules: [{from: [{source: {notPrincipals: ['*']}}]}]}");
    deny.says(&[(&[("source", PLAINTEXT)], "DENY"), (&[], "ALLOW")]);
}

#[test]
fn r39_star_and_suffix_of_principals() {
    ids("principals: ['*']", "{}", &[("any/ns/a/sa/b", "ALLOW")]);
    ids(
        "principals: ['*/sa/b']",
        "{}",
        &[("x/ns/a/sa/b", "ALLOW"), ("x/ns/a/sa/bb", "DENY"), ("x/ns/a/sa/cb", "DENY")],
    );
    ids("principals: ['*b']", "{}", &[("x/ns/a/sa/cb", "ALLOW"), ("x/ns/a/sa/bc", "DENY")]);
    ids(
        "principals: ['cluster.local/ns/*/sa/b']",
        "{}",
        &[("cluster.local/ns/a/sa/b", "DENY"), ("cluster.local/ns/*/sa/b", "ALLOW")],
    );
}

const ALIASES: &str = "{trustDomain: td1, trustDomainAliases: [old.td, some-td]}";

#[test]
fn r40_principals_of_the_mesh_stand_for_all_its_trust_domains() {
    let all = [("td1/ns/a/sa/b", "ALLOW"), ("old.td/ns/a/sa/b", "ALLOW"), ("some-td/ns/a/sa/b", "ALLOW")];
    for own in ["td1", "old.td", "some-td", "cluster.local"] {
        ids(&format!("principals: [{own}/ns/a/sa/b]"), ALIASES, &all);
    }
    ids(
        "principals: [cluster.local/ns/a/sa/b]",
        ALIASES,
        &[("cluster.local/ns/a/sa/b", "DENY"), ("td1/ns/a/sa/c", "DENY")],
    );
    ids("principals: [other/ns/a/sa/b]", ALIASES, &[("other/ns/a/sa/b", "ALLOW"), ("td1/ns/a/sa/b", "DENY")]);
    ids("principals: ['*/ns/a/sa/b']", ALIASES, &[("anything/ns/a/sa/b", "ALLOW")]);
    ids("principals: [td1/ns/a]", ALIASES, &[("td1/ns/a", "ALLOW"), ("old.td/ns/a", "DENY")]);
    ids(
        "principals: [cluster.local/ns/a/sa/b]",
        "{}",
        &[("cluster.local/ns/a/sa/b", "ALLOW"), ("td1/ns/a/sa/b", "DENY")],
    );
}

#[test]
fn r40_wildcards_in_the_trust_domain_go_either_way() {
    ids(
        "principals: ['*-td/ns/a/sa/b']",
        ALIASES,
        &[
            ("some-td/ns/a/sa/b", "ALLOW"),
            ("any-td/ns/a/sa/b", "ALLOW"),
            ("td1/ns/a/sa/b", "ALLOW"),
            ("old.td/ns/a/sa/b", "ALLOW"),
            ("none/ns/a/sa/b", "DENY"),
        ],
    );
    let wild = "{trustDomain: td1, trustDomainAliases: ['*.com']}";
    ids(
        "principals: [x.com/ns/a/sa/b]",
        wild,
        &[("td1/ns/a/sa/b", "ALLOW"), ("y.com/ns/a/sa/b", "ALLOW"), ("y.org/ns/a/sa/b", "DENY")],
    );
}

#[test]
fn r40_negated_and_conditions_too() {
    ids(
        "notPrincipals: [cluster.local/ns/a/sa/b]",
        ALIASES,
        &[("old.td/ns/a/sa/b", "DENY"), ("old.td/ns/a/sa/c", "ALLOW")],
    );
    let when = policy("{rules: [{when: [{key: source.principal, values: [td1/ns/a/sa/b]}]}]}").mesh(ALIASES);
    when.says(&[
        (&[("source", &principal("some-td/ns/a/sa/b"))], "ALLOW"),
        (&[("source", &principal("x/ns/a/sa/b"))], "DENY"),
    ]);
}

#[test]
fn r41_namespaces_take_stars_anywhere() {
    ids(
        "namespaces: [ns1]",
        "{}",
        &[("td/ns/ns1/sa/a", "ALLOW"), ("td/ns/ns11/sa/a", "DENY"), ("other/ns/ns1/sa/a", "ALLOW")],
    );
    ids("namespaces: ['team-*-prod']", "{}", &[("td/ns/team-a-prod/sa/a", "ALLOW"), ("td/ns/team-a-dev/sa/a", "DENY")]);
    ids(
        "namespaces: ['*-prod', 'dev*']",
        "{}",
        &[("td/ns/a-prod/sa/a", "ALLOW"), ("td/ns/dev1/sa/a", "ALLOW"), ("td/ns/prod/sa/a", "DENY")],
    );
    ids("namespaces: ['*']", "{}", &[("td/ns/x/sa/a", "ALLOW")]);
    ids("notNamespaces: [ns1]", "{}", &[("td/ns/ns1/sa/a", "DENY"), ("td/ns/ns2/sa/a", "ALLOW")]);
    ids("namespaces: [a.b]", "{}", &[("td/ns/axb/sa/a", "DENY")]);
}

#[test]
fn r42_service_accounts() {
    ids(
        "serviceAccounts: [x]",
        "{}",
        &[
            ("td/ns/foo/sa/x", "ALLOW"),
            ("other/ns/foo/sa/x", "ALLOW"),
            ("td/ns/bar/sa/x", "DENY"),
            ("td/ns/foo/sa/xx", "DENY"),
        ],
    );
    ids("serviceAccounts: [bar/x]", "{}", &[("td/ns/bar/sa/x", "ALLOW"), ("td/ns/foo/sa/x", "DENY")]);
    ids("notServiceAccounts: [x]", "{}", &[("td/ns/foo/sa/x", "DENY"), ("td/ns/bar/sa/x", "ALLOW")]);
    let root = crate::scene::sidecar().object(
        "AuthorizationPolicy",
        "istio-system",
        "p",
        "",
        "{rules: [{from: [{source: {serviceAccounts: [x]}}]}]}",
    );
    root.says(&[
        (&[("source", &principal("td/ns/istio-system/sa/x"))], "ALLOW"),
        (&[("source", &principal("td/ns/foo/sa/x"))], "DENY"),
    ]);
}

#[test]
fn r43_trust_domains() {
    ids("trustDomains: [td]", "{}", &[("td/ns/a/sa/b", "ALLOW"), ("td2/ns/a/sa/b", "DENY")]);
    ids("trustDomains: ['*']", "{}", &[("any/ns/a/sa/b", "ALLOW")]);
    ids("trustDomains: ['*.com']", "{}", &[("a.com/ns/a/sa/b", "ALLOW"), ("a.org/ns/x.com/sa/b", "DENY")]);
    ids("trustDomains: ['a*']", "{}", &[("abc/ns/a/sa/b", "ALLOW"), ("b/ns/a/sa/b", "DENY")]);
    ids("notTrustDomains: [td]", "{}", &[("td/ns/a/sa/b", "DENY"), ("x/ns/a/sa/b", "ALLOW")]);
    ids(
        "trustDomains: [old.td]",
        ALIASES,
        &[("td1/ns/a/sa/b", "ALLOW"), ("some-td/ns/a/sa/b", "ALLOW"), ("x/ns/a/sa/b", "DENY")],
    );
    ids("trustDomains: [cluster.local]", ALIASES, &[("td1/ns/a/sa/b", "DENY"), ("cluster.local/ns/a/sa/b", "ALLOW")]);
    ids("trustDomains: ['*-td']", ALIASES, &[("some-td/ns/a/sa/b", "ALLOW"), ("td1/ns/a/sa/b", "DENY")]);
}

#[test]
fn r44_ip_blocks_are_the_direct_peer() {
    let from = |ip: &str| format!("{{ip: '{ip}', tls: plaintext}}");
    let blocks = source("ipBlocks: [10.1.2.3, 192.168.5.7/16, '2001:db8::/32']");
    for (ip, wanted) in [
        ("10.1.2.3", "ALLOW"),
        ("10.1.2.4", "DENY"),
        ("192.168.0.1", "ALLOW"),
        ("192.169.0.1", "DENY"),
        ("2001:db8:9::1", "ALLOW"),
        ("2001:db9::1", "DENY"),
    ] {
        blocks.says(&[(&[("source", &from(ip))], wanted), (&tcp(&[("source", &from(ip))]), wanted)]);
    }
    source("ipBlocks: [10.9.9.9]").says(&[(&[("remoteIp", "10.9.9.9")], "DENY")]);
    source("notIpBlocks: [10.1.0.0/16]").says(&[(&[], "DENY"), (&[("source", &from("10.2.0.1"))], "ALLOW")]);
    source("ipBlocks: ['::ffff:10.1.0.11']").says(&[(&[], "DENY")]);
}

#[test]
fn r45_remote_ip_blocks_are_the_client() {
    let scene = source("remoteIpBlocks: [172.16.0.0/12]");
    scene.says(&[
        (&[("remoteIp", "172.17.1.1")], "ALLOW"),
        (&[("remoteIp", "10.0.0.1")], "DENY"),
        (&[("source", "{ip: 172.17.1.1, tls: plaintext}")], "ALLOW"),
        (&[("source", "{ip: 172.17.1.1, tls: plaintext}"), ("remoteIp", "8.8.8.8")], "DENY"),
    ]);
    source("notRemoteIpBlocks: [172.16.0.0/12]").says(&[(&[("remoteIp", "172.17.1.1")], "DENY"), (&[], "ALLOW")]);
}

#[test]
fn r46_request_principals() {
    let scene = |value: &str| {
        source(&format!("requestPrincipals: ['{value}']")).tokens("r", "{issuer: i}, {issuer: 'https://x/y'}")
    };
    let token = |iss: &str, sub: &str| format!("{{valid: true, claims: {{iss: '{iss}', sub: {sub}}}}}");
    for (value, iss, sub, wanted) in [
        ("i/s", "i", "s", "ALLOW"),
        ("i/s", "i", "t", "DENY"),
        ("*", "i", "s", "ALLOW"),
        ("*", "i", "''", "DENY"),
        ("*", "i", "7", "DENY"),
        ("*", "i", "[s]", "DENY"),
        ("i/*", "i", "anything", "ALLOW"),
        ("i/p*", "i", "pq", "ALLOW"),
        ("i/p*", "i", "q", "DENY"),
        ("*/s", "i", "s", "ALLOW"),
        ("*s", "i", "tests", "ALLOW"),
        ("https://x/y/s", "https://x/y", "s", "ALLOW"),
        ("https://x/*", "https://x/y", "s", "DENY"),
        ("https://x/y/*", "https://x/y", "s", "ALLOW"),
        ("i", "i", "s", "DENY"),
        ("i", "i", "''", "ALLOW"),
    ] {
        scene(value).says(&[(&[("jwt", &token(iss, sub))], wanted)]);
    }
    scene("*").says(&[(&[("jwt", "{valid: true, claims: {iss: i}}")], "DENY"), (&[], "DENY")]);
}

#[test]
fn r47_not_request_principals_admits_the_anonymous() {
    let scene = source("notRequestPrincipals: [i/s]").tokens("r", "{issuer: i}");
    scene.says(&[
        (&[], "ALLOW"),
        (&[("jwt", "{valid: true, claims: {iss: i, sub: s}}")], "DENY"),
        (&[("jwt", "{valid: true, claims: {iss: i, sub: t}}")], "ALLOW"),
    ]);
    let deny =
        policy("{action: DENY, rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]}").tokens("r", "{issuer: i}");
    deny.says(&[(&[], "DENY"), (&[("jwt", "{valid: true, claims: {iss: i, sub: s}}")], "ALLOW")]);
}
