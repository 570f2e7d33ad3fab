//! From claims to roles. Pure: what a provider says goes in, who gets what comes out. Strict: what no rule names gives
//! nothing.

use std::collections::{BTreeMap, BTreeSet};

use contract::{
    Role,
    sign_in::{MappingRule, RuleResult},
};
use serde_json::{Map, Value};

/// What a token says.
pub(super) type Claims = Map<String, Value>;

/// More values than any token carries for a good reason.
const VALUES_MAX: usize = 2000;

/// Roles by the slug of the tenant.
pub(super) type Grants = BTreeMap<String, Role>;

/// What the rules make of claims. `own` is the tenant the provider belongs to, the only one it can speak for.
pub(super) fn evaluate(
    rules: &[MappingRule],
    claims: &Claims,
    own: Option<&str>,
    tenants: &BTreeSet<String>,
) -> (Vec<RuleResult>, Grants) {
    let mut grants = Grants::new();
    let results = rules.iter().map(|rule| {
        let values = values_at(claims, &rule.claim);
        let matched = values.iter().find(|value| meets(rule, value)).cloned();
        let allowed = own.is_none_or(|own| own == rule.tenant);
        let exists = tenants.contains(&rule.tenant);
        let counts = matched.is_some() && allowed && exists;
        if counts {
            let role = grants.entry(rule.tenant.clone()).or_insert(rule.role);
            *role = rule.role.max(*role);
        }
        let why = match (&matched, allowed, exists) {
            (None, ..) if values.is_empty() => format!("The token has no values at {}.", rule.claim),
            (None, ..) => format!("None of the token's values at {} is {}.", rule.claim, rule.wanted()),
            (Some(_), false, _) => "It names another tenant than the one this provider belongs to.".to_owned(),
            (Some(_), true, false) => format!("There is no tenant {}.", rule.tenant),
            (Some(_), true, true) => format!("It gives the role {} in {}.", rule.role.as_str(), rule.tenant),
        };
        RuleResult { rule: rule.clone(), matched, counts, why }
    });
    (results.collect(), grants)
}

fn meets(rule: &MappingRule, value: &str) -> bool {
    match (&rule.equals, &rule.pattern) {
        (Some(wanted), None) => wanted == value,
        (None, Some(pattern)) => glob(pattern, value),
        // Neither or both: what was not understood gives nothing.
        (None, None) | (Some(_), Some(_)) => false,
    }
}

/// Whether the whole text is of this form; `*` stands for anything but a slash.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and up to where it has eaten.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            star = Some((p, t));
            p += 1;
        } else if pattern.get(p) == Some(&text[t]) {
            (p, t) = (p + 1, t + 1);
        } else {
            match star {
                Some((at, eaten)) if text[eaten] != b'/' => {
                    star = Some((at, eaten + 1));
                    (p, t) = (at + 1, eaten + 1);
                }
                Some(_) | None => return false,
            }
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
}

/// The values at a path: a claim of exactly this name, or members of objects joined by dots.
pub(super) fn values_at(claims: &Claims, path: &str) -> Vec<String> {
    let mut values = Vec::new();
    if let Some(value) = find(claims, path) {
        collect(value, &mut values);
    }
    values
}

fn find<'c>(claims: &'c Claims, path: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    // Names of clients and claims may have dots of their own (`resource_access.my.client.roles`).
    path.match_indices('.').find_map(|(at, _)| find(claims.get(&path[..at])?.as_object()?, &path[at + 1..]))
}

fn collect(value: &Value, into: &mut Vec<String>) {
    if into.len() >= VALUES_MAX {
        return;
    }
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Number(number) => into.push(number.to_string()),
        Value::Bool(yes) => into.push(yes.to_string()),
        Value::Array(all) => all.iter().filter(|value| !value.is_array()).for_each(|value| collect(value, into)),
        // Keycloak's `organization` has the names as keys.
        Value::Object(map) => into.extend(map.keys().take(VALUES_MAX).cloned()),
        Value::Null => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        let Value::Object(claims) = serde_json::json!({
            "sub": "1", "groups": ["/acme/admins", "/globex/staff/eu"], "realm_access": {"roles": ["ops"]},
            "resource_access": {"my.client": {"roles": ["reader"]}}, "organization": {"acme": {}}, "level": 3,
            "https://acme.test/role": "boss"
        }) else {
            panic!("an object")
        };
        claims
    }

    fn grants(own: Option<&str>, lines: &[&str]) -> Vec<(String, Role)> {
        let rules: Vec<MappingRule> = lines.iter().map(|line| line.parse().expect("a rule")).collect();
        let tenants = ["acme", "globex"].map(str::to_owned).into();
        evaluate(&rules, &claims(), own, &tenants).1.into_iter().collect()
    }

    #[test]
    fn paths_reach_lists_objects_and_names_with_dots() {
        let at = |path| values_at(&claims(), path);
        assert_eq!(at("groups"), ["/acme/admins", "/globex/staff/eu"]);
        assert_eq!(at("realm_access.roles"), ["ops"]);
        assert_eq!(at("resource_access.my.client.roles"), ["reader"]);
        assert_eq!(at("organization"), ["acme"]);
        assert_eq!(at("https://acme.test/role"), ["boss"]);
        assert_eq!(at("level"), ["3"]);
        assert!(at("groups.x").is_empty() && at("nothing").is_empty());
    }

    #[test]
    fn the_highest_role_counts_and_nothing_is_given_for_nothing() {
        let acme = |role| vec![("acme".to_owned(), role)];
        assert_eq!(
            grants(None, &["groups ~ /acme/* -> acme viewer", "groups = /acme/admins -> acme admin"]),
            acme(Role::Admin)
        );
        assert_eq!(grants(None, &["groups = /acme/admin -> acme admin", "groups = /ACME/admins -> acme admin"]), []);
        assert_eq!(grants(None, &["groups = /acme/admins -> initech admin"]), [], "no such tenant");
        assert_eq!(grants(None, &[]), []);
    }

    #[test]
    fn a_tenants_own_provider_speaks_for_that_tenant_only() {
        let rules = ["groups = /acme/admins -> acme viewer", "groups = /acme/admins -> globex admin"];
        assert_eq!(grants(Some("acme"), &rules), [("acme".to_owned(), Role::Viewer)]);
    }

    #[test]
    fn patterns_are_anchored_and_stars_stop_at_slashes() {
        for (pattern, text, fits) in [
            ("/acme/*", "/acme/admins", true),
            ("/acme/*", "/acme/a/b", false),
            ("/*/admins", "/acme/admins", true),
            ("/*/admins", "/acme/x/admins", false),
            ("admins", "/acme/admins", false),
            ("*admins", "superadmins", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("*", "", true),
            ("**", "x", true),
            ("", "", true),
            ("", "x", false),
            (".*", "abc", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }
}
