//! A table of edges (RFC 4180), and of nodes that have none. Names come from other people's workloads, so a cell that a
//! spreadsheet would run as a formula is disarmed.

use std::collections::BTreeSet;

use crate::topology::{Edge, Graph, HealthStatus, Node, NodeKind, Protocol, index::Index};

const HEAD: [&str; 27] = [
    "source_cluster",
    "source_namespace",
    "source",
    "source_version",
    "source_kind",
    "source_health",
    "target_cluster",
    "target_namespace",
    "target",
    "target_version",
    "target_kind",
    "target_health",
    "protocol",
    "rate_per_s",
    "percent_of_source",
    "percent_error",
    "http_3xx_per_s",
    "http_4xx_per_s",
    "http_5xx_per_s",
    "no_response_per_s",
    "grpc_errors_per_s",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "bytes_per_s",
    "mtls_percent",
    "health",
];

/// Writes the table, a header line first.
pub fn csv(graph: &Graph) -> String {
    let mut out = String::new();
    row(&mut out, HEAD.map(Cell::Text));
    let index = Index::new(graph);
    let mut linked: BTreeSet<&str> = BTreeSet::new();
    for edge in &graph.edges {
        let Some((source, target)) = index.ends(edge) else { continue };
        linked.extend([source.id.as_str(), target.id.as_str()]);
        let ends = [node_cells(Some(source)), node_cells(Some(target))];
        row(&mut out, ends.into_iter().flatten().chain(edge_cells(edge)));
    }
    for node in graph.nodes.iter().filter(|node| node.kind != NodeKind::Box && !linked.contains(node.id.as_str())) {
        let ends = [node_cells(Some(node)), node_cells(None)];
        row(&mut out, ends.into_iter().flatten().chain(std::iter::repeat_with(|| Cell::Empty).take(HEAD.len() - 12)));
    }
    out
}

enum Cell<'a> {
    Text(&'a str),
    Number(f64),
    Empty,
}

fn node_cells(node: Option<&Node>) -> [Cell<'_>; 6] {
    let Some(node) = node else { return [const { Cell::Empty }; 6] };
    [
        Cell::Text(&node.cluster),
        Cell::Text(&node.namespace),
        Cell::Text(node.label()),
        node.version.as_deref().map_or(Cell::Empty, Cell::Text),
        Cell::Text(match node.kind {
            NodeKind::Workload => "workload",
            NodeKind::App => "app",
            NodeKind::VersionedApp => "versioned_app",
            NodeKind::Service => "service",
            NodeKind::ServiceEntry => "service_entry",
            NodeKind::Unknown => "unknown",
            NodeKind::External => "external",
            NodeKind::Box => "box",
        }),
        Cell::Text(health(node.health.status)),
    ]
}

fn edge_cells(edge: &Edge) -> [Cell<'_>; 15] {
    let maybe = |value: Option<f64>| value.map_or(Cell::Empty, Cell::Number);
    [
        Cell::Text(match edge.protocol {
            Protocol::Http => "http",
            Protocol::Grpc => "grpc",
            Protocol::Tcp => "tcp",
        }),
        Cell::Number(edge.rate),
        Cell::Number(edge.percent_of_source),
        Cell::Number(edge.percent_error),
        Cell::Number(edge.rates.http_3xx),
        Cell::Number(edge.rates.http_4xx),
        Cell::Number(edge.rates.http_5xx),
        Cell::Number(edge.rates.http_no_response + edge.rates.grpc_no_response),
        Cell::Number(edge.rates.grpc_err),
        maybe(edge.latency_ms.p50),
        maybe(edge.latency_ms.p95),
        maybe(edge.latency_ms.p99),
        Cell::Number(edge.bytes_per_s),
        maybe(edge.mtls.percent),
        Cell::Text(health(edge.health)),
    ]
}

fn health(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Failure => "failure",
        HealthStatus::Degraded => "degraded",
        HealthStatus::NotReady => "not_ready",
        HealthStatus::Healthy => "healthy",
        HealthStatus::Na => "na",
    }
}

fn row<'a>(out: &mut String, cells: impl IntoIterator<Item = Cell<'a>>) {
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        match cell {
            Cell::Empty => {}
            Cell::Number(number) => out.push_str(&number.to_string()),
            Cell::Text(text) => push_text(out, text),
        }
    }
    out.push_str("\r\n");
}

fn push_text(out: &mut String, text: &str) {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !text.parse::<f64>().is_ok_and(f64::is_finite);
    let quoted = formula || text.contains([',', '"', '\n', '\r']);
    if !quoted {
        out.push_str(text);
        return;
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    for character in text.chars() {
        if character == '"' {
            out.push('"');
        }
        out.push(character);
    }
    out.push('"');
}
