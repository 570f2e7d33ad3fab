//! Policies, a proxy and a request made of bytes: the promises that the evaluator, the comparison and the analysis make to
//! whoever reads their answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mesh::policy::{
    analyze::{self, Judgement},
    attach::Point,
    compare::{self, Relation},
    decode,
    effort::Effort,
    evaluate::{self, Outcome, Verdict},
    object::PolicySet,
    plan::Plan,
    print,
    request::Request,
    settings::Enforcement,
};
use mesh_fuzz::{bytes::Bytes, policies, requests};

/// Steps of a comparison or an analysis; enough for small sets.
const STEPS: u64 = 5_000;

fuzz_target!(|bytes: &[u8]| {
    let bytes = &mut Bytes::new(bytes);
    let point = requests::point(bytes);
    let complete = requests::complete(bytes);
    let partial = requests::forget(&complete, bytes);
    let more = bytes.one();
    let text = policies::policies(bytes);
    let set = read(&text);
    let case = Case { text: &text, set: &set, point: &point, complete: &complete };
    let known = evaluate::evaluate(&set, &point, &complete);
    case.both_ways_agree(&complete);
    case.both_ways_agree(&partial);
    case.nothing_unannounced(&known, &partial);
    case.deny_wins(&known);
    case.printing_changes_nothing(&known);
    // These take longest; not every input needs them.
    match more % 4 {
        0 => case.differences_confirm(&read(&policies::policies(bytes)), &known),
        1 => case.idle_rules_are_idle(&known),
        _ => {}
    }
});

fn read(text: &str) -> PolicySet {
    let decoded = decode::manifests("fuzz.yaml", text, "foo");
    assert_eq!(decoded.findings, [], "{text}");
    decoded.set
}

struct Case<'c> {
    text: &'c str,
    set: &'c PolicySet,
    point: &'c Point,
    complete: &'c Request,
}

impl Case<'_> {
    fn verdict(&self, set: &PolicySet) -> Outcome {
        evaluate::evaluate(set, self.point, self.complete)
    }

    fn both_ways_agree(&self, request: &Request) {
        let plan = Plan::new(self.set, self.point, request.protocol);
        let (short, full) = (plan.decide(request), plan.explain(request));
        let told = |outcome: &Outcome| {
            (outcome.verdict, outcome.decided_by.clone(), outcome.audited.clone(), outcome.dry_run.clone())
        };
        assert_eq!(told(&short), told(&full), "{self}");
    }

    /// What was forgotten may only turn the verdict into DEPENDS, which announces it.
    fn nothing_unannounced(&self, known: &Outcome, partial: &Request) {
        if known.verdict == Verdict::Depends {
            return;
        }
        let outcome = evaluate::evaluate(self.set, self.point, partial);
        assert!(
            outcome.possible.contains(&known.verdict),
            "{:?} was not announced: {outcome:#?}\n{partial:#?}\n{self}",
            known.verdict
        );
        if outcome.verdict == Verdict::Depends {
            assert!(!outcome.depends_on.is_empty(), "{outcome:#?}\n{self}");
            assert!(outcome.approximate || outcome.examples.len() == outcome.possible.len(), "{outcome:#?}\n{self}");
        } else {
            assert_eq!(outcome.verdict, known.verdict, "{partial:#?}\n{self}");
        }
    }

    fn deny_wins(&self, known: &Outcome) {
        // A policy without targetRefs does not reach a waypoint.
        if self.point.enforcement == Enforcement::Waypoint {
            return;
        }
        let with = |action: &str| {
            let more = policies::policy("zz", "istio-system", "", action, false, "{}");
            self.verdict(&read(&format!("{}---\n{more}", self.text))).verdict
        };
        assert_eq!(with("DENY"), Verdict::Deny, "{self}");
        if known.verdict == Verdict::Deny && known.decided_by != evaluate::BY_NO_ALLOW {
            assert_eq!(with("ALLOW"), Verdict::Deny, "{self}");
        }
    }

    fn printing_changes_nothing(&self, known: &Outcome) {
        let again = self.verdict(&read(&print::print(self.set)));
        assert_eq!((again.verdict, again.decided_by), (known.verdict, known.decided_by.clone()), "{self}");
    }

    fn differences_confirm(&self, after: &PolicySet, known: &Outcome) {
        let found = compare::compare(self.set, after, self.point, self.complete.protocol, &Effort::new(STEPS));
        for difference in &found.differences {
            let was = evaluate::evaluate(self.set, self.point, &difference.request).verdict;
            let is = evaluate::evaluate(after, self.point, &difference.request).verdict;
            assert_eq!((was, is), (difference.before, difference.after), "{difference:#?}\n{self}");
            assert_ne!(was, is, "{difference:#?}\n{self}");
        }
        let (was, is) = (known.verdict, self.verdict(after).verdict);
        if was == Verdict::Depends || is == Verdict::Depends {
            return;
        }
        let holds = match found.relation {
            Relation::Equivalent => was == is,
            Relation::Stricter => was == is || is == Verdict::Deny,
            Relation::Looser => was == is || is == Verdict::Allow,
            Relation::Incomparable | Relation::Undecided => true,
        };
        assert!(holds, "{was:?} {is:?} {found:#?}\n---- after\n{}\n{self}", print::print(after));
    }

    fn idle_rules_are_idle(&self, known: &Outcome) {
        for statement in analyze::analyze(self.set, self.point, self.complete.protocol, &Effort::new(STEPS)) {
            if matches!(statement.judgement, Judgement::Vacuous | Judgement::Redundant | Judgement::Overridden) {
                let mut without = self.set.clone();
                for policy in &mut without.authorization {
                    let id = policy.meta.id();
                    for (i, rule) in policy.rules.iter_mut().flatten().enumerate() {
                        rule.null |= statement.rule == format!("{id} rule[{i}]");
                    }
                }
                assert_eq!(self.verdict(&without).verdict, known.verdict, "without {}\n{self}", statement.rule);
            }
        }
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#?}\n{:#?}\n{}", self.point, self.complete, self.text)
    }
}
