//! What is known of an edge while rows are read: per reporter, so that two reports of one call are never added up.

use std::collections::BTreeSet;

use super::{flow::Flow, hash::FastMap, nodes::Ends};
use crate::topology::Protocol;

/// Who reported a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reporter {
    Source,
    Destination,
    Waypoint,
}

impl Reporter {
    pub(super) fn of(label: &str) -> Self {
        match label {
            "destination" => Self::Destination,
            "waypoint" => Self::Waypoint,
            _ => Self::Source,
        }
    }
}

/// One value per reporter.
#[derive(Clone, Debug, Default)]
pub(super) struct ByReporter<T> {
    pub source: T,
    pub destination: T,
    pub waypoint: T,
}

impl<T> ByReporter<T> {
    pub(super) fn of(&mut self, reporter: Reporter) -> &mut T {
        match reporter {
            Reporter::Source => &mut self.source,
            Reporter::Destination => &mut self.destination,
            Reporter::Waypoint => &mut self.waypoint,
        }
    }

    /// The server's side first, because it is the one that measures the server.
    pub(super) fn server_first(&self) -> [&T; 3] {
        [&self.destination, &self.waypoint, &self.source]
    }

    fn each<U>(&mut self, other: &ByReporter<U>, add: impl Fn(&mut T, &U)) {
        add(&mut self.source, &other.source);
        add(&mut self.destination, &other.destination);
        add(&mut self.waypoint, &other.waypoint);
    }
}

/// A response seen on an edge.
#[derive(Clone, Debug)]
pub(super) struct Response<'a> {
    pub code: &'a str,
    pub flags: &'a str,
    pub host: &'a str,
    pub rate: f64,
}

/// What one reporter said about an edge's traffic.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic<'a> {
    /// Whether it said anything, be it zero.
    pub seen: bool,
    pub total: f64,
    /// Of which under mutual TLS.
    pub mutual: f64,
    /// Whether any row stated the transport security.
    pub policy_known: bool,
    pub responses: Vec<Response<'a>>,
}

impl<'a> Traffic<'a> {
    pub(super) fn add(&mut self, response: Response<'a>) {
        self.seen = true;
        self.total += response.rate;
        let same = |own: &&mut Response<'_>| {
            own.code == response.code && own.flags == response.flags && own.host == response.host
        };
        match self.responses.iter_mut().find(same) {
            Some(own) => own.rate += response.rate,
            None => self.responses.push(response),
        }
    }
}

/// Quantiles in milliseconds: p50, p95, p99.
pub(super) type Quantiles = [Option<f64>; 3];

/// An edge while rows are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally<'a> {
    pub traffic: ByReporter<Traffic<'a>>,
    /// Body bytes per second.
    pub bytes: ByReporter<f64>,
    pub latency: ByReporter<Quantiles>,
    pub source_principals: BTreeSet<&'a str>,
    pub destination_principals: BTreeSet<&'a str>,
}

/// Of parts' quantiles the largest: the quantile of a union is never above the largest of its parts', so this is an
/// upper bound where the store could not aggregate exactly.
pub(super) fn worst(own: &mut Quantiles, other: &Quantiles) {
    for (own, other) in own.iter_mut().zip(other) {
        *own = match (*own, *other) {
            (Some(own), Some(other)) => Some(own.max(other)),
            (own, other) => own.or(other),
        };
    }
}

impl<'a> Tally<'a> {
    /// Adds a share (0..=1) of another edge's traffic.
    pub(super) fn absorb(&mut self, other: &Self, share: f64) {
        self.traffic.each(&other.traffic, |own, other| {
            own.seen |= other.seen;
            own.policy_known |= other.policy_known;
            own.mutual += other.mutual * share;
            for response in &other.responses {
                own.add(Response { rate: response.rate * share, ..response.clone() });
            }
        });
        self.bytes.each(&other.bytes, |own, other| *own += other * share);
        self.latency.each(&other.latency, worst);
        self.source_principals.extend(&other.source_principals);
        self.destination_principals.extend(&other.destination_principals);
    }

    /// The largest total of any reporter.
    pub(super) fn rate(&self) -> f64 {
        self.traffic.server_first().iter().map(|traffic| traffic.total).fold(0.0, f64::max)
    }
}

/// Source place, destination place, protocol.
pub(super) type Pair = (usize, usize, Protocol);

/// All edges met so far. Iterating goes by first appearance.
#[derive(Debug, Default)]
pub(super) struct Tallies<'a> {
    pub all: Vec<(Pair, Tally<'a>)>,
    places: FastMap<Pair, usize>,
}

impl<'a> Tallies<'a> {
    pub(super) fn at(&mut self, pair: Pair) -> &mut Tally<'a> {
        let place = *self.places.entry(pair).or_insert_with(|| {
            self.all.push((pair, Tally::default()));
            self.all.len() - 1
        });
        &mut self.all[place].1
    }

    fn existing(&mut self, pair: Pair) -> Option<&mut Tally<'a>> {
        self.places.get(&pair).map(|place| &mut self.all[*place].1)
    }

    /// Adds traffic to every edge of the call.
    pub(super) fn add(&mut self, ends: Ends, protocol: Protocol, flow: &Flow<'a>, report: &Report<'a>) {
        for (source, destination) in ends.legs() {
            let tally = self.at((source, destination, protocol));
            // A service between has no identity of its own that could have called.
            if !flow.source.principal.is_empty() && source == ends.source {
                tally.source_principals.insert(flow.source.principal);
            }
            if !flow.destination.principal.is_empty() {
                tally.destination_principals.insert(flow.destination.principal);
            }
            let traffic = tally.traffic.of(report.reporter);
            traffic.policy_known |= report.policy_known;
            if report.mutual {
                traffic.mutual += report.response.rate;
            }
            traffic.add(report.response.clone());
        }
    }

    /// Lets every edge of the call that exists be decorated.
    pub(super) fn decorate(&mut self, ends: Ends, protocol: Protocol, mut with: impl FnMut(&mut Tally<'a>)) {
        for (source, destination) in ends.legs() {
            if let Some(tally) = self.existing((source, destination, protocol)) {
                with(tally);
            }
        }
    }
}

/// What a traffic row says beside its ends.
#[derive(Clone, Debug)]
pub(super) struct Report<'a> {
    pub reporter: Reporter,
    pub mutual: bool,
    pub policy_known: bool,
    pub response: Response<'a>,
}

impl Ends {
    /// The edges a call is drawn as.
    fn legs(self) -> impl Iterator<Item = (usize, usize)> {
        let first = (self.source, self.service.unwrap_or(self.destination));
        [Some(first), self.service.map(|service| (service, self.destination))].into_iter().flatten()
    }
}
