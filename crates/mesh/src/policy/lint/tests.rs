mod ambient;
mod mesh;
mod tokens;

use super::*;
use crate::policy::decode;

fn codes_of(text: &str) -> Vec<&'static str> {
    let decoded = decode::manifests("p.yaml", text, "foo");
    assert!(decoded.findings.iter().all(|finding| finding.code == "OB0109"), "{:?}", decoded.findings);
    let mut codes: Vec<&str> = lint(&decoded.set, &decoded.others).into_iter().map(|finding| finding.code).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}

fn policy(spec: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p, namespace: foo}}\nspec: {spec}\n"
    )
}

fn source(action: &str, fields: &str) -> String {
    policy(&format!("{{action: {action}, rules: [{{from: [{{source: {{{fields}}}}}]}}]}}"))
}

fn operation(fields: &str) -> String {
    policy(&format!("{{rules: [{{to: [{{operation: {{{fields}}}}}]}}]}}"))
}

fn condition(action: &str, key: &str, values: &str) -> String {
    policy(&format!("{{action: {action}, rules: [{{when: [{{key: '{key}', values: [{values}]}}]}}]}}"))
}

/// An object of the security API in the namespace `foo`.
fn security(kind: &str, name: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: security.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: foo}}\nspec: {spec}\n"
    )
}

/// Any other object; `rest` is all that follows `metadata`.
fn object(kind: &str, meta: &str, rest: &str) -> String {
    let version = match kind {
        "DestinationRule" | "VirtualService" | "ServiceEntry" => "networking.istio.io/v1",
        _ => "v1",
    };
    format!("---\nkind: {kind}\napiVersion: {version}\nmetadata: {{{meta}}}\n{rest}\n")
}

/// MeshConfig with these lines.
fn mesh_config(lines: &[&str]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("    {line}\n")).collect();
    let data = format!("data:\n  mesh: |-\n    accessLogFile: ''\n{}", lines.concat());
    object("ConfigMap", "name: istio, namespace: istio-system", &data)
}

#[track_caller]
fn finds(text: &str, codes: &[&str]) {
    assert_eq!(codes_of(text), codes, "{text}");
}

const SERVICE: &str = "---\nkind: Service\napiVersion: v1\nmetadata: {name: s, namespace: foo}\nspec:\n  selector: {app: a}\n  ports:\n  - {name: http-web, port: 80, targetPort: 8080}\n";
const TCP_SERVICE: &str = "---\nkind: Service\napiVersion: v1\nmetadata: {name: db, namespace: foo}\nspec:\n  selector: {app: a}\n  ports:\n  - {name: mysql, port: 3306}\n";
const TOKENS: &str = "---\napiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: r, namespace: foo}\nspec: {jwtRules: [{issuer: 'https://x/'}]}\n";

#[test]
fn a_plain_policy_is_fine() {
    finds(&operation("paths: [/a, '/b*', '/c/{*}'], methods: [GET, 'P*'], ports: ['8080']"), &[]);
    finds(&source("ALLOW", "principals: [td/ns/a/sa/b, '*'], namespaces: ['a*b']"), &[]);
}

#[test]
fn ob0401_template_without_leading_slash() {
    finds(&operation("paths: ['a/{*}']"), &["OB0401"]);
    finds(&operation("paths: ['/a/{*}']"), &[]);
}

#[test]
fn ob0402_star_in_the_middle() {
    for text in [
        operation("paths: ['/a/*/b']"),
        operation("paths: ['*a*']"),
        operation("hosts: ['a.*.b']"),
        operation("methods: ['G*T']"),
        source("ALLOW", "principals: ['td/ns/*/sa/a']"),
        condition("ALLOW", "request.headers[x]", "'a*b'"),
        condition("ALLOW", "source.principal", "'td/ns/*/sa/a'"),
    ] {
        finds(&text, &["OB0402"]);
    }
}

#[test]
fn ob0403_spiffe_prefix() {
    finds(&source("ALLOW", "principals: ['spiffe://td/ns/a/sa/b']"), &["OB0403"]);
    finds(&condition("ALLOW", "source.principal", "'spiffe://td/ns/a/sa/b'"), &["OB0403"]);
}

#[test]
fn ob0404_and_kia0102_methods() {
    finds(&operation("methods: [get]"), &["OB0404"]);
    finds(&operation("methods: [FETCH]"), &["KIA0102"]);
    finds(&operation("methods: [GET, '*', 'P*']"), &[]);
}

