//! Rules of a set that do nothing or not what they seem: vacuous, redundant, overridden, meeting others. Every claim that a
//! rule does something rests on a request that the evaluator has decided; every other on a search that was complete.

mod apart;
#[cfg(test)]
mod tests;

use serde::Serialize;

use super::{
    attach::Point,
    compare::ComparedPlace,
    effort::Effort,
    evaluate::{Answer, Before, Fields},
    finding::Finding,
    lint::codes,
    object::{Action, PolicySet},
    place::Place,
    plan::{Plan, RulePlan},
    request::{Protocol, Request},
    search::{self, Step, Trail, Walk, Walked},
};
use crate::order;

/// The most requests that are tried for one question about one rule.
const BUDGET: usize = 20_000;
/// The most pairs of rules that are tried for meeting.
const MAX_PAIRS: usize = 400;

/// What was found about a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Judgement {
    /// No request matches it.
    Vacuous,
    /// Others of the same action match all it matches.
    Redundant,
    /// Everything it allows is denied.
    Overridden,
    /// It meets a rule of the other action.
    Conflict,
    /// The budget ended the search.
    Undecided,
}

impl Judgement {
    /// The code of the finding.
    pub fn code(self) -> &'static str {
        match self {
            Self::Vacuous => "OB0501",
            Self::Redundant => "OB0502",
            Self::Overridden => "OB0503",
            Self::Conflict => "OB0504",
            Self::Undecided => "OB0505",
        }
    }
}

/// One statement about one rule at one proxy.
#[derive(Clone, Debug, Serialize)]
pub struct Statement {
    /// `namespace/name rule[0]`.
    pub rule: String,
    /// Where it is written.
    pub place: Place,
    /// What it is.
    pub judgement: Judgement,
    /// The other rule, for conflicts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<String>,
    /// A request that shows it, for conflicts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Trail,
}

impl Statement {
    /// As a finding; `place` names the proxy.
    pub fn finding(&self, proxy: &str) -> Finding {
        let code = self.judgement.code();
        let entry = codes::find(code).expect("the catalogue has every judgement");
        let with: Vec<String> = self.with.iter().map(|(field, value)| format!("{field} = {value}")).collect();
        let message = match (self.judgement, &self.other) {
            (Judgement::Vacuous, _) => format!("no request matches {} at the {proxy}", self.rule),
            (Judgement::Redundant, _) => format!("removing {} changes no verdict at the {proxy}", self.rule),
            (Judgement::Overridden, _) => format!("everything that {} allows at the {proxy} is denied", self.rule),
            (Judgement::Conflict, other) => {
                format!(
                    "{} also matches requests of {}: {}",
                    self.rule,
                    other.as_deref().unwrap_or("another"),
                    with.join(", ")
                )
            }
            (Judgement::Undecided, _) => format!("{} is too much to analyse at the {proxy}", self.rule),
        };
        Finding {
            code,
            severity: entry.severity,
            place: self.place.clone(),
            object: self.rule.split(' ').next().unwrap_or("").to_owned(),
            path: format!("spec.{}", self.rule.split(' ').nth(1).unwrap_or("").replacen("rule", "rules", 1)),
            message,
            remedy: entry.remedy.to_owned(),
            fix: None,
        }
    }
}

/// Everything there is to say about the enforced ALLOW and DENY rules of a proxy.
pub fn analyze(set: &PolicySet, point: &Point, protocol: Protocol, effort: &Effort) -> Vec<Statement> {
    let plan = Plan::new(set, point, protocol);
    // When that was too much already, every rule stays undecided below.
    effort.spend(plan.cost());
    let question = Question { plan: &plan, protocol, effort };
    let of = |action: Action| -> Vec<(Place, &RulePlan<'_>)> {
        plan.of(action, false)
            .iter()
            .flat_map(|policy| policy.rules.iter().map(move |rule| (policy.source.meta.place(rule.source.at), rule)))
            .filter(|(_, rule)| rule.dropped.is_none())
            .collect()
    };
    let (allow, deny) = (of(Action::Allow), of(Action::Deny));
    let mut found = Vec::new();
    let say = |judgement: Judgement, place: &Place, rule: &RulePlan<'_>| Statement {
        rule: rule.id.clone(),
        place: place.clone(),
        judgement,
        other: None,
        with: Vec::new(),
    };
    let mut living: Vec<(Action, &Place, &RulePlan<'_>)> = Vec::new();
    let denies: Vec<&RulePlan<'_>> = deny.iter().map(|(_, rule)| *rule).collect();
    for (action, rules) in [(Action::Deny, &deny), (Action::Allow, &allow)] {
        for (i, (place, rule)) in rules.iter().enumerate() {
            let mut others: Vec<&RulePlan<'_>> =
                rules.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, (_, rule))| *rule).collect();
            let stronger = if action == Action::Allow { denies.as_slice() } else { &[] };
            others.extend(stronger);
            match question.judge(rule, &others, stronger) {
                Some(judgement) => found.push(say(judgement, place, rule)),
                None => living.push((action, place, rule)),
            }
        }
    }
    found.extend(question.conflicts(&living));
    order::sort(&mut found, &|a, b| (&a.place, a.judgement, &a.other).cmp(&(&b.place, b.judgement, &b.other)));
    found
}

