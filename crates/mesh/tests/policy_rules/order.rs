//! R1–R9: the order of decisions.

use crate::scene::{PLAINTEXT, at, policy, sidecar, tcp};

const PATH_A: &str = "rules: [{to: [{operation: {paths: [/a]}}]}]";
const A: &[(&str, &str)] = &[("path", "/a")];

fn custom(provider: &str, rules: &str) -> String {
    format!("{{action: CUSTOM, provider: {{name: {provider}}}, {rules}}}")
}

#[test]
fn r1_the_layers_run_in_order_and_all_must_pass() {
    let scene = sidecar()
        .mesh("{extensionProviders: {ext: http}}")
        .tokens("r", "{issuer: i}")
        .policy("c", &custom("ext", "rules: [{}]"))
        .policy("d", &format!("{{action: DENY, {PATH_A}}}"))
        .policy("y", "{rules: [{to: [{operation: {methods: [GET]}}]}]}");
    let deny = ("extAuthz", "{ext: deny}");
    let allow = ("extAuthz", "{ext: allow}");
    let bad = ("jwt", "{valid: false, claims: {iss: i}}");
    scene.says(&[
        (&[deny, bad, ("path", "/a")], "DENY by CUSTOM foo/c rule[0]"),
        (&[allow, bad, ("path", "/a")], "DENY by RequestAuthentication"),
        (&[allow, ("path", "/a"), ("method", "PUT")], "DENY by foo/d rule[0]"),
        (&[allow, ("method", "PUT")], "DENY by no ALLOW matched"),
        (&[allow], "ALLOW by foo/y rule[0]"),
    ]);
    let trace = scene.report(&crate::scene::request(&[allow])).outcome.trace;
    let layers: Vec<String> = trace.iter().map(|layer| format!("{:?}", layer.layer)).collect();
    assert_eq!(layers, ["Request", "Peer", "Custom", "Jwt", "Deny", "Allow"]);
}

#[test]
fn r1_custom_runs_before_tokens_so_there_are_no_claims_yet() {
    let scene = |field: &str| {
        sidecar()
            .mesh("{extensionProviders: {ext: http}}")
            .tokens("r", "{issuer: i}")
            .policy("c", &custom("ext", &format!("rules: [{{from: [{{source: {{{field}: ['*']}}}}]}}]")))
    };
    let token: &[(&str, &str)] = &[("jwt", "{valid: true, claims: {iss: i, sub: s}}"), ("extAuthz", "{ext: deny}")];
    scene("requestPrincipals").says(&[(token, "ALLOW by default")]);
    scene("notRequestPrincipals").says(&[(token, "DENY by CUSTOM foo/c rule[0]")]);
}

#[test]
fn r2_a_deny_rule_that_matches_rejects() {
    let scene = policy(&format!("{{action: DENY, {PATH_A}}}")).policy("y", "{rules: [{}]}");
    scene.says(&[(A, "DENY by foo/p rule[0]"), (&[], "ALLOW by foo/y rule[0]")]);
    let scene = policy("{action: DENY, rules: [{to: [{operation: {ports: ['9000']}}]}]}");
    scene.says(&[(&tcp(&[]), "DENY by foo/p rule[0]"), (&tcp(&[("destination", "{port: 1}")]), "ALLOW by default")]);
}

#[test]
fn r2_the_first_rule_in_the_order_of_names_is_named() {
    let deny = "{action: DENY, rules: [{}]}";
    sidecar().policy("b", deny).policy("a", deny).says(&[(&[], "DENY by foo/a rule[0]")]);
    // Envoy orders the names of rules as texts: `a-b]` comes before `a]`.
    sidecar().policy("a", deny).policy("a-b", deny).says(&[(&[], "DENY by foo/a-b rule[0]")]);
    let rules = ["{to: [{operation: {paths: [/x]}}]}"; 2].join(", ");
    let many = format!("{{action: DENY, rules: [{rules}, {}]}}", ["{}"; 10].join(", "));
    policy(&many).says(&[(&[], "DENY by foo/p rule[10]")]);
}

#[test]
fn r3_attached_allow_policies_that_do_not_match_reject() {
    let scene = policy(&format!("{{{PATH_A}}}"));
    scene.says(&[(&[("path", "/b")], "DENY by no ALLOW matched"), (A, "ALLOW by foo/p rule[0]")]);
}

#[test]
fn r4_one_matching_rule_of_one_policy_is_enough() {
    let scene = policy(&format!("{{{PATH_A}}}"))
        .policy("q", "{rules: [{to: [{operation: {paths: [/x]}}]}, {to: [{operation: {paths: [/b]}}]}]}");
    scene.says(&[
        (A, "ALLOW by foo/p rule[0]"),
        (&[("path", "/b")], "ALLOW by foo/q rule[1]"),
        (&[("path", "/c")], "DENY by no ALLOW matched"),
    ]);
}