#[test]
fn ob0405_issuers() {
    let with = |value: &str| source("ALLOW", &format!("requestPrincipals: ['{value}']")) + TOKENS;
    finds(&with("https://*"), &["OB0405"]);
    finds(&with("https://x/*"), &["OB0405"]);
    finds(&with("https://x//*"), &[]);
    finds(&with("alone"), &["OB0405"]);
    finds(&with("*"), &[]);
}

#[test]
fn ob0406_claims_of_other_types() {
    for value in ["'true'", "'7'", "'1.5'"] {
        finds(&(condition("ALLOW", "request.auth.claims[a]", value) + TOKENS), &["OB0406"]);
    }
    finds(&(condition("ALLOW", "request.auth.claims[a]", "yes1") + TOKENS), &[]);
}

#[test]
fn ob0407_hosts_without_port() {
    finds(&operation("hosts: [a.com]"), &["OB0407"]);
    finds(&operation("notHosts: ['*.a.com']"), &["OB0407"]);
    finds(&operation("hosts: [a.com, 'a.com:*']"), &[]);
    finds(&operation("hosts: ['a*']"), &[]);
}

#[test]
fn ob0408_service_ports() {
    finds(&(operation("ports: ['80']") + SERVICE), &["OB0408"]);
    finds(&(operation("ports: ['8080']") + SERVICE), &[]);
    finds(&operation("ports: ['80']"), &[]);
}

#[test]
fn ob0409_http_on_tcp_ports() {
    finds(&(operation("paths: [/a]") + TCP_SERVICE), &["OB0409"]);
    finds(&(operation("paths: [/a], ports: ['8080']") + TCP_SERVICE), &[]);
    finds(&(operation("paths: [/a]") + SERVICE), &[]);
}

#[test]
fn ob0410_only_negative() {
    finds(&source("ALLOW", "notNamespaces: [a]"), &["OB0410"]);
    finds(&(source("ALLOW", "notRequestPrincipals: ['https://x//s']") + TOKENS), &["OB0410"]);
    finds(&source("ALLOW", "notNamespaces: [a], principals: ['*']"), &[]);
    finds(&source("DENY", "notPrincipals: ['*']"), &[]);
}

#[test]
fn ob0414_deny_by_http_conditions() {
    finds(&condition("DENY", "request.headers[x]", "a"), &["OB0414"]);
    finds(&condition("ALLOW", "request.headers[x]", "a"), &[]);
    let with_port = "{action: DENY, rules: [{when: [{key: 'request.headers[x]', values: [a]}, {key: destination.port, values: ['80']}]}]}";
    finds(&policy(with_port), &[]);
}

#[test]
fn ob0415_providers() {
    let mesh = "---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |-\n    extensionProviders:\n    - name: ext\n      envoyExtAuthzGrpc: {service: x, port: 1}\n";
    let custom = |name: &str| policy(&format!("{{action: CUSTOM, provider: {{name: {name}}}, rules: [{{}}]}}"));
    finds(&(custom("other") + mesh), &["OB0415"]);
    finds(&(custom("ext") + mesh), &[]);
    finds(&custom("other"), &[]);
}

#[test]
fn ob0416_paths_that_no_request_has() {
    for path in ["a", "'/a?b'", "/a/../b", "'/a/%61'", "'/a#b'"] {
        finds(&operation(&format!("paths: [{path}]")), &["OB0416"]);
    }
    finds(&operation("paths: ['*.html', '/a%2Fb']"), &[]);
}

#[test]
fn fixes_are_offered_where_they_are_certain() {
    let decoded = decode::manifests("p.yaml", &operation("methods: [get], paths: ['a/{*}']"), "foo");
    let fixes: Vec<Fix> = lint(&decoded.set, &[]).into_iter().filter_map(|finding| finding.fix).collect();
    let fix = |old: &str, new: &str| Fix { old: old.into(), new: new.into() };
    assert_eq!(fixes, [fix("get", "GET"), fix("a/{*}", "/a/{*}")]);
}

#[test]
fn every_code_is_in_the_catalogue_and_has_its_page() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy");
    for (entry, meaning) in codes::all() {
        let page = std::fs::read_to_string(format!("{docs}/{}.md", entry.code)).unwrap_or_default();
        assert_eq!(
            page,
            codes::page(entry, meaning),
            "docs/policy/{}.md: write it with the example `policy_codes`",
            entry.code
        );
    }
    let mut sorted: Vec<&str> = codes::all().map(|(entry, _)| entry.code).collect();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), codes::all().count());
}
