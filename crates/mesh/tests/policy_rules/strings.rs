//! R24–R27: how texts are compared.

use crate::scene::{Scene, policy, principal};

fn paths(values: &str) -> Scene {
    policy(&format!("{{rules: [{{to: [{{operation: {{paths: [{values}]}}}}]}}]}}"))
}

#[track_caller]
fn path_table(values: &str, table: &[(&str, &str)]) {
    for (path, wanted) in table {
        paths(values).says(&[(&[("path", path)], wanted)]);
    }
}

#[test]
fn r24_exact_prefix_suffix_and_presence() {
    path_table("/abc", &[("/abc", "ALLOW"), ("/abcd", "DENY"), ("/ab", "DENY")]);
    path_table("'/abc*'", &[("/abc", "ALLOW"), ("/abcd", "ALLOW"), ("/abx", "DENY")]);
    path_table("'*abc'", &[("/abc", "ALLOW"), ("/xabc", "ALLOW"), ("/abcd", "DENY")]);
    path_table("'*'", &[("/", "ALLOW"), ("/abc", "ALLOW")]);
}

#[test]
fn r25_a_star_is_special_at_the_ends_only() {
    path_table("'/a/*/c'", &[("/a/b/c", "DENY"), ("/a/*/c", "ALLOW")]);
    path_table("'*a*'", &[("/a*", "ALLOW"), ("/xax", "DENY"), ("/a", "DENY")]);
    let headers =
        |value: &str| policy(&format!("{{rules: [{{when: [{{key: 'request.headers[x]', values: ['{value}']}}]}}]}}"));
    headers("a*b").says(&[(&[("headers", "{x: axb}")], "DENY"), (&[("headers", "{x: 'a*b'}")], "ALLOW")]);
    headers("*a*").says(&[(&[("headers", "{x: 'ba*'}")], "ALLOW"), (&[("headers", "{x: bab}")], "DENY")]);
    let hosts = policy("{rules: [{to: [{operation: {hosts: ['a*c']}}]}]}");
    hosts.says(&[(&[("host", "abc")], "DENY"), (&[("host", "a*c")], "ALLOW")]);
}

#[test]
fn r26_presence_of_a_header_includes_the_empty_value() {
    let any = policy("{rules: [{when: [{key: 'request.headers[x]', values: ['*']}]}]}");
    any.says(&[
        (&[("headers", "{x: ''}")], "ALLOW"),
        (&[("headers", "{x: a}")], "ALLOW"),
        (&[("headers", "{z: a}")], "DENY"),
        (&[], "DENY"),
    ]);
    let claim =
        policy("{rules: [{when: [{key: 'request.auth.claims[c]', values: ['*']}]}]}").tokens("r", "{issuer: i}");
    claim.says(&[
        (&[("jwt", "{valid: true, claims: {iss: i, c: a}}")], "ALLOW"),
        (&[("jwt", "{valid: true, claims: {iss: i, c: ''}}")], "DENY"),
        (&[("jwt", "{valid: true, claims: {iss: i}}")], "DENY"),
    ]);
    let sni = policy("{rules: [{when: [{key: connection.sni, values: ['*']}]}]}");
    sni.says(&[(&[("sni", "a.b")], "ALLOW"), (&[("sni", "''")], "DENY")]);
}

#[test]
fn r27_everything_but_hosts_minds_the_case() {
    path_table("/A", &[("/a", "DENY"), ("/A", "ALLOW")]);
    let methods = policy("{rules: [{to: [{operation: {methods: [get]}}]}]}");
    methods.says(&[(&[("method", "GET")], "DENY"), (&[("method", "get")], "ALLOW")]);
    let hosts = policy("{rules: [{to: [{operation: {hosts: [Example.COM, '*.Sub.com', 'pre*']}}]}]}");
    hosts.says(&[
        (&[("host", "example.com")], "ALLOW"),
        (&[("host", "EXAMPLE.com")], "ALLOW"),
        (&[("host", "A.SUB.COM")], "ALLOW"),
        (&[("host", "PREfix")], "ALLOW"),
        (&[("host", "other")], "DENY"),
    ]);
    let header = policy("{rules: [{when: [{key: 'request.headers[X-Role]', values: [Admin]}]}]}");
    header.says(&[(&[("headers", "{x-role: Admin}")], "ALLOW"), (&[("headers", "{X-ROLE: admin}")], "DENY")]);
    let source = policy("{rules: [{from: [{source: {namespaces: [NS1]}}]}]}");
    source.says(&[(&[], "DENY"), (&[("source", &principal("td/ns/NS1/sa/a"))], "ALLOW")]);
}