#[test]
fn r5_without_an_allow_policy_everything_passes() {
    sidecar().says(&[(&[], "ALLOW by default"), (&[("source", PLAINTEXT)], "ALLOW by default")]);
    policy(&format!("{{action: DENY, {PATH_A}}}")).says(&[(&[], "ALLOW by default")]);
    policy("{action: AUDIT, rules: [{to: [{operation: {paths: [/x]}}]}]}").says(&[(&[], "ALLOW by default")]);
    let scene = sidecar().mesh("{extensionProviders: {ext: http}}").policy("c", &custom("ext", PATH_A));
    scene.says(&[(&[], "ALLOW by default")]);
}

#[test]
fn r6_audit_only_marks() {
    let scene = policy(&format!("{{action: AUDIT, {PATH_A}}}"));
    assert_eq!(scene.report(&crate::scene::request(A)).outcome.audited, ["foo/p rule[0]"]);
    assert!(scene.report(&crate::scene::request(&[])).outcome.audited.is_empty());
    scene.says(&[(A, "ALLOW by default")]);
    let denied = scene.clone().policy("d", "{action: DENY, rules: [{}]}").report(&crate::scene::request(A));
    assert_eq!((denied.got.as_str(), denied.outcome.audited.len()), ("DENY by foo/d rule[0]", 1));
    let refused = scene.peer("foo", "s", "{mtls: {mode: STRICT}}");
    let refused = refused.report(&crate::scene::request(&[("path", "/a"), ("source", PLAINTEXT)]));
    assert!(refused.outcome.audited.is_empty(), "what was refused before is not marked");
}

#[test]
fn r7_custom_asks_about_what_its_rules_select() {
    let scene = sidecar().mesh("{extensionProviders: {ext: http}}").policy("c", &custom("ext", PATH_A));
    scene.says(&[
        (&[("path", "/a"), ("extAuthz", "{ext: deny}")], "DENY by CUSTOM foo/c rule[0]"),
        (&[("path", "/a"), ("extAuthz", "{ext: allow}")], "ALLOW by default"),
        (&[("path", "/b"), ("extAuthz", "{ext: deny}")], "ALLOW by default"),
        (A, "DEPENDS on extAuthz[ext]"),
    ]);
    let approved = scene.policy("d", "{action: DENY, rules: [{}]}");
    approved.says(&[(&[("path", "/a"), ("extAuthz", "{ext: allow}")], "DENY by foo/d rule[0]")]);
}

#[test]
fn r8_a_provider_that_cannot_be_used_denies_what_is_selected() {
    let allowed: &[(&str, &str)] = &[("path", "/a"), ("extAuthz", "{ext: allow, nope: allow, two: allow, Bad: allow}")];
    let bad = "DENY by CUSTOM-misconfigured";
    let scene = sidecar().policy("c", &custom("nope", PATH_A));
    scene.says(&[(allowed, bad), (&[("path", "/b")], "ALLOW by default")]);
    let scene = sidecar().mesh("{extensionProviders: {Bad: http}}").policy("c", &custom("Bad", PATH_A));
    scene.says(&[(allowed, bad), (&[("path", "/b")], "ALLOW by default")]);
    let two = sidecar()
        .mesh("{extensionProviders: {ext: http, two: http}}")
        .policy("c", &custom("ext", PATH_A))
        .policy("e", &custom("two", "rules: [{to: [{operation: {paths: [/b]}}]}]"));
    two.says(&[
        (allowed, bad),
        (&[("path", "/b"), ("extAuthz", "{two: allow}")], bad),
        (&[("path", "/c")], "ALLOW by default"),
    ]);
    let flag =
        "{extensionProviders: {ext: http, two: http}, features: {PILOT_ENABLE_MULTIPLE_CUSTOM_AUTHZ_PROVIDERS: true}}";
    two.mesh(flag).says(&[
        (allowed, "ALLOW by default"),
        (&[("path", "/b"), ("extAuthz", "{two: deny}")], "DENY by CUSTOM foo/e rule[0]"),
    ]);
    let one = sidecar()
        .mesh("{extensionProviders: {ext: http}}")
        .policy("c", &custom("ext", PATH_A))
        .policy("e", &custom("ext", "rules: [{}]"));
    one.says(&[(allowed, "ALLOW by default")]);
}

#[test]
fn r9_an_http_authorizer_has_no_effect_on_tcp() {
    let deny: Vec<(&str, &str)> = tcp(&[("extAuthz", "{ext: deny}")]);
    let scene = sidecar().policy("c", &custom("ext", "rules: [{}]"));
    scene.clone().mesh("{extensionProviders: {ext: http}}").says(&[(&deny, "ALLOW by default")]);
    scene.clone().mesh("{extensionProviders: {ext: grpc}}").says(&[(&deny, "DENY by CUSTOM foo/c rule[0]")]);
    scene.says(&[(&deny, "DENY by CUSTOM-misconfigured")]);
}

#[test]
fn r9_an_omitted_action_is_allow() {
    policy("{rules: [{to: [{operation: {paths: [/a]}}]}]}").says(&[(A, "ALLOW by foo/p rule[0]"), (&[], "DENY")]);
}

#[test]
fn r76_gateways_and_waypoints_decide_by_their_own_policies() {
    at("gateway").policy("p", "{action: DENY, rules: [{}]}").says(&[(&[], "DENY by foo/p rule[0]")]);
    at("waypoint").policy("p", "{action: DENY, rules: [{}]}").says(&[(&[], "ALLOW by default")]);
}
