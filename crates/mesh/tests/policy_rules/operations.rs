//! R28–R36: paths, methods, hosts, ports, and what is missing.

use crate::scene::{Scene, policy, tcp};

fn operation(fields: &str) -> Scene {
    policy(&format!("{{rules: [{{to: [{{operation: {{{fields}}}}}]}}]}}"))
}

#[track_caller]
fn paths(values: &str, mesh: &str, table: &[(&str, &str)]) {
    let scene = operation(&format!("paths: [{values}]")).mesh(mesh);
    for (path, wanted) in table {
        scene.says(&[(&[("path", path)], wanted)]);
    }
}

#[test]
fn r28_the_query_is_no_part_of_the_path() {
    paths("/a", "{}", &[("'/a?x=1'", "ALLOW"), ("'/a?'", "ALLOW"), ("'/b?/a'", "DENY")]);
    paths("'/a?x=1'", "{}", &[("'/a?x=1'", "DENY")]);
    paths("'*/end'", "{}", &[("'/x?y=/end'", "DENY"), ("'/x/end?y'", "ALLOW")]);
}

#[test]
fn r29_paths_are_compared_after_normalization() {
    paths(
        "/a/b",
        "{}",
        &[("/a/./b", "ALLOW"), ("/a/x/../b", "ALLOW"), ("'/a\\b'", "ALLOW"), ("/a/%62", "ALLOW"), ("/a%2Fb", "DENY")],
    );
    paths("/a/b", "{pathNormalization: NONE}", &[("/a/./b", "DENY"), ("/a/b", "ALLOW"), ("/a/%62", "DENY")]);
    paths("/a/b", "{pathNormalization: DEFAULT}", &[("/a//b", "DENY"), ("/a/./b", "ALLOW")]);
    paths("/a/b", "{pathNormalization: MERGE_SLASHES}", &[("/a//b", "ALLOW"), ("//a/b", "ALLOW"), ("/a%2Fb", "DENY")]);
    paths("/a/b", "{pathNormalization: DECODE_AND_MERGE_SLASHES}", &[("/a%2Fb", "ALLOW"), ("/a%5c%2fb", "ALLOW")]);
}

#[test]
fn r29_releases_differ_in_dots_with_parameters() {
    let admin = "/public/..;/admin";
    paths("/admin", "{}", &[(admin, "ALLOW")]);
    paths("/admin", "{proxyVersion: 1.39.1}", &[(admin, "ALLOW")]);
    paths("/admin", "{proxyVersion: 1.39.0}", &[(admin, "DENY")]);
    paths("/admin", "{pathNormalization: NONE}", &[(admin, "DENY")]);
}

#[test]
fn r29_paths_that_the_proxy_refuses() {
    let refused = ["/ä", "a/b", "/a%00"].map(|path| (path, "DENY by invalid path"));
    paths("'*'", "{}", &refused);
    paths("'*'", "{pathNormalization: NONE}", &[("/a%00", "ALLOW"), ("a/b", "DENY by invalid path")]);
}

#[test]
fn r29_fragments_are_cut_off_because_istio_says_so() {
    for mode in ["{}", "{pathNormalization: NONE}"] {
        paths("/a", mode, &[("'/a#b'", "ALLOW"), ("'/a#/../b'", "ALLOW"), ("'/b#/a'", "DENY")]);
    }
}

#[test]
fn r29_dots_from_escapes_keep_their_parameters() {
    paths("/b", "{}", &[("/a/..;x/b", "ALLOW"), ("/a/%2e.;x/b", "DENY"), ("/a/%2e%2e/b", "ALLOW")]);
}

#[test]
fn r30_templates() {
    paths("'/a/{**}'", "{}", &[("/a/", "ALLOW"), ("/a/b/c", "ALLOW"), ("/a", "DENY"), ("/b/a/", "DENY")]);
    paths("'/a/{*}'", "{}", &[("/a/b", "ALLOW"), ("/a/", "DENY"), ("/a/b/c", "DENY"), ("/a/b/", "DENY")]);
    paths(
        "'/foo/{*}/bar/{**}'",
        "{}",
        &[("/foo/x/bar/", "ALLOW"), ("/foo/x/bar/y/z", "ALLOW"), ("/foo/x/y/bar/", "DENY")],
    );
    paths(
        "'/store/{**}/cart'",
        "{}",
        &[("/store/a/cart", "ALLOW"), ("/store/cart", "DENY"), ("/store/a/b/cart", "ALLOW")],
    );
    paths("'/a/{*}'", "{}", &[("'/a/b?x'", "ALLOW"), ("/a/./b", "ALLOW")]);
    operation("notPaths: ['/a/{*}']").says(&[(&[("path", "/a/b")], "DENY"), (&[("path", "/a")], "ALLOW")]);
}

