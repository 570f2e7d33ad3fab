//! The service graph: workloads that answer for a service are folded away, and what they call is charged to it.

use super::{
    nodes::Key,
    read::Reading,
    tally::{Pair, Tallies},
};
use crate::topology::{NodeFlag, Protocol};

/// Replaces service → workload → service by service → service. A workload that answers for several services spreads
/// its calls over them by the share of traffic each brings, so that totals stay what they are.
pub(super) fn fold(reading: Reading<'_>) -> Reading<'_> {
    let Reading { drafts, tallies } = reading;
    let foldable = |place: usize| match drafts.all[place].key {
        Key::Workload { .. } | Key::App { .. } | Key::Version { .. } | Key::VersionWorkload { .. } => {
            !drafts.all[place].flags.contains(&NodeFlag::Waypoint)
        }
        Key::External | Key::Unknown { .. } | Key::Service { .. } => false,
    };
    let mut fronts: Vec<Vec<(usize, Protocol, f64)>> = vec![Vec::new(); drafts.all.len()];
    for ((source, destination, protocol), tally) in &tallies.all {
        if drafts.all[*source].key.is_service() && foldable(*destination) {
            fronts[*destination].push((*source, *protocol, tally.rate()));
        }
    }
    let mut folded = Tallies::default();
    for ((source, destination, protocol), tally) in &tallies.all {
        if !fronts[*destination].is_empty() {
            continue; // The way into a folded workload.
        }
        for (service, share) in shares(&fronts[*source], *source, *protocol) {
            let pair: Pair = (service, *destination, *protocol);
            folded.at(pair).absorb(tally, share);
        }
    }
    Reading { drafts, tallies: folded }
}

/// Who stands for a node, with shares that add up to one: its services, or the node itself when it has none.
/// Weighed by traffic of the same protocol; by requests or bytes, or evenly, when there is none.
fn shares(fronts: &[(usize, Protocol, f64)], own: usize, protocol: Protocol) -> Vec<(usize, f64)> {
    if fronts.is_empty() {
        return vec![(own, 1.0)];
    }
    let weigh = |counts: &dyn Fn(Protocol) -> bool| -> Vec<(usize, f64)> {
        let mut weights: Vec<(usize, f64)> = Vec::new();
        for &(service, of, rate) in fronts {
            let rate = if counts(of) { rate } else { 0.0 };
            match weights.iter_mut().find(|(known, _)| *known == service) {
                Some((_, weight)) => *weight += rate,
                None => weights.push((service, rate)),
            }
        }
        weights
    };
    let mut weights = weigh(&|of| of == protocol);
    for counts in [&(|of| of != Protocol::Tcp) as &dyn Fn(Protocol) -> bool, &|of| of == Protocol::Tcp] {
        if weights.iter().all(|(_, weight)| *weight <= 0.0) {
            weights = weigh(counts);
        }
    }
    let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
    let even = 1.0 / weights.len() as f64;
    weights.into_iter().map(|(service, weight)| (service, if total > 0.0 { weight / total } else { even })).collect()
}
