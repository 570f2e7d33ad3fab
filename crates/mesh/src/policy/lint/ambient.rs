//! Advice about policies in namespaces of ambient mode.

use super::{
    Advice,
    around::Around,
    each, parts, rules,
    waypoints::{self, Waypoint},
};
use crate::policy::{
    object::{Action, AuthorizationPolicy, Field, Meta, RequestAuthentication, Rule, Target},
    place::Spot,
};

/// Keys that a ztunnel knows (R67).
const L4_KEYS: [&str; 5] = ["source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port"];

pub fn check(policy: &AuthorizationPolicy, around: &Around, out: &mut Advice) {
    let Some(waypoint) = waypoints::of(&policy.meta, &policy.target, around) else { return };
    if !policy.target.effective().is_empty() {
        // What only a ztunnel would have to leave out is no trouble here: with targetRefs it never gets the policy.
        if rules(policy).any(|(_, rule)| seventh(rule).0.is_some()) {
            by_ref("KIA0109", &policy.meta, &policy.target, &waypoint, around, out);
        }
        return;
    }
    if let Some(selector) = policy.target.selector.as_ref().filter(|selector| selector.labels.is_empty()) {
        out.say("OB0417", selector.at, "spec.selector", "at a ztunnel this policy attaches to nothing");
    }
    for (path, rule) in rules(policy) {
        let (found, emptied) = seventh(rule);
        if let Some((at, name)) = found {
            let code = match waypoint {
                Waypoint::Missing => "KIA0109",
                Waypoint::Named(_) | Waypoint::Unknown => "KIA0110",
            };
            out.say(code, at, &path, format!("`{name}` is of layer 7, which a ztunnel does not see"));
            if policy.action == Action::Deny && emptied {
                let message = "at a ztunnel nothing is left of a clause, so the rule denies nothing";
                out.say("OB0412", rule.at, &path, message);
            }
        }
        untranslated(rule, &path, out);
    }
}

/// A RequestAuthentication is of layer 7 altogether.
pub fn tokens(object: &RequestAuthentication, around: &Around, out: &mut Advice) {
    let Some(waypoint) = waypoints::of(&object.meta, &object.target, around) else { return };
    if !object.target.effective().is_empty() {
        by_ref("KIA1110", &object.meta, &object.target, &waypoint, around, out);
        return;
    }
    let at = object.target.selector.as_ref().map_or(object.meta.at, |selector| selector.at);
    match waypoint {
        Waypoint::Missing => out.say("KIA1110", at, "spec", "no waypoint reads the tokens, and a ztunnel does not"),
        Waypoint::Named(name) => {
            let message = format!("the waypoint {name} takes it by targetRef only");
            out.say("KIA1115", at, "spec.targetRefs", message);
        }
        Waypoint::Unknown => {}
    }
}

/// A policy with targetRefs, which only a waypoint or a gateway gets.
fn by_ref(code: &'static str, meta: &Meta, target: &Target, waypoint: &Waypoint, around: &Around, out: &mut Advice) {
    let at = target.effective().first().map_or(meta.at, |target| target.at);
    match waypoint {
        Waypoint::Missing => {
            out.say(code, at, "spec.targetRefs", "the target has no waypoint, so nobody gets the policy")
        }
        Waypoint::Named(name) if waypoints::is_absent(name, around) => {
            let message = format!("the target names the waypoint {name}, and no Gateway in these files is called so");
            out.say("KIA1313", at, "spec.targetRefs", message);
        }
        Waypoint::Named(_) | Waypoint::Unknown => {}
    }
}

/// What of a rule is of layer 7, and whether nothing else is in one of its clauses (R67, R68).
fn seventh(rule: &Rule) -> (Option<(Spot, &str)>, bool) {
    let mut first = None;
    let mut emptied = false;
    for parts_of in [&rule.from, &rule.to] {
        let entries = parts_of.as_deref().unwrap_or_default();
        let kept = |field: Field| match field {
            Field::Principals | Field::Namespaces | Field::ServiceAccounts | Field::IpBlocks | Field::Ports => true,
            Field::RequestPrincipals | Field::TrustDomains | Field::RemoteIpBlocks => false,
            Field::Hosts | Field::Methods | Field::Paths => false,
        };
        let left = entries.iter().any(|part| part.fields.iter().any(|own| kept(own.field) && !own.values.is_empty()));
        let lost = entries.iter().flat_map(|part| &part.fields).find(|own| !kept(own.field));
        emptied |= lost.is_some() && !left;
        first = first.or(lost.map(|own| (own.at, own.field.name(own.negated))));
    }
    for condition in rule.when.iter().filter(|condition| !L4_KEYS.contains(&condition.key.as_str())) {
        emptied = true;
        first = first.or(Some((condition.key.at, condition.key.as_str())));
    }
    (first, emptied)
}

/// What a ztunnel takes for something else (R70, R71).
fn untranslated(rule: &Rule, path: &str, out: &mut Advice) {
    for (path, part) in parts(path, rule) {
        for own in &part.fields {
            let path = format!("{path}.{}", own.field.name(own.negated));
            if own.field == Field::TrustDomains {
                out.say("OB0413", own.at, &path, "trust domains are not translated for ztunnel");
            } else if own.field == Field::Namespaces {
                for (path, text) in each(&path, &own.values).filter(|(_, text)| super::has_inner_star(&text.value)) {
                    out.say("OB0413", text.at, &path, format!("in `{text}` the inner star is literal at a ztunnel"));
                }
            }
        }
    }
}
