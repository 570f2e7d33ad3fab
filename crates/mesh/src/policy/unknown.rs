//! What a verdict really hangs on. Kleene's logic says DEPENDS too often: `paths: [/a]` or `notPaths: [/a]` is always true.
//! So one value of every kind that the rules can tell apart is put in for each unknown field, and the evaluator decides
//! about all combinations. A budget bounds the work; beyond it Kleene's answer stands.

mod atoms;
pub(super) mod change;
pub(super) mod choices;
mod domains;
mod product;
#[cfg(test)]
mod tests;

use super::{
    effort::Effort,
    evaluate::{Outcome, Verdict},
    plan::Plan,
    request::Request,
};

/// The most combinations that are decided.
pub const MAX_COMBINATIONS: usize = 20_000;

/// Replaces a DEPENDS of Kleene's logic by the exact answer, where the budget allows.
pub fn refine(plan: &Plan<'_>, request: &Request, outcome: Outcome, effort: &Effort) -> Outcome {
    if outcome.verdict != Verdict::Depends {
        return outcome;
    }
    let Some(choices) = choices::of(&[plan], request, &outcome.depends_on, effort) else { return outcome };
    let Some(found) = product::decide_all(plan, request, &choices, effort) else { return outcome };
    let verdict = match found.verdicts.as_slice() {
        [only] => *only,
        _ => Verdict::Depends,
    };
    Outcome {
        verdict,
        decided_by: if verdict == Verdict::Depends { String::new() } else { found.decided_by.join(" or ") },
        depends_on: found.depends_on,
        possible: found.verdicts,
        approximate: false,
        examples: if verdict == Verdict::Depends { found.examples } else { Vec::new() },
        ..outcome
    }
}
