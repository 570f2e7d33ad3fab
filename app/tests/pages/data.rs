//! What the portal in memory answers: stores, checks, and a page per mood.

use contract::{
    Timestamp,
    overview::{Change, EmptyCheck, OverviewPage, Phrase, ServicePain, Severity, Stats, Verdict},
    stores::{Signal, StoreState, StoreStatus},
    topology::{Series, SeriesSet},
};

use super::Mood;

pub fn at(clock: &str) -> Timestamp {
    format!("2026-11-20T{clock}Z").parse().expect("a time")
}

pub fn stores(mood: Mood) -> Vec<StoreStatus> {
    let down = matches!(mood, Mood::Stale | Mood::Down);
    let store = |name: &str, kind: &str, signal, state, latency_ms| StoreStatus {
        name: name.into(),
        kind: kind.into(),
        signal,
        state,
        latency_ms,
        since: at("12:16:40"),
        message: None,
        retry_at: None,
    };
    vec![
        if down {
            StoreStatus {
                message: Some("Refuses connections.".into()),
                retry_at: Some(at("12:20:30")),
                ..store("prom-a", "prometheus", Signal::Metrics, StoreState::Down, None)
            }
        } else {
            store("prom-a", "prometheus", Signal::Metrics, StoreState::Ok, Some(18))
        },
        store(
            "logs",
            "embedded",
            Signal::Logs,
            if mood == Mood::Hurt { StoreState::Slow } else { StoreState::Ok },
            Some(2100),
        ),
        store("traces", "embedded", Signal::Traces, StoreState::Ok, Some(41)),
    ]
}

pub fn checks() -> Vec<EmptyCheck> {
    let check = |question: &str, passed, finding: &str| EmptyCheck {
        question: question.into(),
        passed,
        finding: finding.into(),
    };
    vec![
        check("Do the workloads have sidecars?", Some(true), "12 workloads with a sidecar in shop and ai."),
        check(
            "Are the sidecars scraped?",
            Some(false),
            "No target of the job envoy-stats has answered in 10 minutes. Check the scrape configuration.",
        ),
        check("Is the window long enough?", Some(true), "10 minutes hold 40 scrapes."),
        check("Are these the right namespaces?", Some(true), "shop and ai exist in cluster east."),
        check("May this tenant see them?", None, "Could not be told without any series."),
    ]
}

/// A wave with noise that is the same on every run.
fn wave(seed: u64, base: f64, swing: f64, jump: f64) -> Vec<Option<f64>> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..120)
        .map(|i| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let noise = (state % 1000) as f64 / 1000.0 - 0.5;
            let ramp = ((f64::from(i) - 78.0) / 8.0).clamp(0.0, 1.0);
            Some(base + swing * (f64::from(i) / 19.0).sin() + swing * noise + jump * ramp)
        })
        .collect()
}

fn set(series: Vec<(&str, Vec<Option<f64>>)>) -> SeriesSet {
    let series = series.into_iter().map(|(name, values)| Series { name: name.into(), values }).collect();
    SeriesSet { start: at("11:20:00"), step_secs: 30, series }
}

