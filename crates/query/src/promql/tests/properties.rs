//! Over random expressions, scopes and series: everything is confined, nothing visible is lost, nothing is doubled.

use promql_parser::label::{METRIC_NAME, Matcher as Printed};
use promql_parser::parser::{self, Expr, VectorSelector};
use proptest::prelude::*;

use super::super::parse::children;
use super::*;
use crate::scope::MeshSelector;

const CLUSTERS: [&str; 3] = ["west", "e.a|st", "n\"or\\th"];
const NAMESPACES: [&str; 4] = ["ai", "bank", "shop", "x"];

fn selector_text() -> impl Strategy<Value = String> {
    let matcher = prop_oneof![
        Just(String::new()),
        Just("job=\"a\\\"}b\"".to_owned()),
        Just("job=~'a|b.*'".to_owned()),
        Just("\"k8s.pod\"!=`x`".to_owned()),
        prop::sample::select(NAMESPACES.as_slice()).prop_map(|name| format!("namespace!=\"{name}\"")),
        prop::sample::select(NAMESPACES.as_slice()).prop_map(|name| format!("namespace=~\"{name}|ai\"")),
        Just("cluster!~\"west\"".to_owned()),
    ];
    let tail = prop_oneof![Just(""), Just(" offset 5m"), Just(" @ end()"), Just(" offset -1h")];
    (prop::sample::select(&["m", "job:n:rate5m", "sum", "fill"][..]), matcher, tail)
        .prop_map(|(name, matcher, tail)| format!("{name}{{{matcher}}}{tail}"))
}

fn range_text() -> impl Strategy<Value = String> {
    (prop::sample::select(&["m", "n"][..]), prop::sample::select(&["5m", "1h30m"][..]), any::<bool>())
        .prop_map(|(name, range, offset)| format!("{name}[{range}]{}", if offset { " offset 2m" } else { "" }))
}

/// Instant vectors of every construct the grammar has.
fn vector_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => selector_text(),
        2 => range_text().prop_map(|range| format!("rate({range})")),
        1 => range_text().prop_map(|range| format!("quantile_over_time(0.9, ({range}))")),
        1 => Just("vector(1)".to_owned()),
    ];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            inner.clone().prop_map(|a| format!("sum by (job) ({a})")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            inner.clone().prop_map(|a| format!("timestamp({a})")),
            inner.clone().prop_map(|a| format!("max_over_time(({a})[1h:5m])")),
            inner.clone().prop_map(|a| format!("label_replace({a}, \"namespace\", \"$1\", \"job\", \"(.*)\")")),
            pair.clone().prop_map(|(a, b)| format!("topk(scalar({a}), {b})")),
            pair.clone().prop_map(|(a, b)| format!("({a}) / on (job) group_left () ({b})")),
            pair.clone().prop_map(|(a, b)| format!("({a}) unless ({b})")),
            pair.clone().prop_map(|(a, b)| format!("({a}) or ({b})")),
            pair.prop_map(|(a, b)| format!("histogram_quantile(scalar({a}), {b})")),
            (range_text(), inner).prop_map(|(range, a)| format!("predict_linear({range}, scalar({a}))")),
        ]
    })
}

fn scope() -> impl Strategy<Value = MeshScope> {
    let cluster = prop::option::of(prop::sample::select(CLUSTERS.as_slice()));
    let namespaces = prop::option::weighted(0.8, prop::sample::subsequence(NAMESPACES.as_slice(), 0..=3));
    prop::collection::vec((cluster, namespaces), 0..4).prop_map(|selectors| {
        MeshScope::new(selectors.into_iter().map(|(cluster, namespaces)| match namespaces {
            None => MeshSelector::all(cluster).expect("valid"),
            Some(names) => MeshSelector::only(cluster, names).expect("valid"),
        }))
    })
}

