//! Reading rows into nodes and edges.

use std::hash::{Hash, Hasher};

use super::{
    flow::{Flow, Sight, known},
    hash::FastMap,
    nodes::Drafts,
    row::Row,
    tally::{Report, Reporter, Response, Tallies, worst},
};
use crate::{
    Labels,
    topology::{GrpcTraffic, HttpTraffic, NodeFlag, Part, Protocol, Rows, TcpTraffic, View},
};

/// Nodes and edges while they grow.
pub(super) struct Reading<'a> {
    pub drafts: Drafts<'a>,
    pub tallies: Tallies<'a>,
}

/// Reads all parts.
pub(super) fn read<'a>(rows: &'a Rows, view: &View, sight: &Sight<'a, '_>) -> Reading<'a> {
    let mut reading = Reading { drafts: Drafts::default(), tallies: Tallies::default() };
    let inject = view.injects_services();
    for row in distinct([Part::Requests, Part::Tcp, Part::Unserviced, Part::GrpcMessages], rows) {
        if counts(&row, view) {
            reading.traffic(&row, view, inject, sight);
        }
    }
    // Only now, because they decorate edges that must exist already.
    for (labels, ms) in rows.of(Part::Latency) {
        reading.latency(&Row::new(labels), *ms, view, inject, sight);
    }
    for row in distinct([Part::Bytes], rows) {
        let protocol = if row.labels.request_protocol == "grpc" { Protocol::Grpc } else { Protocol::Http };
        let Some(flow) = sight.flow(&row.labels) else { continue };
        let Some(ends) = reading.drafts.find(&flow, view.graph, inject) else { continue };
        let reporter = Reporter::of(row.labels.reporter);
        reading.tallies.decorate(ends, protocol, |tally| *tally.bytes.of(reporter) += row.rate);
    }
    reading
}

/// A row that is not a repetition.
struct Distinct<'a> {
    part: Part,
    labels: Row<'a>,
    protocol: Protocol,
    rate: f64,
}

/// Rows by label set. The answers of two sides overlap, and two instants of one series may differ a little: the
/// larger counts.
fn distinct<'a, const N: usize>(parts: [Part; N], rows: &'a Rows) -> Vec<Distinct<'a>> {
    let count = parts.iter().map(|part| rows.of(*part).count()).sum();
    let mut places: FastMap<Same<'a>, usize> = FastMap::with_capacity_and_hasher(count, Default::default());
    let mut all: Vec<Distinct<'_>> = Vec::with_capacity(count);
    for part in parts {
        for (labels, value) in rows.of(part) {
            let rate = if value.is_finite() { value.max(0.0) } else { 0.0 };
            let row = Row::new(labels);
            let protocol = protocol(part, &row);
            let same = Same { fingerprint: row.fingerprint(), labels, protocol };
            let place = *places.entry(same).or_insert(all.len());
            match all.get_mut(place) {
                Some(known) => known.rate = known.rate.max(rate),
                None => all.push(Distinct { part, labels: row, protocol, rate }),
            }
        }
    }
    all
}

/// Equal when two rows are one series. Hashing whole label sets would cost more than everything else.
#[derive(PartialEq, Eq)]
struct Same<'a> {
    fingerprint: u64,
    labels: &'a Labels,
    protocol: Protocol,
}

impl Hash for Same<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.fingerprint);
    }
}

fn protocol(part: Part, row: &Row<'_>) -> Protocol {
    match part {
        Part::Tcp => Protocol::Tcp,
        Part::GrpcMessages => Protocol::Grpc,
        Part::Requests | Part::Unserviced | Part::Latency | Part::Bytes => match row.request_protocol {
            "grpc" => Protocol::Grpc,
            "tcp" => Protocol::Tcp,
            _ => Protocol::Http,
        },
    }
}

/// Whether the view counts such traffic; a store may answer more than was planned.
fn counts(row: &Distinct<'_>, view: &View) -> bool {
    match row.protocol {
        Protocol::Http => view.http == HttpTraffic::Requests,
        Protocol::Tcp => view.tcp != TcpTraffic::None,
        Protocol::Grpc => match view.grpc {
            GrpcTraffic::Requests => row.part != Part::GrpcMessages,
            GrpcTraffic::Sent | GrpcTraffic::Received | GrpcTraffic::Total => row.part == Part::GrpcMessages,
            GrpcTraffic::None => false,
        },
    }
}

impl<'a> Reading<'a> {
    fn traffic(&mut self, row: &Distinct<'a>, view: &View, inject: bool, sight: &Sight<'a, '_>) {
        let labels = &row.labels;
        let Some(flow) = sight.flow(labels) else { return };
        let ends = self.drafts.ends(&flow, view.graph, inject);
        let reporter = Reporter::of(labels.reporter);
        if labels.app == "ztunnel" {
            let captured = match reporter {
                Reporter::Source => Some(ends.source),
                Reporter::Destination => Some(ends.destination),
                Reporter::Waypoint => None,
            };
            captured.map(|place| self.drafts.all[place].flags.insert(NodeFlag::Ambient));
        }
        let policy = known(labels.connection_security_policy);
        let response = Response {
            code: if row.part == Part::GrpcMessages { "" } else { code(row.protocol, labels) },
            flags: dash(labels.response_flags),
            host: host(&flow),
            rate: row.rate,
        };
        let report = Report { reporter, mutual: policy == "mutual_tls", policy_known: !policy.is_empty(), response };
        self.tallies.add(ends, row.protocol, &flow, &report);
    }

    fn latency(&mut self, row: &Row<'a>, ms: f64, view: &View, inject: bool, sight: &Sight<'a, '_>) {
        let place = match row.quantile {
            "0.5" => 0,
            "0.95" => 1,
            "0.99" => 2,
            _ => return,
        };
        if !ms.is_finite() || ms < 0.0 {
            return;
        }
        let Some(flow) = sight.flow(row) else { return };
        let Some(ends) = self.drafts.find(&flow, view.graph, inject) else { return };
        let mut quantiles = [None; 3];
        quantiles[place] = Some(ms);
        let reporter = Reporter::of(row.reporter);
        self.tallies
            .decorate(ends, protocol(Part::Latency, row), |tally| worst(tally.latency.of(reporter), &quantiles));
    }
}

/// The code an answer is filed under: `-` without an answer, gRPC's own status unless HTTP failed below it.
fn code<'a>(protocol: Protocol, labels: &Row<'a>) -> &'a str {
    let http = labels.response_code;
    match protocol {
        Protocol::Tcp => "-",
        Protocol::Http | Protocol::Grpc if http == "0" => "-",
        Protocol::Http if http.is_empty() => "unknown",
        Protocol::Http => http,
        Protocol::Grpc => {
            let status = known(labels.grpc_response_status);
            let failed = http.len() == 3 && http.starts_with(['4', '5']);
            match (status.is_empty() || failed, http.is_empty()) {
                (true, false) => http,
                (true, true) => "unknown",
                (false, _) => status,
            }
        }
    }
}

fn dash(flags: &str) -> &str {
    if flags.is_empty() { "-" } else { flags }
}

/// The host asked for, as far as the viewer may know it.
fn host<'a>(flow: &Flow<'a>) -> &'a str {
    match (flow.service.hidden, flow.service.host) {
        (true, _) => "outside",
        (false, "") => "unknown",
        (false, host) => host,
    }
}
