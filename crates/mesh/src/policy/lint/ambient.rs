//! Advice about policies in namespaces of ambient mode.

use super::{Advice, around::Around, each, parts, rules};
use crate::policy::object::{Action, AuthorizationPolicy, Field};

/// Keys that a ztunnel knows (R67).
const L4_KEYS: [&str; 5] = ["source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port"];

pub fn check(policy: &AuthorizationPolicy, around: &Around, out: &mut Advice) {
    let Some(waypoint) = around.ambient(&policy.meta.namespace) else { return };
    if !policy.target.effective().is_empty() {
        return;
    }
    if let Some(selector) = policy.target.selector.as_ref().filter(|selector| selector.labels.is_empty()) {
        out.say("OB0417", selector.at, "spec.selector", "at a ztunnel this policy attaches to nothing");
    }
    for (path, rule) in rules(policy) {
        let mut seventh = None;
        let mut emptied = false;
        for parts_of in [&rule.from, &rule.to] {
            let entries = parts_of.as_deref().unwrap_or_default();
            let kept = |field: Field| match field {
                Field::Principals | Field::Namespaces | Field::ServiceAccounts | Field::IpBlocks | Field::Ports => true,
                Field::RequestPrincipals | Field::TrustDomains | Field::RemoteIpBlocks => false,
                Field::Hosts | Field::Methods | Field::Paths => false,
            };
            let left =
                entries.iter().any(|part| part.fields.iter().any(|own| kept(own.field) && !own.values.is_empty()));
            let lost = entries.iter().flat_map(|part| &part.fields).find(|own| !kept(own.field));
            emptied |= lost.is_some() && !left;
            seventh = seventh.or(lost.map(|own| (own.at, own.field.name(own.negated))));
        }
        for condition in &rule.when {
            if !L4_KEYS.contains(&condition.key.as_str()) {
                emptied = true;
                seventh = seventh.or(Some((condition.key.at, condition.key.as_str())));
            }
        }
        if let Some((at, name)) = seventh {
            let code = if waypoint { "KIA0110" } else { "KIA0109" };
            out.say(code, at, &path, format!("`{name}` is of layer 7, which a ztunnel does not see"));
            if policy.action == Action::Deny && emptied {
                out.say(
                    "OB0412",
                    rule.at,
                    &path,
                    "at a ztunnel nothing is left of a clause, so the rule denies nothing",
                );
            }
        }
        for (path, part) in parts(&path, rule) {
            for own in &part.fields {
                let path = format!("{path}.{}", own.field.name(own.negated));
                if own.field == Field::TrustDomains {
                    out.say("OB0413", own.at, &path, "trust domains are not translated for ztunnel");
                } else if own.field == Field::Namespaces {
                    for (path, text) in each(&path, &own.values).filter(|(_, text)| super::has_inner_star(&text.value))
                    {
                        out.say(
                            "OB0413",
                            text.at,
                            &path,
                            format!("in `{text}` the inner star is literal at a ztunnel"),
                        );
                    }
                }
            }
        }
    }
}
