//! Two sets of policies at one proxy: whether the second lets through the same requests, fewer, more, or some of both. Every
//! difference comes with a request that the evaluator has decided both ways.

mod points;
mod same;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::{
    attach::Point,
    effort::Effort,
    evaluate::{Fields, Outcome, Verdict},
    object::PolicySet,
    plan::Plan,
    request::{Protocol, Request},
    search::{self, Step, Walk, Walked},
};
use crate::order;

pub use points::{Place as ComparedPlace, is_gateway, points};
pub(super) use same::same;

/// The most requests that are tried in one comparison.
const BUDGET: usize = 100_000;
/// The most different differences that are reported for one proxy.
const MAX_DIFFERENCES: usize = 20;

/// What the second set is in relation to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
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
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Difference {
    /// The fields that matter, and their values; all others may be anything.
    #[schema(value_type = Vec<Vec<String>>)]
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
    #[schema(ignore)]
    pub request: Request,
}

/// What came of comparing two sets at one proxy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Comparison {
    /// The relation.
    pub relation: Relation,
    /// Whether the whole space was searched; if not, there may be more differences.
    pub complete: bool,
    /// One example for every pair of deciding rules.
    pub differences: Vec<Difference>,
}

/// What came of one proxy and one kind of port.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComparedProxy {
    /// The proxy, for people: `sidecar of app=a in foo`.
    pub proxy: String,
    /// HTTP or TCP.
    pub protocol: Protocol,
    /// What came of it.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// Compares what two sets do at a proxy to requests of a protocol.
pub fn compare(
    before: &PolicySet,
    after: &PolicySet,
    point: &Point,
    protocol: Protocol,
    effort: &Effort,
) -> Comparison {
    let (old, new) = (Plan::new(before, point, protocol), Plan::new(after, point, protocol));
    if !effort.spend(old.cost() + new.cost()) {
        return Comparison { relation: Relation::Undecided, complete: false, differences: Vec::new() };
    }
    if same(&old, &new) {
        return Comparison { relation: Relation::Equivalent, complete: true, differences: Vec::new() };
    }
    let plans = [&old, &new];
    let mut differences: Vec<Difference> = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut judge = |request: &Request, trail: &search::Trail| {
        let (was, is) = (old.decide(request), new.decide(request));
        if was.verdict == Verdict::Depends || is.verdict == Verdict::Depends {
            return Step::Open(open_fields(&was, &is));
        }
        if was.verdict != is.verdict && seen.insert(format!("{} then {}", was.decided_by, is.decided_by)) {
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
    let walked = Walk::new(&plans, effort).run(&search::anything(protocol), BUDGET, &mut judge);
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
    order::set(was.depends_on.union(&is.depends_on).cloned())
}
