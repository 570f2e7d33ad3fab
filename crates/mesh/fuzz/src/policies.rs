//! Policies from bytes, as YAML, so that whatever is found can be read and made a test of. The words are those of
//! `requests`, so that they meet.

use crate::bytes::Bytes;

type Field = (&'static str, &'static str, &'static [&'static str]);

const SOURCES: [Field; 7] = [
    ("principals", "notPrincipals", &["*", "td/ns/a/sa/x", "*/sa/x", "td/*", "cluster.local/ns/a/sa/x", "spiffe://td"]),
    ("requestPrincipals", "notRequestPrincipals", &["*", "i/*", "i/s", "*s", "*/s", "j/t"]),
    ("namespaces", "notNamespaces", &["a", "b*", "*", "*a", "a*b"]),
    ("serviceAccounts", "notServiceAccounts", &["x", "a/x", "b/y", "*"]),
    ("trustDomains", "notTrustDomains", &["td", "*", "t*", "other", "cluster.local"]),
    ("ipBlocks", "notIpBlocks", &["10.0.0.0/8", "10.1.0.0/16", "1.2.3.4", "::/0", "no"]),
    ("remoteIpBlocks", "notRemoteIpBlocks", &["10.0.0.0/8", "1.2.3.4", "0.0.0.0/0"]),
];
const OPERATIONS: [Field; 4] = [
    ("hosts", "notHosts", &["h", "*.h", "H*", "*", "x.h:80"]),
    ("ports", "notPorts", &["80", "8080", "443", "0080", "99999"]),
    ("methods", "notMethods", &["GET", "P*", "*", "*T"]),
    (
        "paths",
        "notPaths",
        &["/a", "/a*", "*b", "/a/{*}", "/{**}", "*", "/a/{**}/b", "/A", "/%2F", "/a/..", "", "/{*}b"],
    ),
];
const CONDITIONS: [(&str, &[&str]); 20] = [
    ("source.ip", &["10.0.0.0/8", "1.2.3.4"]),
    ("remote.ip", &["10.1.0.0/16", "::1"]),
    ("source.namespace", &["a", "b"]),
    ("source.principal", &["*", "td/ns/a/sa/x"]),
    ("source.serviceAccount", &["a/x"]),
    ("source.trustDomain", &["td", "*"]),
    ("destination.port", &["80", "8080"]),
    ("destination.ip", &["10.0.0.0/8"]),
    ("connection.sni", &["*", "s.h"]),
    ("request.headers[x]", &["1", "1*", "*", "*2"]),
    ("request.headers[:path]", &["/a*", "*b"]),
    ("request.headers[:method]", &["GET"]),
    ("request.headers[host]", &["h", "H*"]),
    ("request.headers[x-forwarded-proto]", &["http", "https"]),
    ("request.auth.principal", &["i/s", "*"]),
    ("request.auth.claims[g]", &["p", "q*"]),
    ("request.auth.claims[g][h]", &["p"]),
    ("request.auth.audiences", &["me", "you"]),
    ("experimental.envoy.filters.a.b[k]", &["v", "[v]", "*"]),
    ("no.such.key", &["1"]),
];
const OTHERS: [(&str, &str); 7] = [
    ("RequestAuthentication", "{jwtRules: [{issuer: i}]}"),
    ("RequestAuthentication", "{jwtRules: [{issuer: i, audiences: [me]}, {issuer: j, spaceDelimitedClaims: [g]}]}"),
    (
        "RequestAuthentication",
        "{jwtRules: [{issuer: i, spaceDelimitedClaims: [g, aud]}, {issuer: i, audiences: [you]}]}",
    ),
    ("PeerAuthentication", "{mtls: {mode: STRICT}}"),
    (
        "PeerAuthentication",
        "{selector: {matchLabels: {app: a}}, mtls: {mode: STRICT}, portLevelMtls: {80: {mode: PERMISSIVE}}}",
    ),
    (
        "PeerAuthentication",
        "{selector: {matchLabels: {app: a}}, portLevelMtls: {80: {mode: STRICT}, 443: {mode: DISABLE}}}",
    ),
    ("PeerAuthentication", "{mtls: {mode: DISABLE}}"),
];
/// Where a policy is and what it is for; all but the last three reach a sidecar of foo with the label `app: a`.
const TARGETS: [(&str, &str); 7] = [
    ("foo", ""),
    ("istio-system", ""),
    ("foo", "selector: {matchLabels: {app: a}}"),
    ("istio-system", "selector: {matchLabels: {app: a}}"),
    ("foo", "selector: {matchLabels: {app: b}}"),
    ("other", ""),
    ("foo", "targetRefs: [{kind: Service, group: '', name: s}]"),
];

