//! The matcher reaches every place a selector can stand in, and cannot be argued with.

use super::*;

#[test]
fn every_selector_carries_the_matcher() {
    for (expr, expected) in [
        ("up", r#"up{tenant="acme"}"#),
        ("up{}", r#"up{tenant="acme"}"#),
        (r#"{__name__=~"a|b"}"#, r#"{__name__=~"a|b",tenant="acme"}"#),
        (r#"{"http.requests", "k8s.pod"="p"}"#, r#"{"k8s.pod"="p",__name__="http.requests",tenant="acme"}"#),
        ("rate(m[5m] offset 1h)", r#"rate(m{tenant="acme"}[5m] offset 1h)"#),
        ("m @ end() offset -3m", r#"m{tenant="acme"} @ end() offset -3m"#),
        ("max_over_time(rate(m[1m])[1h:30s] @ 100)", r#"max_over_time(rate(m{tenant="acme"}[1m])[1h:30s] @ 100.000)"#),
        ("max_over_time(m[1h:])", r#"max_over_time(m{tenant="acme"}[1h:])"#),
        // A selector in the parameter of an aggregation, and under it.
        ("topk(scalar(count(x)), y)", r#"topk(scalar(count(x{tenant="acme"})), y{tenant="acme"})"#),
        ("quantile(scalar(q), a) by (b)", r#"quantile by (b) (scalar(q{tenant="acme"}), a{tenant="acme"})"#),
        ("count_values(\"v\", a)", r#"count_values("v", a{tenant="acme"})"#),
        ("limitk(2, a)", r#"limitk(2, a{tenant="acme"})"#),
        // Both sides of every kind of operator, with every modifier.
        ("a or b", r#"a{tenant="acme"} or b{tenant="acme"}"#),
        ("a unless on (x) b", r#"a{tenant="acme"} unless on (x) b{tenant="acme"}"#),
        (
            "a * on (x) group_left (y) b and c",
            r#"a{tenant="acme"} * on (x) group_left (y) b{tenant="acme"} and c{tenant="acme"}"#,
        ),
        ("a > bool ignoring (z) b", r#"a{tenant="acme"} > bool ignoring (z) b{tenant="acme"}"#),
        ("a + fill (0) b", r#"a{tenant="acme"} + fill (0) b{tenant="acme"}"#),
        ("-(a ^ -b)", r#"-(a{tenant="acme"} ^ -b{tenant="acme"})"#),
        (
            "label_replace(a, \"tenant\", \"x\", \"\", \"\")",
            r#"label_replace(a{tenant="acme"}, "tenant", "x", "", "")"#,
        ),
        ("predict_linear(a[5m], scalar(b))", r#"predict_linear(a{tenant="acme"}[5m], scalar(b{tenant="acme"}))"#),
        ("sum by () (a)", r#"sum(a{tenant="acme"})"#),
        ("absent(a{x=\"1\"})", r#"absent(a{tenant="acme",x="1"})"#),
        ("info(a, {version=~\".+\"})", r#"info(a{tenant="acme"}, {tenant="acme",version=~".+"})"#),
        ("vector(1) + time()", "vector(1) + time()"),
        ("a # {tenant=\"other\"}\n", r#"a{tenant="acme"}"#),
        ("sum{x=\"1\"}", r#"sum{tenant="acme",x="1"}"#),
    ] {
        assert_eq!(to_acme(expr).as_deref(), Ok(expected), "{expr}");
        assert_eq!(to_acme(expected).as_deref(), Ok(expected), "printing and enforcing again changes nothing: {expr}");
    }
}

#[test]
fn the_tenant_label_is_not_the_callers() {
    for expr in [
        r#"up{tenant="globex"}"#,
        r#"up{tenant!="globex"}"#,
        r#"up{tenant=~"acme|globex"}"#,
        r#"up{tenant=~"acme"}"#,
        r#"up{tenant!~"x"}"#,
        r#"up{tenant=""}"#,
        r#"up{"tenant"="globex"}"#,
        r#"up{"\u0074enant"="globex"}"#,
        r#"up{'tenant'=`globex`}"#,
        r#"absent(up{tenant="globex"})"#,
        r#"topk(scalar(count(x{tenant="globex"})), y)"#,
        r#"up{tenant="acme",tenant="globex"}"#,
        r#"info(up, {tenant="globex"})"#,
    ] {
        match to_acme(expr) {
            Err(Refused::Reserved { label, .. }) => assert_eq!(label, "tenant"),
            other => panic!("{expr}: {other:?}"),
        }
    }
    assert_eq!(to_acme(r#"up{tenant="acme"}"#).as_deref(), Ok(r#"up{tenant="acme"}"#), "exactly ours is harmless");
    let why = to_acme(r#"up{tenant="globex"}"#).expect_err("refused").to_string();
    assert_eq!(why, r#"the label "tenant" is set by the portal; remove tenant="globex" from the query"#);
}

#[test]
fn values_cannot_break_out() {
    let nasty = "a\"} or secret{x=\"\\|.*\n";
    let matcher = Matcher::equal("cluster", nasty).expect("valid");
    let text = enforce("up", &[matcher]).expect("enforced").get().to_string();
    assert_eq!(text, r#"up{cluster="a\"} or secret{x=\"\\|.*\n"}"#);
    let matcher = Matcher::one_of("cluster", ["a.b|c", "x{2}$\"", "y"]).expect("valid");
    let text = enforce("up", &[matcher]).expect("enforced").get().to_string();
    assert_eq!(text, r#"up{cluster=~"a\\.b\\|c|x\\{2\\}\\$\"|y"}"#);
    // What the caller writes is decoded and printed again.
    assert_eq!(to_acme(r#"up{x='a"} or secret{y="'}"#).as_deref(), Ok(r#"up{tenant="acme",x="a\"} or secret{y=\""}"#));
    assert_eq!(to_acme(r#"{"up} or secret"}"#).as_deref(), Ok(r#"{__name__="up} or secret",tenant="acme"}"#));
}

#[test]
fn what_cannot_be_enforced_is_refused() {
    assert_eq!(to_acme(r#"{a="x" or b="y"}"#), Err(Refused::SelectorOr));
    assert_eq!(to_acme(r#"rate(m{a="x" or b="y"}[5m])"#), Err(Refused::SelectorOr));
    assert_eq!(to_acme("info(up)"), Err(Refused::InfoWithoutLabels));
    assert_eq!(to_acme("up @ -5"), Err(Refused::NotRepresentable), "printed as 0 by the library");
    assert_eq!(enforce("up", &[]).map(|_| ()), Err(Refused::NothingToEnforce));
    for expr in [
        "up{",
        "up)",
        "sum(",
        "nosuch(up)",
        "up{a=~\"(\"}",
        "up up",
        "{}",
        "m[5m",
        "1 +",
        "\"\\ä\"",
        "up{a=\"\\.\"}",
        "\u{0}",
    ] {
        assert!(matches!(to_acme(expr), Err(Refused::Syntax(_))), "{expr}: {:?}", to_acme(expr));
    }
}

#[test]
fn an_ordinary_label_may_be_narrowed_but_not_left() {
    let namespaces = [Matcher::one_of("namespace", ["ai", "shop"]).expect("valid")];
    let one = [Matcher::equal("namespace", "shop").expect("valid")];
    let ask = |expr: &str, matchers: &[Matcher]| enforce(expr, matchers).map(|confined| confined.get().to_string());
    for (expr, expected) in [
        (r#"up{namespace="shop"}"#, r#"up{namespace="shop",namespace=~"ai|shop"}"#),
        (r#"up{namespace!="shop"}"#, r#"up{namespace!="shop",namespace=~"ai|shop"}"#),
        (r#"up{namespace=~"s.*"}"#, r#"up{namespace=~"ai|shop",namespace=~"s.*"}"#),
        (r#"up{namespace=~"ai|shop"}"#, r#"up{namespace=~"ai|shop"}"#),
    ] {
        assert_eq!(ask(expr, &namespaces).as_deref(), Ok(expected), "{expr}");
    }
    for (expr, expected) in [
        (r#"up{namespace!=""}"#, r#"up{namespace="shop"}"#),
        (r#"up{namespace!="ai"}"#, r#"up{namespace="shop"}"#),
        (r#"up{namespace=~"s.*"}"#, r#"up{namespace="shop",namespace=~"s.*"}"#),
    ] {
        assert_eq!(ask(expr, &one).as_deref(), Ok(expected), "{expr}");
    }
    for expr in [
        r#"up{namespace="bank"}"#,
        r#"up{namespace=""}"#,
        r#"up{namespace=~"bank|x.*"}"#,
        r#"absent(up{namespace="bank"})"#,
        r#"up{namespace!~".+"}"#,
    ] {
        assert!(matches!(ask(expr, &namespaces), Err(Refused::Conflict { .. })), "{expr}");
        assert!(matches!(ask(expr, &one), Err(Refused::Conflict { .. })), "{expr}");
    }
    assert_eq!(
        ask(r#"up{namespace!="shop"}"#, &one).expect_err("refused").to_string(),
        r#"namespace!="shop" selects nothing you may see"#
    );
}

#[test]
fn matchers_that_would_match_too_much_cannot_be_made() {
    assert_eq!(Matcher::equal("tenant", ""), Err(BadMatcher::EmptyValue("tenant".to_owned())));
    for label in ["", "__name__", "a-b", "1a", "a\"", "a b", "ä"] {
        assert_eq!(Matcher::equal(label, "x"), Err(BadMatcher::Label(label.to_owned())), "{label:?}");
    }
    let none = Matcher::one_of("namespace", [""; 0]).expect("valid");
    assert_eq!(
        enforce("up", &[none]).expect("enforced").get().as_str(),
        r#"up{namespace!="",namespace=""}"#,
        "no value contradicts itself instead of matching everything"
    );
}
