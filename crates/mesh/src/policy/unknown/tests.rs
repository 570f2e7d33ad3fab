use crate::policy::{
    cases,
    effort::Effort,
    evaluate::{Outcome, Verdict},
};

/// Evaluates a request against rules of one policy in namespace `foo`.
fn outcome(spec: &str, request: &str) -> Outcome {
    with_more("", spec, request)
}

fn with_more(more: &str, spec: &str, request: &str) -> Outcome {
    let text = format!(
        "format: 1\ncases:\n- id: x\n  enforcement: sidecar\n  workload: {{namespace: foo, labels: {{app: a}}}}\n  mesh: {{extensionProviders: {{ext: grpc}}}}\n  policies:\n  - {{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {{name: p, namespace: foo}}, spec: {spec}}}\n{more}  request: {request}\n"
    );
    let file = cases::read("t.yaml", &text);
    assert_eq!(file.findings, [], "{text}");
    cases::run_case(&file.cases[0], &Effort::unlimited()).outcome
}

#[track_caller]
fn depends(spec: &str, request: &str, fields: &[&str]) -> Outcome {
    let outcome = outcome(spec, request);
    assert_eq!(outcome.verdict, Verdict::Depends, "{spec} {request}");
    assert_eq!(outcome.depends_on.iter().map(String::as_str).collect::<Vec<_>>(), fields, "{spec} {request}");
    assert!(!outcome.approximate);
    assert_eq!(outcome.examples.len(), 2, "one way to each verdict");
    outcome
}

#[track_caller]
fn certain(spec: &str, request: &str, verdict: Verdict) {
    let outcome = outcome(spec, request);
    assert_eq!(outcome.verdict, verdict, "{spec} {request}: {:?}", outcome.depends_on);
    assert!(outcome.depends_on.is_empty());
}

const FULL: &str = "source: {ip: 10.0.0.1, tls: mtls, principal: td/ns/a/sa/b}, destination: {ip: 10.0.0.2, port: 80}";

fn http(more: &str) -> String {
    format!("{{{FULL}, host: h{more}}}")
}

#[test]
fn a_verdict_depends_on_what_it_really_hangs_on() {
    let path = "{rules: [{to: [{operation: {paths: [/a]}}]}]}";
    depends(path, &http(", method: GET"), &["path"]);
    let both = "{rules: [{to: [{operation: {paths: [/a], methods: [GET]}}]}]}";
    depends(both, &http(""), &["method", "path"]);
    depends(both, &http(", path: /a"), &["method"]);
    certain(both, &http(", path: /b"), Verdict::Deny);
}

#[test]
fn complements_do_not_depend() {
    let whole = "{rules: [{to: [{operation: {paths: [/a]}}, {operation: {notPaths: [/a]}}]}]}";
    certain(whole, &http(", method: GET"), Verdict::Allow);
    let whole = "{rules: [{to: [{operation: {paths: ['*']}}]}]}";
    certain(whole, &http(", method: GET"), Verdict::Allow);
    let never = "{action: DENY, rules: [{to: [{operation: {paths: [/a], notPaths: ['/*']}}]}]}";
    certain(never, &http(", method: GET"), Verdict::Allow);
    let split = "{rules: [{from: [{source: {ipBlocks: [0.0.0.0/1, 128.0.0.0/1, '::/0']}}]}]}";
    certain(split, "{method: GET, host: h, path: /a}", Verdict::Allow);
}

#[test]
fn values_a_proxy_never_sees_do_not_count() {
    certain("{rules: [{to: [{operation: {paths: [/a/../b]}}]}]}", &http(", method: GET"), Verdict::Deny);
    certain("{rules: [{to: [{operation: {paths: [a]}}]}]}", &http(", method: GET"), Verdict::Deny);
    certain("{rules: [{to: [{operation: {hosts: ['*'], methods: ['*']}}]}]}", &format!("{{{FULL}}}"), Verdict::Allow);
}

#[test]
fn identity_and_kind_of_connection_are_told_apart() {
    let spec = "{rules: [{from: [{source: {principals: ['*']}}]}]}";
    depends(spec, "{method: GET, host: h, path: /a}", &["source.tls"]);
    certain(spec, "{source: {tls: mtls}, method: GET, host: h, path: /a}", Verdict::Allow);
    let spec = "{rules: [{from: [{source: {namespaces: [a]}}]}]}";
    depends(spec, "{source: {tls: mtls}, method: GET, host: h, path: /a}", &["source.principal"]);
    depends(spec, "{method: GET, host: h, path: /a}", &["source.principal", "source.tls"]);
}

