//! What the schema of the CRDs refuses besides the validator (testdata/crds, customresourcedefinitions.gen.yaml): numbers
//! of entries, and fields that exclude each other.

use super::Report;
use crate::policy::{
    finding::Finding,
    object::{AuthorizationPolicy, JwtRule, PolicySet, Target},
    place::Spot,
};

/// The most rules of a policy.
const MAX_RULES: usize = 512;
/// The most sources of a rule.
const MAX_SOURCES: usize = 512;
/// The most targetRefs.
const MAX_TARGETS: usize = 16;

/// Everything the API server would refuse by number.
pub fn schema(set: &PolicySet) -> Vec<Finding> {
    let mut all = Vec::new();
    for policy in &set.authorization {
        let mut out = Report::new(&policy.meta);
        authorization(policy, &mut out);
        all.extend(out.finish());
    }
    for object in &set.request {
        let mut out = Report::new(&object.meta);
        targets(&object.target, object.meta.at, &mut out);
        for (i, rule) in object.rules.iter().enumerate() {
            keys(rule, &format!("spec.jwtRules[{i}]"), &mut out);
        }
        all.extend(out.finish());
    }
    all
}

/// The schema counts fields that are there, empty ones too.
fn keys(rule: &JwtRule, path: &str, out: &mut Report) {
    if let (Some(own), Some(_)) = (&rule.jwks, &rule.jwks_uri) {
        let message = "only one of jwks or jwksUri can be set";
        out.findings.error("OB0302", own.at, &format!("{path}.jwks"), message, "Keep one of them.");
    }
}

fn authorization(policy: &AuthorizationPolicy, out: &mut Report) {
    targets(&policy.target, policy.meta.at, out);
    let rules = policy.rules.as_deref().unwrap_or_default();
    limit(rules.len(), MAX_RULES, "rules", policy.meta.at, "spec.rules", out);
    for (i, rule) in rules.iter().enumerate() {
        let sources = rule.from.as_ref().map_or(0, Vec::len);
        limit(sources, MAX_SOURCES, "sources", rule.at, &format!("spec.rules[{i}].from"), out);
    }
}

fn targets(target: &Target, at: Spot, out: &mut Report) {
    limit(target.refs.len(), MAX_TARGETS, "targetRefs", at, "spec.targetRefs", out);
}

fn limit(count: usize, most: usize, what: &str, at: Spot, path: &str, out: &mut Report) {
    if count > most {
        let message = format!("{count} {what}, and the schema allows {most}");
        out.findings.error("OB0301", at, path, message, "Split the policy.");
    }
}
