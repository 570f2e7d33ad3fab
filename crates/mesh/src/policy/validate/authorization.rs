//! ValidateAuthorizationPolicy.

use super::{
    DRY_RUN_PATH, Report, target,
    values::{self, Complaint},
};
use crate::policy::{
    object::{Action, AuthorizationPolicy, Field, FieldValues, Missing, Part, Rule},
    place::{Spot, Text},
    plan::is_go_bool,
};

pub fn check(policy: &AuthorizationPolicy, out: &mut Report) {
    target::target(&policy.target, policy.meta.at, out);
    dry_run(policy, out);
    let rules = policy.rules.as_deref().unwrap_or_default();
    let at = policy.action_at;
    if rules.is_empty() && matches!(policy.action, Action::Deny | Action::Custom) {
        let message = format!(
            "{} action without `rules` is meaningless as it will never be triggered, add an empty rule `{{}}` if you want it be triggered for every request",
            policy.action.name()
        );
        out.error(at, "spec.rules", message, "Add rules, or `- {}` for every request.");
    }
    if policy.action == Action::Custom {
        if !rules.is_empty() && policy.provider.as_ref().is_none_or(|name| name.value.is_empty()) {
            out.error(at, "spec.provider.name", "`provider.name` must not be empty", "Name an extension provider.");
        }
        for (i, rule) in rules.iter().enumerate() {
            custom(rule, i, out);
        }
    } else if let Some(provider) = &policy.provider {
        let message = format!("`provider` must not be with non CUSTOM action, found {}", policy.action.name());
        out.error(provider.at, "spec.provider", message, "Remove `provider`, or use `action: CUSTOM`.");
    }
    for (i, rule) in rules.iter().enumerate() {
        check_rule(policy.action, rule, i, out);
    }
}

/// checkDryRunAnnotation (R65).
fn dry_run(policy: &AuthorizationPolicy, out: &mut Report) {
    let Some(value) = &policy.meta.dry_run else { return };
    let id = policy.meta.id();
    match policy.action {
        Action::Allow | Action::Deny if is_go_bool(&value.value) => {}
        Action::Allow | Action::Deny => {
            let message = format!("{id} has annotation istio.io/dry-run with invalid value ({value})");
            out.error(value.at, DRY_RUN_PATH, message, "Use \"true\" or \"false\"; as it is, the policy is enforced.");
        }
        Action::Audit | Action::Custom => {
            let message = format!(
                "the annotation istio.io/dry-run currently only supports action ALLOW/DENY, found action {} in {id}",
                policy.action.name()
            );
            out.error(value.at, DRY_RUN_PATH, message, "Remove the annotation.");
        }
    }
}

/// What CUSTOM cannot look at, because it runs before (R1).
fn custom(rule: &Rule, i: usize, out: &mut Report) {
    const REMEDY: &str = "Select requests by address, port, host, path, method or header instead.";
    for (j, part) in rule.from.iter().flatten().enumerate() {
        for values in part.fields.iter().filter(|values| !values.values.is_empty()) {
            let name = values.field.name(values.negated);
            let refused = match values.field {
                Field::Principals | Field::RequestPrincipals | Field::Namespaces => true,
                Field::ServiceAccounts | Field::TrustDomains => true,
                Field::IpBlocks
                | Field::RemoteIpBlocks
                | Field::Hosts
                | Field::Ports
                | Field::Methods
                | Field::Paths => false,
            };
            if refused {
                let message = format!("From.{} is currently not supported with CUSTOM action", title(name));
                out.error(values.at, &format!("spec.rules[{i}].from[{j}].source.{name}"), message, REMEDY);
            }
        }
    }
    for (j, condition) in rule.when.iter().enumerate() {
        let path = format!("spec.rules[{i}].when[{j}]");
        let key = condition.key.as_str();
        if condition.null {
            out.error(condition.at, &path, "when field cannot be nil", "Remove the empty entry.");
        } else if matches!(
            key,
            "source.namespace" | "source.serviceAccount" | "source.trustDomain" | "source.principal"
        ) || key.starts_with("request.auth.")
        {
            let message = format!("{key} is currently not supported with CUSTOM action");
            out.error(condition.key.at, &format!("{path}.key"), message, REMEDY);
        }
    }
}