/// Every selector of an expression, in order.
fn selectors_of(text: &str) -> Vec<VectorSelector> {
    fn collect(expr: &mut Expr, found: &mut Vec<VectorSelector>) {
        match expr {
            Expr::VectorSelector(selector) => found.push(selector.clone()),
            Expr::MatrixSelector(selector) => found.push(selector.vs.clone()),
            _ => {}
        }
        for child in children(expr) {
            collect(child, found);
        }
    }
    let mut found = Vec::new();
    collect(&mut parser::parse(text).expect("what was enforced parses"), &mut found);
    found
}

fn matches(matchers: &[Printed], cluster: &str, namespace: &str) -> bool {
    matchers.iter().all(|matcher| match matcher.name.as_str() {
        "cluster" => matcher.is_match(cluster),
        "namespace" => matcher.is_match(namespace),
        _ => true,
    })
}

fn without_place(selector: &VectorSelector) -> String {
    let mut selector = selector.clone();
    selector.matchers.matchers.retain(|matcher| !["cluster", "namespace"].contains(&matcher.name.as_str()));
    selector.to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_selector_of_an_enforced_expression_carries_the_matcher(expr in vector_text()) {
        let text = to_acme(&expr).expect("well-formed");
        for selector in selectors_of(&text) {
            let ours = selector.matchers.find_matchers("tenant");
            prop_assert_eq!(ours.len(), 1, "{}", text);
            prop_assert_eq!(ours[0].to_string(), "tenant=\"acme\"");
        }
        prop_assert_eq!(selectors_of(&text).len(), selectors_of(&expr).len());
        prop_assert_eq!(to_acme(&text), Ok(text.clone()), "enforcing again changes nothing");
    }

    /// The heart of it: for every selector of the caller's and every series, the copies that match are exactly one when
    /// the series is visible and the caller asked for it, and none otherwise.
    #[test]
    fn the_copies_of_a_selector_are_its_visible_part_exactly(selector in selector_text(), scope in scope()) {
        let asked = &selectors_of(&selector)[0];
        match confine(&selector, &scope, Side::Resource, None) {
            Ok(confined) => {
                let copies = selectors_of(confined.get().as_str());
                for cluster in CLUSTERS.into_iter().chain(["other", ""]) {
                    for namespace in NAMESPACES.into_iter().chain(["other", ""]) {
                        let wanted = scope.sees(cluster, namespace) && matches(&asked.matchers.matchers, cluster, namespace);
                        let found = copies.iter().filter(|copy| matches(&copy.matchers.matchers, cluster, namespace)).count();
                        prop_assert_eq!(found, usize::from(wanted), "{} in {:?} at {}/{}", confined.get(), scope, cluster, namespace);
                    }
                }
            }
            Err(Refused::Conflict { .. }) => {
                for cluster in CLUSTERS {
                    for namespace in NAMESPACES {
                        let lost = scope.sees(cluster, namespace) && matches(&asked.matchers.matchers, cluster, namespace);
                        prop_assert!(!lost, "refused although {}/{} is visible", cluster, namespace);
                    }
                }
            }
            Err(other) => prop_assert!(false, "{selector}: {other}"),
        }
    }

    /// Both ends together: what is visible by either is read once, or twice where that cannot be said in one go; what is
    /// visible by neither never.
    #[test]
    fn what_lies_beyond_completes_what_is_seen(scope in scope()) {
        let seen = confine("m", &scope, Side::Source, None).expect("confined");
        let beyond = confine_beyond("m", &scope, Side::Destination, Side::Source, None).expect("confined");
        let beyond = beyond.map(|query| selectors_of(query.get().as_str())).unwrap_or_default();
        let names: Vec<(&str, &str)> = CLUSTERS.into_iter().chain(["other", ""])
            .flat_map(|cluster| NAMESPACES.into_iter().chain(["other", ""]).map(move |namespace| (cluster, namespace)))
            .collect();
        let once = scope.arms().len() <= 1;
        for source in &names {
            for destination in &names {
                let fits = |selector: &VectorSelector| selector.matchers.matchers.iter().all(|matcher| {
                    matcher.is_match(match matcher.name.as_str() {
                        "source_cluster" => source.0,
                        "source_workload_namespace" => source.1,
                        "destination_cluster" => destination.0,
                        _ => destination.1,
                    })
                });
                let by_source = selectors_of(seen.get().as_str()).iter().filter(|one| fits(one)).count();
                let by_destination = beyond.iter().filter(|one| fits(one)).count();
                let (caller, called) = (scope.sees(source.0, source.1), scope.sees(destination.0, destination.1));
                prop_assert_eq!(by_source, usize::from(caller));
                let wanted = if once { called && !caller } else { called };
                prop_assert_eq!(by_destination, usize::from(wanted), "{:?}: {:?} to {:?}", scope, source, destination);
            }
        }
    }

    #[test]
    fn a_confined_expression_asks_for_nothing_else_and_is_stable(expr in vector_text(), scope in scope()) {
        let confined = match confine(&expr, &scope, Side::Resource, None) {
            Ok(confined) => confined.get().to_string(),
            Err(Refused::Conflict { .. } | Refused::TooManySelectors) => return Ok(()),
            Err(other) => return Err(TestCaseError::fail(format!("{expr}: {other}"))),
        };
        for selector in selectors_of(&confined) {
            for cluster in CLUSTERS.into_iter().chain(["other", ""]) {
                for namespace in NAMESPACES.into_iter().chain(["other", ""]) {
                    let seen = matches(&selector.matchers.matchers, cluster, namespace);
                    prop_assert!(!seen || scope.sees(cluster, namespace), "{confined} in {scope:?} sees {cluster}/{namespace}");
                }
            }
        }
        let mut kinds: Vec<String> = selectors_of(&confined).iter().map(without_place).collect();
        let mut asked: Vec<String> = selectors_of(&expr).iter().map(without_place).collect();
        kinds.sort();
        kinds.dedup();
        asked.sort();
        asked.dedup();
        prop_assert_eq!(kinds, asked, "every selector of the caller's is still there, and no other");
    }

    #[test]
    fn values_come_back_as_they_were(value in "\\PC{1,12}|[\"\\\\{}|.*+?()\\[\\]^$\n\r\t]{1,12}", other in "[a-z.|]{1,5}") {
        let one = enforce("m", &[Matcher::equal("l", &value).expect("valid")]).expect("enforced");
        let read = selectors_of(one.get().as_str());
        prop_assert_eq!(&read[0].matchers.matchers[0].value, &value);
        let both = enforce("m", &[Matcher::one_of("l", [&value, &other]).expect("valid")]).expect("enforced");
        let read = selectors_of(both.get().as_str());
        let matcher = &read[0].matchers.matchers[0];
        prop_assert!(matcher.is_match(&value) && matcher.is_match(&other), "{}", both.get());
        prop_assert!(value == other || !matcher.is_match(&format!("{value}{other}")), "{}", both.get());
        prop_assert!(matcher.name != METRIC_NAME);
    }

    #[test]
    fn no_text_whatever_panics_or_escapes(text in "\\PC{0,60}|[a-z(){}\\[\\]\"'`\\\\=~!,:@#0-9 \n+*^-]{0,80}") {
        if let Ok(confined) = to_acme(&text) {
            for selector in selectors_of(&confined) {
                prop_assert!(selector.matchers.matchers.iter().any(|own| own.to_string() == "tenant=\"acme\""), "{}", confined);
            }
        }
    }

    #[test]
    fn narrowing_never_sees_more(
        scope in scope(),
        namespaces in prop::sample::subsequence(NAMESPACES.as_slice(), 0..=4),
        clusters in prop::sample::subsequence(CLUSTERS.as_slice(), 0..=3),
    ) {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let narrowed = scope.narrow(&own(&namespaces), &own(&clusters));
        for cluster in CLUSTERS {
            for namespace in NAMESPACES {
                let wanted = scope.sees(cluster, namespace)
                    && (namespaces.is_empty() || namespaces.contains(&namespace))
                    && (clusters.is_empty() || clusters.contains(&cluster));
                prop_assert_eq!(narrowed.sees(cluster, namespace), wanted);
            }
        }
    }
}