#[test]
fn r31_template_operators_take_path_characters_only() {
    paths("'/a/{*}'", "{}", &[("'/a/[b]'", "DENY"), ("'/a/b;c=1'", "ALLOW"), ("'/a/b*'", "ALLOW")]);
    paths("'/a/{*}'", "{proxyVersion: 1.34.0}", &[("'/a/b*'", "DENY"), ("/a/b", "ALLOW")]);
    paths("'/a/{*}'", "{proxyVersion: 1.33.3}", &[("'/a/b*'", "ALLOW")]);
    paths("'/foo/{**}/'", "{}", &[("/foo/bar/baz.txt", "DENY"), ("/foo/bar/", "ALLOW")]);
    paths("'/a.b/{*}'", "{}", &[("/a.b/c", "ALLOW"), ("/axb/c", "DENY")]);
}

#[test]
fn r31_a_template_that_envoy_refuses_is_told() {
    let report = operation("paths: ['a/{*}']").report(&crate::scene::request(&[]));
    assert_eq!(report.outcome.warnings.len(), 1, "{report:?}");
}

#[test]
fn r32_methods_are_texts() {
    operation("methods: [GET, 'P*']").says(&[
        (&[], "ALLOW"),
        (&[("method", "PUT")], "ALLOW"),
        (&[("method", "PATCH")], "ALLOW"),
        (&[("method", "DELETE")], "DENY"),
    ]);
    operation("notMethods: [GET]").says(&[(&[], "DENY"), (&[("method", "PUT")], "ALLOW")]);
    operation("methods: ['*']").says(&[(&[("method", "ANY")], "ALLOW")]);
}

#[test]
fn r33_grpc_is_post_to_a_method_path() {
    let scene = operation("paths: [/shop.Cart/Add], methods: [POST]");
    let grpc = ("protocol", "grpc");
    scene.says(&[
        (&[grpc, ("path", "/shop.Cart/Add"), ("method", "")], "ALLOW by foo/p rule[0]"),
        (&[grpc, ("path", "/shop.Cart/Drop"), ("method", "")], "DENY"),
    ]);
    operation("paths: ['/shop.Cart/*']").says(&[(&[grpc, ("path", "/shop.Cart/Add"), ("method", "")], "ALLOW")]);
    operation("methods: [GET]").says(&[(&[grpc, ("path", "/x.Y/Z"), ("method", "")], "DENY")]);
}

#[test]
fn r34_hosts_are_the_whole_authority() {
    operation("hosts: [a.com]").says(&[
        (&[("host", "a.com")], "ALLOW"),
        (&[("host", "'a.com:8080'")], "DENY"),
        (&[("host", "x.a.com")], "DENY"),
    ]);
    operation("hosts: [a.com, 'a.com:*']")
        .says(&[(&[("host", "'a.com:8080'")], "ALLOW"), (&[("host", "a.com")], "ALLOW")]);
    operation("hosts: ['*.a.com']").says(&[
        (&[("host", "x.a.com")], "ALLOW"),
        (&[("host", "a.com")], "DENY"),
        (&[("host", "'x.a.com:80'")], "DENY"),
    ]);
    operation("notHosts: [a.com]").says(&[(&[("host", "a.com")], "DENY"), (&[("host", "b.com")], "ALLOW")]);
    operation("hosts: [h.]").says(&[(&[("host", "h")], "DENY")]);
}

#[test]
fn r35_ports_are_local_ports() {
    let on = |port: u16| format!("{{ip: 10.2.0.22, port: {port}}}");
    operation("ports: ['8080', '0090']").says(&[
        (&[], "ALLOW"),
        (&[("destination", &on(90))], "ALLOW"),
        (&[("destination", &on(80))], "DENY"),
        (&tcp(&[("destination", &on(8080))]), "ALLOW"),
    ]);
    operation("notPorts: ['8080']").says(&[(&[], "DENY"), (&[("destination", &on(80))], "ALLOW")]);
}

#[test]
fn r36_what_is_missing_satisfies_only_the_negative_form() {
    let header = |side: &str| policy(&format!("{{rules: [{{when: [{{key: 'request.headers[x]', {side}: [a]}}]}}]}}"));
    header("values").says(&[(&[], "DENY"), (&[("headers", "{x: a}")], "ALLOW")]);
    header("notValues").says(&[
        (&[], "ALLOW"),
        (&[("headers", "{x: a}")], "DENY"),
        (&[("headers", "{x: b}")], "ALLOW"),
    ]);
    let claim = |side: &str| {
        policy(&format!("{{rules: [{{when: [{{key: 'request.auth.claims[c]', {side}: [a]}}]}}]}}"))
            .tokens("r", "{issuer: i}")
    };
    claim("values").says(&[(&[], "DENY")]);
    claim("notValues").says(&[(&[], "ALLOW"), (&[("jwt", "{valid: true, claims: {iss: i}}")], "ALLOW")]);
}
