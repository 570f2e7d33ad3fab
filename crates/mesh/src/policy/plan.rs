//! What one proxy makes of its policies: rules reduced to what it can check, each part with a pointer to its source. The
//! plan is what istiod sends; deciding about requests is `evaluate`'s work.

mod ambient;
mod envoy;
mod index;
mod peer;
mod trust;

use std::sync::OnceLock;

use serde::Serialize;

use super::{
    attach::{Attached, Point},
    object::{Action, AuthorizationPolicy, JwtRule, PolicySet, Rule},
    pattern::{Cidr, TextMatch},
    place::{Spot, Text},
    request::Protocol,
    settings::Enforcement,
};
use crate::order;

use index::Index;
pub use peer::{PeerPlan, PeerRule};

/// What making a plan costs for each rule, compared with deciding by it once.
const STEPS_PER_PLANNED_RULE: usize = 50;

/// Everything one proxy enforces on one kind of port.
#[derive(Clone, Debug)]
pub struct Plan<'p> {
    /// The proxy.
    pub point: &'p Point,
    /// Whether only connections are seen: TCP ports, and everything at a ztunnel.
    pub tcp: bool,
    /// Mutual TLS.
    pub peer: PeerPlan<'p>,
    /// Rules of the RequestAuthentications that attach, by issuer; none on TCP.
    pub jwt: Vec<&'p JwtRule>,
    /// Attached AuthorizationPolicies by action, enforced before dry run, then in the order of Envoy's rule names.
    pub policies: Vec<PolicyPlan<'p>>,
    /// Policies that would attach and are not used, and why.
    pub ignored: Vec<(&'p AuthorizationPolicy, &'static str)>,
    /// What the proxy would refuse to load.
    pub refused: Vec<String>,
    /// Enforced DENY and ALLOW rules by caller, made when they are first asked for: a single trace never does.
    deny: OnceLock<Index>,
    allow: OnceLock<Index>,
}

/// One attached AuthorizationPolicy.
#[derive(Clone, Debug)]
pub struct PolicyPlan<'p> {
    /// The object.
    pub source: &'p AuthorizationPolicy,
    /// `namespace/name`.
    pub id: String,
    /// How it came to be attached.
    pub attached: Attached,
    /// Not enforced (R65).
    pub dry_run: bool,
    /// Its rules, in the order of their Envoy names.
    pub rules: Vec<RulePlan<'p>>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct RulePlan<'p> {
    /// Its index.
    pub index: usize,
    /// The rule as written.
    pub source: &'p Rule,
    /// `namespace/name rule[0]`.
    pub id: String,
    /// Envoy's name for it; the first match in the order of these names decides.
    pub name: String,
    /// Why it is not there at all.
    pub dropped: Option<String>,
    /// Whether a part is missing, so that it matches more than written (R57).
    pub widened: bool,
    /// `from`, `to` and each `when`: all must match.
    pub clauses: Vec<Clause<'p>>,
}

/// Alternatives of which one must match.
#[derive(Clone, Debug)]
pub struct Clause<'p> {
    /// The alternatives.
    pub entries: Vec<EntryPlan<'p>>,
}

/// One source, operation or condition.
#[derive(Clone, Debug)]
pub struct EntryPlan<'p> {
    /// `from[0].source`, `to[1].operation`, `when[0]`.
    pub path: String,
    /// Where it starts.
    pub at: Spot,
    /// All must hold.
    pub checks: Vec<Check<'p>>,
    /// Whether it matches when no check is left: always at Envoy, never at a ztunnel (R57, R68).
    pub when_empty: bool,
}

impl EntryPlan<'_> {
    /// The checks that are enforced.
    pub fn enforced(&self) -> impl Iterator<Item = &Check<'_>> {
        self.checks.iter().filter(|check| check.dropped.is_none())
    }
}

