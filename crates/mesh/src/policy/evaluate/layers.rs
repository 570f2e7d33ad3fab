//! The stages in order (R1). Each can only reject; a verdict is certain as soon as one certainly rejects or all certainly
//! pass.

use std::collections::BTreeSet;

use super::{
    Answer, BY_BAD_PATH, BY_BAD_PROVIDER, BY_DEFAULT, BY_NO_ALLOW, BY_TOKEN, DryRun, Fields, Layer, LayerResult,
    LayerTrace, Outcome, PolicyTrace, Verdict, facts::Facts, jwt, nearest, rule,
};
use crate::{
    order,
    policy::{
        normalize,
        object::Action,
        plan::{Plan, PolicyPlan, RulePlan},
        request::{Given, Request},
        settings::{Enforcement, Provider},
    },
};

/// Runs all stages.
pub fn decide(plan: &Plan<'_>, request: &Request, full: bool) -> Outcome {
    Run { plan, request, full, layers: Vec::new(), state: State::default() }.all()
}

/// What happens before the rules of DENY and ALLOW policies run, and the request as they see it.
pub struct Before<'r> {
    /// Whether the request is rejected before.
    pub rejected: Answer,
    /// What that hangs on.
    pub fields: Fields,
    facts: Facts<'r>,
}

impl<'r> Before<'r> {
    /// Runs the stages before.
    pub fn new(plan: &Plan<'r>, request: &'r Request) -> Self {
        let mut run = Run { plan, request, full: false, layers: Vec::new(), state: State::default() };
        if !plan.tcp {
            run.path();
        }
        let tls_off = run.peer();
        let mut facts = Facts::new(plan, request, tls_off);
        let mut state = run.state;
        if !plan.tcp {
            let stage = jwt::run(&plan.jwt, request);
            if stage.reject == Answer::Yes {
                state.rejected.get_or_insert_default();
            }
            state.uncertain |= stage.reject == Answer::Maybe;
            state.fields.extend(stage.fields);
            facts.claims = stage.claims;
        }
        let rejected = match (state.rejected, state.uncertain) {
            (Some(_), _) => Answer::Yes,
            (None, true) => Answer::Maybe,
            (None, false) => Answer::No,
        };
        Self { rejected, fields: state.fields, facts }
    }

    /// Whether a rule matches; what an uncertain answer hangs on goes to `fields`.
    pub fn judge(&self, rule: &RulePlan<'_>, fields: &mut Fields) -> Answer {
        rule::judge(rule, &self.facts, fields, None)
    }
}

#[derive(Default)]
struct State {
    /// The first certain rejection.
    rejected: Option<String>,
    /// Fields of uncertain stages.
    fields: Fields,
    uncertain: bool,
}

pub(super) struct Run<'a, 'p> {
    pub(super) plan: &'a Plan<'p>,
    pub(super) request: &'a Request,
    full: bool,
    layers: Vec<LayerTrace>,
    state: State,
}

/// How a set of policies answers.
struct Matches {
    answer: Answer,
    /// The first rule that certainly matches, in Envoy's order.
    first: Option<String>,
    fields: Fields,
    traces: Vec<PolicyTrace>,
}

impl Run<'_, '_> {
    fn all(mut self) -> Outcome {
        let ambient = self.plan.point.enforcement == Enforcement::Ztunnel;
        if !self.plan.tcp {
            self.path();
        }
        let tls_off = self.peer();
        let mut facts = Facts::new(self.plan, self.request, tls_off);
        if !ambient {
            self.custom(&facts);
        }
        if !self.plan.tcp {
            let stage = jwt::run(&self.plan.jwt, self.request);
            self.stage(Layer::Jwt, stage.reject, BY_TOKEN.to_owned(), stage.why.to_owned(), stage.fields, Vec::new());
            facts.claims = stage.claims;
        }
        let mut audited = Vec::new();
        if !ambient {
            audited = self.audit(&facts);
        }
        let mut dry_run = DryRun::default();
        self.deny(&facts, &mut dry_run);
        let by = self.allow(&facts, &mut dry_run);
        self.finish(by, audited, dry_run)
    }