pub fn page(mood: Mood, tenant: &str) -> OverviewPage {
    let hurt = mood != Mood::Quiet;
    let text = |text: &str| Phrase::Text(text.into());
    let node = |text: &str, focus: &str| Phrase::Node { text: text.into(), focus: focus.into() };
    let rows: &[(&str, &str, f64, f64, f64, f64)] = if tenant == "acme" {
        &[
            ("payments", "shop", 41.3, 812.0, 6.1, 8.2),
            ("reviews", "shop", 63.0, 204.0, 1.8, 1.8),
            ("checkout", "shop", 38.9, 391.0, 1.6, 2.4),
            ("llm-app", "ai", 4.2, 1900.0, 1.0, 0.1),
            ("storefront", "shop", 312.0, 44.0, 1.0, 0.0),
            ("catalog", "shop", 188.0, 21.0, 0.9, 0.0),
            ("cart", "shop", 97.2, 18.0, 1.0, 0.0),
            ("shipping", "shop", 12.1, 37.0, 1.0, 0.0),
            ("ratings", "shop", 51.4, 12.0, 0.9, 0.0),
        ]
    } else {
        &[("llm-gateway", "ai", 9.0, 800.0, 1.0, 0.0)]
    };
    let services: Vec<ServicePain> = rows
        .iter()
        .enumerate()
        .map(|(i, (app, namespace, rate, p95, usual, errors))| {
            let (p95, usual, errors) =
                if hurt || *usual < 1.5 { (*p95, *usual, *errors) } else { (p95 / usual, 1.0, 0.0) };
            let severity = match usual {
                u if u > 3.0 => Severity::Crit,
                u if u > 1.5 => Severity::Warn,
                _ => Severity::Ok,
            };
            let jump = if usual > 1.5 { p95 * 0.6 } else { 0.0 };
            ServicePain {
                namespace: (*namespace).into(),
                app: (*app).into(),
                focus: format!("app:{namespace}/{app}"),
                severity,
                requests_per_s: *rate,
                p95_ms: Some(p95),
                times_usual: Some(usual),
                error_percent: errors,
                spark: wave(i as u64 + 3, p95, p95 * 0.08, jump),
            }
        })
        .collect();
    let verdict = if hurt && tenant == "acme" {
        Verdict {
            severity: Severity::Crit,
            sentence: vec![
                node("payments", "app:shop/payments"),
                text(" answers six times slower than usual since 12:01 UTC. 8.2 % of its calls fail. "),
                node("checkout", "app:shop/checkout"),
                text(" and "),
                node("reviews", "app:shop/reviews"),
                text(" are affected too."),
            ],
            also: vec![vec![
                text("The certificate of "),
                node("gw *.shop.acme.test", "app:shop/gateway"),
                text(" expires in 6 days."),
            ]],
            focus: Some("app:shop/payments".into()),
        }
    } else {
        Verdict {
            severity: Severity::Ok,
            sentence: vec![text("All quiet: 14 services, 648 requests per second.")],
            also: vec![],
            focus: None,
        }
    };
    let jump = if hurt { 600.0 } else { 0.0 };
    OverviewPage {
        at: at(if mood == Mood::Stale { "12:16:40" } else { "12:20:00" }),
        age_ms: if mood == Mood::Stale { 200_000 } else { 0 },
        partial: mood == Mood::Stale,
        warnings: if mood == Mood::Stale { vec!["prom-a refuses connections.".into()] } else { vec![] },
        verdict,
        stats: Stats {
            requests_per_s: 648.0,
            failing_percent: Some(if hurt { 1.9 } else { 0.02 }),
            mtls_percent: Some(97.4),
            denied: 212.0,
            services: 14,
            services_hurt: if hurt { 3 } else { 0 },
            certificates: Some(41),
            certificates_hurt: if hurt { 2 } else { 0 },
        },
        services,
        changes: vec![
            Change {
                at: at("12:01:00"),
                sentence: vec![node("payments", "app:shop/payments"), text(" slower than usual.")],
            },
            Change {
                at: at("11:58:30"),
                sentence: vec![node("payments v2", "versioned_app:shop/payments/v2"), text(" appeared.")],
            },
            Change {
                at: at("11:40:00"),
                sentence: vec![text("A policy changed in "), Phrase::Strong("shop".into()), text(".")],
            },
        ],
        stores: stores(mood),
        worst: services_worst(tenant),
        latency: set(vec![
            ("p50", wave(91, 90.0, 12.0, jump / 10.0)),
            ("p95", wave(92, 160.0, 24.0, jump)),
            ("usual", wave(93, 155.0, 10.0, 0.0)),
        ]),
        requests: set(vec![
            ("requests", wave(94, 300.0, 34.0, 0.0)),
            ("failed", wave(95, if hurt { 9.0 } else { 1.0 }, 1.0, if hurt { 30.0 } else { 0.0 })),
            ("before", wave(96, 280.0, 22.0, 0.0)),
        ]),
        empty_checks: vec![],
    }
}

fn services_worst(tenant: &str) -> Option<String> {
    Some(if tenant == "acme" { "payments" } else { "llm-gateway" }.to_owned())
}
