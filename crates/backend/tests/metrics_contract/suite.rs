//! The contract itself: what every store must answer, with the answers written out.

use std::fmt;

use backend::{
    Error,
    metrics::{Instant, MetricsStore, Ranged},
};
use contract::Timestamp;
use mesh::Labels;
use query::{Enforced, MeshScope, MeshSelector, PromQl, Side, confine, confine_selectors};

use super::data::Data;

/// A query as someone who sees everything asks it.
pub fn open(text: &str) -> Enforced<PromQl> {
    confine(text, &MeshScope::everything(), Side::Resource, None).unwrap_or_else(|why| panic!("{text}: {why}"))
}

/// An answer, sorted by labels.
pub enum Answer {
    Series(Vec<(Labels, Vec<(Timestamp, f64)>)>),
    Refused(String),
}

impl Answer {
    /// Equal but for rounding.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Series(a), Self::Series(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|((a, own), (b, their))| {
                        a == b
                            && own.len() == their.len()
                            && own.iter().zip(their).all(|(own, their)| own.0 == their.0 && near(own.1, their.1))
                    })
            }
            (Self::Refused(_), Self::Refused(_)) => true,
            (Self::Series(_), Self::Refused(_)) | (Self::Refused(_), Self::Series(_)) => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "refuses: {why}"),
            Self::Series(series) => {
                for (labels, points) in series {
                    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
                    write!(f, "{{{}}} {values:?}; ", labels.join(","))?;
                }
                Ok(())
            }
        }
    }
}

fn near(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-6)
}

/// Asks for an instant.
pub async fn ask(store: &dyn MetricsStore, text: &str, at: Timestamp) -> Answer {
    match store.query(&open(text), at).await {
        Ok(Instant { samples, .. }) => {
            let mut series: Vec<_> =
                samples.into_iter().map(|sample| (sample.labels, vec![(at, sample.value)])).collect();
            series.sort_by(|a, b| a.0.cmp(&b.0));
            Answer::Series(series)
        }
        Err(Error::Invalid { why, .. }) => Answer::Refused(why),
        Err(error) => panic!("{text}: {error}"),
    }
}

/// Asks for a range.
pub async fn ask_range(store: &dyn MetricsStore, text: &str, from: Timestamp, to: Timestamp, step: u64) -> Answer {
    match store.query_range(&open(text), from, to, step).await {
        Ok(Ranged { series, .. }) => {
            let mut series: Vec<_> = series.into_iter().map(|series| (series.labels, series.points)).collect();
            series.sort_by(|a, b| a.0.cmp(&b.0));
            Answer::Series(series)
        }
        Err(Error::Invalid { why, .. }) => Answer::Refused(why),
        Err(error) => panic!("{text}: {error}"),
    }
}

async fn values(store: &dyn MetricsStore, text: &str, at: Timestamp) -> Vec<(Labels, f64)> {
    match ask(store, text, at).await {
        Answer::Series(series) => series.into_iter().map(|(labels, points)| (labels, points[0].1)).collect(),
        Answer::Refused(why) => panic!("{text}: {why}"),
    }
}

fn labels<const N: usize>(pairs: [(&str, &str); N]) -> Labels {
    Labels::from_pairs(pairs)
}

/// Runs all of it.
pub async fn run(store: &dyn MetricsStore, data: &Data) {
    instants(store, data).await;
    names_survive_where_prometheus_keeps_them(store, data).await;
    ranges(store, data).await;
    confined_queries_find_nothing_else(store, data).await;
    values_of_labels(store, data).await;
    refusals(store, data).await;
    assert!(!store.probe().await.expect("it is alive").version.is_empty());
}