#[test]
fn ports_addresses_and_sni() {
    depends(
        "{rules: [{to: [{operation: {ports: ['80']}}]}]}",
        "{method: GET, host: h, path: /a}",
        &["destination.port"],
    );
    depends(
        "{rules: [{when: [{key: destination.ip, values: [10.0.0.0/8]}]}]}",
        "{method: GET, host: h, path: /a}",
        &["destination.ip"],
    );
    depends(
        "{rules: [{from: [{source: {remoteIpBlocks: [10.0.0.0/8]}}]}]}",
        "{method: GET, host: h, path: /a}",
        &["remoteIp"],
    );
    let sni = "{rules: [{when: [{key: connection.sni, values: [a.b]}]}]}";
    depends(sni, &http(", method: GET, path: /a"), &["sni"]);
    certain(sni, "{source: {tls: plaintext}, method: GET, host: h, path: /a}", Verdict::Deny);
}

#[test]
fn headers_are_unknown_only_when_the_request_is_incomplete() {
    let spec = "{rules: [{when: [{key: 'request.headers[x]', values: [a]}]}]}";
    certain(spec, &http(", method: GET, path: /a"), Verdict::Deny);
    depends(spec, &http(", method: GET"), &["headers[x]"]);
    depends(spec, &http(", method: GET, path: /a, headers: null"), &["headers[x]"]);
    depends(spec, &http(", method: GET, path: /a, headers: {x: null}"), &["headers[x]"]);
}

#[test]
fn several_values_of_a_header_can_satisfy_what_no_single_one_does() {
    let spec =
        "{rules: [{when: [{key: 'request.headers[x]', values: [a]}, {key: 'request.headers[x]', values: [b]}]}]}";
    depends(spec, &http(", method: GET, path: /a, headers: null"), &["headers[x]"]);
    certain(spec, &http(", method: GET, path: /a, headers: {x: a}"), Verdict::Deny);
    certain(spec, &http(", method: GET, path: /a, headers: {x: [a, b]}"), Verdict::Allow);
}

#[test]
fn external_authorizers_may_answer_either_way() {
    let spec = "{action: CUSTOM, provider: {name: ext}, rules: [{to: [{operation: {paths: [/a]}}]}]}";
    depends(spec, &http(", method: GET, path: /a"), &["extAuthz[ext]"]);
    certain(spec, &http(", method: GET, path: /b"), Verdict::Allow);
    depends(spec, &http(", method: GET"), &["extAuthz[ext]", "path"]);
    depends(spec, &http(", method: GET, extAuthz: {ext: deny}"), &["path"]);
    certain(spec, &http(", method: GET, extAuthz: {ext: allow}"), Verdict::Allow);
}

const TOKENS: &str = "  - {apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: r, namespace: foo}, spec: {jwtRules: [{issuer: i}]}}\n";

#[test]
fn tokens_and_claims() {
    let spec = "{rules: [{from: [{source: {requestPrincipals: ['i/*']}}]}]}";
    let run = |jwt: &str| with_more(TOKENS, spec, &http(&format!(", method: GET, path: /a{jwt}")));
    let fields = |outcome: Outcome| outcome.depends_on.into_iter().collect::<Vec<_>>();
    assert_eq!(run("").verdict, Verdict::Deny);
    assert_eq!(fields(run(", jwt: null")), ["jwt"]);
    assert_eq!(fields(run(", jwt: {claims: {iss: i, sub: s}}")), ["jwt.valid"]);
    assert_eq!(fields(run(", jwt: {valid: true}")), ["jwt.claims[iss]", "jwt.claims[sub]"]);
    assert_eq!(run(", jwt: {valid: false}").verdict, Verdict::Deny);
    assert_eq!(run(", jwt: {claims: {iss: j, sub: s}}").verdict, Verdict::Deny);
    assert_eq!(run(", jwt: {valid: true, claims: {iss: i, sub: s}}").verdict, Verdict::Allow);
}

#[test]
fn an_unknown_token_of_an_incomplete_request_is_decided_exactly() {
    let outcome = with_more(TOKENS, "{rules: [{}]}", &format!("{{{FULL}}}"));
    assert_eq!(outcome.verdict, Verdict::Depends);
    assert!(!outcome.approximate);
    assert!(outcome.depends_on.contains("jwt"), "{:?}", outcome.depends_on);
}

#[test]
fn beyond_the_budget_kleenes_answer_stands() {
    let conditions: Vec<String> =
        (0..12).map(|i| format!("{{key: 'request.headers[h{i}]', values: [a, b, 'c*']}}")).collect();
    let spec = format!("{{rules: [{{when: [{}]}}]}}", conditions.join(", "));
    let outcome = outcome(&spec, &http(", method: GET, path: /a, headers: null"));
    assert_eq!((outcome.verdict, outcome.approximate, outcome.depends_on.len()), (Verdict::Depends, true, 12));
}
