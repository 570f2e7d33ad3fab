//! From numbers to a sentence: which app hurts most, how badly and since when. Pure.

use std::{cmp::Ordering, collections::BTreeMap};

use contract::{
    Timestamp,
    overview::{Phrase, ServicePain, Severity, Stats, Verdict},
    topology::{Focus, Graph},
};
use mesh::topology::{HealthStatus, NodeKind};

use super::gather::{AppKey, Baseline, Certificate};

/// A p95 so many times the usual one is worth a look, or critical.
const SLOW: f64 = 2.0;
const VERY_SLOW: f64 = 4.0;
/// Below this p95 no factor matters: 2 ms instead of 1 ms is no pain.
const HARMLESS_MS: f64 = 50.0;
/// Failed shares of an app in percent that make it critical.
const CRIT_ERRORS: f64 = 5.0;

/// The apps with traffic, worst first. An app that runs in several clusters is one app here.
pub(crate) fn services(graph: &Graph, now: &BTreeMap<AppKey, f64>, usual: &Baseline) -> Vec<ServicePain> {
    let mut apps: BTreeMap<AppKey, App> = BTreeMap::new();
    for node in graph.nodes.iter().filter(|node| matches!(node.kind, NodeKind::App | NodeKind::Workload)) {
        let (Some(name), Some(focus)) = (node.app.clone().or_else(|| node.workload.clone()), Focus::of(node)) else {
            continue;
        };
        let app = apps.entry((node.namespace.clone(), name)).or_insert_with(|| App::new(focus.to_string()));
        let rates = &node.rates;
        app.requests += rates.http_in + rates.grpc_in;
        app.failed += rates.http_in_5xx + rates.http_in_no_response + rates.grpc_in_err + rates.grpc_in_no_response;
        app.health = app.health.min(node.health.status);
    }
    let mut services: Vec<ServicePain> =
        apps.into_iter().filter(|(_, app)| app.requests > 0.0).map(|(key, app)| pain(key, app, now, usual)).collect();
    services.sort_by(|a, b| {
        let key = |pain: &ServicePain| (pain.severity, pain.error_percent, pain.times_usual.unwrap_or_default());
        key(b)
            .partial_cmp(&key(a))
            .unwrap_or(Ordering::Equal)
            .then_with(|| b.requests_per_s.total_cmp(&a.requests_per_s))
            .then_with(|| a.focus.cmp(&b.focus))
    });
    services
}

/// An app over all its nodes.
struct App {
    focus: String,
    requests: f64,
    failed: f64,
    /// The worst of its nodes; worse sorts first.
    health: HealthStatus,
}

impl App {
    fn new(focus: String) -> Self {
        Self { focus, requests: 0.0, failed: 0.0, health: HealthStatus::Na }
    }
}

fn pain((namespace, app): AppKey, seen: App, now: &BTreeMap<AppKey, f64>, usual: &Baseline) -> ServicePain {
    let error_percent = (seen.failed / seen.requests * 1000.0).round() / 10.0;
    let key = (namespace, app);
    let p95_ms = now.get(&key).copied();
    let usual = usual.get(&key).copied().filter(|usual| *usual > 0.0);
    let times_usual = p95_ms.zip(usual).map(|(now, usual)| now / usual);
    let slow = times_usual.filter(|_| p95_ms.is_some_and(|p95| p95 >= HARMLESS_MS)).unwrap_or(1.0);
    let severity = if error_percent >= CRIT_ERRORS || slow >= VERY_SLOW || seen.health == HealthStatus::Failure {
        Severity::Crit
    } else if seen.health == HealthStatus::Degraded && error_percent >= 0.5 || slow >= SLOW {
        Severity::Warn
    } else {
        Severity::Ok
    };
    ServicePain {
        namespace: key.0,
        app: key.1,
        focus: seen.focus,
        severity,
        requests_per_s: seen.requests,
        p95_ms,
        times_usual,
        error_percent,
        spark: Vec::new(),
    }
}

/// The row of numbers, from the graph's edges so that every call counts once.
pub(crate) fn stats(
    graph: &Graph,
    services: &[ServicePain],
    denied: f64,
    certificates: Option<&[Certificate]>,
) -> Stats {
    let (mut requests, mut failed, mut judged, mut mutual) = (0.0, 0.0, 0.0, 0.0);
    for edge in &graph.edges {
        if edge.protocol != mesh::topology::Protocol::Tcp {
            requests += edge.rate;
            let rates = &edge.rates;
            failed += rates.http_5xx + rates.http_no_response + rates.grpc_err + rates.grpc_no_response;
            if let Some(percent) = edge.mtls.percent {
                judged += edge.rate;
                mutual += edge.rate * percent / 100.0;
            }
        }
    }
    let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole * 100.0);
    Stats {
        requests_per_s: requests,
        failing_percent: share(failed, requests),
        mtls_percent: share(mutual, judged),
        denied,
        services: services.len(),
        services_hurt: services.iter().filter(|pain| pain.severity >= Severity::Warn).count(),
        certificates: certificates.filter(|all| !all.is_empty()).map(<[_]>::len),
        certificates_hurt: certificates.map_or(0, |all| all.iter().filter(|one| one.hurts()).count()),
    }
}

