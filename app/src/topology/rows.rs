//! The rows of the table twin: the same graph as lists, sorted as the URL says. Pure.

use std::cmp::Ordering;

use contract::topology::{Edge, Graph, Node};
use mesh::{
    order::in_order,
    topology::{HealthStatus, NodeKind},
};

use super::{
    walk::health_rank,
    words::{failing_percent, requests},
};

/// What the tables can be sorted by. Both tables know all of them; where one has no such column, it stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Column {
    /// Worst first.
    #[default]
    State,
    /// Name of the service, or of the caller.
    Name,
    /// Namespace of the service, or name of the callee.
    Place,
    /// Requests per second.
    Rate,
    /// Failing share.
    Errors,
    /// 95th percentile.
    P95,
    /// Share of mutual TLS.
    Mtls,
}

impl Column {
    /// All of them with their words in the URL.
    pub const ALL: [(Self, &str); 7] = [
        (Self::State, "state"),
        (Self::Name, "name"),
        (Self::Place, "place"),
        (Self::Rate, "rate"),
        (Self::Errors, "err"),
        (Self::P95, "p95"),
        (Self::Mtls, "mtls"),
    ];

    /// Column and whether it runs downwards from a word of the URL; the default for anything unknown.
    pub fn read(word: &str) -> (Self, bool) {
        let (down, name) = word.strip_prefix('-').map_or((false, word), |rest| (true, rest));
        Self::ALL.iter().find(|(_, own)| *own == name).map_or((Self::State, false), |(column, _)| (*column, down))
    }

    /// The word that sorts by this column: the other way round when it is the current one, else numbers from the top and
    /// names from A.
    pub fn word_after(self, current: (Self, bool)) -> String {
        let name = Self::ALL.iter().find(|(own, _)| *own == self).map_or("", |(_, name)| name);
        let numeric = matches!(self, Self::Rate | Self::Errors | Self::P95);
        let down = if current.0 == self { !current.1 } else { numeric };
        format!("{}{name}", if down { "-" } else { "" })
    }
}

/// A service and what reaches it.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRow {
    /// The node.
    pub node: Node,
    /// Requests per second that reach it.
    pub rate: f64,
    /// Failing share, percent; none without requests.
    pub errors: Option<f64>,
    /// The worst 95th percentile of its callers, milliseconds.
    pub p95: Option<f64>,
    /// Share of mutual TLS of what reaches it.
    pub mtls: Option<f64>,
    /// How many call it.
    pub callers: usize,
    /// How many it calls.
    pub callees: usize,
}

/// A call, with the names of its ends.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow {
    /// The edge.
    pub edge: Edge,
    /// Caller and callee.
    pub ends: [Node; 2],
}

/// The services that pass `visible`, sorted.
pub fn services(graph: &Graph, visible: &dyn Fn(&str) -> bool, sort: (Column, bool)) -> Vec<ServiceRow> {
    let rows: Vec<ServiceRow> = graph
        .nodes
        .iter()
        .filter(|node| node.kind != NodeKind::Box && visible(&node.id))
        .map(|node| {
            let incoming = || graph.edges.iter().filter(|edge| edge.target == node.id);
            ServiceRow {
                rate: requests(node).0,
                errors: failing_percent(node),
                p95: incoming().filter_map(|edge| edge.latency_ms.p95).max_by(f64::total_cmp),
                mtls: super::words::mtls_over(incoming()),
                callers: incoming().count(),
                callees: graph.edges.iter().filter(|edge| edge.source == node.id).count(),
                node: node.clone(),
            }
        })
        .collect();
    let order = in_order(rows.len(), &|a, b| {
        let (a, b) = (&rows[a], &rows[b]);
        let order = match sort.0 {
            Column::State => trouble(a.node.health.status, a.errors).cmp(&trouble(b.node.health.status, b.errors)),
            Column::Name => a.node.label().cmp(b.node.label()),
            Column::Place => a.node.namespace.cmp(&b.node.namespace),
            Column::Rate => a.rate.total_cmp(&b.rate),
            Column::Errors => known(a.errors).total_cmp(&known(b.errors)),
            Column::P95 => known(a.p95).total_cmp(&known(b.p95)),
            Column::Mtls => known(a.mtls).total_cmp(&known(b.mtls)),
        };
        turn(order, sort.1).then_with(|| (a.node.label(), &a.node.id).cmp(&(b.node.label(), &b.node.id)))
    });
    order.into_iter().map(|place| rows[place].clone()).collect()
}

