//! One rule against one request: clauses all, entries any, fields all (R12–R15). With a trace nothing is skipped; without
//! one the first certain answer ends the work.

use super::{Answer, CheckResult, CheckTrace, EntryTrace, Fields, RuleResult, RuleTrace, facts::Facts};
use crate::policy::plan::{Check, EntryPlan, PolicyPlan, RulePlan};

/// Whether the rule matches. With `trace`, every part says what became of it; fields of an uncertain answer go to `fields`.
pub fn judge(rule: &RulePlan<'_>, facts: &Facts<'_>, fields: &mut Fields, mut trace: Option<&mut RuleTrace>) -> Answer {
    if rule.dropped.is_some() {
        return Answer::No;
    }
    let mut all = Answer::Yes;
    let mut open = Fields::new();
    for (number, clause) in rule.clauses.iter().enumerate() {
        let mut any = Answer::No;
        let mut open_here = Fields::new();
        for entry in &clause.entries {
            let answer = judge_entry(entry, facts, &mut open_here, number, trace.as_deref_mut());
            any = any.or(answer);
            if any == Answer::Yes && trace.is_none() {
                break;
            }
        }
        if any == Answer::Maybe {
            open.extend(open_here);
        }
        all = all.and(any);
        if all == Answer::No && trace.is_none() {
            return Answer::No;
        }
    }
    if all == Answer::Maybe {
        fields.extend(open);
    }
    if let Some(trace) = trace {
        trace.result = result(all);
    }
    all
}

fn judge_entry(
    entry: &EntryPlan<'_>,
    facts: &Facts<'_>,
    fields: &mut Fields,
    clause: usize,
    trace: Option<&mut RuleTrace>,
) -> Answer {
    let mut all = if entry.enforced().next().is_some() { Answer::Yes } else { entry.when_empty.into() };
    let mut open = Fields::new();
    let mut traces = Vec::new();
    for check in &entry.checks {
        let answer = check.dropped.is_none().then(|| facts.check(check));
        if let Some(answer) = answer {
            if answer == Answer::Maybe {
                open.extend(facts.fields(&check.attribute));
            }
            all = all.and(answer);
        }
        match &trace {
            Some(rule) => traces.push(check_trace(check, facts, answer, rule)),
            None if all == Answer::No => return Answer::No,
            None => {}
        }
    }
    if all == Answer::Maybe {
        fields.extend(open);
    }
    if let Some(trace) = trace {
        trace.entries.push(EntryTrace { entry: entry.path.clone(), clause, result: result(all), checks: traces });
    }
    all
}

fn check_trace(check: &Check<'_>, facts: &Facts<'_>, answer: Option<Answer>, rule: &RuleTrace) -> CheckTrace {
    let mut place = rule.place.clone();
    (place.line, place.column) = (check.at.line, check.at.column);
    CheckTrace {
        field: check.name.to_owned(),
        negated: check.negated,
        place,
        result: match answer {
            None => CheckResult::Dropped,
            Some(Answer::Yes) => CheckResult::Matched,
            Some(Answer::No) => CheckResult::Failed,
            Some(Answer::Maybe) => CheckResult::Unknown,
        },
        actual: answer.and_then(|_| facts.actual(&check.attribute)),
        wanted: check.values.iter().map(|value| value.text.value.clone()).collect(),
        note: check.dropped,
    }
}

fn result(answer: Answer) -> RuleResult {
    match answer {
        Answer::Yes => RuleResult::Matched,
        Answer::No => RuleResult::Failed,
        Answer::Maybe => RuleResult::Unknown,
    }
}

/// An empty trace of a rule.
pub fn open_trace(policy: &PolicyPlan<'_>, rule: &RulePlan<'_>) -> RuleTrace {
    RuleTrace {
        rule: rule.index,
        place: policy.source.meta.place(rule.source.at),
        result: if rule.dropped.is_some() { RuleResult::Dropped } else { RuleResult::Failed },
        widened: rule.widened,
        note: rule.dropped.clone().unwrap_or_default(),
        entries: Vec::new(),
    }
}