/// One field, or one side of a condition.
#[derive(Clone, Debug)]
pub struct Check<'p> {
    /// Name of the field, or the key of the condition.
    pub name: &'p str,
    /// Where it starts.
    pub at: Spot,
    /// Whether none of the values may match (R14).
    pub negated: bool,
    /// What is compared.
    pub attribute: Attribute,
    /// With what.
    pub values: Vec<ValuePlan<'p>>,
    /// Why it is not enforced here.
    pub dropped: Option<&'static str>,
}

/// One value and the comparisons it became; none when the proxy cannot use it.
#[derive(Clone, Debug)]
pub struct ValuePlan<'p> {
    /// As written.
    pub text: &'p Text,
    /// Any of these; several after trust-domain expansion (R40).
    pub matchers: Vec<Matcher>,
}

/// What a check looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// SPIFFE URI of the peer.
    Identity,
    /// Direct peer.
    SourceIp,
    /// Client behind proxies.
    RemoteIp,
    /// Local address.
    DestinationIp,
    /// Local port.
    DestinationPort,
    /// TLS server name.
    Sni,
    /// `:method`.
    Method,
    /// `:authority`.
    Host,
    /// Normalized path.
    Path,
    /// A header by lower-case name.
    Header(String),
    /// The claims `iss` and `sub`.
    RequestPrincipal,
    /// A claim by path.
    Claim(Vec<String>),
    /// Dynamic metadata: filter and key.
    Metadata([String; 2]),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matcher {
    /// With a text.
    Text(TextMatch),
    /// With an element of a list (R55).
    Element(TextMatch),
    /// With an address.
    Cidr(Cidr),
    /// With a port.
    Port(u16),
    /// With `iss` and `sub` (R46).
    Principal(TextMatch, TextMatch),
}

impl<'p> Plan<'p> {
    /// What `point` enforces on ports of that protocol.
    pub fn new(set: &'p PolicySet, point: &'p Point, protocol: Protocol) -> Self {
        let ambient = point.enforcement == Enforcement::Ztunnel;
        let tcp = ambient || protocol == Protocol::Tcp;
        let mut plan = Self {
            point,
            tcp,
            peer: PeerPlan::new(set, point),
            jwt: Vec::new(),
            policies: Vec::new(),
            ignored: Vec::new(),
            refused: Vec::new(),
            deny: OnceLock::new(),
            allow: OnceLock::new(),
        };
        if !tcp {
            let attached =
                set.request.iter().filter(|request| point.attached(&request.meta, &request.target).is_some());
            plan.jwt = attached.flat_map(|request| &request.rules).collect();
            order::sort(&mut plan.jwt, &|a, b| a.issuer.value.cmp(&b.issuer.value));
        }
        let mut named: Vec<(String, PolicyPlan<'p>)> = Vec::new();
        for policy in &set.authorization {
            let Some(attached) = point.attached(&policy.meta, &policy.target) else { continue };
            let dry_run = is_dry_run(policy);
            let unused = if ambient {
                ambient::unused(policy.action, dry_run, point)
            } else if dry_run && policy.action == Action::Custom {
                Some("the dry-run annotation is not supported for CUSTOM (R65)")
            } else {
                None
            };
            if let Some(why) = unused {
                plan.ignored.push((policy, why));
                continue;
            }
            let id = policy.meta.id();
            let rules = policy.rules.as_deref().unwrap_or_default();
            let mut rules: Vec<_> = rules.iter().enumerate().map(|(i, rule)| plan.rule(policy, &id, i, rule)).collect();
            if !ambient {
                order::sort(&mut rules, &|a, b| a.name.cmp(&b.name));
            }
            named.push((name(policy, 0), PolicyPlan { source: policy, id, attached, dry_run, rules }));
        }
        order::sort(&mut named, &|(a_name, a), (b_name, b)| {
            (a.source.action, a.dry_run, a_name).cmp(&(b.source.action, b.dry_run, b_name))
        });
        plan.policies = named.into_iter().map(|(_, policy)| policy).collect();
        plan
    }

    fn rule(&mut self, policy: &'p AuthorizationPolicy, id: &str, index: usize, rule: &'p Rule) -> RulePlan<'p> {
        let mut planned = RulePlan {
            index,
            source: rule,
            id: format!("{id} rule[{index}]"),
            name: name(policy, index),
            dropped: None,
            widened: false,
            clauses: Vec::new(),
        };
        if rule.null {
            planned.dropped = Some("the rule is empty text, which Istio skips".to_owned());
        } else if self.point.enforcement == Enforcement::Ztunnel {
            ambient::fill(policy, rule, &mut planned);
        } else {
            envoy::fill(self, policy, rule, &mut planned);
        }
        planned
    }