/// The calls that pass `visible`, sorted.
pub fn calls(graph: &Graph, visible: &dyn Fn(&str) -> bool, sort: (Column, bool)) -> Vec<CallRow> {
    let node =
        |id: &str| graph.nodes.binary_search_by(|node| node.id.as_str().cmp(id)).ok().map(|at| graph.nodes[at].clone());
    let rows: Vec<CallRow> = graph
        .edges
        .iter()
        .filter(|edge| visible(&edge.id))
        .filter_map(|edge| Some(CallRow { ends: [node(&edge.source)?, node(&edge.target)?], edge: edge.clone() }))
        .collect();
    let order = in_order(rows.len(), &|a, b| {
        let (a, b) = (&rows[a], &rows[b]);
        let order = match sort.0 {
            Column::State => trouble(a.edge.health, Some(a.edge.percent_error))
                .cmp(&trouble(b.edge.health, Some(b.edge.percent_error))),
            Column::Name => a.ends[0].label().cmp(b.ends[0].label()),
            Column::Place => a.ends[1].label().cmp(b.ends[1].label()),
            // Bytes and requests do not compare, so each protocol keeps to itself.
            Column::Rate => (b.edge.protocol.cmp(&a.edge.protocol)).then(a.edge.rate.total_cmp(&b.edge.rate)),
            Column::Errors => a.edge.percent_error.total_cmp(&b.edge.percent_error),
            Column::P95 => known(a.edge.latency_ms.p95).total_cmp(&known(b.edge.latency_ms.p95)),
            Column::Mtls => known(a.edge.mtls.percent).total_cmp(&known(b.edge.mtls.percent)),
        };
        let names =
            |row: &CallRow| (row.ends[0].label().to_owned(), row.ends[1].label().to_owned(), row.edge.id.clone());
        turn(order, sort.1).then_with(|| names(a).cmp(&names(b)))
    });
    order.into_iter().map(|place| rows[place].clone()).collect()
}

/// Sorts the worst to the front: by state, then by the failing share.
fn trouble(status: HealthStatus, errors: Option<f64>) -> (u8, i64) {
    (health_rank(status), -(errors.unwrap_or_default() * 1000.0) as i64)
}

fn known(value: Option<f64>) -> f64 {
    value.unwrap_or(-1.0)
}

fn turn(order: Ordering, down: bool) -> Ordering {
    if down { order.reverse() } else { order }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::tests::mk_graph;

    #[test]
    fn services_come_worst_first_and_by_any_column() {
        let graph = mk_graph();
        let names = |sort: &str| -> Vec<String> {
            services(&graph, &|_| true, Column::read(sort))
                .into_iter()
                .take(3)
                .map(|row| row.node.label().to_owned())
                .collect()
        };
        assert_eq!(names(""), ["payments", "checkout", "reviews"]);
        assert_eq!(names("-rate"), ["storefront", "catalog", "cart"]);
        assert_eq!(names("name"), ["bank.example", "cache", "cart"]);
        assert_eq!(names("-p95"), ["payments", "bank.example", "cart"]);
        assert_eq!(names("nonsense"), names(""));
    }

    #[test]
    fn calls_keep_bytes_and_requests_apart() {
        let graph = mk_graph();
        let rows = calls(&graph, &|_| true, Column::read("-rate"));
        assert_eq!(rows.len(), 11);
        assert_eq!((rows[0].ends[0].label(), rows[0].ends[1].label()), ("istio-ingress", "storefront"));
        assert_eq!(rows[10].edge.protocol, mesh::topology::Protocol::Tcp);
        let worst = calls(&graph, &|_| true, Column::read(""));
        assert_eq!(worst[0].ends[1].label(), "payments");
    }

    #[test]
    fn a_second_click_turns_the_order_round() {
        assert_eq!(Column::Rate.word_after(Column::read("")), "-rate");
        assert_eq!(Column::Rate.word_after(Column::read("-rate")), "rate");
        assert_eq!(Column::Name.word_after(Column::read("-rate")), "name");
        assert_eq!(Column::State.word_after(Column::read("")), "-state");
    }
}
