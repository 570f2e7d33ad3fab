//! R48–R55: the keys of `when`.

use crate::scene::{PLAINTEXT, Scene, policy, principal, tcp};

fn when(key: &str, values: &str) -> Scene {
    policy(&format!("{{rules: [{{when: [{{key: '{key}', values: [{values}]}}]}}]}}"))
}

fn when_not(key: &str, values: &str) -> Scene {
    policy(&format!("{{rules: [{{when: [{{key: '{key}', notValues: [{values}]}}]}}]}}"))
}

#[test]
fn r48_every_key_compares_like_its_field() {
    let jwt = ("jwt", "{valid: true, claims: {iss: i, sub: s, aud: [x, y], azp: p}}");
    for (key, yes, no) in [
        ("source.ip", "10.1.0.0/16", "10.2.0.0/16"),
        ("remote.ip", "10.1.0.11", "10.1.0.12"),
        ("source.namespace", "'ns*'", "'x*'"),
        ("source.principal", "'*/sa/a'", "'*/sa/b'"),
        ("source.serviceAccount", "ns1/a", "a"),
        ("source.trustDomain", "cluster.local", "other"),
        ("request.auth.principal", "'i/*'", "'j/*'"),
        ("request.auth.audiences", "'y'", "z"),
        ("request.auth.presenter", "p", "q"),
        ("request.auth.claims[sub]", "s", "t"),
        ("request.headers[x-a]", "one", "two"),
        ("destination.ip", "10.2.0.0/24", "10.3.0.1"),
        ("destination.port", "'8080'", "'80'"),
        ("connection.sni", "'*.example'", "'*.org'"),
    ] {
        let given: &[(&str, &str)] = &[jwt, ("headers", "{x-a: one}"), ("sni", "a.example")];
        let with_tokens = |scene: Scene| scene.tokens("r", "{issuer: i}");
        with_tokens(when(key, yes)).says(&[(given, "ALLOW")]);
        with_tokens(when(key, no)).says(&[(given, "DENY")]);
        with_tokens(when_not(key, yes)).says(&[(given, "DENY")]);
        with_tokens(when_not(key, no)).says(&[(given, "ALLOW")]);
    }
}

#[test]
fn r48_a_rule_with_an_unknown_key_is_skipped() {
    when("destination.labels[app]", "a").says(&[(&[], "DENY by no ALLOW matched")]);
    when("foo", "a").says(&[(&[], "DENY by no ALLOW matched")]);
    policy("{action: DENY, rules: [{when: [{key: foo, values: [a]}]}]}").says(&[(&[], "ALLOW by default")]);
    policy("{action: DENY, rules: [{when: [{key: foo, notValues: [a]}]}, {}]}").says(&[(&[], "DENY by foo/p rule[1]")]);
}

#[test]
fn r48_keys_and_values_the_proxy_cannot_use() {
    when("request.headers", "a").says(&[(&[], "DENY by no ALLOW matched")]);
    policy("{action: DENY, rules: [{when: [{key: request.headers, values: [a]}]}]}")
        .says(&[(&[], "DENY by foo/p rule[0]")]);
    when("destination.port", "'8080', http").says(&[(&[], "DENY")]);
    policy("{action: DENY, rules: [{when: [{key: destination.port, values: ['80', http]}]}]}").says(&[(&[], "ALLOW")]);
    policy("{action: DENY, rules: [{when: [{key: destination.port, values: [http]}]}]}").says(&[(&[], "DENY")]);
}

#[test]
fn r49_headers() {
    when("request.headers[X-A]", "one").says(&[
        (&[("headers", "{x-a: one}")], "ALLOW"),
        (&[("headers", "{X-a: one}")], "ALLOW"),
        (&[("headers", "{x-a: One}")], "DENY"),
        (&[("headers", "{x-b: one}")], "DENY"),
        (&[], "DENY"),
    ]);
    when_not("request.headers[x-a]", "one").says(&[(&[], "ALLOW"), (&[("headers", "{x-a: one}")], "DENY")]);
    when("request.headers[:method]", "GET").says(&[(&[], "ALLOW"), (&[("method", "PUT")], "DENY")]);
    when("request.headers[:authority]", "h.foo").says(&[(&[], "ALLOW"), (&[("host", "H.foo")], "DENY")]);
    when("request.headers[host]", "h.foo").says(&[(&[], "ALLOW"), (&[("host", "x")], "DENY")]);
    when("request.headers[:path]", "'/a?b'")
        .says(&[(&[("path", "'/x/../a?b'")], "ALLOW"), (&[("path", "/a")], "DENY")]);
}

