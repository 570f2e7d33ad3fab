//! Health from error rates, by the tolerances meshes are used to: any 5xx, gRPC error or missing answer degrades and
//! 10 % of them fail; 4xx degrade from 10 % and fail from 20 %. Latency and TCP play no part.

use crate::{
    format::percent,
    topology::{Health, HealthStatus, Protocol},
};

/// One kind of failure and how much of it is borne, in percent of the traffic.
struct Tolerance {
    protocol: Protocol,
    /// What happened, after "x % of incoming HTTP requests".
    what: &'static str,
    count: fn(&Answers) -> f64,
    degraded: f64,
    failure: f64,
}

const TOLERANCES: [Tolerance; 5] = [
    Tolerance {
        protocol: Protocol::Http,
        what: "failed with 5xx",
        count: |a| a.server_errors,
        degraded: 0.0,
        failure: 10.0,
    },
    Tolerance {
        protocol: Protocol::Http,
        what: "failed with 4xx",
        count: |a| a.client_errors,
        degraded: 10.0,
        failure: 20.0,
    },
    Tolerance {
        protocol: Protocol::Http,
        what: "got no answer",
        count: |a| a.unanswered,
        degraded: 0.0,
        failure: 10.0,
    },
    Tolerance { protocol: Protocol::Grpc, what: "failed", count: |a| a.errors, degraded: 0.0, failure: 10.0 },
    Tolerance {
        protocol: Protocol::Grpc,
        what: "got no answer",
        count: |a| a.unanswered,
        degraded: 0.0,
        failure: 10.0,
    },
];

/// Answers of one protocol per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Answers {
    /// Traffic whose outcome is known.
    pub total: f64,
    /// HTTP 3xx.
    pub redirects: f64,
    /// HTTP 4xx.
    pub client_errors: f64,
    /// HTTP 5xx.
    pub server_errors: f64,
    /// gRPC failures of any kind but no answer.
    pub errors: f64,
    /// No answer at all.
    pub unanswered: f64,
}

impl Answers {
    /// Files a rate under its code.
    pub(super) fn file(&mut self, protocol: Protocol, code: &str, rate: f64) {
        if protocol == Protocol::Tcp || code.is_empty() {
            return; // TCP and gRPC messages have no outcome.
        }
        self.total += rate;
        let class = (code.len() == 3).then(|| code.as_bytes()[0]);
        match (protocol, code, class) {
            (_, "-", _) => self.unanswered += rate,
            (Protocol::Http, _, Some(b'3')) => self.redirects += rate,
            (Protocol::Http, _, Some(b'4')) => self.client_errors += rate,
            (Protocol::Http, _, Some(b'5')) => self.server_errors += rate,
            (Protocol::Grpc, _, Some(b'4' | b'5')) => self.errors += rate,
            (Protocol::Grpc, code, None) if !matches!(code, "0" | "unknown") => self.errors += rate,
            (Protocol::Http | Protocol::Grpc | Protocol::Tcp, _, _) => {}
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (own, other) in self.figures_mut().into_iter().zip(other.figures()) {
            *own += other;
        }
    }

    /// Changes every figure.
    pub(super) fn map(&mut self, change: impl Fn(f64) -> f64) {
        for own in self.figures_mut() {
            *own = change(*own);
        }
    }

    /// Some fixed order.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        let differs = |(a, b): (f64, f64)| Some(a.total_cmp(&b)).filter(|order| order.is_ne());
        self.figures().into_iter().zip(other.figures()).find_map(differs).unwrap_or(std::cmp::Ordering::Equal)
    }

    fn figures(&self) -> [f64; 6] {
        let Self { total, redirects, client_errors, server_errors, errors, unanswered } = *self;
        [total, redirects, client_errors, server_errors, errors, unanswered]
    }

    fn figures_mut(&mut self) -> [&mut f64; 6] {
        let Self { total, redirects, client_errors, server_errors, errors, unanswered } = self;
        [total, redirects, client_errors, server_errors, errors, unanswered]
    }

    /// Everything that counts as failed.
    pub(super) fn failed(&self) -> f64 {
        self.client_errors + self.server_errors + self.errors + self.unanswered
    }
}

/// The worst finding over the answers of one protocol, with a sentence for each.
fn findings(protocol: Protocol, direction: &str, answers: &Answers) -> Vec<(HealthStatus, f64, String)> {
    if answers.total <= 0.0 {
        return Vec::new();
    }
    let mut found = vec![(HealthStatus::Healthy, 0.0, String::new())];
    for Tolerance { what, count, degraded, failure, .. } in TOLERANCES.iter().filter(|rule| rule.protocol == protocol) {
        let ratio = count(answers) / answers.total * 100.0;
        let (status, limit) = if ratio <= 0.0 || ratio < *degraded {
            continue;
        } else if ratio >= *failure {
            (HealthStatus::Failure, format!("failing from {}", percent(*failure)))
        } else if *degraded > 0.0 {
            (HealthStatus::Degraded, format!("degraded from {}", percent(*degraded)))
        } else {
            (HealthStatus::Degraded, format!("degraded above {}", percent(*degraded)))
        };
        let kind = if protocol == Protocol::Grpc { "gRPC" } else { "HTTP" };
        found.push((status, ratio, format!("{} of {direction} {kind} requests {what} ({limit})", percent(ratio))));
    }
    found
}

/// Status of an edge.
pub(super) fn of_edge(protocol: Protocol, answers: &Answers) -> HealthStatus {
    findings(protocol, "", answers).into_iter().map(|(status, ..)| status).min().unwrap_or_default()
}

/// What a node received and sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NodeAnswers {
    pub http_in: Answers,
    pub http_out: Answers,
    pub grpc_in: Answers,
    pub grpc_out: Answers,
}

/// Health of a node, each direction and protocol judged by itself, the worst first.
pub(super) fn of_node(answers: &NodeAnswers) -> Health {
    let mut found: Vec<_> = [
        (Protocol::Http, "incoming", &answers.http_in),
        (Protocol::Grpc, "incoming", &answers.grpc_in),
        (Protocol::Http, "outgoing", &answers.http_out),
        (Protocol::Grpc, "outgoing", &answers.grpc_out),
    ]
    .into_iter()
    .flat_map(|(protocol, direction, answers)| findings(protocol, direction, answers))
    .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    let status = found.first().map(|(status, ..)| *status).unwrap_or_default();
    let reasons = found.into_iter().map(|(.., reason)| reason).filter(|reason| !reason.is_empty()).collect();
    Health { status, reasons }
}