    fn finish(self, by: String, audited: Vec<String>, dry_run: DryRun) -> Outcome {
        let (verdict, decided_by) = match self.state.rejected {
            Some(rejected) => (Verdict::Deny, rejected),
            None if self.state.uncertain => (Verdict::Depends, String::new()),
            None => (Verdict::Allow, by),
        };
        let depends = verdict == Verdict::Depends;
        let no_allow = verdict == Verdict::Deny && decided_by == BY_NO_ALLOW;
        let allow = self.layers.iter().find(|layer| layer.layer == Layer::Allow).filter(|_| no_allow);
        Outcome {
            verdict,
            nearest: allow.and_then(nearest::nearest),
            decided_by,
            depends_on: if depends { self.state.fields } else { Fields::new() },
            possible: if depends { vec![Verdict::Allow, Verdict::Deny] } else { vec![verdict] },
            approximate: depends,
            examples: Vec::new(),
            dry_run: Some(dry_run).filter(|dry_run| *dry_run != DryRun::default()),
            audited,
            warnings: if self.full { self.plan.refused.clone() } else { Vec::new() },
            trace: self.layers,
        }
    }

    /// Takes note of how a stage ended.
    pub(super) fn stage(
        &mut self,
        layer: Layer,
        reject: Answer,
        by: String,
        why: String,
        fields: Fields,
        policies: Vec<PolicyTrace>,
    ) {
        let result = match reject {
            Answer::Yes => LayerResult::Reject,
            Answer::No => LayerResult::Pass,
            Answer::Maybe => LayerResult::Unknown,
        };
        match reject {
            Answer::Yes => {
                self.state.rejected.get_or_insert(by);
            }
            Answer::Maybe => {
                self.state.uncertain = true;
                self.state.fields.extend(fields);
            }
            Answer::No => {}
        }
        if self.full {
            self.layers.push(LayerTrace { layer, result, why, policies });
        }
    }

    /// R29: paths that the proxy answers with 400.
    fn path(&mut self) {
        let mesh = &self.plan.point.mesh;
        let Given::Known(path) = &self.request.path else { return };
        let (reject, why) = match normalize::normalize(path, mesh.path_normalization, mesh.proxy_version) {
            Ok(path) => (Answer::No, format!("policies see the path {}", normalize::without_query(&path))),
            Err(bad) => (Answer::Yes, format!("the proxy answers 400: {}", bad.reason())),
        };
        self.stage(Layer::Request, reject, BY_BAD_PATH.to_owned(), why, Fields::new(), Vec::new());
    }

    /// R7–R9.
    fn custom(&mut self, facts: &Facts<'_>) {
        let plan = self.plan;
        let provider_of =
            |policy: &PolicyPlan<'_>| policy.source.provider.as_ref().map_or("", |name| name.as_str()).to_owned();
        let providers: BTreeSet<String> = order::set(plan.of(Action::Custom, false).iter().map(provider_of));
        let too_many = providers.len() > 1 && !plan.point.mesh.features.multiple_custom_providers;
        for provider in providers {
            let found = self
                .matches(plan.of(Action::Custom, false).iter().filter(|policy| provider_of(policy) == provider), facts);
            let kind = plan.point.mesh.extension_providers.get(&provider).copied().unwrap_or(Provider::Invalid);
            let usable = !too_many && kind != Provider::Invalid && is_provider_name(&provider);
            if usable && kind == Provider::Http && plan.tcp {
                let why = format!("{provider} is an HTTP authorizer, without effect on TCP (R9)");
                self.stage(Layer::Custom, Answer::No, String::new(), why, Fields::new(), found.traces);
                continue;
            }
            let mut fields = found.fields;
            let (approves, by) = if usable {
                let approves = self.request.ext_authz.get(&provider).map_or(Answer::Maybe, |allow| (*allow).into());
                if approves == Answer::Maybe {
                    fields.insert(format!("extAuthz[{provider}]"));
                }
                (approves, format!("CUSTOM {}", found.first.clone().unwrap_or_default()))
            } else {
                (Answer::No, BY_BAD_PROVIDER.to_owned())
            };
            let why = match (found.answer, usable) {
                (Answer::No, _) => "no CUSTOM rule selects the request".to_owned(),
                (_, false) => format!("provider `{provider}` cannot be used (R8)"),
                (_, true) => format!("provider `{provider}` is asked"),
            };
            self.stage(Layer::Custom, found.answer.and(approves.negated()), by, why, fields, found.traces);
        }
    }

    /// R6: marks, and never rejects. What was rejected before is not marked.
    fn audit(&mut self, facts: &Facts<'_>) -> Vec<String> {
        let plan = self.plan;
        let mut audited = Vec::new();
        let mut traces = Vec::new();
        for policy in plan.of(Action::Audit, false) {
            let mut found = self.matches(std::iter::once(policy), facts);
            audited.extend(found.first.filter(|_| self.state.rejected.is_none()));
            traces.append(&mut found.traces);
        }
        if !traces.is_empty() {
            self.stage(Layer::Audit, Answer::No, String::new(), "AUDIT only marks".to_owned(), Fields::new(), traces);
        }
        audited
    }

