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

#[track_caller]
fn finds(text: &str, codes: &[&str]) {
    assert_eq!(codes_of(text), codes, "{text}");
}

const SERVICE: &str = "---\nkind: Service\napiVersion: v1\nmetadata: {name: s, namespace: foo}\nspec:\n  selector: {app: a}\n  ports:\n  - {name: http-web, port: 80, targetPort: 8080}\n";
const TCP_SERVICE: &str = "---\nkind: Service\napiVersion: v1\nmetadata: {name: db, namespace: foo}\nspec:\n  selector: {app: a}\n  ports:\n  - {name: mysql, port: 3306}\n";
const TOKENS: &str = "---\napiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {name: r, namespace: foo}\nspec: {jwtRules: [{issuer: 'https://x/'}]}\n";
const AMBIENT: &str =
    "---\nkind: Namespace\napiVersion: v1\nmetadata: {name: foo, labels: {istio.io/dataplane-mode: ambient}}\n";
const WAYPOINT: &str = "---\nkind: Namespace\napiVersion: v1\nmetadata: {name: foo, labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: wp}}\n";

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
fn ob0411_tokens_nobody_reads() {
    finds(&source("ALLOW", "requestPrincipals: ['*']"), &["OB0411"]);
    finds(&condition("ALLOW", "request.auth.claims[a]", "b"), &["OB0411"]);
    finds(&(source("ALLOW", "requestPrincipals: ['*']") + TOKENS), &[]);
}

#[test]
fn ob0412_kia0109_kia0110_layer_7_in_ambient() {
    let deny = policy("{action: DENY, rules: [{to: [{operation: {paths: [/a], notPorts: []}}]}]}");
    assert!(codes_of(&(deny.clone() + AMBIENT)).starts_with(&["IST0133", "KIA0109", "OB0412"]));
    finds(&(operation("paths: [/a]") + AMBIENT), &["KIA0109"]);
    finds(&(operation("paths: [/a]") + WAYPOINT), &["KIA0110"]);
    finds(&(operation("ports: ['80']") + AMBIENT), &[]);
    let by_ref = policy("{targetRefs: [{kind: Service, name: s}], rules: [{to: [{operation: {paths: [/a]}}]}]}");
    finds(&(by_ref + WAYPOINT), &[]);
}

#[test]
fn ob0413_ob0417_in_ambient() {
    let ambient = format!("{AMBIENT}---\nkind: Namespace\napiVersion: v1\nmetadata: {{name: axb}}\n");
    finds(&(source("ALLOW", "namespaces: ['a*b']") + &ambient), &["OB0413"]);
    assert!(codes_of(&(source("ALLOW", "trustDomains: [td]") + AMBIENT)).contains(&"OB0413"));
    finds(&(policy("{selector: {}, rules: [{}]}") + AMBIENT), &["IST0133", "OB0417"]);
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
fn fixes_are_offered_where_they_are_certain() {
    let decoded = decode::manifests("p.yaml", &operation("methods: [get], paths: ['a/{*}']"), "foo");
    let fixes: Vec<Fix> = lint(&decoded.set, &[]).into_iter().filter_map(|finding| finding.fix).collect();
    let fix = |old: &str, new: &str| Fix { old: old.into(), new: new.into() };
    assert_eq!(fixes, [fix("get", "GET"), fix("a/{*}", "/a/{*}")]);
}

#[test]
fn every_code_is_in_the_catalogue_and_has_its_page() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy");
    for entry in codes::CODES {
        let page = std::fs::read_to_string(format!("{docs}/{}.md", entry.code)).unwrap_or_default();
        assert_eq!(page, codes::page(entry), "docs/policy/{}.md: write it with the example `policy_codes`", entry.code);
    }
    let mut sorted: Vec<&str> = codes::CODES.iter().map(|entry| entry.code).collect();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), codes::CODES.len());
}
