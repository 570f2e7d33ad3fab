use super::*;
use crate::policy::{
    decode,
    settings::{Enforcement, Mesh, Workload},
};

fn set(specs: &[&str]) -> PolicySet {
    let documents: Vec<String> = specs
        .iter()
        .enumerate()
        .map(|(i, spec)| {
            format!("apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p{i}, namespace: foo}}\nspec: {spec}\n")
        })
        .collect();
    let decoded = decode::manifests("t", &documents.join("---\n"), "foo");
    assert_eq!(decoded.findings, []);
    decoded.set
}

fn point() -> Point {
    let workload = Workload { namespace: "foo".into(), ..Workload::default() };
    Point { enforcement: Enforcement::Sidecar, mesh: Mesh::default(), workload }
}

#[track_caller]
fn relates(before: &[&str], after: &[&str], relation: Relation) -> Comparison {
    let (before, after) = (set(before), set(after));
    let found = compare(&before, &after, &point(), Protocol::Http, &Effort::unlimited());
    assert_eq!(found.relation, relation, "{:?}", found.differences);
    // Every witness is confirmed by the evaluator.
    for difference in &found.differences {
        let was = Plan::new(&before, &point(), Protocol::Http).decide(&difference.request);
        let is = Plan::new(&after, &point(), Protocol::Http).decide(&difference.request);
        assert_eq!((was.verdict, is.verdict), (difference.before, difference.after));
        assert_ne!(difference.before, difference.after);
    }
    found
}

fn paths(values: &str) -> String {
    format!("{{rules: [{{to: [{{operation: {{paths: [{values}]}}}}]}}]}}")
}

#[test]
fn the_same_said_differently_is_equivalent() {
    relates(&[&paths("/a, /b")], &[&paths("/b"), &paths("/a")], Relation::Equivalent);
    relates(&[&paths("'/a*'")], &[&paths("'/a*', /ab")], Relation::Equivalent);
    relates(&["{rules: [{}]}"], &[&paths("'*'")], Relation::Equivalent);
    relates(&["{}"], &["{action: DENY, rules: [{}]}"], Relation::Equivalent);
    let split = "{rules: [{to: [{operation: {methods: [GET]}}]}, {to: [{operation: {notMethods: [GET]}}]}]}";
    relates(&["{rules: [{}]}"], &[split], Relation::Equivalent);
}

#[test]
fn stricter_looser_and_incomparable() {
    let found = relates(&[&paths("'/a*'")], &[&paths("/a")], Relation::Stricter);
    assert_eq!(found.differences[0].with.last().map(|(field, _)| field.as_str()), Some("path"));
    relates(&[&paths("/a")], &[&paths("'/a*'")], Relation::Looser);
    relates(&[&paths("/a")], &[&paths("/b")], Relation::Incomparable);
    relates(&[], &[&paths("/a")], Relation::Stricter);
    relates(&[&paths("/a")], &[], Relation::Looser);
}

#[test]
fn templates_prefixes_and_ranges_are_compared_as_sets() {
    relates(&[&paths("'/a/{*}'")], &[&paths("'/a/{**}'")], Relation::Looser);
    relates(&[&paths("'/a/{**}'")], &[&paths("'/a/*'")], Relation::Looser);
    let blocks = |range: &str| format!("{{rules: [{{from: [{{source: {{ipBlocks: [{range}]}}}}]}}]}}");
    relates(&[&blocks("10.0.0.0/8")], &[&blocks("10.1.0.0/16")], Relation::Stricter);
    relates(&[&blocks("10.0.0.0/8")], &[&blocks("10.0.0.0/9, 10.128.0.0/9")], Relation::Equivalent);
}

#[test]
fn a_deny_changes_only_what_was_allowed() {
    let allow = paths("'/a*'");
    let deny = |values: &str| paths(values).replacen('{', "{action: DENY, ", 1);
    relates(&[&allow], &[&allow, &deny("/b")], Relation::Equivalent);
    let found = relates(&[&allow], &[&allow, &deny("/ab")], Relation::Stricter);
    assert_eq!(found.differences[0].after_by, "foo/p1 rule[0]");
}

#[test]
fn tcp_is_a_space_of_its_own() {
    let (before, after) = (set(&["{rules: [{}]}"]), set(&[&paths("'*'")]));
    assert_eq!(compare(&before, &after, &point(), Protocol::Tcp, &Effort::unlimited()).relation, Relation::Stricter);
}

#[test]
fn beyond_the_budget_nothing_is_claimed() {
    let many = |last: &str| {
        let rules: Vec<String> = (0..14)
            .map(|i| format!("{{when: [{{key: 'request.headers[h{i}]', values: ['a{i}*', '*b{i}', c{last}]}}, {{key: 'request.headers[g{i}]', values: ['x*']}}]}}"))
            .collect();
        format!("{{rules: [{}]}}", rules.join(", "))
    };
    let found = compare(&set(&[&many("")]), &set(&[&many("d")]), &point(), Protocol::Http, &Effort::new(60_000));
    assert!(!found.complete || found.relation != Relation::Equivalent);
}

#[test]
fn a_port_that_may_not_ask_for_identities_is_no_endless_search() {
    let peer = "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: r, namespace: foo}\nspec: {selector: {matchLabels: {app: a}}, mtls: {mode: DISABLE}, portLevelMtls: {80: {mode: PERMISSIVE}}}\n";
    let of = |account: &str| {
        let text = format!(
            "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: p, namespace: foo}}\nspec: {{rules: [{{from: [{{source: {{principals: [td/ns/a/sa/{account}]}}}}]}}]}}\n{peer}"
        );
        decode::manifests("t", &text, "foo").set
    };
    let mut here = point();
    here.workload.labels.insert("app".to_owned(), "a".to_owned());
    let found = compare(&of("x"), &of("y"), &here, Protocol::Http, &Effort::unlimited());
    assert_eq!((found.relation, found.complete), (Relation::Incomparable, true), "{:?}", found.differences);
    assert!(
        found
            .differences
            .iter()
            .all(|one| one.with.iter().any(|(field, value)| field == "destination.port" && value == "80"))
    );
}

#[test]
fn thousands_of_fields_do_not_exhaust_the_stack() {
    let when = |last: &str| {
        let conditions: Vec<String> =
            (0..3000).map(|i| format!("{{key: 'request.headers[h{i}]', values: [a, {last}]}}")).collect();
        format!("{{rules: [{{when: [{}]}}]}}", conditions.join(", "))
    };
    let found = compare(&set(&[&when("b")]), &set(&[&when("c")]), &point(), Protocol::Http, &Effort::new(600_000));
    assert!(!found.complete);
}