    /// R2.
    fn deny(&mut self, facts: &Facts<'_>, dry_run: &mut DryRun) {
        let plan = self.plan;
        let shadow = self.matches(plan.of(Action::Deny, true), facts);
        if !plan.of(Action::Deny, true).is_empty() {
            dry_run.deny = Some(match (&shadow.first, shadow.answer) {
                (Some(first), _) => format!("denied by {first}"),
                (None, Answer::Maybe) => "depends".to_owned(),
                (None, Answer::Yes | Answer::No) => "allowed".to_owned(),
            });
        }
        let mut found = self.enforced(Action::Deny, facts);
        found.traces.extend(shadow.traces);
        let by = found.first.unwrap_or_default();
        let why = match found.answer {
            Answer::Yes => by.clone(),
            Answer::No => "no DENY rule matches".to_owned(),
            Answer::Maybe => "whether a DENY rule matches is unknown".to_owned(),
        };
        self.stage(Layer::Deny, found.answer, by, why, found.fields, found.traces);
    }

    /// R3–R5. Answers who lets the request pass.
    fn allow(&mut self, facts: &Facts<'_>, dry_run: &mut DryRun) -> String {
        let plan = self.plan;
        let shadow = self.matches(plan.of(Action::Allow, true), facts);
        if !plan.of(Action::Allow, true).is_empty() {
            let word = match shadow.answer {
                Answer::Yes => "allowed",
                Answer::No => "denied",
                Answer::Maybe => "depends",
            };
            dry_run.allow = Some(word.to_owned());
        }
        let mut found = self.enforced(Action::Allow, facts);
        found.traces.extend(shadow.traces);
        let any = !plan.of(Action::Allow, false).is_empty();
        let reject = if any { found.answer.negated() } else { Answer::No };
        let by = if any { found.first.clone().unwrap_or_default() } else { BY_DEFAULT.to_owned() };
        let why = match reject {
            Answer::No if any => by.clone(),
            Answer::No => "no enforced ALLOW policy is attached (R5)".to_owned(),
            Answer::Yes => "ALLOW policies are attached and no rule matches (R3)".to_owned(),
            Answer::Maybe => "whether an ALLOW rule matches is unknown".to_owned(),
        };
        self.stage(Layer::Allow, reject, BY_NO_ALLOW.to_owned(), why, found.fields, found.traces);
        by
    }

    /// The enforced rules of DENY or ALLOW. Without a trace, only those that the caller can match are looked at.
    fn enforced(&self, action: Action, facts: &Facts<'_>) -> Matches {
        let identity = match facts.identity() {
            Given::Known(identity) if !self.full => identity,
            Given::Known(_) | Given::Unknown => return self.matches(self.plan.of(action, false), facts),
        };
        let mut found = Matches { answer: Answer::No, first: None, fields: Fields::new(), traces: Vec::new() };
        for rule in self.plan.rules_for(action, identity) {
            let answer = rule::judge(rule, facts, &mut found.fields, None);
            found.answer = found.answer.or(answer);
            if answer == Answer::Yes {
                found.first = Some(rule.id.clone());
                break;
            }
        }
        found
    }

    fn matches<'q, 'p: 'q>(
        &self,
        policies: impl IntoIterator<Item = &'q PolicyPlan<'p>>,
        facts: &Facts<'_>,
    ) -> Matches {
        let mut found = Matches { answer: Answer::No, first: None, fields: Fields::new(), traces: Vec::new() };
        for policy in policies {
            let mut traces = Vec::new();
            for rule in &policy.rules {
                let mut trace = self.full.then(|| rule::open_trace(policy, rule));
                let answer = rule::judge(rule, facts, &mut found.fields, trace.as_mut());
                traces.extend(trace);
                found.answer = found.answer.or(answer);
                if answer == Answer::Yes {
                    found.first.get_or_insert_with(|| rule.id.clone());
                    if !self.full {
                        return found;
                    }
                }
            }
            if self.full {
                order::sort(&mut traces, &|a, b| a.rule.cmp(&b.rule));
                found.traces.push(PolicyTrace {
                    policy: policy.id.clone(),
                    action: policy.source.action,
                    dry_run: policy.dry_run,
                    attached: policy.attached.name(),
                    place: policy.source.meta.place(policy.source.meta.at),
                    rules: traces,
                });
            }
        }
        found
    }
}

/// extauthz.go validateProviderName.
fn is_provider_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('-') && !name.ends_with('-')
}