/// Since when a series has been at twice the usual value without a break; none when it is not now.
pub(crate) fn slow_since(values: &[Option<f64>], usual: f64, at: impl Fn(usize) -> Timestamp) -> Option<Timestamp> {
    let streak = values
        .iter()
        .rev()
        .skip_while(|value| value.is_none())
        .take_while(|value| value.is_none_or(|value| value >= SLOW * usual));
    let length = streak.count();
    let gaps = values.iter().rev().take_while(|value| value.is_none()).count();
    (length > 0).then(|| at(values.len() - gaps - length))
}

/// The sentence.
pub(crate) fn verdict(
    services: &[ServicePain],
    stats: &Stats,
    certificates: &[Certificate],
    since: Option<Timestamp>,
) -> Verdict {
    let also = certificate_notes(certificates);
    let hurt: Vec<&ServicePain> = services.iter().filter(|pain| pain.severity >= Severity::Warn).collect();
    let Some(worst) = hurt.first() else {
        let severity = if also.is_empty() { Severity::Ok } else { Severity::Warn };
        let quiet = format!(
            "{}: {} {}, {} requests per second.",
            if also.is_empty() { "All quiet" } else { "Traffic is well" },
            stats.services,
            plural(stats.services, "service"),
            mesh::format::count(stats.requests_per_s)
        );
        return Verdict { severity, sentence: vec![Phrase::Text(quiet)], also, focus: None };
    };
    let name = Phrase::Node { text: worst.app.clone(), focus: worst.focus.clone() };
    let slow = worst.times_usual.filter(|times| *times >= SLOW && worst.p95_ms.is_some_and(|p95| p95 >= HARMLESS_MS));
    let mut sentence = vec![name];
    match slow {
        Some(times) => {
            let since = since.map(|at| format!(" since {} UTC", at.hh_mm())).unwrap_or_default();
            sentence.push(Phrase::Text(format!(" answers {} slower than usual{since}.", times_word(times))));
            if worst.error_percent > 0.0 {
                sentence
                    .push(Phrase::Text(format!(" {} of its calls fail.", mesh::format::percent(worst.error_percent))));
            }
        }
        None => {
            sentence.push(Phrase::Text(format!(" fails {} of its calls.", mesh::format::percent(worst.error_percent))))
        }
    }
    if let [_, others @ ..] = hurt.as_slice()
        && !others.is_empty()
    {
        sentence.push(Phrase::Text(" ".to_owned()));
        for (place, other) in others.iter().take(3).enumerate() {
            if place > 0 {
                sentence.push(Phrase::Text(if place + 1 == others.len().min(3) { " and " } else { ", " }.to_owned()));
            }
            sentence.push(Phrase::Node { text: other.app.clone(), focus: other.focus.clone() });
        }
        let more = others.len().saturating_sub(3);
        let tail = match (more, others.len()) {
            (0, 1) => " is affected too.".to_owned(),
            (0, _) => " are affected too.".to_owned(),
            (more, _) => format!(" and {more} more are affected too."),
        };
        sentence.push(Phrase::Text(tail));
    }
    Verdict { severity: worst.severity, sentence, also, focus: Some(worst.focus.clone()) }
}

fn certificate_notes(certificates: &[Certificate]) -> Vec<Vec<Phrase>> {
    let mut hurt: Vec<&Certificate> = certificates.iter().filter(|one| one.hurts()).collect();
    hurt.sort_by(|a, b| a.left_secs.total_cmp(&b.left_secs));
    hurt.iter()
        .take(4)
        .map(|one| {
            let node = Phrase::Node { text: one.app.clone(), focus: format!("app:{}/{}", one.namespace, one.app) };
            let tail = if one.left_secs <= 0.0 {
                format!(" expired {} ago.", mesh::format::duration(-one.left_secs))
            } else if one.missed_rotation() {
                format!(" missed its rotation and expires in {}.", mesh::format::duration(one.left_secs))
            } else {
                format!(" expires in {}.", mesh::format::duration(one.left_secs))
            };
            vec![Phrase::Text("The certificate of ".to_owned()), node, Phrase::Text(tail)]
        })
        .collect()
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn times_word(times: f64) -> String {
    const WORDS: [&str; 9] = [
        "two times",
        "three times",
        "four times",
        "five times",
        "six times",
        "seven times",
        "eight times",
        "nine times",
        "ten times",
    ];
    let rounded = times.round();
    if (2.0..=10.0).contains(&rounded) { WORDS[rounded as usize - 2].to_owned() } else { format!("{rounded:.0} times") }
}

#[cfg(test)]
mod tests;
