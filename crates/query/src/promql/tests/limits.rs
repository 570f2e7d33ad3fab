//! Hostile input ends in a refusal, quickly, and never in an abort of the process.

use std::thread;
use std::time::{Duration, Instant};

use super::super::limits::{MAX_BYTES, MAX_NESTING, MAX_OPERATORS};
use super::*;
use crate::scope::MeshSelector;

/// Half of what a worker thread has. An overflow aborts the test process, so passing is the assertion.
const STACK_BYTES: usize = 1024 * 1024;

#[test]
fn the_deepest_queries_let_through_fit_half_a_worker_stack() {
    let nested = |open: &str, close: &str| {
        let levels = MAX_NESTING - 1;
        format!("{}up{}", open.repeat(levels), close.repeat(levels))
    };
    let chain = |operator: &str, count: usize| format!("up{}", format!("{operator}up").repeat(count));
    let spare = MAX_OPERATORS - MAX_NESTING;
    let queries = [
        nested("(", ")"),
        nested("abs(", ")"),
        nested("sum(", ")"),
        nested("topk(1,", ")"),
        nested("-(", ")"),
        format!("{}up{}", "max_over_time((".repeat(30), ")[5m:1m])".repeat(30)),
        format!("{}up", "-".repeat(MAX_OPERATORS)),
        chain("+", MAX_OPERATORS),
        chain("^", MAX_OPERATORS),
        chain(" or ", MAX_OPERATORS),
        // Everything at once: a deep tree hanging from the end of a long chain.
        format!("{}{}{}", nested("-abs(", ")"), "^up".repeat(spare), ""),
        format!("{}{}", "up^".repeat(spare), nested("-abs(", ")")),
    ];
    thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || {
            let scope = MeshScope::new([
                MeshSelector::only(Some("west"), ["shop"]).expect("valid"),
                MeshSelector::only(Some("east"), ["ai"]).expect("valid"),
            ]);
            for query in queries {
                to_acme(&query).unwrap_or_else(|refused| panic!("{refused}: {query}"));
                confine(&query, &scope, Side::Source, None).unwrap_or_else(|refused| panic!("{refused}: {query}"));
            }
        })
        .expect("threads can be started")
        .join()
        .expect("no query was refused");
}

#[test]
fn beyond_the_limits_it_is_refused_before_parsing() {
    let deep = |levels: usize| format!("{}up{}", "(".repeat(levels), ")".repeat(levels));
    assert!(to_acme(&deep(MAX_NESTING)).is_ok());
    assert_eq!(to_acme(&deep(MAX_NESTING + 1)), Err(Refused::TooDeep { max: MAX_NESTING }));
    assert_eq!(to_acme(&deep(4_000)), Err(Refused::TooDeep { max: MAX_NESTING }));
    let chain = |count: usize| format!("up{}", "+up".repeat(count));
    assert!(to_acme(&chain(MAX_OPERATORS)).is_ok());
    assert_eq!(to_acme(&chain(MAX_OPERATORS + 1)), Err(Refused::TooManyOperators { max: MAX_OPERATORS }));
    let words = format!("up{}", " AND up".repeat(MAX_OPERATORS + 1));
    assert_eq!(to_acme(&words), Err(Refused::TooManyOperators { max: MAX_OPERATORS }));
    let long = format!("up{{a=\"{}\"}}", "x".repeat(MAX_BYTES));
    assert_eq!(to_acme(&long), Err(Refused::TooLong { bytes: long.len(), max: MAX_BYTES }));
    assert_eq!(to_acme(" \n"), Err(Refused::Empty));
}

#[test]
fn quotes_and_comments_cannot_hide_depth() {
    let deep = format!("{}up{}", "(".repeat(MAX_NESTING + 1), ")".repeat(MAX_NESTING + 1));
    for hidden in [
        format!("# \" ' `\n{deep}"),
        format!("# \"\r{deep}"),
        format!("label_replace(a, \"\\\"\", '\\'', \"b\", `c`) + {deep}"),
        format!("label_replace(a, \"\\\\\", \"(((\", \"b\", \"c\") + {deep}"),
        format!("a{{b=\"#\"}} + {deep}"),
        format!("a{{b='\"'}} + {deep}"),
    ] {
        assert_eq!(to_acme(&hidden), Err(Refused::TooDeep { max: MAX_NESTING }), "{hidden}");
    }
    let quoted = format!("a{{b=\"{}\"}}", "(".repeat(300));
    assert!(!matches!(to_acme(&quoted), Err(Refused::TooDeep { .. })), "brackets in text are only text");
}

#[test]
fn costly_regular_expressions_are_refused_at_once() {
    let started = Instant::now();
    for regex in [
        r"\\w{1000}",
        r"(\\w{90}){10}",
        r"(\\pL{50}){50}",
        r"(?i)(\\pL{1,9}){1,9}",
        r"[^a]{1000}{9}",
        r"(((a{99}){99}){99})",
    ] {
        let many = vec![format!("up{{a=~\"{regex}\"}}"); 50].join(" + ");
        assert_eq!(to_acme(&many), Err(Refused::RegexTooLarge), "{regex}");
    }
    assert!(started.elapsed() < Duration::from_secs(1), "took {:?}", started.elapsed());
    for regex in ["5..", r"[45]\\d\\d", ".*payments.*", r"(?i)post|get", r"pod-[a-z0-9]{5,10}-\\w+", "a|b|c|d|e"] {
        assert!(to_acme(&format!("up{{a=~\"{regex}\"}}")).is_ok(), "{regex}");
    }
}

#[test]
fn durations_no_clock_can_hold_are_refused() {
    for expr in [
        "up offset NaN",
        "up offset Inf",
        "up offset 1e30",
        "up offset - 1e30",
        "up[1e400]",
        "max_over_time(up[5m:1e400])",
    ] {
        assert!(matches!(to_acme(expr), Err(Refused::DurationOutOfRange { .. })), "{expr}: {:?}", to_acme(expr));
    }
    assert!(to_acme("rate(job:requests:rate5m[5m]) + NaN + Inf + 1e300").is_ok(), "values are not durations");
    assert!(to_acme("up offset 1y").is_ok());
}
