//! Walks through all requests a set of rules can tell apart, cutting off what is already settled: fields stay unknown until
//! something hangs on them, then one value of every kind is put in. A budget bounds the walk.

use super::{
    effort::Effort,
    evaluate::{Fields, fields_of},
    plan::Plan,
    request::{Given, Headers, Protocol, Request, Tree},
    unknown::{
        change::Change,
        choices::{self, Choice},
    },
};

/// The most fields that are put in, one after the other; each takes a part of the stack.
const MAX_DEPTH: usize = 100;

/// What was put in so far: fields and values, for people.
pub type Trail = Vec<(String, String)>;

/// What to do at a partly known request.
pub enum Step {
    /// Whatever is still unknown does not matter here.
    Settled,
    /// It hangs on these fields.
    Open(Fields),
    /// The walk may end.
    Stop,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walked {
    /// Every request was covered.
    All,
    /// It was stopped.
    Stopped,
    /// The budget was used up, or something cannot be enumerated.
    Undecided,
}

/// A walk over the requests that the plans of one proxy can tell apart.
pub struct Walk<'s> {
    plans: &'s [&'s Plan<'s>],
    /// What one step costs.
    weight: usize,
    effort: &'s Effort,
    left: usize,
    /// Choices by field, and by whether the peer was unknown.
    known: Vec<(String, bool, Option<Choice>)>,
}

/// A request of which only the protocol is known.
pub fn anything(protocol: Protocol) -> Request {
    Request {
        protocol,
        headers: Headers { open: true, ..Headers::default() },
        metadata: Tree { entries: Vec::new(), open: true },
        // There are no tokens on TCP.
        token: if protocol == Protocol::Tcp { Given::Known(None) } else { Given::Unknown },
        ..Request::default()
    }
}

impl<'s> Walk<'s> {
    /// Over what these plans compare; may be run many times.
    pub fn new(plans: &'s [&'s Plan<'s>], effort: &'s Effort) -> Self {
        let weight = plans.iter().map(|plan| plan.weight()).sum();
        Self { plans, weight, effort, left: 0, known: Vec::new() }
    }

    /// Asks `judge` about ever more of the request, in so many steps at most.
    pub fn run(&mut self, request: &Request, budget: usize, judge: &mut dyn FnMut(&Request, &Trail) -> Step) -> Walked {
        self.left = budget;
        self.visit(request, &mut Vec::new(), judge)
    }

    fn visit(
        &mut self,
        request: &Request,
        trail: &mut Trail,
        judge: &mut dyn FnMut(&Request, &Trail) -> Step,
    ) -> Walked {
        if self.left == 0 || !self.effort.spend(self.weight) {
            return Walked::Undecided;
        }
        self.left -= 1;
        let fields = match judge(request, trail) {
            Step::Settled => return Walked::All,
            Step::Stop => return Walked::Stopped,
            Step::Open(fields) => fields,
        };
        if trail.len() >= MAX_DEPTH {
            return Walked::Undecided;
        }
        let Some(choice) = self.smallest(request, &fields, trail) else { return Walked::Undecided };
        for change in &choice.changes {
            let mut next = request.clone();
            change.apply(&mut next);
            trail.push((choice.label.clone(), change.show()));
            let walked = self.visit(&next, trail, judge);
            trail.pop();
            match walked {
                Walked::All => {}
                Walked::Stopped | Walked::Undecided => return walked,
            }
        }
        Walked::All
    }

    /// The field with the fewest kinds of values among those something hangs on. One that stays open after a value was put in
    /// waits for another: how a claim is read may hang on the issuer.
    fn smallest(&mut self, request: &Request, fields: &Fields, trail: &Trail) -> Option<Choice> {
        let mut best: Option<Choice> = None;
        for field in fields {
            let choice = self.choice(request, field)?;
            let fewer = best.as_ref().is_none_or(|best| choice.changes.len() < best.changes.len());
            if fewer && !trail.iter().any(|(label, _)| *label == choice.label) {
                best = Some(choice);
            }
        }
        best
    }

    fn choice(&mut self, request: &Request, field: &str) -> Option<Choice> {
        let peer = request.peer.is_unknown();
        if let Some((.., known)) = self.known.iter().find(|(own, with, _)| own == field && *with == peer) {
            return known.clone();
        }
        let label = if field.starts_with("source.") && field != "source.ip" { "source" } else { field };
        let found = choices::of(self.plans, request, &fields_of([field.to_owned()]), self.effort);
        let is_token = |choice: &Choice| choice.changes.iter().all(|change| matches!(change, Change::Token(_)));
        let own = |choice: &Choice| choice.label == label && (label != "jwt" || is_token(choice));
        let choice = found.and_then(|found| found.into_iter().find(own)).filter(|choice| !choice.changes.is_empty());
        self.known.push((field.to_owned(), peer, choice.clone()));
        choice
    }
}