    /// What deciding about one request costs, in steps of [`Effort`](super::effort::Effort).
    pub fn weight(&self) -> usize {
        1 + self.policies.iter().map(|policy| policy.rules.len()).sum::<usize>()
    }

    /// What making this plan has cost, in the same steps.
    pub fn cost(&self) -> usize {
        STEPS_PER_PLANNED_RULE * self.weight()
    }

    /// The same proxy with these of its rules alone.
    pub fn only(&self, rules: &[&RulePlan<'_>]) -> Self {
        let kept = |rule: &&RulePlan<'_>| rules.iter().any(|kept| std::ptr::eq(*kept, *rule));
        let of = |policy: &PolicyPlan<'p>| -> Vec<RulePlan<'p>> { policy.rules.iter().filter(kept).cloned().collect() };
        let policies = self.policies.iter().map(|policy| (policy, of(policy))).filter(|(_, rules)| !rules.is_empty());
        let policies = policies.map(|(policy, rules)| PolicyPlan { rules, id: policy.id.clone(), ..*policy }).collect();
        Self {
            policies,
            peer: self.peer.clone(),
            jwt: self.jwt.clone(),
            ignored: Vec::new(),
            refused: Vec::new(),
            deny: OnceLock::new(),
            allow: OnceLock::new(),
            ..*self
        }
    }

    /// The attached policies of one action, enforced or in dry run, in the order of Envoy's rule names.
    pub fn of(&self, action: Action, dry_run: bool) -> &[PolicyPlan<'p>] {
        let key = |policy: &PolicyPlan<'_>| (policy.source.action, policy.dry_run);
        let start = self.policies.partition_point(|policy| key(policy) < (action, dry_run));
        let end = self.policies.partition_point(|policy| key(policy) <= (action, dry_run));
        &self.policies[start..end]
    }
}

impl Plan<'_> {
    /// The enforced rules of DENY or ALLOW that a caller can match, in order; `None` is a caller without identity.
    pub fn rules_for(&self, action: Action, identity: Option<&str>) -> impl Iterator<Item = &RulePlan<'_>> {
        let index = if action == Action::Deny { &self.deny } else { &self.allow };
        let policies = self.of(action, false);
        index.get_or_init(|| Index::new(policies)).places(identity).map(|(policy, rule)| &policies[policy].rules[rule])
    }
}

/// Envoy's name of a rule (builder.go policyName).
fn name(policy: &AuthorizationPolicy, rule: usize) -> String {
    format!("ns[{}]-policy[{}]-rule[{rule}]", policy.meta.namespace, policy.meta.name)
}

/// R65: Go's ParseBool; a bad value counts as false (builder.go isDryRun).
fn is_dry_run(policy: &AuthorizationPolicy) -> bool {
    let value = policy.meta.dry_run.as_ref().map(Text::as_str);
    matches!(value, Some("1" | "t" | "T" | "TRUE" | "true" | "True"))
}

/// Whether Go's ParseBool takes the text.
pub(super) fn is_go_bool(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "TRUE" | "true" | "True" | "0" | "f" | "F" | "FALSE" | "false" | "False")
}
