//! Advice about sources: principals, namespaces, request principals.

use super::{Advice, around::Around, each, has_inner_star, parts, rules};
use crate::policy::{
    object::{Action, AuthorizationPolicy, Field, FieldValues, MtlsMode, PolicySet, Rule},
    place::{Spot, Text},
};

pub fn check(policy: &AuthorizationPolicy, set: &PolicySet, around: &Around, out: &mut Advice) {
    let disabled = mutual_tls_is_off(policy, set);
    for (path, rule) in rules(policy) {
        for (path, part) in parts(&path, rule) {
            for own in &part.fields {
                let path = format!("{path}.{}", own.field.name(own.negated));
                match own.field {
                    Field::Principals => principals(&own.values, &path, out),
                    Field::RequestPrincipals => request_principals(own, set, &path, out),
                    Field::Namespaces | Field::ServiceAccounts | Field::TrustDomains => {}
                    Field::IpBlocks | Field::RemoteIpBlocks | Field::Hosts | Field::Ports => {}
                    Field::Methods | Field::Paths => {}
                }
                let identity = matches!(
                    own.field,
                    Field::Principals | Field::Namespaces | Field::ServiceAccounts | Field::TrustDomains
                );
                if identity && disabled {
                    let name = own.field.name(own.negated);
                    out.say(
                        "KIA0105",
                        own.at,
                        &path,
                        format!("`{name}` compares identities, and mutual TLS is disabled here"),
                    );
                }
            }
        }
        for (j, condition) in rule.when.iter().enumerate() {
            let path = format!("{path}.when[{j}]");
            if condition.key.value == "source.principal" {
                principals(&condition.values, &format!("{path}.values"), out);
                principals(&condition.not_values, &format!("{path}.notValues"), out);
            }
            if disabled && matches!(condition.key.as_str(), "source.principal" | "source.namespace") {
                let message = format!("`{}` compares identities, and mutual TLS is disabled here", condition.key);
                out.say("KIA0105", condition.key.at, &path, message);
            }
        }
        if policy.action == Action::Allow {
            only_negative(rule, &path, out);
        }
        tokens(policy, rule, &path, (set, around), out);
    }
}

/// Whether a PeerAuthentication without selector turns mutual TLS off for the policy's namespace.
fn mutual_tls_is_off(policy: &AuthorizationPolicy, set: &PolicySet) -> bool {
    let own = set.peer.iter().filter(|object| object.meta.namespace == policy.meta.namespace && object.is_wide());
    own.map(|object| object.mode).next() == Some(MtlsMode::Disable)
}

fn principals(values: &[Text], path: &str, out: &mut Advice) {
    for (path, text) in each(path, values) {
        let value = text.as_str();
        if let Some(rest) = value.strip_prefix("spiffe://") {
            out.say("OB0403", text.at, &path, format!("`{value}` never matches: Istio adds `spiffe://` itself"));
            out.fix(value, rest);
        } else if has_inner_star(value) {
            let message = format!("in `{value}` only a star at one end is a wildcard; the other stands for itself");
            out.say("OB0402", text.at, &path, message);
        }
    }
}

fn request_principals(own: &FieldValues, set: &PolicySet, path: &str, out: &mut Advice) {
    let issuers: Vec<&str> =
        set.request.iter().flat_map(|object| &object.rules).map(|rule| rule.issuer.as_str()).collect();
    for (path, text) in each(path, &own.values) {
        let value = text.as_str();
        if has_inner_star(value) {
            out.say("OB0402", text.at, &path, format!("in `{value}` only a star at one end is a wildcard"));
            continue;
        }
        if value == "*" || value.starts_with('*') {
            continue;
        }
        let Some((issuer, subject)) = value.rsplit_once('/') else {
            if !value.ends_with('*') {
                let message = format!("`{value}` has no slash: it asks for this issuer with an empty subject");
                out.say("OB0405", text.at, &path, message);
            }
            continue;
        };
        if matches!(issuer, "https:/" | "http:/") {
            let message = format!("`{value}` asks for the issuer `{issuer}`, because the last slash splits it");
            out.say("OB0405", text.at, &path, message);
        } else if !issuers.is_empty() && !issuers.contains(&issuer) {
            let slashed = format!("{issuer}/");
            if issuers.contains(&slashed.as_str()) {
                let message = format!("tokens carry the issuer `{slashed}`, and `{value}` asks for `{issuer}`");
                out.say("OB0405", text.at, &path, message);
                out.fix(value, format!("{slashed}/{subject}"));
            }
        }
    }
}

/// R38, R47: an ALLOW rule whose sources only say what they are not.
fn only_negative(rule: &Rule, path: &str, out: &mut Advice) {
    for (j, part) in rule.from.iter().flatten().enumerate() {
        let identity = |field: Field| match field {
            Field::Principals | Field::Namespaces | Field::ServiceAccounts | Field::TrustDomains => true,
            Field::RequestPrincipals => true,
            Field::IpBlocks | Field::RemoteIpBlocks | Field::Hosts | Field::Ports | Field::Methods | Field::Paths => {
                false
            }
        };
        let positive = part.fields.iter().any(|own| !own.negated && !own.values.is_empty());
        let negative = part.fields.iter().find(|own| own.negated && identity(own.field) && !own.values.is_empty());
        if let Some(own) = negative.filter(|_| !positive) {
            let who = if own.field == Field::RequestPrincipals {
                "requests without a token"
            } else {
                "plaintext connections"
            };
            let name = own.field.name(true);
            let message = format!("`{name}` alone also admits {who}");
            out.say("OB0410", own.at, &format!("{path}.from[{j}].source.{name}"), message);
        }
    }
}

/// R63: whether any RequestAuthentication could apply where the policy does.
fn tokens(
    policy: &AuthorizationPolicy,
    rule: &Rule,
    path: &str,
    (set, around): (&PolicySet, &Around),
    out: &mut Advice,
) {
    let fields = rule.from.iter().flatten().flat_map(|part| &part.fields);
    let field: Option<(Spot, &str)> = fields
        .filter(|own| own.field == Field::RequestPrincipals && !own.values.is_empty())
        .map(|own| (own.at, own.field.name(own.negated)))
        .next();
    let key = rule.when.iter().find(|condition| condition.key.value.starts_with("request.auth."));
    let Some((at, name)) = field.or(key.map(|condition| (condition.key.at, condition.key.as_str()))) else { return };
    let root = around.root_namespace();
    let reachable = set
        .request
        .iter()
        .any(|object| object.meta.namespace == policy.meta.namespace || object.meta.namespace == root);
    if !reachable {
        let effect = match policy.action {
            Action::Allow => "never matches",
            Action::Deny | Action::Audit | Action::Custom => {
                "does nothing, unless it is a `not` form, which always matches"
            }
        };
        out.say("OB0411", at, path, format!("no RequestAuthentication applies here, so `{name}` {effect}"));
    }
}