/// One to four documents with names of their own.
pub fn policies(bytes: &mut Bytes<'_>) -> String {
    let mut documents = Vec::new();
    for number in 0..=bytes.below(3) {
        let action = bytes.pick(&["ALLOW", "DENY", "ALLOW", "DENY", "AUDIT", "CUSTOM", "ALLOW", "DENY"]);
        let (namespace, target) = bytes.pick(&TARGETS);
        let dry_run = bytes.one_in(12);
        let rules: Vec<String> = (0..=bytes.below(3)).map(|_| rule(bytes)).collect();
        documents.push(policy(&format!("p{number}"), namespace, target, action, dry_run, &rules.join(", ")));
    }
    if bytes.one_in(3) {
        let (kind, spec) = bytes.pick(&OTHERS);
        let namespace = bytes.pick(&["foo", "istio-system"]);
        documents.push(document(kind, "r", namespace, "", spec));
    }
    documents.join("---\n")
}

/// One AuthorizationPolicy.
pub fn policy(name: &str, namespace: &str, target: &str, action: &str, dry_run: bool, rules: &str) -> String {
    let provider = if action == "CUSTOM" { ", provider: {name: ext}" } else { "" };
    let target = if target.is_empty() { String::new() } else { format!(", {target}") };
    let annotations = if dry_run { ", annotations: {istio.io/dry-run: 'true'}" } else { "" };
    let spec = format!("{{action: {action}{provider}{target}, rules: [{rules}]}}");
    document("AuthorizationPolicy", name, namespace, annotations, &spec)
}

fn document(kind: &str, name: &str, namespace: &str, more: &str, spec: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}{more}}}\nspec: {spec}\n"
    )
}

fn rule(bytes: &mut Bytes<'_>) -> String {
    if bytes.one_in(40) {
        return "null".to_owned();
    }
    let mut fields = Vec::new();
    for (name, inner, pool) in [("from", "source", &SOURCES[..]), ("to", "operation", &OPERATIONS[..])] {
        let parts: Vec<String> = (0..bytes.below(3)).map(|_| part(bytes, inner, pool)).collect();
        if !parts.is_empty() {
            fields.push(format!("{name}: [{}]", parts.join(", ")));
        }
    }
    if bytes.one_in(3) {
        let conditions: Vec<String> = (0..=bytes.below(2)).map(|_| condition(bytes)).collect();
        fields.push(format!("when: [{}]", conditions.join(", ")));
    }
    format!("{{{}}}", fields.join(", "))
}

fn part(bytes: &mut Bytes<'_>, inner: &str, pool: &[Field]) -> String {
    match bytes.below(32) {
        30 => return "null".to_owned(),
        31 => return "{}".to_owned(),
        _ => {}
    }
    let mut names: Vec<&str> = Vec::new();
    let mut fields = Vec::new();
    for _ in 0..=bytes.below(2) {
        let (positive, negative, words) = bytes.pick(pool);
        let name = if bytes.one_in(4) { negative } else { positive };
        if !names.contains(&name) {
            names.push(name);
            fields.push(format!("{name}: {}", values(bytes, words)));
        }
    }
    format!("{{{inner}: {{{}}}}}", fields.join(", "))
}

fn condition(bytes: &mut Bytes<'_>) -> String {
    let (key, words) = bytes.pick(&CONDITIONS);
    let side = if bytes.one_in(3) { "notValues" } else { "values" };
    format!("{{key: '{key}', {side}: {}}}", values(bytes, words))
}

fn values(bytes: &mut Bytes<'_>, words: &[&str]) -> String {
    let values: Vec<String> = (0..=bytes.below(2)).map(|_| format!("'{}'", bytes.word(words))).collect();
    format!("[{}]", values.join(", "))
}
