//! R62–R64: RequestAuthentication.

use crate::scene::{Scene, policy, sidecar};

fn good() -> Scene {
    sidecar().tokens("r", "{issuer: i}")
}

const REFUSED: &str = "DENY by RequestAuthentication";

#[test]
fn r62_a_bad_token_is_refused_even_without_policies() {
    good().says(&[
        (&[("jwt", "{valid: false, claims: {iss: i, sub: s}}")], REFUSED),
        (&[("jwt", "{valid: true, claims: {iss: other, sub: s}}")], REFUSED),
        (&[("jwt", "{valid: true, claims: {sub: s}}")], REFUSED),
        (&[("jwt", "{valid: true, claims: {iss: i}}")], "ALLOW by default"),
    ]);
}

#[test]
fn r63_no_token_passes_without_claims() {
    good().says(&[(&[], "ALLOW by default")]);
    let wants = policy("{rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}");
    wants.clone().tokens("r", "{issuer: i}").says(&[(&[], "DENY by no ALLOW matched")]);
    let token: &[(&str, &str)] = &[("jwt", "{valid: true, claims: {iss: i, sub: s}}")];
    wants.clone().tokens("r", "{issuer: i}").says(&[(token, "ALLOW")]);
    // Without a RequestAuthentication nobody reads the token.
    wants.says(&[
        (token, "DENY by no ALLOW matched"),
        (&[("jwt", "{valid: false, claims: {iss: i}}")], "DENY by no ALLOW matched"),
    ]);
}

#[test]
fn r63_a_request_authentication_that_does_not_attach_counts_for_nothing() {
    let rule = "jwtRules: [{issuer: i}]";
    let bad: &[(&str, &str)] = &[("jwt", "{valid: false, claims: {iss: i}}")];
    let at = |namespace: &str, target: &str| {
        sidecar().object("RequestAuthentication", namespace, "r", "", &format!("{{{target}{rule}}}"))
    };
    at("foo", "selector: {matchLabels: {app: b}}, ").says(&[(bad, "ALLOW")]);
    at("foo", "selector: {matchLabels: {app: a}}, ").says(&[(bad, REFUSED)]);
    at("bar", "").says(&[(bad, "ALLOW")]);
    at("istio-system", "").says(&[(bad, REFUSED)]);
    at("foo", "targetRefs: [{kind: Service, name: s}], ").says(&[(bad, "ALLOW")]);
    let waypoint = at("foo", "targetRefs: [{kind: Service, name: s}], ").enforced_by("waypoint");
    waypoint.workload("{namespace: foo, service: s}").says(&[(bad, REFUSED)]);
}

#[test]
fn r64_one_satisfied_rule_of_all_is_enough() {
    let scene = sidecar().tokens("r", "{issuer: i}").object(
        "RequestAuthentication",
        "istio-system",
        "m",
        "",
        "{jwtRules: [{issuer: j}]}",
    );
    scene.says(&[
        (&[("jwt", "{valid: true, claims: {iss: i}}")], "ALLOW"),
        (&[("jwt", "{valid: true, claims: {iss: j}}")], "ALLOW"),
        (&[("jwt", "{valid: true, claims: {iss: k}}")], REFUSED),
    ]);
    sidecar().tokens("r", "{jwksUri: 'https://x'}").says(&[(&[("jwt", "{valid: true, claims: {iss: any}}")], "ALLOW")]);
}

#[test]
fn r64_the_audience_must_fit() {
    let scene = sidecar().tokens("r", "{issuer: i, audiences: [a, b]}");
    scene.says(&[
        (&[("jwt", "{valid: true, claims: {iss: i, aud: a}}")], "ALLOW"),
        (&[("jwt", "{valid: true, claims: {iss: i, aud: [x, b]}}")], "ALLOW"),
        (&[("jwt", "{valid: true, claims: {iss: i, aud: x}}")], REFUSED),
        (&[("jwt", "{valid: true, claims: {iss: i}}")], REFUSED),
    ]);
}

#[test]
fn r64_a_cors_preflight_bypasses_the_check() {
    let bad = ("jwt", "{valid: false, claims: {iss: i}}");
    let options = ("method", "OPTIONS");
    good().says(&[
        (&[bad, options, ("headers", "{origin: x, access-control-request-method: PUT}")], "ALLOW"),
        (&[bad, options, ("headers", "{origin: x}")], REFUSED),
        (&[bad, options], REFUSED),
        (&[bad, ("headers", "{origin: x, access-control-request-method: PUT}")], REFUSED),
    ]);
    let wants = policy("{rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}").tokens("r", "{issuer: i}");
    let token = ("jwt", "{valid: true, claims: {iss: i, sub: s}}");
    wants.says(&[(
        &[token, options, ("headers", "{origin: x, access-control-request-method: PUT}")],
        "DENY by no ALLOW matched",
    )]);
}
