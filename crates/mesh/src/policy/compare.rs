//! Two sets of policies at one proxy: whether the second lets through the same requests, fewer, more, or some of both. Every
//! difference comes with a request that the evaluator has decided both ways.

mod points;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    attach::Point,
    evaluate::{Fields, Outcome, Verdict},
    object::PolicySet,
    plan::Plan,
    print,
    request::{Protocol, Request},
    search::{self, Step, Walk, Walked},
};

pub use points::{Place as ComparedPlace, points};

/// The most steps of one comparison.
pub const BUDGET: usize = 100_000;
/// The most different differences that are reported for one proxy.
const MAX_DIFFERENCES: usize = 20;

/// What the second set is in relation to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// The same requests pass.
    Equivalent,
    /// Fewer requests pass.
    Stricter,
    /// More requests pass.
    Looser,
    /// Some requests pass that did not, and the other way round.
    Incomparable,
    /// The budget ended the search before a difference was found or excluded.
    Undecided,
}

impl Relation {
    /// The word for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equivalent => "equivalent",
            Self::Stricter => "stricter",
            Self::Looser => "looser",
            Self::Incomparable => "incomparable",
            Self::Undecided => "undecided",
        }
    }
}

/// A request that the two sets decide differently.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The fields that matter, and their values; all others may be anything.
    pub with: Vec<(String, String)>,
    /// The verdict of the first set.
    pub before: Verdict,
    /// Who decided there.
    pub before_by: String,
    /// The verdict of the second set.
    pub after: Verdict,
    /// Who decided there.
    pub after_by: String,
    /// The request itself; what is unknown in it does not matter.
    #[serde(skip)]
    pub request: Request,
}

/// What came of comparing two sets at one proxy.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// The relation.
    pub relation: Relation,
    /// Whether the whole space was searched; if not, there may be more differences.
    pub complete: bool,
    /// One example for every pair of deciding rules.
    pub differences: Vec<Difference>,
}

/// Compares what two sets do at a proxy to requests of a protocol.
pub fn compare(before: &PolicySet, after: &PolicySet, point: &Point, protocol: Protocol) -> Comparison {
    compare_within(before, after, point, protocol, BUDGET)
}

/// The same with another budget.
pub fn compare_within(
    before: &PolicySet,
    after: &PolicySet,
    point: &Point,
    protocol: Protocol,
    budget: usize,
) -> Comparison {
    let (old, new) = (Plan::new(before, point, protocol), Plan::new(after, point, protocol));
    if attached(before, point) == attached(after, point) {
        return Comparison { relation: Relation::Equivalent, complete: true, differences: Vec::new() };
    }
    let plans = [&old, &new];
    let mut differences: Vec<Difference> = Vec::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    let mut judge = |request: &Request, trail: &search::Trail| {
        let (was, is) = (old.decide(request), new.decide(request));
        if was.verdict == Verdict::Depends || is.verdict == Verdict::Depends {
            return Step::Open(open_fields(&was, &is));
        }
        if was.verdict != is.verdict && seen.insert((was.decided_by.clone(), is.decided_by.clone())) {
            differences.push(Difference {
                with: trail.clone(),
                before: was.verdict,
                before_by: was.decided_by,
                after: is.verdict,
                after_by: is.decided_by,
                request: request.clone(),
            });
        }
        if differences.len() < MAX_DIFFERENCES { Step::Settled } else { Step::Stop }
    };
    let walked = Walk::new(&plans).run(&search::anything(protocol), budget, &mut judge);
    let stricter = differences.iter().any(|difference| difference.after == Verdict::Deny);
    let looser = differences.iter().any(|difference| difference.after == Verdict::Allow);
    let complete = walked == Walked::All;
    let relation = match (stricter, looser) {
        (true, true) => Relation::Incomparable,
        // One kind of difference was found; without the rest of the space the other kind is not excluded.
        (true, false) | (false, true) if !complete => Relation::Undecided,
        (true, false) => Relation::Stricter,
        (false, true) => Relation::Looser,
        (false, false) if complete => Relation::Equivalent,
        (false, false) => Relation::Undecided,
    };
    Comparison { relation, complete, differences }
}

fn open_fields(was: &Outcome, is: &Outcome) -> Fields {
    was.depends_on.union(&is.depends_on).cloned().collect()
}

/// The policies that reach a proxy, as text without positions.
fn attached(set: &PolicySet, point: &Point) -> String {
    let mut own = PolicySet::default();
    for policy in &set.authorization {
        if point.attached(&policy.meta, &policy.target).is_some() {
            own.authorization.push(policy.clone());
        }
    }
    for object in &set.request {
        if point.attached(&object.meta, &object.target).is_some() {
            own.request.push(object.clone());
        }
    }
    own.peer =
        set.peer.iter().filter(|object| point.covered_by(&object.meta, object.selector.as_ref())).cloned().collect();
    print::print(&own)
}
