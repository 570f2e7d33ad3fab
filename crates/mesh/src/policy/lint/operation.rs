//! Advice about operations and HTTP attributes: paths, methods, hosts, ports, headers.

use super::{
    Advice,
    around::{Around, Service, selects},
    each, has_inner_star, parts, rules,
};
use crate::policy::{
    finding::Severity,
    normalize::normalize,
    object::{Action, AuthorizationPolicy, Field, FieldValues, Rule},
    pattern,
    settings::{Normalization, ProxyVersion},
    yaml,
};

/// Methods that clients send (RFC 9110, RFC 5789).
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

pub fn check(policy: &AuthorizationPolicy, around: &Around, out: &mut Advice) {
    for (path, rule) in rules(policy) {
        for (path, part) in parts(&path, rule) {
            for own in &part.fields {
                let path = format!("{path}.{}", own.field.name(own.negated));
                match own.field {
                    Field::Paths => paths(own, &path, out),
                    Field::Methods => methods(own, &path, out),
                    Field::Hosts => hosts(own, policy.action, &path, out),
                    Field::Ports => ports(policy, own, &path, around, out),
                    Field::Principals | Field::RequestPrincipals | Field::Namespaces | Field::ServiceAccounts => {}
                    Field::TrustDomains | Field::IpBlocks | Field::RemoteIpBlocks => {}
                }
            }
        }
        headers(rule, &path, out);
        http_only(policy, rule, &path, around, out);
    }
}

fn paths(own: &FieldValues, path: &str, out: &mut Advice) {
    for (path, text) in each(path, &own.values) {
        let value = text.as_str();
        if pattern::is_template(value) {
            if !value.starts_with('/') {
                out.say("OB0401", text.at, &path, format!("the path template `{value}` does not start with a slash"));
                out.fix(value, format!("/{value}"));
            }
            continue;
        }
        if has_inner_star(value) {
            let message = format!("in `{value}` only a star at one end is a wildcard; the other stands for itself");
            out.say("OB0402", text.at, &path, message);
        }
        let literal = value.trim_matches('*');
        let full = !value.starts_with('*');
        if full && !value.is_empty() && !value.starts_with('/') {
            out.say("OB0416", text.at, &path, format!("`{value}` does not start with a slash, so it matches no path"));
        } else if literal.contains(['?', '#']) {
            out.say(
                "OB0416",
                text.at,
                &path,
                format!("`{value}` holds a query or fragment, which is no part of the path"),
            );
        } else if full && !value.ends_with('*') && !value.contains('*') {
            let seen = normalize(value, Normalization::Base, ProxyVersion::NEWEST);
            if seen.as_deref() != Ok(value) {
                let seen = seen.map_or_else(
                    |bad| format!("refused, because {}", bad.reason()),
                    |seen| format!("seen as `{seen}`"),
                );
                out.say("OB0416", text.at, &path, format!("a request with the path `{value}` is {seen}"));
            }
        }
    }
}

fn methods(own: &FieldValues, path: &str, out: &mut Advice) {
    for (path, text) in each(path, &own.values) {
        let value = text.as_str();
        let upper = value.to_ascii_uppercase();
        if value.contains('*') {
            if has_inner_star(value) {
                out.say("OB0402", text.at, &path, format!("in `{value}` only a star at one end is a wildcard"));
            }
        } else if METHODS.contains(&upper.as_str()) {
            if upper != value {
                out.say("OB0404", text.at, &path, format!("`{value}` never matches; clients send `{upper}`"));
                out.fix(value, upper);
            }
        } else if !value.is_empty() {
            out.say("KIA0102", text.at, &path, format!("`{value}` is no HTTP method"));
        }
    }
}

fn hosts(own: &FieldValues, action: Action, path: &str, out: &mut Advice) {
    for (path, text) in each(path, &own.values) {
        let value = text.as_str();
        if has_inner_star(value) {
            out.say("OB0402", text.at, &path, format!("in `{value}` only a star at one end is a wildcard"));
            continue;
        }
        let covered = || own.values.iter().any(|other| other.value.eq_ignore_ascii_case(&format!("{value}:*")));
        let open = value.ends_with('*') || value.contains(':') || value.is_empty();
        if !open && !covered() {
            let message = if value.starts_with('*') {
                format!("`{value}` does not match the same hosts with a port")
            } else {
                format!("`{value}` does not match `{value}:443` or any other port")
            };
            out.say("OB0407", text.at, &path, message);
            // Where not matching lets a request through, it is a way around the policy.
            if (action == Action::Allow) == own.negated {
                out.weigh(Severity::Warning);
            }
        }
    }
}

