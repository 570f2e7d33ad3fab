//! For a request that no ALLOW rule matched: the rule that came closest, by the fewest fields in its way.

use super::{CheckResult, LayerTrace, Miss, Nearest, RuleResult, RuleTrace};

/// The nearest enforced rule of the ALLOW layer.
pub fn nearest(layer: &LayerTrace) -> Option<Nearest> {
    let policies = layer.policies.iter().filter(|policy| !policy.dry_run);
    let rules = policies.flat_map(|policy| policy.rules.iter().map(move |rule| (policy, rule)));
    rules
        .filter(|(_, rule)| rule.result == RuleResult::Failed && !rule.entries.is_empty())
        .map(|(policy, rule)| (policy, rule, missing(rule)))
        .min_by_key(|(_, _, missing)| missing.len())
        .map(|(policy, rule, missing)| Nearest {
            rule: format!("{} rule[{}]", policy.policy, rule.rule),
            place: rule.place.clone(),
            missing,
        })
}

/// The fewest fields that keep the rule from matching: of every clause its best entry.
fn missing(rule: &RuleTrace) -> Vec<Miss> {
    let clauses = rule.entries.iter().map(|entry| entry.clause + 1).max().unwrap_or(0);
    let mut all = Vec::new();
    for clause in 0..clauses {
        let entries = rule.entries.iter().filter(|entry| entry.clause == clause);
        let best = entries.map(|entry| {
            let failed = entry.checks.iter().filter(|check| check.result == CheckResult::Failed);
            let misses: Vec<Miss> = failed
                .map(|check| Miss {
                    field: format!("{}.{}", entry.entry, check.field),
                    negated: check.negated,
                    actual: check.actual.clone(),
                    wanted: check.wanted.clone(),
                })
                .collect();
            misses
        });
        all.extend(best.min_by_key(Vec::len).unwrap_or_default());
    }
    all
}
