//! Observed traffic under two sets of policies: what would be denied that passes now, and the other way round. Of a request
//! only its protocol and its peer are known; the rest is unknown and decided in three values. Where traffic comes from is
//! the caller's business.

mod flows;
mod places;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

pub use flows::{Destination, Flows, Source, promql};

use super::{
    ask::DiffAsked,
    compare,
    effort::Effort,
    evaluate::{BY_TOKEN, Verdict},
    plan::Plan,
    request::Protocol,
    unknown,
};
use crate::order;
use flows::{Caller, Flow, Rates};
use places::{Places, Spotted};

/// The most flows that are shown of one kind of change.
pub const MAX_SHOWN: usize = 200;

/// A part of the traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = FlowShare)]
pub struct Share {
    /// How many different flows.
    pub flows: usize,
    /// How much they carry, each second: requests, or connections of TCP.
    pub rate: f64,
}

impl Share {
    fn add(&mut self, rate: f64) {
        self.flows += 1;
        self.rate += rate;
    }
}

/// Traffic that is decided differently.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ChangedFlows {
    /// All of it.
    #[serde(flatten)]
    pub share: Share,
    /// The heaviest flows of it, at most 200.
    pub heaviest: Vec<ReplayedFlow>,
}

/// Traffic about which something is not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct UndecidedFlows {
    /// All of it.
    #[serde(flatten)]
    pub share: Share,
    /// What it hangs on; a flow may hang on several things.
    pub depends_on: BTreeMap<String, Share>,
}

/// One flow and what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ReplayedFlow {
    /// Who calls.
    pub source: Source,
    /// Who is called.
    pub destination: Destination,
    /// What is spoken.
    pub protocol: Protocol,
    /// Requests, or connections of TCP, each second.
    pub rate: f64,
    /// Those of them that were answered with 403.
    pub denied_rate: f64,
    /// As it is.
    pub before: Judged,
    /// As it would be.
    pub after: Judged,
}

/// A verdict, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FlowVerdict)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// Layer or rule that decided it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub decided_by: String,
    /// For DEPENDS: fields of the request, or `workload.labels.…` of the destination, that nothing is known of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
}

/// What becomes of the traffic.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Replayed {
    /// Over how many seconds it was observed.
    pub duration_s: u64,
    /// All of it.
    #[serde(flatten)]
    pub all: Share,
    /// Passes now and would be denied.
    pub newly_denied: ChangedFlows,
    /// Is denied now and would pass.
    pub newly_allowed: ChangedFlows,
    /// Is decided now, and would hang on what is not known.
    pub newly_undecided: ChangedFlows,
    /// Hangs on what is not known already now.
    pub undecided: UndecidedFlows,
    /// Is decided as before.
    pub unchanged: Share,
    /// Was not looked at, because there was too much to do.
    pub left_out: Share,
    /// HTTP that passes although `before` denies it: `before` is then not what the cluster has, or not yet, or not any more.
    pub contradicted: Share,
}

/// Decides about every flow twice. The heaviest destinations come first, should the effort not be enough for all.
pub fn replay(asked: &DiffAsked, flows: &Flows, duration_s: u64, effort: &Effort) -> Replayed {
    let mut out = Replayed { duration_s, ..Replayed::default() };
    let places = Places::new(asked);
    for group in groups(flows) {
        group_of(asked, &places, &group, effort, &mut out);
    }
    for changed in [&mut out.newly_denied, &mut out.newly_allowed, &mut out.newly_undecided] {
        order::sort(&mut changed.heaviest, &|a, b| b.rate.total_cmp(&a.rate));
        changed.heaviest.truncate(MAX_SHOWN);
    }
    out
}

type Group<'f> = Vec<(&'f Flow, Rates)>;

/// Flows to one destination and one kind of port, heaviest first.
fn groups(flows: &Flows) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (flow, rates) in &flows.0 {
        let same = |first: &Flow| {
            first.destination == flow.destination
                && (first.protocol == Protocol::Tcp) == (flow.protocol == Protocol::Tcp)
        };
        match groups.last_mut().filter(|group| group.first().is_some_and(|(first, _)| same(first))) {
            Some(group) => group.push((flow, *rates)),
            None => groups.push(vec![(flow, *rates)]),
        }
    }
    let weight = |group: &Group<'_>| -> f64 { group.iter().map(|(_, rates)| rates.all).sum() };
    order::sort(&mut groups, &|a, b| weight(b).total_cmp(&weight(a)));
    groups
}