/// A field name as the validator writes it.
fn title(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

fn check_rule(action: Action, rule: &Rule, i: usize, out: &mut Report) {
    let path = format!("spec.rules[{i}]");
    if rule.null {
        let message = format!("`rule` must not be nil, found at rule {i}");
        out.error(rule.at, &path, message, "Remove it, or write `{}` for a rule that matches everything.");
        return;
    }
    let from = parts(rule.from.as_deref(), "from", "source", (rule.at, i), &path, out);
    let to = parts(rule.to.as_deref(), "to", "operation", (rule.at, i), &path, out);
    conditions(rule, &path, out);
    let from_only = from.there && !to.there && !from.tcp;
    if action == Action::Deny && (from_only || to.there && !to.tcp) {
        let message = "configured AuthorizationPolicy will deny all traffic to TCP ports under its scope due to the use of only HTTP attributes in a DENY rule; it is recommended to explicitly specify the port";
        out.warning(rule.at, &path, message, "Add `ports` to every operation of the rule.");
    }
}

/// Whether entries are there, and whether they use anything that also works on TCP.
struct Seen {
    there: bool,
    tcp: bool,
}

fn parts(
    parts: Option<&[Part]>,
    name: &str,
    inner: &str,
    (at, i): (Spot, usize),
    path: &str,
    out: &mut Report,
) -> Seen {
    let mut seen = Seen { there: false, tcp: false };
    if parts.is_some_and(<[Part]>::is_empty) {
        let message = format!("`{name}` must not be empty, found at rule {i}");
        out.error(at, &format!("{path}.{name}"), message, "Remove the field, or list an entry.");
    }
    for (j, part) in parts.unwrap_or_default().iter().enumerate() {
        let path = format!("{path}.{name}[{j}]");
        match part.missing {
            Missing::Entry => {
                out.error(
                    part.at,
                    &path,
                    format!("`{name}` must not be nil, found at rule {i}"),
                    "Remove the empty entry.",
                );
            }
            Missing::Inner => {
                let message = format!("`{name}.{inner}` must not be nil, found at rule {i}");
                out.error(part.at, &path, message, "Fill it in, or remove the entry.");
            }
            Missing::Nothing => {
                seen.there = true;
                seen.tcp |= part.fields.iter().any(is_tcp);
                part_fields(part, &format!("{name}.{inner}"), i, &format!("{path}.{inner}"), out);
            }
        }
    }
    seen
}

/// As the validator sees it: `trustDomains` is forgotten there.
fn is_tcp(values: &FieldValues) -> bool {
    !values.values.is_empty()
        && match values.field {
            Field::Principals | Field::Namespaces | Field::ServiceAccounts => true,
            Field::IpBlocks | Field::RemoteIpBlocks | Field::Ports => true,
            Field::RequestPrincipals | Field::TrustDomains | Field::Hosts | Field::Methods | Field::Paths => false,
        }
}

fn part_fields(part: &Part, name: &str, i: usize, path: &str, out: &mut Report) {
    let has = |fields: &[Field]| part.fields.iter().any(|own| fields.contains(&own.field) && !own.values.is_empty());
    if has(&[Field::Principals, Field::Namespaces]) && has(&[Field::ServiceAccounts]) {
        let message = format!("cannot set serviceAccounts with namespaces or principals, found at rule {i}");
        out.error(part.at, path, message, "Put them into separate entries, or use one of them.");
    }
    if part.fields.iter().all(|own| own.values.is_empty()) {
        let message = format!("`{name}` must not be empty, found at rule {i}");
        out.error(part.at, path, message, "Name a field, or remove the entry to match anything.");
    }
    for own in &part.fields {
        let field = own.field.name(own.negated);
        let path = format!("{path}.{field}");
        for complaint in field_complaints(own, &title(field)) {
            say(complaint, own.at, &own.values, &path, "", out);
        }
    }
}

fn field_complaints(own: &FieldValues, key: &str) -> Vec<Complaint> {
    let values = &own.values;
    let or_empty = |mut found: Vec<Complaint>| {
        found.extend(values::empty(key, values));
        found
    };
    match own.field {
        Field::ServiceAccounts => values::service_accounts(key, values).into_iter().collect(),
        Field::TrustDomains => values::trust_domains(key, values).into_iter().collect(),
        Field::IpBlocks | Field::RemoteIpBlocks => or_empty(values::addresses(values)),
        Field::Ports => or_empty(values::ports(values)),
        Field::Paths => or_empty(values::templates(key, values).into_iter().collect()),
        Field::Principals | Field::RequestPrincipals | Field::Namespaces | Field::Hosts | Field::Methods => {
            or_empty(Vec::new())
        }
    }
}

fn conditions(rule: &Rule, path: &str, out: &mut Report) {
    for (j, condition) in rule.when.iter().enumerate() {
        let path = format!("{path}.when[{j}]");
        let key = condition.key.as_str();
        if key.is_empty() {
            out.error(condition.at, &path, "`key` must not be empty", "Name the attribute.");
            continue;
        }
        if condition.values.is_empty() && condition.not_values.is_empty() {
            let message = format!("at least one of `values` or `notValues` must be set for key {key}");
            out.error(condition.at, &path, message, "List values.");
            continue;
        }
        for (name, word, values) in
            [("values", "value", &condition.values), ("notValues", "notValue", &condition.not_values)]
        {
            for complaint in values::attribute(key, values) {
                // A complaint about the key is the same for both sides.
                let about_key = complaint.0.is_none();
                if about_key && name == "notValues" {
                    continue;
                }
                let prefix = format!("invalid `{word}` for `key` {key}: ");
                let path = if about_key { format!("{path}.key") } else { format!("{path}.{name}") };
                say(complaint, condition.key.at, values, &path, &prefix, out);
            }
        }
    }
}

fn say((which, message): Complaint, at: Spot, values: &[Text], path: &str, prefix: &str, out: &mut Report) {
    let message = format!("{prefix}{message}");
    match which.and_then(|which| values.get(which).map(|value| (which, value))) {
        Some((which, value)) => {
            out.error(value.at, &format!("{path}[{which}]"), message, "Correct or remove the value.")
        }
        None => out.error(at, path, message, "Correct the key; see the page of this code for the keys there are."),
    }
}
