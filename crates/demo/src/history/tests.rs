//! The history has to look like the live mesh, only earlier.

use super::*;

const NOW: i64 = 1_767_225_600_000;

fn label<'a>(series: &'a HistorySeries, name: &str) -> Option<&'a str> {
    series.labels.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

#[test]
fn it_ends_now_and_counters_only_grow() {
    let mut seen = 0;
    for series in backfill(NOW, 24, 120) {
        assert_eq!(series.points.len(), 721, "{}", series.name);
        assert_eq!(series.points.last().unwrap().0, NOW);
        if series.name != "istio_agent_cert_expiry_seconds" {
            assert_eq!(series.points[0], (NOW - 24 * 3_600_000, 0.0));
            assert!(series.points.windows(2).all(|w| w[0].1 <= w[1].1 && w[0].0 < w[1].0), "{}", series.name);
        }
        seen += 1;
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn both_reporters_tell_the_same_rate() {
    let total = |reporter: &str| -> f64 {
        backfill(NOW, 1, 60)
            .filter(|s| s.name == "istio_requests_total" && label(s, "reporter") == Some(reporter))
            .filter(|s| label(s, "destination_canonical_service") == Some("payments"))
            .map(|s| s.points.last().unwrap().1)
            .sum()
    };
    assert!(total("source") > 1000.0);
    assert!((total("source") - total("destination")).abs() < 1e-6);
}

#[test]
fn buckets_of_a_histogram_never_shrink_with_the_bound() {
    let mut buckets: Vec<(f64, f64)> = backfill(NOW, 1, 60)
        .filter(|s| s.name.ends_with("_bucket") && label(s, "reporter") == Some("destination"))
        .filter(|s| label(s, "destination_workload") == Some("payments-v2"))
        .map(|s| (label(&s, "le").unwrap().parse().unwrap(), s.points.last().unwrap().1))
        .collect();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(buckets.len(), 20);
    assert!(buckets.windows(2).all(|w| w[0].1 <= w[1].1));
    let (total, below_50) = (buckets[19].1, buckets[5].1);
    assert!(below_50 / total < 0.2, "payments take about 70 ms with the bank: {below_50} of {total}");
}

#[test]
fn labels_are_those_of_a_scrape_with_nothing_added() {
    let series = backfill(NOW, 1, 60)
        .find(|s| s.name == "istio_requests_total" && label(s, "source_workload") == Some("checkout"))
        .unwrap();
    assert_eq!(label(&series, "recorded"), None);
    for name in ["cluster", "namespace", "app", "instance"] {
        assert!(label(&series, name).is_some(), "{name}");
    }
    assert_eq!(label(&series, "source_principal"), Some("spiffe://cluster.local/ns/shop/sa/checkout"));
}

#[test]
fn email_has_held_its_leaf_for_too_long() {
    let of = |app: &str| {
        backfill(NOW, 24, 120)
            .find(|s| s.name == "istio_agent_cert_expiry_seconds" && label(s, "app") == Some(app))
            .unwrap()
            .points
    };
    let email = of("email");
    assert_eq!(email.last().unwrap().1, 4.0 * 3600.0);
    assert!(email.iter().any(|(_, left)| *left > 23.9 * 3600.0));
    assert!(of("cart").iter().all(|(_, left)| (300.0..=600.0).contains(left)));
}