#[test]
fn r50_repeated_headers_are_tested_alone_in_new_releases() {
    let deny = policy("{action: DENY, rules: [{when: [{key: 'request.headers[x-role]', values: [admin]}]}]}");
    let twice: &[(&str, &str)] = &[("headers", "{x-role: [user, admin]}")];
    deny.says(&[(twice, "DENY"), (&[("headers", "{x-role: [user, guest]}")], "ALLOW")]);
    deny.clone().mesh("{proxyVersion: 1.38.0}").says(&[(twice, "DENY")]);
    deny.clone().mesh("{proxyVersion: 1.37.0}").says(&[(twice, "ALLOW"), (&[("headers", "{x-role: admin}")], "DENY")]);
    let joined = when("request.headers[x-role]", "'user,admin'");
    joined.says(&[(twice, "DENY")]);
    joined.mesh("{proxyVersion: 1.36.2}").says(&[(twice, "ALLOW")]);
}

#[test]
fn r51_claims_are_texts_or_lists_of_texts() {
    let claim = |value: &str| format!("{{valid: true, claims: {{iss: i, c: {value}}}}}");
    let scene = when("request.auth.claims[c]", "one").tokens("r", "{issuer: i}");
    for (value, wanted) in [
        ("one", "ALLOW"),
        ("two", "DENY"),
        ("[two, one]", "ALLOW"),
        ("[two]", "DENY"),
        ("[]", "DENY"),
        ("{one: one}", "DENY"),
        ("true", "DENY"),
        ("1", "DENY"),
        ("[[one]]", "DENY"),
    ] {
        scene.says(&[(&[("jwt", &claim(value))], wanted)]);
    }
    when("request.auth.claims[c]", "'true'").tokens("r", "{issuer: i}").says(&[(&[("jwt", &claim("true"))], "DENY")]);
    when("request.auth.claims[c]", "'1'").tokens("r", "{issuer: i}").says(&[(&[("jwt", &claim("1"))], "DENY")]);
}

#[test]
fn r51_claim_names_may_nest_and_hold_any_characters() {
    let token: &[(&str, &str)] =
        &[("jwt", "{valid: true, claims: {iss: i, a: {b: {c: deep}, d: [x, y]}, 'https://x/y': z, 'a[b': odd}}")];
    let run = |key: &str, value: &str| when(key, value).tokens("r", "{issuer: i}").got(token);
    assert!(run("request.auth.claims[a][b][c]", "deep").starts_with("ALLOW"));
    assert!(run("request.auth.claims[a][d]", "y").starts_with("ALLOW"));
    assert!(run("request.auth.claims[a][b]", "deep").starts_with("DENY"));
    assert!(run("request.auth.claims[a][x]", "deep").starts_with("DENY"));
    assert!(run("request.auth.claims[https://x/y]", "z").starts_with("ALLOW"));
    assert!(run("request.auth.claims[a[b]", "odd").starts_with("ALLOW"));
}

#[test]
fn r52_some_claims_are_split_at_spaces() {
    let scene = |claim: &str, value: &str| when(&format!("request.auth.claims[{claim}]"), value);
    let plain = |scene: Scene| scene.tokens("r", "{issuer: i}");
    let token: &[(&str, &str)] = &[(
        "jwt",
        "{valid: true, claims: {iss: i, scope: 'read write', permission: 'a  b', other: 'x y', scp: [p, q]}}",
    )];
    plain(scene("scope", "write")).says(&[(token, "ALLOW")]);
    plain(scene("scope", "'read write'")).says(&[(token, "DENY")]);
    plain(scene("permission", "b")).says(&[(token, "ALLOW")]);
    plain(scene("other", "x")).says(&[(token, "DENY")]);
    plain(scene("other", "'x y'")).says(&[(token, "ALLOW")]);
    plain(scene("scp", "q")).says(&[(token, "ALLOW")]);
    let custom = |scene: Scene| scene.tokens("r", "{issuer: i, spaceDelimitedClaims: [other]}");
    custom(scene("other", "y")).says(&[(token, "ALLOW")]);
    custom(scene("other", "'x y'")).says(&[(token, "DENY")]);
    custom(scene("scope", "read")).says(&[(token, "ALLOW")]);
    let of_another = |scene: Scene| scene.tokens("r", "{issuer: i}, {issuer: j, spaceDelimitedClaims: [other]}");
    of_another(scene("other", "y")).says(&[(token, "DENY")]);
}

