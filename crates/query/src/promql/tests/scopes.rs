//! Confinement to a part of a mesh, above all where one set of matchers cannot say it.

use super::*;
use crate::scope::MeshSelector;

fn mk_scope(selectors: &[(Option<&str>, Option<&[&str]>)]) -> MeshScope {
    MeshScope::new(selectors.iter().map(|(cluster, namespaces)| match namespaces {
        None => MeshSelector::all(*cluster).expect("valid"),
        Some(names) => MeshSelector::only(*cluster, names.iter()).expect("valid"),
    }))
}

fn ask(expr: &str, scope: &MeshScope) -> Result<String, Refused> {
    confine(expr, scope, Side::Resource, None).map(|confined| confined.get().to_string())
}

/// `shop` in west, `ai` in east.
fn apart() -> MeshScope {
    mk_scope(&[(Some("west"), Some(&["shop"])), (Some("east"), Some(&["ai"]))])
}

#[test]
fn each_side_has_its_labels() {
    let scope = mk_scope(&[(Some("west"), Some(&["shop"]))]);
    for (side, expected) in [
        (Side::Source, r#"m{source_cluster="west",source_workload_namespace="shop"}"#),
        (Side::Destination, r#"m{destination_cluster="west",destination_workload_namespace="shop"}"#),
        (Side::DestinationService, r#"m{destination_cluster="west",destination_service_namespace="shop"}"#),
        (Side::Resource, r#"m{cluster="west",namespace="shop"}"#),
    ] {
        assert_eq!(confine("m", &scope, side, None).expect("confined").get().as_str(), expected);
    }
}

#[test]
fn the_usual_scopes_need_one_set_of_matchers() {
    for (scope, expected) in [
        (MeshScope::everything(), "m"),
        (mk_scope(&[(None, Some(&["shop"]))]), r#"m{namespace="shop"}"#),
        (mk_scope(&[(None, Some(&["shop", "ai"]))]), r#"m{namespace=~"ai|shop"}"#),
        (mk_scope(&[(Some("west"), None)]), r#"m{cluster="west"}"#),
        (mk_scope(&[(Some("west"), None), (Some("east"), None)]), r#"m{cluster=~"east|west"}"#),
        (
            mk_scope(&[(Some("west"), Some(&["shop", "ai"])), (Some("east"), Some(&["ai", "shop"]))]),
            r#"m{cluster=~"east|west",namespace=~"ai|shop"}"#,
        ),
        (mk_scope(&[(Some("west"), Some(&["ai"])), (None, Some(&["ai"]))]), r#"m{namespace="ai"}"#),
        (mk_scope(&[(Some("west"), Some(&["ai"])), (None, None)]), "m"),
        (MeshScope::nothing(), r#"m{namespace!="",namespace=""}"#),
    ] {
        assert_eq!(ask("m", &scope).as_deref(), Ok(expected), "{scope:?}");
    }
}

#[test]
fn the_tenants_label_is_added_and_reserved_in_every_scope() {
    let tenant = TenantLabel::new("tenant", "acme").expect("valid");
    for scope in [MeshScope::everything(), MeshScope::nothing(), apart()] {
        let confined = confine("m", &scope, Side::Resource, Some(&tenant)).expect("confined");
        let text = confined.get().as_str();
        assert_eq!(text.matches("m{").count(), text.matches(r#"tenant="acme""#).count(), "{text}");
        assert!(text.contains("tenant"), "{text}");
        let asked = confine(r#"m{tenant=~".*"}"#, &scope, Side::Resource, Some(&tenant));
        assert!(matches!(asked, Err(Refused::Reserved { .. })));
    }
}

#[test]
fn different_namespaces_in_different_clusters_are_joined_where_it_is_exact() {
    for (expr, expected) in [
        ("m", "(m{E} or m{W})"),
        ("m offset 5m", "(m{E} offset 5m or m{W} offset 5m)"),
        ("rate(m[5m])", "(rate(m{E}[5m]) or rate(m{W}[5m]))"),
        ("rate((m[5m]))", "(rate(m{E}[5m]) or rate(m{W}[5m]))"),
        ("sum by (a) (rate(m[5m])) / sum(n)", "sum by (a) ((rate(m{E}[5m]) or rate(m{W}[5m]))) / sum((n{E} or n{W}))"),
        ("max_over_time(m[1h:1m])", "max_over_time((m{E} or m{W})[1h:1m])"),
        (
            "max_over_time(rate(m[5m])[1h:1m] @ end())",
            "max_over_time((rate(m{E}[5m]) or rate(m{W}[5m]))[1h:1m] @ end())",
        ),
        // The time of a sample is known only next to its selector.
        ("timestamp(m)", "(timestamp(m{E}) or timestamp(m{W}))"),
        ("timestamp(-m)", "timestamp(-(m{E} or m{W}))"),
        (
            "predict_linear(m[5m], scalar(n))",
            "(predict_linear(m{E}[5m], scalar((n{E} or n{W}))) or predict_linear(m{W}[5m], scalar((n{E} or n{W}))))",
        ),
        ("quantile_over_time(0.5, m[5m])", "(quantile_over_time(0.5, m{E}[5m]) or quantile_over_time(0.5, m{W}[5m]))"),
        ("topk(scalar(count(x)), y)", "topk(scalar(count((x{E} or x{W}))), (y{E} or y{W}))"),
        ("absent(sum(m))", "absent(sum((m{E} or m{W})))"),
    ] {
        let expected = expected
            .replace("{E}", r#"{cluster="east",namespace="ai"}"#)
            .replace("{W}", r#"{cluster="west",namespace="shop"}"#);
        assert_eq!(ask(expr, &apart()), Ok(expected.clone()), "{expr}");
        assert_eq!(ask(&expected, &apart()), Ok(expected.clone()), "again: {expr}");
    }
}

#[test]
fn a_matcher_of_the_callers_decides_which_copies_are_needed() {
    for (expr, expected) in [
        (r#"m{cluster="east"}"#, r#"m{cluster="east",namespace="ai"}"#),
        (r#"absent(m{namespace="shop"})"#, r#"absent(m{cluster="west",namespace="shop"})"#),
        (r#"m{cluster!="east"}[5m]"#, r#"m{cluster="west",namespace="shop"}[5m]"#),
    ] {
        assert_eq!(ask(expr, &apart()).as_deref(), Ok(expected), "{expr}");
    }
    assert!(matches!(ask(r#"m{cluster="east",namespace="shop"}"#, &apart()), Err(Refused::Conflict { .. })));
    assert!(matches!(ask(r#"m{cluster="north"}"#, &apart()), Err(Refused::Conflict { .. })));
}

#[test]
fn what_would_be_answered_differently_over_several_sets_is_refused() {
    for expr in ["absent(m)", "absent((m))", "absent_over_time(m[5m])", "info(m, {v=~\".+\"})", "m[5m]"] {
        assert!(matches!(ask(expr, &apart()), Err(Refused::NotJoinable { .. })), "{expr}: {:?}", ask(expr, &apart()));
        assert!(ask(expr, &mk_scope(&[(None, Some(&["shop"]))])).is_ok(), "{expr}: one set is enough");
    }
}

#[test]
fn everything_of_one_cluster_beside_a_namespace_everywhere() {
    let scope = mk_scope(&[(Some("west"), None), (None, Some(&["ai", "shop"]))]);
    assert_eq!(
        ask("m", &scope).as_deref(),
        Ok(r#"(m{namespace=~"ai|shop"} or m{cluster="west",namespace!~"ai|shop"})"#)
    );
}

#[test]
fn many_sets_stay_shallow_and_bounded() {
    let selector = |index: usize| {
        MeshSelector::only(Some(&format!("cluster-{index}")), [format!("namespace-{index}")]).expect("valid")
    };
    let scope = MeshScope::new((0..300).map(selector));
    let text = ask("rate(m[5m])", &scope).expect("confined");
    assert_eq!(text.matches("rate(").count(), 300);
    let depth = text.chars().fold((0_i32, 0_i32), |(now, most), char| match char {
        '(' => (now + 1, most.max(now + 1)),
        ')' => (now - 1, most),
        _ => (now, most),
    });
    assert!(depth.1 <= 11, "depth grows with the logarithm, not with the number: {depth:?}");
    assert_eq!(ask("a + b + c + d", &scope), Err(Refused::TooManySelectors));
    assert_eq!(ask("predict_linear(a[5m], scalar(b))", &scope), Err(Refused::TooManySelectors));
}
