//! RequestAuthentication, and what hangs on tokens.

use super::*;

#[test]
fn ob0411_tokens_nobody_reads() {
    finds(&source("ALLOW", "requestPrincipals: ['*']"), &["OB0411"]);
    finds(&condition("ALLOW", "request.auth.claims[a]", "b"), &["OB0411"]);
    finds(&(source("ALLOW", "requestPrincipals: ['*']") + TOKENS), &[]);
}

fn tokens(rule: &str) -> String {
    security("RequestAuthentication", "r", &format!("{{jwtRules: [{{{rule}}}]}}"))
}

#[test]
fn ob0302_jwks_and_jwks_uri() {
    let keys = "jwks: '{\"keys\": [{\"kty\": \"RSA\", \"n\": \"AQAB\", \"e\": \"AQAB\"}]}'";
    finds(&tokens(&format!("issuer: i, jwksUri: 'https://x', {keys}")), &["OB0302"]);
    finds(&tokens(&format!("issuer: i, jwks_uri: 'https://x', {keys}")), &["OB0302"]);
    finds(&tokens(&format!("issuer: i, {keys}")), &[]);
    finds(&tokens("issuer: i, jwksUri: 'https://x'"), &[]);
}

#[test]
fn ob0418_key_sets() {
    finds(&tokens("issuer: i, jwks: 'keys: []'"), &["OB0418"]);
    finds(&tokens("issuer: i, jwks: '{\"keys\": [{\"kty\": \"RSA\"}]}'"), &["OB0418"]);
    let text = tokens("").replace("{jwtRules: [{}]}", "\n  jwtRules:\n  - issuer: i\n    jwks: |\n      {}");
    let decoded = decode::manifests("p.yaml", &text, "foo");
    let findings = lint(&decoded.set, &decoded.others);
    let places: Vec<_> = findings.iter().map(|one| (one.code, one.place.line, one.path.as_str())).collect();
    assert_eq!(places, [("OB0418", 9, "spec.jwtRules[0].jwks")], "{text}");
}

#[test]
fn private_keys_are_warned_about_as_istio_does() {
    let with = |own: &str| {
        tokens(&format!(
            "issuer: i, jwks: '{{\"keys\": [{{\"kty\": \"RSA\", \"n\": \"AQAB\", \"e\": \"AQAB\"{own}}}]}}'"
        ))
    };
    finds(&with(", \"d\": \"AQAB\""), &["IST0133"]);
    finds(&with(""), &[]);
}

/// A Deployment of istiod with this environment.
fn istiod(app: &str, env: &str) -> String {
    let spec = format!("spec: {{template: {{spec: {{containers: [{{name: discovery, env: [{env}]}}]}}}}}}");
    object("Deployment", &format!("name: istiod, namespace: istio-system, labels: {{app: {app}}}"), &spec)
}

#[test]
fn ist0175_keys_from_anywhere() {
    let fetched = tokens("issuer: i, jwksUri: 'https://x'");
    finds(&(fetched.clone() + &istiod("istiod", "")), &["IST0175"]);
    finds(&(tokens("issuer: 'https://x'") + &istiod("istiod", "")), &["IST0175"]);
    finds(&(fetched.clone() + &istiod("istiod", "{name: BLOCKED_CIDRS_IN_JWKS_URIS, value: ''}")), &["IST0175"]);
    finds(&(fetched.clone() + &istiod("istiod", "{name: BLOCKED_CIDRS_IN_JWKS_URIS, value: 10.0.0.0/8}")), &[]);
    finds(&(fetched.clone() + &istiod("istiod", "{name: BLOCKED_CIDRS_IN_JWKS_URIS, valueFrom: {}}")), &[]);
    finds(&(fetched.clone() + &istiod("other", "")), &[]);
    finds(&fetched, &[]);
    let inline = "issuer: i, jwks: '{\"keys\": [{\"kty\": \"RSA\", \"n\": \"AQAB\", \"e\": \"AQAB\"}]}'";
    finds(&(tokens(inline) + &istiod("istiod", "")), &[]);
}

/// A VirtualService at the gateway `g` that routes by this header.
fn route(gateways: &str, header: &str) -> String {
    let spec = format!(
        "spec: {{hosts: [a.b.c], gateways: [{gateways}], http: [{{match: [{{headers: {{'{header}': {{exact: x}}}}}}]}}]}}"
    );
    object("VirtualService", "name: v, namespace: foo", &spec)
}

const GATEWAY: &str = "---\nkind: Gateway\napiVersion: networking.istio.io/v1\nmetadata: {name: g, namespace: foo}\nspec: {selector: {istio: ingress}}\n";
const PROXY: &str = "---\nkind: Deployment\napiVersion: apps/v1\nmetadata: {name: in, namespace: gates}\nspec: {template: {metadata: {labels: {istio: ingress}}}}\n";

#[test]
fn ist0149_routes_by_claims() {
    let around = format!("{GATEWAY}{PROXY}");
    for (gateways, header) in [
        ("g", "@request.auth.claims.role"),
        ("foo/g", "@request.auth.claims[role][x]"),
        ("mesh, g", "@Request.Auth.Claims.role"),
    ] {
        finds(&(route(gateways, header) + &around), &["IST0149"]);
    }
    for (gateways, header) in [
        ("mesh", "@request.auth.claims.role"),
        ("other", "@request.auth.claims.role"),
        ("g", "x-role"),
        ("g", "@request.auth.claims."),
        ("g", "@request.auth.claims[]"),
    ] {
        finds(&(route(gateways, header) + &around), &[]);
    }
    let without = route("g", "@request.auth.claims.a");
    finds(&(without.replace("headers:", "withoutHeaders:") + &around), &["IST0149"]);
    finds(&(without.clone() + GATEWAY), &[]);
    finds(&(without.clone() + PROXY), &[]);
    let reader = |namespace: &str, spec: &str| {
        let text = security("RequestAuthentication", "r", &format!("{{jwtRules: [{{issuer: i}}]{spec}}}"));
        without.clone() + &around + &text.replace("namespace: foo", &format!("namespace: {namespace}"))
    };
    finds(&reader("gates", ""), &[]);
    finds(&reader("istio-system", ""), &[]);
    finds(&reader("gates", ", selector: {matchLabels: {istio: ingress}}"), &[]);
    finds(&reader("foo", ""), &["IST0149"]);
    finds(&reader("istio-system", ", selector: {matchLabels: {istio: other}}"), &["IST0149"]);
    finds(&reader("gates", ", targetRefs: [{kind: Service, name: s}]"), &["IST0149"]);
    finds(&(reader("mesh-root", "") + &mesh_config(&["rootNamespace: mesh-root"])), &[]);
}

#[test]
fn ist0149_names_the_place_in_the_virtual_service() {
    let text = format!("{}{GATEWAY}{PROXY}", route("g", "@request.auth.claims.role"));
    let decoded = decode::manifests("v.yaml", &text, "foo");
    let findings = lint(&decoded.set, &decoded.others);
    let [finding] = findings.as_slice() else { panic!("{findings:?}") };
    assert_eq!((finding.place.file.as_ref(), finding.place.line, finding.object.as_str()), ("v.yaml", 5, "foo/v"));
    assert_eq!(finding.path, "spec.http[0].match[0].headers.@request.auth.claims.role");
    assert_eq!(
        finding.message,
        "`@request.auth.claims.role` is never there, because no RequestAuthentication reaches gates/in of gateway foo/g"
    );
}