/// The same as findings about `place`, added to what is known: what was said of another proxy is not said again, but for
/// conflicts, each of which has its own other rule.
pub fn add(set: &PolicySet, place: &ComparedPlace, effort: &Effort, findings: &mut Vec<Finding>) {
    for statement in analyze(set, &place.point, Protocol::Http, effort) {
        let finding = statement.finding(&place.name);
        let same = |known: &Finding| known.code == finding.code && known.place == finding.place;
        if statement.judgement == Judgement::Conflict || !findings.iter().any(same) {
            findings.push(finding);
        }
    }
}

enum Sought {
    Found(Trail),
    Never,
    Undecided,
}

/// Questions about the rules of one proxy.
struct Question<'q> {
    plan: &'q Plan<'q>,
    protocol: Protocol,
    effort: &'q Effort,
}

impl Question<'_> {
    /// What is wrong with a rule. Most have a request of their own, which says all at once: others do not match it, and it
    /// is not denied.
    fn judge(&self, rule: &RulePlan<'_>, others: &[&RulePlan<'_>], stronger: &[&RulePlan<'_>]) -> Option<Judgement> {
        let redundant = match self.exists(&[rule], others) {
            Sought::Found(_) => return None,
            Sought::Never => Judgement::Redundant,
            Sought::Undecided => Judgement::Undecided,
        };
        let reasons = [(&[][..], Judgement::Vacuous), (stronger, Judgement::Overridden)];
        for (none, reason) in
            reasons.into_iter().filter(|(none, reason)| !none.is_empty() || *reason == Judgement::Vacuous)
        {
            match self.exists(&[rule], none) {
                Sought::Found(_) => {}
                Sought::Never => return Some(reason),
                Sought::Undecided => return Some(Judgement::Undecided),
            }
        }
        Some(redundant)
    }

    fn conflicts(&self, rules: &[(Action, &Place, &RulePlan<'_>)]) -> Vec<Statement> {
        let of = |wanted: Action| rules.iter().filter(move |(action, ..)| *action == wanted);
        let pairs = of(Action::Deny).flat_map(|deny| of(Action::Allow).map(move |allow| (deny, allow)));
        let mut found = Vec::new();
        for ((_, _, deny), (_, place, allow)) in pairs.take(MAX_PAIRS) {
            if let Sought::Found(with) = self.exists(&[deny, allow], &[]) {
                found.push(Statement {
                    rule: allow.id.clone(),
                    place: (*place).clone(),
                    judgement: Judgement::Conflict,
                    other: Some(deny.id.clone()),
                    with,
                });
            }
        }
        found
    }

    /// A request that reaches the rules, matches all of `all` and none of `none`.
    fn exists(&self, all: &[&RulePlan<'_>], none: &[&RulePlan<'_>]) -> Sought {
        let mut found: Option<Trail> = None;
        let plan = self.plan;
        if all.iter().enumerate().any(|(i, rule)| all[..i].iter().any(|other| apart::apart(rule, other))) {
            return Sought::Never;
        }
        // Only what can meet the rules in question matters, and only its patterns are combined.
        let near = |other: &&&RulePlan<'_>| !all.iter().any(|rule| apart::apart(rule, other));
        let none: Vec<&RulePlan<'_>> = none.iter().filter(near).copied().collect();
        let concerned = plan.only(&[all, &none].concat());
        self.effort.spend(plan.weight());
        let mut judge = |request: &Request, trail: &Trail| {
            let before = Before::new(plan, request);
            let mut fields = Fields::new();
            let mut answer = Answer::Yes;
            for rule in all {
                answer = answer.and(before.judge(rule, &mut fields));
                if answer == Answer::No {
                    return Step::Settled;
                }
            }
            // What the rules themselves hang on comes first: most others fall away with it.
            if answer == Answer::Yes {
                for rule in &none {
                    answer = answer.and(before.judge(rule, &mut fields).negated());
                    if answer == Answer::No {
                        return Step::Settled;
                    }
                }
            }
            if before.rejected == Answer::Maybe {
                fields.extend(before.fields.iter().cloned());
            }
            match answer.and(before.rejected.negated()) {
                Answer::Yes => {
                    found = Some(trail.clone());
                    Step::Stop
                }
                Answer::No => Step::Settled,
                Answer::Maybe => Step::Open(fields),
            }
        };
        let plans = [&concerned];
        let walked = Walk::new(&plans, self.effort).run(&search::anything(self.protocol), BUDGET, &mut judge);
        match (found, walked) {
            (Some(trail), _) => Sought::Found(trail),
            (None, Walked::All) => Sought::Never,
            (None, Walked::Stopped | Walked::Undecided) => Sought::Undecided,
        }
    }
}