fn group_of(asked: &DiffAsked, places: &Places<'_>, group: &Group<'_>, effort: &Effort, out: &mut Replayed) {
    let Some((first, _)) = group.first() else { return };
    let spotted = [places.before(&first.destination), places.after(&first.destination)];
    let planned = effort.spend(2 * (asked.before.set.len() + asked.after.set.len()));
    let [old, new] =
        [(&spotted[0], &asked.before), (&spotted[1], &asked.after)].map(|(spotted, decoded)| match spotted {
            Spotted::Point(point) => Ok(Plan::new(&decoded.set, point, first.protocol)),
            Spotted::Lacks(label) => Err(label.as_str()),
        });
    let same = matches!((&old, &new), (Ok(old), Ok(new)) if compare::same(old, new));
    // Callers with the same identity are decided about once.
    let mut known: BTreeMap<(&Caller, Protocol), Option<[Judged; 2]>> = BTreeMap::new();
    for (flow, rates) in group {
        out.all.add(rates.all);
        let judged = known
            .entry((&flow.caller, flow.protocol))
            .or_insert_with(|| planned.then(|| both(&old, &new, same, flow, effort)).flatten());
        match judged {
            Some(judged) => out.count(flow, *rates, judged, same),
            None => out.left_out.add(rates.all),
        }
    }
}

type Planned<'p> = Result<Plan<'p>, &'p str>;

/// Both verdicts; nothing when the effort is used up.
fn both(old: &Planned<'_>, new: &Planned<'_>, same: bool, flow: &Flow, effort: &Effort) -> Option<[Judged; 2]> {
    let before = judge(old, flow, same, effort)?;
    let after = if same { before.clone() } else { judge(new, flow, false, effort)? };
    Some([before, after])
}

/// One verdict. Roughly is enough where nothing changes: the answer says no more than whether it is denied now.
fn judge(planned: &Planned<'_>, flow: &Flow, roughly: bool, effort: &Effort) -> Option<Judged> {
    let plan = match planned {
        Ok(plan) => plan,
        Err(label) => {
            let depends_on = vec![(*label).to_owned()];
            return Some(Judged { verdict: Verdict::Depends, decided_by: String::new(), depends_on });
        }
    };
    if !effort.spend(plan.weight()) {
        return None;
    }
    let request = flow.caller.request(flow.protocol);
    let mut outcome = plan.decide(&request);
    if !roughly {
        outcome = unknown::refine(plan, &request, outcome, effort);
        if outcome.verdict == Verdict::Depends && effort.is_spent() {
            return None;
        }
    }
    let depends = outcome.verdict == Verdict::Depends;
    let depends_on = if depends { outcome.depends_on.into_iter().collect() } else { Vec::new() };
    let decided_by = if depends { String::new() } else { outcome.decided_by };
    Some(Judged { verdict: outcome.verdict, decided_by, depends_on })
}

impl Replayed {
    fn count(&mut self, flow: &Flow, rates: Rates, judged: &[Judged; 2], same: bool) {
        let [before, after] = judged;
        let passes = rates.all > rates.denied && flow.protocol != Protocol::Tcp;
        if before.verdict == Verdict::Deny && before.decided_by != BY_TOKEN && passes {
            self.contradicted.add(rates.all - rates.denied);
        }
        let changed = match (before.verdict, after.verdict) {
            (before, after) if same || before == after && before != Verdict::Depends => {
                return self.unchanged.add(rates.all);
            }
            (Verdict::Depends, _) => {
                self.undecided.share.add(rates.all);
                for field in &before.depends_on {
                    self.undecided.depends_on.entry(field.clone()).or_default().add(rates.all);
                }
                return;
            }
            (_, Verdict::Depends) => &mut self.newly_undecided,
            (_, Verdict::Deny) => &mut self.newly_denied,
            (_, Verdict::Allow) => &mut self.newly_allowed,
        };
        changed.share.add(rates.all);
        changed.heaviest.push(ReplayedFlow {
            source: flow.source.clone(),
            destination: flow.destination.clone(),
            protocol: flow.protocol,
            rate: rates.all,
            denied_rate: rates.denied,
            before: before.clone(),
            after: after.clone(),
        });
        // Only the heaviest are shown; what cannot be among them is not kept.
        if changed.heaviest.len() >= 4 * MAX_SHOWN {
            order::sort(&mut changed.heaviest, &|a, b| b.rate.total_cmp(&a.rate));
            changed.heaviest.truncate(MAX_SHOWN);
        }
    }
}
