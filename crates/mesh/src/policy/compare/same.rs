//! Whether two plans make the same comparisons, wherever they are written. They then decide every request alike, and no
//! search is needed to know it.

use crate::policy::{
    object::{Action, JwtRule},
    place::Text,
    plan::{Check, Plan, PolicyPlan, RulePlan},
};

/// Whether nothing that a verdict hangs on differs.
pub fn same(a: &Plan<'_>, b: &Plan<'_>) -> bool {
    let peer = a.peer.mode == b.peer.mode && a.peer.ports == b.peer.ports && a.peer.groups == b.peer.groups;
    let actions = [Action::Custom, Action::Deny, Action::Allow];
    peer && pairs(&a.jwt, &b.jwt, &|a, b| same_tokens(a, b))
        && actions.iter().all(|action| pairs(a.of(*action, false), b.of(*action, false), &same_policy))
}

fn pairs<T>(a: &[T], b: &[T], same: &dyn Fn(&T, &T) -> bool) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn texts(a: &[Text], b: &[Text]) -> bool {
    pairs(a, b, &|a, b| a.value == b.value)
}

fn same_tokens(a: &JwtRule, b: &JwtRule) -> bool {
    a.issuer.value == b.issuer.value
        && texts(&a.audiences, &b.audiences)
        && texts(&a.space_delimited, &b.space_delimited)
}

fn same_policy(a: &PolicyPlan<'_>, b: &PolicyPlan<'_>) -> bool {
    let provider = |policy: &PolicyPlan<'_>| policy.source.provider.as_ref().map(|name| name.value.clone());
    provider(a) == provider(b) && pairs(&a.rules, &b.rules, &same_rule)
}

fn same_rule(a: &RulePlan<'_>, b: &RulePlan<'_>) -> bool {
    a.dropped.is_some() == b.dropped.is_some()
        && pairs(&a.clauses, &b.clauses, &|a, b| {
            pairs(&a.entries, &b.entries, &|a, b| {
                a.when_empty == b.when_empty && pairs(&a.checks, &b.checks, &same_check)
            })
        })
}

fn same_check(a: &Check<'_>, b: &Check<'_>) -> bool {
    a.dropped.is_some() == b.dropped.is_some()
        && a.negated == b.negated
        && a.attribute == b.attribute
        && pairs(&a.values, &b.values, &|a, b| a.matchers == b.matchers)
}
