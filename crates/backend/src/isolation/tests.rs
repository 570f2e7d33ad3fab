//! The judge against enforcement that is broken on purpose: a proof that cannot fail proves nothing.

use contract::{
    ApiError,
    isolation::{Canary, CanaryOutcome, Verdict, Wall},
};
use mesh::Labels;
use query::{MeshScope, MeshSelector, Side, TenantLabel, confine, confine_selectors};

use super::{database, judge::Fence, paths, questions, telemetry::outcome_of, verdict};
use crate::metrics::Sample;

fn acme() -> MeshScope {
    MeshScope::new([
        MeshSelector::only(None, ["shop"]).expect("a good name"),
        MeshSelector::only(Some("west"), ["ops"]).expect("good names"),
    ])
}

fn fence<'a>(mesh: &'a MeshScope, label: Option<(&'a str, &'a str)>) -> Fence<'a> {
    Fence { mesh, label, foreign: "ai" }
}

fn sample(cluster: &str, namespace: &str, tenant: &str) -> Sample {
    let pairs =
        [("destination_cluster", cluster), ("destination_workload_namespace", namespace), ("tenant_id", tenant)];
    Sample { labels: Labels::from_pairs(pairs), value: 1.0 }
}

const SIDE: Side = Side::Destination;

#[test]
fn what_is_confined_passes_and_what_is_not_does_not() {
    let mesh = acme();
    let label = TenantLabel::new("tenant_id", "acme").expect("a label");
    let by_label = fence(&mesh, Some(("tenant_id", "acme")));
    let mut let_through = 0;
    for question in questions::all("shop", "ai", Some(("tenant_id", "acme"))) {
        let confined: Vec<String> = match question.values_of {
            None => confine(&question.asked, &mesh, question.side, Some(&label)).map(|q| vec![q.get().to_string()]),
            Some(_) => {
                let selectors = [question.asked.clone()];
                confine_selectors(&selectors, &mesh, question.side, Some(&label)).map(|q| q.get().clone())
            }
        }
        .unwrap_or_default();
        for text in confined {
            let_through += 1;
            assert_eq!(by_label.expression(&text, question.side), Ok(()), "{}: {text}", question.title);
        }
        // The same question as it was typed, as if nothing had confined it.
        let untouched = by_label.expression(&question.asked, question.side);
        assert!(untouched.is_err(), "{}: {}", question.title, question.asked);
    }
    assert!(let_through > 12, "{let_through}");
}

#[test]
fn one_forgotten_selector_is_found_wherever_it_stands() {
    let mesh = acme();
    let fence = fence(&mesh, None);
    let own = "m{destination_workload_namespace=\"shop\"}";
    assert_eq!(fence.expression(own, SIDE), Ok(()));
    for text in [
        "m",
        "m{destination_workload_namespace=~\"shop|ai\"}",
        "m{destination_workload_namespace=~\"shop.*|ops\"}",
        "m{destination_workload_namespace!=\"ai\"}",
        // Without a cluster, so also where the cluster is another.
        "m{destination_workload_namespace=\"ops\"}",
        &format!("topk(scalar(count(m)), {own})"),
        &format!("{own} + on() group_left() sum(m)"),
        &format!("max_over_time(({own} or m)[5m:1m])"),
        &format!("label_replace(m, \"destination_workload_namespace\", \"shop\", \"\", \"\") or {own}"),
        &format!("info({own})"),
        &format!("{own} unless m"),
    ] {
        assert!(fence.expression(text, SIDE).is_err(), "{text}");
    }
}

#[test]
fn foreign_series_break_the_proof() {
    let mesh = acme();
    let fence = fence(&mesh, Some(("tenant_id", "acme")));
    let plain = &questions::all("shop", "ai", Some(("tenant_id", "acme")))[0];
    let outcome = |samples: &[Sample]| outcome_of(&fence, plain, samples, None);
    assert_eq!(outcome(&[]), CanaryOutcome::Held);
    assert_eq!(outcome(&[sample("east", "shop", "acme"), sample("west", "ops", "acme")]), CanaryOutcome::Held);
    for foreign in [
        sample("east", "ai", "acme"),
        sample("east", "ops", "acme"),
        sample("east", "shop", "globex"),
        sample("", "", ""),
    ] {
        assert_eq!(outcome(&[sample("east", "shop", "acme"), foreign.clone()]), CanaryOutcome::Broken, "{foreign:?}");
    }
    assert_eq!(fence.foreign_names(&["shop".to_owned(), "ops".to_owned(), "ai".to_owned()]), 1);
}

#[test]
fn labels_that_the_question_writes_prove_nothing() {
    let mesh = acme();
    let fence = fence(&mesh, None);
    let all = questions::all("shop", "ai", None);
    let rewritten = all.iter().find(|question| question.title.contains("label_replace")).expect("it is asked");
    let disguised = [sample("east", "shop", ""), sample("east", "shop", "")];
    assert_eq!(outcome_of(&fence, rewritten, &disguised, Some(2)), CanaryOutcome::Held);
    assert_eq!(outcome_of(&fence, rewritten, &disguised, Some(1)), CanaryOutcome::Broken, "one more than it should be");
}

#[test]
fn rows_of_others_break_the_proof() {
    assert_eq!(database::judged("t", 3, 3, 3, 0).outcome, CanaryOutcome::Held);
    assert_eq!(database::judged("t", 3, 4, 3, 0).outcome, CanaryOutcome::Broken);
    assert_eq!(database::judged("t", 3, 3, 3, 1).outcome, CanaryOutcome::Broken);
}

#[test]
fn a_tenant_that_exists_must_not_be_told_from_one_that_does_not() {
    let missing = Err(ApiError::not_found("This tenant"));
    assert!(paths::alike(&missing, &Err(ApiError::not_found("This tenant"))));
    assert!(!paths::alike(&missing, &Err(ApiError::not_found("Globex"))));
    assert!(!paths::alike(&missing, &Err(ApiError::new(contract::ErrorCode::Denied, "no"))));
    assert!(!paths::alike(&missing, &Ok(())));
}

#[test]
fn one_hole_is_worse_than_many_silences() {
    let of = |outcomes: &[CanaryOutcome]| {
        let canary = |outcome: &CanaryOutcome| Canary {
            wall: Wall::Metrics,
            title: String::new(),
            question: String::new(),
            rewritten: Vec::new(),
            outcome: *outcome,
            answer: String::new(),
            seen: None,
        };
        verdict(&outcomes.iter().map(canary).collect::<Vec<_>>())
    };
    use CanaryOutcome::{Broken, Held, NotAnswered, Refused};
    assert_eq!(of(&[Held, Refused]), Verdict::Proven);
    assert_eq!(of(&[Held, NotAnswered]), Verdict::Incomplete);
    assert_eq!(of(&[NotAnswered, Broken, NotAnswered]), Verdict::NotProven);
}

#[test]
fn there_are_at_most_thirty_and_none_shows_what_it_asks_for() {
    for label in [None, Some(("tenant_id", "acme"))] {
        let all = questions::all("shop", "secret-namespace", label);
        assert!((20..=30).contains(&all.len()), "{}", all.len());
        assert!(all.iter().all(|question| !question.shown.contains("secret-namespace")));
        assert!(all.iter().any(|question| question.asked.contains("secret-namespace")));
    }
}
