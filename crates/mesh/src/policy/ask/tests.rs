use super::*;

const HEAD: &str =
    "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: NAME, namespace: foo}\n";

fn policy(name: &str, rules: &str) -> String {
    format!("{}spec: {{rules: {rules}}}\n", HEAD.replace("NAME", name))
}

/// A question as a client writes it, in JSON.
fn question(fields: &[(&str, serde_json::Value)]) -> String {
    serde_json::Value::Object(fields.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
        .to_string()
}

fn plenty() -> Effort {
    Effort::new(STEPS)
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Refused>) -> Vec<(String, &'static str)> {
    match result {
        Err(Refused::Unreadable(errors)) => errors.into_iter().map(|error| (error.path, error.code)).collect(),
        other => panic!("{other:?}"),
    }
}

const CASES: &str = "format: 1\ncases:\n- id: a\n  enforcement: sidecar\n  workload: {namespace: foo}\n  policies: []\n  request: {method: GET, host: h, path: /}\n  expect: {verdict: DENY}\nnormalization:\n- {mode: BASE, in: /a/../b, out: /b}\n";

#[test]
fn evaluate_answers_every_kind_of_case_and_counts() {
    let found = evaluate(CASES, &plenty()).expect("readable");
    assert_eq!((found.cases.len(), found.normalization.len(), found.passed, found.failed), (1, 1, 1, 1));
    assert_eq!(found.cases[0].got, "ALLOW by default");
    let unreadable = evaluate(&CASES.replace("policies: []", "policies: none"), &plenty());
    assert_eq!(refusal(unreadable), [("cases[0].policies".to_owned(), "OB0204")]);
}

#[test]
fn lint_takes_texts_and_maps_of_texts() {
    let text = policy("p", "[{to: [{operation: {methods: [get]}}]}]");
    let alone = lint(&question(&[("manifests", text.clone().into())]), &plenty()).expect("readable");
    assert_eq!((alone.findings[0].code, alone.policies, alone.warnings), ("OB0404", 1, 1));
    assert_eq!(alone.findings[0].place.to_string(), "manifests:4:45");
    let twice = serde_json::json!({"a.yaml": text, "b.yaml": text});
    let both = lint(&question(&[("manifests", twice)]), &plenty()).expect("readable");
    assert_eq!((both.policies, both.errors), (2, 1), "{:?}", both.findings);
}

#[test]
fn lint_analyses_when_asked() {
    let text = policy("p", "[{to: [{operation: {paths: ['/a*']}}]}, {to: [{operation: {paths: [/ab]}}]}]");
    let ask = |analyze: bool| question(&[("manifests", text.clone().into()), ("analyze", analyze.into())]);
    assert_eq!(lint(&ask(false), &plenty()).expect("readable").findings, []);
    assert_eq!(lint(&ask(true), &plenty()).expect("readable").findings[0].code, "OB0502");
    assert!(!lint(&ask(true), &Effort::new(3)).expect("readable").complete);
}

#[test]
fn diff_compares_and_refuses_what_it_cannot_read() {
    let (wide, narrow) =
        (policy("p", "[{to: [{operation: {paths: ['/a*']}}]}]"), policy("p", "[{to: [{operation: {paths: [/a]}}]}]"));
    let ask = |after: &str| question(&[("before", wide.clone().into()), ("after", after.into())]);
    let found = diff(&ask(&narrow), &plenty()).expect("readable");
    let relations: Vec<_> = found.proxies.iter().map(|one| one.comparison.relation).collect();
    assert_eq!(relations, [compare::Relation::Stricter, compare::Relation::Equivalent]);
    assert_eq!((found.changed, found.complete), (1, true));
    assert_eq!(refusal(diff(&ask("a: ["), &plenty())), [(String::new(), "OB0102")]);
}

#[test]
fn unknown_and_missing_keys_are_named() {
    assert_eq!(refusal(lint("{}", &plenty())), [("manifests".to_owned(), "OB0203")]);
    assert_eq!(refusal(lint("{manifests: '', analyse: true}", &plenty())), [("analyse".to_owned(), "OB0106")]);
    for wrong in ["5", "soon", "1s", "2d", "10 m", "-1m", "m"] {
        let ask = format!("{{before: '', after: '', traffic: {{duration: '{wrong}'}}}}");
        assert_eq!(refusal(diff(&ask, &plenty())), [("traffic.duration".to_owned(), "OB0205")], "{wrong}");
    }
    for (traffic, secs) in [("", None), (", traffic: {}", Some(600)), (", traffic: {duration: 1h}", Some(3600))] {
        let read = read_diff(&format!("{{before: '', after: ''{traffic}}}")).expect("readable");
        assert_eq!(read.traffic_secs, secs);
    }
    assert_eq!(
        refusal(diff("{before: '', after: '', traffic: {window: 1h}}", &plenty())),
        [("traffic.window".to_owned(), "OB0106")]
    );
    assert_eq!(refusal(diff("{before: '', after: 3}", &plenty())), [("after".to_owned(), "OB0107")]);
    assert_eq!(
        refusal(diff("{before: '', after: '', mesh: {trust: x}}", &plenty())),
        [("mesh.trust".to_owned(), "OB0106")]
    );
    for text in ["", "- a", "a", "--- {}\n--- {}"] {
        assert_eq!(refusal(lint(text, &plenty())).len(), 1, "{text}");
    }
}

#[test]
fn what_is_told_stays_within_bounds() {
    let long = "x".repeat(1 << 20);
    let wrong = format!("format: 1\npolicy_sets: {{{long}: [{}]}}\n", "1,".repeat(400_000));
    let Err(Refused::Unreadable(errors)) = evaluate(&wrong, &plenty()) else { panic!("unreadable") };
    let texts = errors.iter().map(|error| error.path.len() + error.message.len() + error.object.len());
    assert!(texts.sum::<usize>() < 20 << 20, "{} errors", errors.len());
    assert!(errors.last().is_some_and(|error| error.message.contains("more wrong")), "{:?}", errors.last());

    // A set with one long text, used by many cases.
    let set = format!(
        "[{{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {{name: p, namespace: foo}}, spec: {{rules: [{{to: [{{operation: {{paths: [/{long}]}}}}]}}]}}}}]"
    );
    let case = |i: usize| {
        format!(
            "- {{id: c{i}, enforcement: sidecar, workload: {{namespace: foo}}, policies: a, request: {{path: /}}}}\n"
        )
    };
    let many: String = (0..1000).map(case).collect();
    assert_eq!(
        evaluate(&format!("format: 1\npolicy_sets: {{a: {set}}}\ncases:\n{many}"), &plenty()).err(),
        Some(Refused::TooMuch)
    );
}

#[test]
fn too_little_effort_is_a_refusal_or_an_approximation_and_never_a_guess() {
    assert!(matches!(evaluate(CASES, &Effort::new(0)), Ok(found) if found.cases.len() == 1), "no policies, no work");
    let rules = "[{to: [{operation: {paths: [/a], methods: [GET]}}]}, {to: [{operation: {notPaths: [/a]}}]}]";
    let open = format!(
        "format: 1\ncases:\n- id: a\n  enforcement: sidecar\n  workload: {{namespace: foo}}\n  policies: [{{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {{name: p, namespace: foo}}, spec: {{rules: {rules}}}}}]\n  request: {{method: GET}}\n"
    );
    let exact = evaluate(&open, &plenty()).expect("readable");
    assert!(exact.cases[0].outcome.verdict == crate::policy::evaluate::Verdict::Allow, "{:?}", exact.cases[0].outcome);
    let little = evaluate(&open, &Effort::new(1));
    match little {
        Err(Refused::TooMuch) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn planning_for_many_proxies_counts_as_work() {
    let everywhere: Vec<String> =
        (0..60).map(|i| policy(&format!("p{i}"), "[{to: [{operation: {methods: [GET]}}]}]")).collect();
    let selected =
        |i: usize, text: &str| text.replace("spec: {", &format!("spec: {{selector: {{matchLabels: {{app: a{i}}}}}, "));
    let spread: Vec<String> = everywhere.iter().enumerate().map(|(i, text)| selected(i, text)).collect();
    let ask = question(&[("before", everywhere.join("---\n").into()), ("after", spread.join("---\n").into())]);
    let found = diff(&ask, &Effort::new(100_000)).expect("readable");
    assert!(!found.complete && found.proxies.len() < 60, "{} proxies", found.proxies.len());
    assert!(diff(&ask, &plenty()).expect("readable").complete);
}
