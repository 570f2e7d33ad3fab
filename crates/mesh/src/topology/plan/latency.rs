//! Latency quantiles. Buckets are summed by exactly the labels that make a node of the asked-for graph, because
//! quantiles cannot be added up afterwards.

use super::promql::{Select, either, sum_by, tagged};
use super::{PLACE, Side, base, of_http_or_grpc};
use crate::topology::{GraphType, View};

const METRIC: &str = "istio_request_duration_milliseconds_bucket";
/// As they appear in the label `quantile`.
const QUANTILES: [&str; 3] = ["0.5", "0.95", "0.99"];
const SERVICE: [&str; 3] = ["destination_service", "destination_service_name", "destination_service_namespace"];

/// How one end is told apart: a condition on a label, and the labels to group by where it holds.
struct Variant {
    /// The label and whether it must name somebody.
    when: Option<(&'static str, bool)>,
    by: Vec<&'static str>,
}

/// One query for all quantiles of one side.
pub(super) fn query(view: &View, side: Side) -> Option<String> {
    let select = of_http_or_grpc(view, base(view, side, METRIC))?;
    let mut arms = Vec::new();
    for source in sources(view.graph) {
        for destination in destinations(view.graph, view.injects_services()) {
            let narrowed = narrow(narrow(select.clone(), source.when), destination.when);
            let by =
                ["le"].into_iter().chain(PLACE).chain(source.by.iter().copied()).chain(destination.by.iter().copied());
            arms.push(sum_by(by, &narrowed.rate(view.duration_s)));
        }
    }
    let buckets = either(arms);
    // Comparing drops the NaN of edges without requests.
    let quantile = |q: &str| tagged(&format!("histogram_quantile({q}, {buckets}) >= 0"), "quantile", q);
    Some(either(QUANTILES.map(quantile).into()))
}

fn narrow(select: Select, when: Option<(&str, bool)>) -> Select {
    match when {
        None => select,
        Some((label, true)) => select.known(label),
        Some((label, false)) => select.unknown(label),
    }
}

fn sources(graph: GraphType) -> Vec<Variant> {
    match graph {
        GraphType::Workload | GraphType::Service => vec![Variant { when: None, by: vec!["source_workload"] }],
        GraphType::VersionedApp => vec![Variant {
            when: None,
            by: vec!["source_workload", "source_canonical_service", "source_canonical_revision"],
        }],
        GraphType::App => vec![
            Variant { when: Some(("source_canonical_service", true)), by: vec!["source_canonical_service"] },
            Variant { when: Some(("source_canonical_service", false)), by: vec!["source_workload"] },
        ],
    }
}

fn destinations(graph: GraphType, services: bool) -> Vec<Variant> {
    let (name, identity): (_, &[&str]) = match graph {
        GraphType::Workload | GraphType::Service => ("destination_workload", &["destination_workload"]),
        GraphType::VersionedApp => (
            "destination_workload",
            &["destination_workload", "destination_canonical_service", "destination_canonical_revision"],
        ),
        GraphType::App => ("destination_canonical_service", &["destination_canonical_service"]),
    };
    // Whoever has no name of its own is known by the service it answers for.
    let mut nameless = vec!["destination_workload"];
    nameless.extend(SERVICE);
    let mut named = identity.to_vec();
    if services {
        named.extend(SERVICE);
    }
    vec![Variant { when: Some((name, true)), by: named }, Variant { when: Some((name, false)), by: nameless }]
}