/// The Services whose pods a policy selects.
fn services<'a>(policy: &'a AuthorizationPolicy, around: &'a Around) -> impl Iterator<Item = &'a Service> {
    around.services.iter().filter(move |service| {
        let target = &policy.target;
        let selected = target.selector.as_ref().is_none_or(|selector| selects(&selector.labels, &service.selector));
        service.namespace == policy.meta.namespace && target.effective().is_empty() && selected
    })
}

fn ports(policy: &AuthorizationPolicy, own: &FieldValues, path: &str, around: &Around, out: &mut Advice) {
    for (path, text) in each(path, &own.values) {
        let wrong = services(policy, around).find_map(|service| {
            let ports = &service.ports;
            let listens = ports.iter().any(|port| port.target.as_deref() == Some(text.as_str()));
            let other = ports.iter().find(|port| port.port == text.value && port.target.is_some())?;
            (!listens).then(|| (service, other.target.clone().unwrap_or_default()))
        });
        if let Some((service, target)) = wrong {
            let message = format!("{text} is the port of Service {}; its pods listen on {target}", service.name);
            out.say("OB0408", text.at, &path, message);
            out.fix(&text.value, target);
        }
    }
}

fn headers(rule: &Rule, path: &str, out: &mut Advice) {
    for (j, condition) in rule.when.iter().enumerate() {
        let key = condition.key.as_str();
        let path = format!("{path}.when[{j}]");
        for (side, values) in [("values", &condition.values), ("notValues", &condition.not_values)] {
            for (path, text) in each(&format!("{path}.{side}"), values) {
                let value = text.as_str();
                if key.starts_with("request.headers[") && has_inner_star(value) {
                    out.say("OB0402", text.at, &path, format!("in `{value}` only a star at one end is a wildcard"));
                }
                let odd = matches!(value, "true" | "false") || !value.is_empty() && yaml::is_number(value);
                if key.starts_with("request.auth.claims[") && odd {
                    let message =
                        format!("`{value}` matches a text only, never the boolean or number a token usually carries");
                    out.say("OB0406", text.at, &path, message);
                }
            }
        }
    }
}

/// Whether a rule looks at anything of HTTP, and whether it names ports.
fn looks(rule: &Rule) -> (bool, bool, bool) {
    let fields = || rule.from.iter().chain(&rule.to).flatten().flat_map(|part| &part.fields);
    let http_field = fields().any(|own| {
        matches!(own.field, Field::Hosts | Field::Methods | Field::Paths | Field::RequestPrincipals)
            && !own.values.is_empty()
    });
    let http_key = rule.when.iter().any(|condition| condition.key.value.starts_with("request."));
    let ports =
        fields().any(|own| own.field == Field::Ports) || rule.when.iter().any(|c| c.key.value == "destination.port");
    (http_field, http_key, ports)
}

fn http_only(policy: &AuthorizationPolicy, rule: &Rule, path: &str, around: &Around, out: &mut Advice) {
    let (http_field, http_key, ports) = looks(rule);
    if policy.action == Action::Deny && http_key && !http_field && !ports && rule.from.is_none() && rule.to.is_none() {
        let all = rule.when.iter().all(|condition| condition.key.value.starts_with("request."));
        if all {
            out.say(
                "OB0414",
                rule.at,
                path,
                "on TCP ports this rule denies everything, because its conditions are HTTP",
            );
        }
    }
    if !(http_field || http_key) || ports {
        return;
    }
    for service in services(policy, around) {
        if let Some(port) = service.ports.iter().find(|port| !port.http) {
            let message = match policy.action {
                Action::Allow => "the rule is dropped there, so the port is closed",
                Action::Deny | Action::Audit | Action::Custom => {
                    "the HTTP parts are dropped there, so the rule matches more"
                }
            };
            let message = format!("port {} of Service {} is not HTTP: {message}", port.port, service.name);
            out.say("OB0409", rule.at, path, message);
            return;
        }
    }
}