#[test]
fn r53_audiences_and_presenter() {
    let token = |claims: &str| format!("{{valid: true, claims: {{iss: i, {claims}}}}}");
    let audiences = when("request.auth.audiences", "a").tokens("r", "{issuer: i}");
    audiences.says(&[
        (&[("jwt", &token("aud: a"))], "ALLOW"),
        (&[("jwt", &token("aud: [b, a]"))], "ALLOW"),
        (&[("jwt", &token("aud: [b]"))], "DENY"),
        (&[("jwt", &token("azp: a"))], "DENY"),
    ]);
    let presenter = when("request.auth.presenter", "a").tokens("r", "{issuer: i}");
    presenter.says(&[(&[("jwt", &token("azp: a"))], "ALLOW"), (&[("jwt", &token("aud: a"))], "DENY")]);
}

#[test]
fn r54_sni() {
    let scene = when("connection.sni", "'outbound_.80_._.h.foo.svc.cluster.local'");
    scene.says(&[
        (&[("sni", "outbound_.80_._.h.foo.svc.cluster.local")], "ALLOW"),
        (&[("sni", "other")], "DENY"),
        (&[("source", PLAINTEXT)], "DENY"),
        (&tcp(&[("sni", "outbound_.80_._.h.foo.svc.cluster.local")]), "ALLOW"),
    ]);
    when_not("connection.sni", "x").says(&[(&[("source", PLAINTEXT)], "ALLOW")]);
}

#[test]
fn r55_local_address_and_metadata() {
    when("destination.ip", "10.2.0.22")
        .says(&[(&[], "ALLOW"), (&[("destination", "{ip: 10.2.0.23, port: 8080}")], "DENY")]);
    let key = "experimental.envoy.filters.network.mysql_proxy[db.table]";
    let given = |value: &str| format!("{{envoy.filters.network.mysql_proxy: {{db.table: {value}}}}}");
    when(key, "'[update]'").says(&[
        (&tcp(&[("dynamicMetadata", &given("[select, update]"))]), "ALLOW"),
        (&tcp(&[("dynamicMetadata", &given("[select]"))]), "DENY"),
        (&tcp(&[("dynamicMetadata", &given("update"))]), "DENY"),
        (&tcp(&[]), "DENY"),
    ]);
    when(key, "update").says(&[
        (&tcp(&[("dynamicMetadata", &given("update"))]), "ALLOW"),
        (&tcp(&[("dynamicMetadata", &given("[update]"))]), "DENY"),
        (&[("dynamicMetadata", given("update").as_str())], "ALLOW"),
    ]);
    when("experimental.envoy.filters.a", "x").says(&[(&[], "DENY by no ALLOW matched")]);
}

#[test]
fn r48_two_sides_of_a_condition() {
    let both =
        policy("{rules: [{when: [{key: source.principal, values: ['cluster.local/*'], notValues: ['*/sa/a']}]}]}");
    both.says(&[(&[], "DENY"), (&[("source", &principal("cluster.local/ns/ns1/sa/b"))], "ALLOW")]);
}

#[test]
fn r49_envoy_says_which_protocol_was_spoken_where_nobody_did() {
    let scene = when("request.headers[x-forwarded-proto]", "https");
    scene.says(&[
        (&[("headers", "{}")], "ALLOW"),
        (&[("headers", "{}"), ("source", PLAINTEXT)], "DENY"),
        (&[("headers", "{}"), ("source", "{ip: 10.1.0.11}")], "DEPENDS"),
        (&[("headers", "{x-forwarded-proto: http}")], "DENY"),
        (&[("headers", "{x-forwarded-proto: https}"), ("source", PLAINTEXT)], "ALLOW"),
    ]);
}

#[test]
fn r50_headers_with_a_slot_of_their_own_are_joined() {
    when("request.headers[user-agent]", "b").says(&[(&[("headers", "{user-agent: [a, b]}")], "DENY")]);
    when("request.headers[user-agent]", "'a,b'").says(&[(&[("headers", "{user-agent: [a, b]}")], "ALLOW")]);
    when("request.headers[x-role]", "b").says(&[(&[("headers", "{x-role: [a, b]}")], "ALLOW")]);
}
