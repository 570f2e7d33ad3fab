//! Why there is nothing to see: five checks, in the order a person would make them.

use contract::{Timestamp, overview::EmptyCheck};
use query::Side;

use crate::{ask::Ask, stores::MetricsHealth};

/// Runs the checks.
pub(crate) async fn run(ask: &Ask, store: &MetricsHealth, now: Timestamp) -> Vec<EmptyCheck> {
    let count = async |expr: &str| -> Option<f64> {
        let answer = ask.instant(expr, Side::Destination, now).await.ok()?;
        Some(answer.samples.first().map_or(0.0, |sample| sample.value))
    };
    let recent = count("count(count_over_time(istio_requests_total[5m]))").await;
    let twice = count("max(count_over_time(istio_requests_total[1m]))").await;
    let ever = count("count(count_over_time(istio_requests_total[1d]))").await;
    let check = |question: &str, passed: Option<bool>, yes: &str, no: &str, unknown: &str| EmptyCheck {
        question: question.to_owned(),
        passed,
        finding: match passed {
            Some(true) => yes,
            Some(false) => no,
            None => unknown,
        }
        .to_owned(),
    };
    let unread = "The metrics store could not be asked.";
    let scope = ask.mesh();
    vec![
        check(
            "Do sidecars report traffic?",
            ever.map(|series| series > 0.0),
            "Istio metrics of your namespaces arrived within the past day.",
            "No istio_requests_total of your namespaces within the past day. Are sidecars injected, and does anybody call?",
            unread,
        ),
        check(
            "Are they scraped now?",
            if store.answers { recent.map(|series| series > 0.0) } else { Some(false) },
            "Series were written within five minutes.",
            if store.answers {
                "Nothing was written within five minutes. Look at the scrape targets of the store."
            } else {
                "The metrics store does not answer."
            },
            unread,
        ),
        check(
            "Does the window hold two scrapes?",
            twice.map(|samples| samples >= 2.0),
            "The last minute holds at least two samples per series.",
            "The last minute holds fewer than two samples per series; choose a longer window.",
            unread,
        ),
        check(
            "Are these the right namespaces?",
            Some(!scope.is_empty()),
            &format!("The view covers {}.", crate::scope::describe(scope)),
            "The chosen namespaces and clusters have nothing in common with those of your tenant.",
            unread,
        ),
        check(
            "Is it the right tenant?",
            ever.map(|series| series > 0.0),
            "This tenant has had traffic within the past day.",
            "This tenant has had no traffic within the past day. If you belong to another one, switch at the top of the sidebar.",
            unread,
        ),
    ]
}
