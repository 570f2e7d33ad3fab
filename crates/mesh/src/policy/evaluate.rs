//! Decides about one request at one proxy: CUSTOM, JWT, AUDIT, DENY, ALLOW (R1), in three values. The trace is written
//! while deciding, by the same code.

mod answer;
mod facts;
mod headers;
mod jwt;
mod layers;
mod nearest;
mod peer;
mod rule;
mod trace;

use super::{attach::Point, effort::Effort, object::PolicySet, plan::Plan, request::Request};

pub use answer::{Answer, Fields, fields_of};
pub use jwt::PREFLIGHT_HEADERS;
pub use layers::Before;
pub use trace::{
    CheckResult, CheckTrace, DryRun, EntryTrace, Example, Layer, LayerResult, LayerTrace, Miss, Nearest, Outcome,
    PolicyTrace, RuleResult, RuleTrace, Verdict,
};

/// Who decided when nobody objected and no ALLOW policy is attached (R5).
pub const BY_DEFAULT: &str = "default";
/// Who decided when ALLOW policies are attached and none matched (R3).
pub const BY_NO_ALLOW: &str = "no ALLOW matched";
/// Who decided when the connection was refused (R59).
pub const BY_PEER: &str = "PeerAuthentication";
/// Who decided when the token was refused (R62).
pub const BY_TOKEN: &str = "RequestAuthentication";
/// Who decided when a CUSTOM provider cannot be used (R8).
pub const BY_BAD_PROVIDER: &str = "CUSTOM-misconfigured";
/// Who decided when the proxy answers 400 (R29).
pub const BY_BAD_PATH: &str = "invalid path";

impl Plan<'_> {
    /// The verdict by Kleene's logic alone: sound, and DEPENDS whenever an unknown attribute might matter.
    pub fn decide(&self, request: &Request) -> Outcome {
        layers::decide(self, request, false)
    }

    /// The same with the trace.
    pub fn explain(&self, request: &Request) -> Outcome {
        layers::decide(self, request, true)
    }
}

/// Attach, plan and evaluate in one step; DEPENDS only where the verdict really hangs on an unknown attribute.
pub fn evaluate(set: &PolicySet, point: &Point, request: &Request) -> Outcome {
    evaluate_within(set, point, request, &Effort::unlimited())
}

/// The same with no more than this effort; [`Outcome::approximate`] says where it was too little.
pub fn evaluate_within(set: &PolicySet, point: &Point, request: &Request, effort: &Effort) -> Outcome {
    let plan = Plan::new(set, point, request.protocol);
    // When that was too much already, the caller finds nothing left.
    effort.spend(plan.cost());
    let outcome = plan.explain(request);
    if outcome.verdict == Verdict::Depends { super::unknown::refine(&plan, request, outcome, effort) } else { outcome }
}
