use super::*;
use crate::policy::{
    decode,
    settings::{Enforcement, Mesh, Workload},
};

fn judged(documents: &[(&str, &str)]) -> Vec<(String, Judgement)> {
    let text: Vec<String> = documents
        .iter()
        .map(|(name, spec)| {
            format!("apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: {name}, namespace: foo}}\nspec: {spec}\n")
        })
        .collect();
    let decoded = decode::manifests("t", &text.join("---\n"), "foo");
    assert_eq!(decoded.findings, []);
    let workload = Workload { namespace: "foo".into(), ..Workload::default() };
    let point = Point { enforcement: Enforcement::Sidecar, mesh: Mesh::default(), workload };
    let found = analyze(&decoded.set, &point, Protocol::Http, &Effort::unlimited());
    for statement in &found {
        assert!(!statement.finding("proxy").message.is_empty());
    }
    found.into_iter().map(|statement| (statement.rule, statement.judgement)).collect()
}

#[track_caller]
fn says(documents: &[(&str, &str)], wanted: &[(&str, Judgement)]) {
    let found = judged(documents);
    let wanted: Vec<(String, Judgement)> =
        wanted.iter().map(|(rule, judgement)| ((*rule).to_owned(), *judgement)).collect();
    assert_eq!(found, wanted);
}

const A: &str = "{rules: [{to: [{operation: {paths: ['/a*']}}]}]}";

#[test]
fn sound_sets_have_nothing_to_say() {
    says(&[("a", A)], &[]);
    says(&[("a", A), ("b", "{rules: [{to: [{operation: {paths: ['/b*']}}]}]}")], &[]);
    says(
        &[
            ("a", A),
            ("d", "{action: DENY, rules: [{from: [{source: {namespaces: [x]}}], to: [{operation: {paths: [/b]}}]}]}"),
        ],
        &[],
    );
}

#[test]
fn vacuous_rules() {
    says(
        &[("a", "{rules: [{to: [{operation: {paths: [/a], notPaths: ['/*']}}]}]}")],
        &[("foo/a rule[0]", Judgement::Vacuous)],
    );
    says(
        &[(
            "a",
            "{rules: [{when: [{key: destination.port, values: ['80']}, {key: destination.port, values: ['81']}]}]}",
        )],
        &[("foo/a rule[0]", Judgement::Vacuous)],
    );
    says(&[("a", "{rules: [{to: [{operation: {paths: [a]}}]}]}")], &[("foo/a rule[0]", Judgement::Vacuous)]);
}

#[test]
fn redundant_rules() {
    let wide = "{rules: [{to: [{operation: {paths: ['/a*']}}]}, {to: [{operation: {paths: [/ab]}}]}]}";
    says(&[("a", wide)], &[("foo/a rule[1]", Judgement::Redundant)]);
    let deny =
        "{action: DENY, rules: [{to: [{operation: {ports: ['80', '81']}}]}, {to: [{operation: {ports: ['80']}}]}]}";
    says(&[("d", deny)], &[("foo/d rule[1]", Judgement::Redundant)]);
    // Covered only by two others together.
    let joint = "{rules: [{to: [{operation: {methods: [GET]}}]}, {to: [{operation: {notMethods: [GET]}}]}, {to: [{operation: {paths: [/x]}}]}]}";
    says(&[("a", joint)], &[("foo/a rule[2]", Judgement::Redundant)]);
}

#[test]
fn overridden_and_conflicting_rules() {
    let deny = "{action: DENY, rules: [{to: [{operation: {paths: ['/a*']}}]}]}";
    says(&[("a", A), ("d", deny)], &[("foo/a rule[0]", Judgement::Overridden)]);
    let part = "{action: DENY, rules: [{to: [{operation: {paths: ['/a/secret*']}}]}]}";
    says(&[("a", A), ("d", part)], &[("foo/a rule[0]", Judgement::Conflict)]);
}

#[test]
fn many_namespaces_are_told_apart() {
    let rule = |i: usize| {
        format!("{{from: [{{source: {{namespaces: [team-{i}]}}}}], to: [{{operation: {{methods: [GET]}}}}]}}")
    };
    let rules: Vec<String> = (0..40).map(rule).collect();
    let spec = format!(
        "{{rules: [{}, {{from: [{{source: {{namespaces: [team-7], principals: [td/ns/team-7/sa/a]}}}}], to: [{{operation: {{methods: [GET]}}}}]}}]}}",
        rules.join(", ")
    );
    says(&[("p", &spec)], &[("foo/p rule[40]", Judgement::Redundant)]);
    let custom = format!("{{rules: [{}, {{from: [{{source: {{principals: [td/of/our/own]}}}}]}}]}}", rules.join(", "));
    says(&[("p", &custom)], &[]);
}

#[test]
fn only_rules_that_can_meet_are_combined() {
    // Ends of paths beside templates: among all of them together there are too many combinations.
    let rule = |i: usize| {
        let path = if i.is_multiple_of(2) { format!("'*/end-{i}.json'") } else { format!("'/api/{i}/{{*}}/part-{i}'") };
        format!("{{to: [{{operation: {{paths: [{path}], methods: [GET]}}}}]}}")
    };
    let mut rules: Vec<String> = (0..60).map(rule).collect();
    rules.push("{to: [{operation: {paths: ['/api/7/x/part-7'], methods: [GET]}}]}".to_owned());
    says(&[("p", &format!("{{rules: [{}]}}", rules.join(", ")))], &[("foo/p rule[60]", Judgement::Redundant)]);
}

#[test]
fn headers_may_have_several_values_and_so_fit_rules_that_seem_apart() {
    let rule = |value: &str| format!("{{when: [{{key: 'request.headers[x]', values: [{value}]}}]}}");
    says(
        &[
            ("a", &format!("{{rules: [{}]}}", rule("one"))),
            ("d", &format!("{{action: DENY, rules: [{}]}}", rule("two"))),
        ],
        &[("foo/a rule[0]", Judgement::Conflict)],
    );
}