async fn instants(store: &dyn MetricsStore, data: &Data) {
    let end = data.at(3600);
    assert_eq!(values(store, "1 + 2", end).await, [(labels([]), 3.0)]);
    assert_eq!(values(store, "nothing", end).await, []);
    assert_eq!(
        values(store, r#"up{job="a"}"#, end).await,
        [
            (labels([("__name__", "up"), ("instance", "x"), ("job", "a")]), 0.0),
            (labels([("__name__", "up"), ("job", "a")]), 1.0)
        ]
    );
    assert_eq!(
        values(store, "sum by (job) (up)", end).await,
        [(labels([("job", "a")]), 1.0), (labels([("job", "b")]), 1.0)]
    );
    // It ended after 20 minutes and is seen for 5 more.
    assert_eq!(values(store, "gone", data.at(1440)).await, [(labels([("__name__", "gone"), ("app", "cart")]), 79.0)]);
    assert_eq!(values(store, "gone", data.at(1560)).await, []);
    // 11 requests every 15 s, nine tenths of them well.
    let rate = values(store, r#"rate(requests_total{app="web",code="200",namespace="shop"}[10m])"#, end).await;
    assert_eq!(rate[0].0, labels([("app", "web"), ("code", "200"), ("namespace", "shop")]));
    assert!((rate[0].1 - 11.0 * 0.9 / 15.0).abs() < 0.005, "{}", rate[0].1);
    let reset =
        values(store, r#"increase(requests_total{app="pay",code="200",namespace="shop"}[20m])"#, data.at(2400)).await;
    assert!((reset[0].1 - (5.0 * 0.9 * 80.0 + 100.0)).abs() < 10.0, "a restart is no decrease: {}", reset[0].1);
    let quantile = values(store, r#"histogram_quantile(0.8, rate(latency_bucket{app="web"}[10m]))"#, end).await;
    assert!((quantile[0].1 - 100.0).abs() < 3.0, "{}", quantile[0].1);
}

async fn names_survive_where_prometheus_keeps_them(store: &dyn MetricsStore, data: &Data) {
    for (text, kept) in [
        ("temperature", true),
        ("temperature > 0", true),
        ("last_over_time(temperature[5m])", true),
        ("topk(1, temperature)", true),
        ("sort(temperature)", true),
        ("rate(temperature[5m])", false),
        ("delta(temperature[5m])", false),
        ("deriv(temperature[5m])", false),
        ("changes(temperature[5m])", false),
        ("max_over_time(temperature[5m])", false),
        ("max_over_time(deriv(temperature[5m])[10m:1m])", false),
        ("-temperature", false),
        ("temperature * 1", false),
        ("temperature > bool 0", false),
        ("abs(temperature)", false),
        ("topk(1, deriv(temperature[5m]))", false),
    ] {
        let found = values(store, text, data.at(3600)).await;
        assert!(!found.is_empty(), "{text} finds something");
        for (labels, _) in found {
            assert_eq!(labels.get("__name__"), if kept { "temperature" } else { "" }, "{text}");
        }
    }
}

async fn ranges(store: &dyn MetricsStore, data: &Data) {
    let ranged = store.query_range(&open("gone"), data.at(1080), data.at(1800), 60).await.expect("an answer");
    assert_eq!(ranged.series.len(), 1);
    let points = &ranged.series[0].points;
    assert_eq!(points.first(), Some(&(data.at(1080), 71.0)));
    assert_eq!(points.last(), Some(&(data.at(1440), 79.0)), "steps without a value are left out");
    assert_eq!(points.len(), 7);
    let scalar = store.query_range(&open("7"), data.at(0), data.at(120), 60).await.expect("an answer");
    assert_eq!(scalar.series[0].points, [(data.at(0), 7.0), (data.at(60), 7.0), (data.at(120), 7.0)]);
    let pinned = ask_range(store, "temperature{room=\"attic\"} @ start()", data.at(600), data.at(720), 60).await;
    let Answer::Series(series) = pinned else { panic!("it is answered") };
    let first = series[0].1[0].1;
    assert!(series[0].1.iter().all(|(_, value)| (value - first).abs() < 1e-12));
}

async fn confined_queries_find_nothing_else(store: &dyn MetricsStore, data: &Data) {
    let shop = MeshScope::new([MeshSelector::only(None, ["shop"]).expect("a good name")]);
    let query =
        confine("sum by (namespace) (requests_total) or up", &shop, Side::Resource, None).expect("it is confined");
    let found = store.query(&query, data.at(3600)).await.expect("an answer");
    let seen: Vec<&Labels> = found.samples.iter().map(|sample| &sample.labels).collect();
    assert_eq!(seen, [&labels([("namespace", "shop")])]);
    let nothing = confine("requests_total", &MeshScope::nothing(), Side::Resource, None).expect("it is confined");
    assert_eq!(store.query(&nothing, data.at(3600)).await.expect("an answer").samples, []);
}

async fn values_of_labels(store: &dyn MetricsStore, data: &Data) {
    let shop = MeshScope::new([MeshSelector::only(None, ["shop"]).expect("a good name")]);
    let (from, to) = (data.at(0), data.at(3600));
    for (scope, name, selector, expected) in [
        (MeshScope::everything(), "namespace", "requests_total", vec!["bank", "shop"]),
        (shop.clone(), "namespace", "requests_total", vec!["shop"]),
        (shop.clone(), "app", r#"requests_total{code="500"}"#, vec!["cart", "pay", "web"]),
        (shop, "room", "temperature", vec![]),
        (MeshScope::everything(), "nowhere", "requests_total", vec![]),
    ] {
        let matchers = confine_selectors(&[selector.to_owned()], &scope, Side::Resource, None).expect("it is confined");
        let found = store.label_values(name, &matchers, from, to).await.expect("an answer");
        assert_eq!(found, expected, "{name} of {selector}");
    }
}

async fn refusals(store: &dyn MetricsStore, data: &Data) {
    let refused = |outcome: Result<Ranged, Error>| matches!(outcome, Err(Error::Invalid { .. }));
    let (from, to) = (data.at(0), data.at(3600));
    assert!(refused(store.query_range(&open("up"), to, from, 60).await), "a reversed range");
    assert!(refused(store.query_range(&open("up"), from, to, 0).await), "no step");
    assert!(refused(store.query_range(&open("up"), from, from_days_later(from, 30), 60).await), "too many points");
    assert!(matches!(store.query(&open("up + on (job) up"), to).await, Err(Error::Invalid { .. })), "many to many");
}

fn from_days_later(from: Timestamp, days: i64) -> Timestamp {
    Timestamp(from.0 + days * 86_400_000)
}
