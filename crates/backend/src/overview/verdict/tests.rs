//! Sentences for situations.

use super::*;

fn service(app: &str, severity: Severity, times: Option<f64>, errors: f64) -> ServicePain {
    ServicePain {
        namespace: "shop".into(),
        app: app.into(),
        focus: format!("app:shop/{app}"),
        severity,
        requests_per_s: 10.0,
        p95_ms: times.map(|times| 100.0 * times),
        times_usual: times,
        error_percent: errors,
        spark: Vec::new(),
    }
}

fn text(sentence: &[Phrase]) -> String {
    sentence
        .iter()
        .map(|phrase| match phrase {
            Phrase::Text(text) | Phrase::Strong(text) | Phrase::Node { text, .. } => text.as_str(),
        })
        .collect()
}

fn told(services: &[ServicePain], certificates: &[Certificate]) -> Verdict {
    let stats = Stats { services: 14, requests_per_s: 312.0, ..Stats::default() };
    verdict(services, &stats, certificates, Some(Timestamp::from_secs(12 * 3600 + 60)))
}

#[test]
fn a_quiet_mesh_says_so() {
    let verdict = told(&[service("cart", Severity::Ok, Some(1.0), 0.0)], &[]);
    assert_eq!(verdict.severity, Severity::Ok);
    assert!(text(&verdict.sentence).starts_with("All quiet: 14 services, 312"), "{}", text(&verdict.sentence));
}

#[test]
fn the_worst_service_comes_first_and_the_others_are_named() {
    let services = [
        service("payments", Severity::Crit, Some(6.1), 8.2),
        service("checkout", Severity::Warn, Some(2.2), 0.0),
        service("cart", Severity::Ok, Some(1.0), 0.0),
    ];
    let verdict = told(&services, &[]);
    assert_eq!(verdict.severity, Severity::Crit);
    assert_eq!(verdict.focus.as_deref(), Some("app:shop/payments"));
    let said = text(&verdict.sentence);
    assert!(said.starts_with("payments answers six times slower than usual since 12:01 UTC."), "{said}");
    assert!(said.ends_with("checkout is affected too."), "{said}");
}

#[test]
fn errors_without_slowness_are_told_as_errors() {
    let said = text(&told(&[service("ratings", Severity::Crit, Some(1.0), 50.0)], &[]).sentence);
    assert!(said.starts_with("ratings fails 50"), "{said}");
}

#[test]
fn certificates_are_lesser_news_by_urgency() {
    let certificate = |app: &str, resource: &str, left_secs| Certificate {
        namespace: "shop".into(),
        app: app.into(),
        resource: resource.into(),
        left_secs,
        lifetime_secs: if resource == "default" { 600.0 } else { 86_400.0 * 90.0 },
    };
    let all = [
        certificate("gw", "gateway-cert", 6.0 * 86_400.0),
        certificate("email", "default", 120.0),
        certificate("cart", "default", 420.0),
        certificate("legacy", "default", -10_800.0),
    ];
    let verdict = told(&[], &all);
    assert_eq!(verdict.severity, Severity::Warn);
    let said: Vec<String> = verdict.also.iter().map(|sentence| text(sentence)).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[0].starts_with("The certificate of legacy expired"), "{said:?}");
    assert!(said[1].starts_with("The certificate of email missed its rotation"), "{said:?}");
    assert!(said[2].starts_with("The certificate of gw expires in"), "{said:?}");
}

#[test]
fn the_start_of_a_slow_streak_is_found() {
    let at = |place: usize| Timestamp::from_secs(place as i64 * 60);
    let values = [Some(10.0), Some(90.0), Some(10.0), Some(25.0), None, Some(40.0), None];
    assert_eq!(slow_since(&values, 10.0, at), Some(at(3)));
    assert_eq!(slow_since(&[Some(30.0), Some(10.0)], 10.0, at), None);
    assert_eq!(slow_since(&[None, None], 10.0, at), None);
}
