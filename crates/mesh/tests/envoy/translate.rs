//! The oracle's side: policies as istiod writes them for Envoy. Follows pilot/pkg/security/authz (builder.go, model.go,
//! generator.go, matcher/*.go) and trustdomain/bundle.go, and nothing of the engine.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use crate::model::{Action, Policy, Rule, Set, Values};

/// model.go checkError: an attribute that a TCP port does not have.
struct HttpOnly;

/// The names of the same things in permissions and in principals.
struct Words {
    and: &'static str,
    or: &'static str,
    not: &'static str,
    list: &'static str,
}

const PERMISSION: Words = Words { and: "and_rules", or: "or_rules", not: "not_rule", list: "rules" };
const PRINCIPAL: Words = Words { and: "and_ids", or: "or_ids", not: "not_id", list: "ids" };

/// `rules` of the RBAC filters in their order: DENY, then ALLOW; no filter without a policy (builder.go New).
pub fn filters(set: &Set) -> Vec<Value> {
    let mut filters = Vec::new();
    for (action, word) in [(Action::Deny, "DENY"), (Action::Allow, "ALLOW")] {
        let policies: Vec<&Policy> = set.policies.iter().filter(|policy| policy.action == action).collect();
        if policies.is_empty() {
            continue;
        }
        let mut named = Map::new();
        for policy in policies {
            let name = |rule: usize| format!("ns[foo]-policy[{}]-rule[{rule}]", policy.name);
            for (i, rule) in policy.rules.iter().enumerate() {
                if let Ok(built) = build(set, action, rule) {
                    named.insert(name(i), built);
                }
            }
            if policy.rules.is_empty() {
                let never =
                    json!({"permissions": [{"not_rule": {"any": true}}], "principals": [{"not_id": {"any": true}}]});
                named.insert(name(0), never);
            }
        }
        filters.push(json!({"action": word, "policies": named}));
    }
    filters
}

/// model.go New and Generate: conditions are appended to every source and to every operation.
fn build(set: &Set, action: Action, rule: &Rule) -> Result<Value, HttpOnly> {
    let (permission_keys, principal_keys): (Vec<Values>, Vec<Values>) =
        rule.when.iter().cloned().partition(|when| is_permission(&when.key));
    let sides =
        [("permissions", &rule.to, permission_keys, PERMISSION), ("principals", &rule.from, principal_keys, PRINCIPAL)];
    let mut built = Map::new();
    for (name, entries, keys, words) in sides {
        let mut lists: Vec<Vec<Values>> = entries.iter().map(|entry| [entry.clone(), keys.clone()].concat()).collect();
        if lists.is_empty() {
            lists.push(keys);
        }
        let lists: Result<Vec<Value>, HttpOnly> = lists.iter().map(|list| all(set, action, list, &words)).collect();
        built.insert(name.to_owned(), lists?.into());
    }
    Ok(built.into())
}

fn is_permission(key: &str) -> bool {
    matches!(key, "destination.ip" | "destination.port" | "connection.sni") || key.starts_with("experimental.")
}

fn all(set: &Set, action: Action, list: &[Values], words: &Words) -> Result<Value, HttpOnly> {
    let mut and = Vec::new();
    for field in list {
        for (values, negated) in [(&field.values, false), (&field.not_values, true)] {
            let mut or = Vec::new();
            for value in expanded(set, &field.key, values) {
                match one(set.tcp, &field.key, &value) {
                    Ok(matcher) => or.push(matcher),
                    Err(error) if action == Action::Allow => return Err(error),
                    Err(_) => {}
                }
            }
            if or.is_empty() {
                continue;
            }
            let any = json!({words.or: {words.list: or}});
            and.push(if negated { json!({words.not: any}) } else { any });
        }
    }
    if and.is_empty() {
        and.push(json!({"any": true}));
    }
    Ok(json!({words.and: {words.list: and}}))
}

/// bundle.go ReplaceTrustDomainAliases and ExpandTrustDomainAliases.
fn expanded(set: &Set, key: &str, values: &[String]) -> Vec<String> {
    let domains: Vec<&str> =
        std::iter::once(set.trust_domain.as_str()).chain(set.aliases.iter().map(String::as_str)).collect();
    let mut out: Vec<String> = Vec::new();
    for value in values {
        match key {
            "principals" | "source.principal" => {
                let parts: Vec<&str> = value.split('/').collect();
                let known = parts.len() == 5
                    && parts[0] != "*"
                    && (parts[0] == "cluster.local" || domains.iter().any(|domain| wild_equal(parts[0], domain)));
                if !known {
                    out.push(value.clone());
                    continue;
                }
                let mut aliases: Vec<String> = Vec::new();
                for domain in &domains {
                    let kept = parts[0].starts_with('*') && domain.ends_with(&parts[0][1..]);
                    let alias = if kept { value.clone() } else { format!("{domain}/{}", parts[1..].join("/")) };
                    if !aliases.contains(&alias) {
                        aliases.push(alias);
                    }
                }
                out.extend(aliases);
            }
            "trustDomains" | "source.trustDomain" if domains.contains(&value.as_str()) => {
                out.extend(domains.iter().map(|domain| (*domain).to_owned()));
            }
            _ => out.push(value.clone()),
        }
    }
    out
}

/// trustdomain/util.go stringMatch.
fn wild_equal(a: &str, b: &str) -> bool {
    let prefix = |text: &str, star: &str| star.ends_with('*') && text.starts_with(&star[..star.len() - 1]);
    let suffix = |text: &str, star: &str| star.starts_with('*') && text.ends_with(&star[1..]);
    a == b || b == "*" || prefix(a, b) || prefix(b, a) || suffix(a, b) || suffix(b, a)
}

/// generator.go: one value of a field or key.
fn one(tcp: bool, key: &str, value: &str) -> Result<Value, HttpOnly> {
    let http = matches!(key, "hosts" | "methods" | "paths" | "requestPrincipals") || key.starts_with("request.");
    if tcp && http {
        return Err(HttpOnly);
    }
    Ok(match key {
        "hosts" => json!({"header": header(":authority", value, true)}),
        "methods" => json!({"header": header(":method", value, false)}),
        "paths" if value.contains("{*}") || value.contains("{**}") => json!({"uri_template": {
            "name": "uri-template",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig",
                "path_template": value.replace("{**}", "**").replace("{*}", "*"),
            },
        }}),
        "paths" => json!({"url_path": {"path": string(value, "")}}),
        "ports" | "destination.port" => json!({"destination_port": value.parse::<u32>().expect("a port")}),
        "destination.ip" => json!({"destination_ip": cidr(value)}),
        "connection.sni" => json!({"requested_server_name": string(value, "")}),
        "ipBlocks" | "source.ip" => json!({"direct_remote_ip": cidr(value)}),
        "remoteIpBlocks" | "remote.ip" => json!({"remote_ip": cidr(value)}),
        "principals" | "source.principal" => authenticated(&string(value, "spiffe://")),
        "namespaces" | "source.namespace" => {
            let quoted: Vec<String> = value.split('*').map(quote_meta).collect();
            authenticated(&regex(&format!(".*/ns/{}/.*", quoted.join(".*"))))
        }
        "serviceAccounts" | "source.serviceAccount" => {
            let (namespace, account) = value.split_once('/').unwrap_or(("foo", value));
            let (namespace, account) = (quote_meta(namespace), quote_meta(account));
            authenticated(&regex(&format!("spiffe://.+/ns/{namespace}/(.+/|)sa/{account}(/.+)?")))
        }
        "trustDomains" | "source.trustDomain" => authenticated(&match value.split_once('*') {
            _ if value == "*" => json!({"prefix": "spiffe://"}),
            None => json!({"prefix": format!("spiffe://{value}/")}),
            Some((before, after)) => regex(&format!("spiffe://{}[^/]*{}/.*", quote_meta(before), quote_meta(after))),
        }),
        "requestPrincipals" | "request.auth.principal" => request_principal(value),
        "request.auth.audiences" => claim(&["aud"], value),
        "request.auth.presenter" => claim(&["azp"], value),
        key => {
            if let Some(name) = key.strip_prefix("request.headers[") {
                json!({"header": header(name.trim_end_matches(']'), value, false)})
            } else if let Some(names) = key.strip_prefix("request.auth.claims[") {
                claim(&names.trim_end_matches(']').split("][").collect::<Vec<_>>(), value)
            } else {
                let (filter, name) = key["experimental.".len()..].split_once('[').expect("a filter and its key");
                let list = value.starts_with('[') && value.ends_with(']');
                let text = json!({"string_match": string(value.trim_matches(['[', ']']), "")});
                let wanted = if list { json!({"list_match": {"one_of": text}}) } else { text };
                metadata(filter, &[name.trim_end_matches(']')], &wanted)
            }
        }
    })
}

fn header(name: &str, value: &str, ignore_case: bool) -> Value {
    if value == "*" {
        return json!({"name": name, "present_match": true});
    }
    let mut matcher = string(value, "");
    matcher["ignore_case"] = ignore_case.into();
    json!({"name": name, "string_match": matcher})
}

/// matcher/string.go StringMatcherWithPrefix.
fn string(value: &str, prefix: &str) -> Value {
    if value == "*" {
        regex(".+")
    } else if let Some(suffix) = value.strip_prefix('*') {
        if prefix.is_empty() { json!({"suffix": suffix}) } else { regex(&format!("{prefix}.*{}", quote_meta(suffix))) }
    } else if let Some(start) = value.strip_suffix('*') {
        json!({"prefix": format!("{prefix}{start}")})
    } else {
        json!({"exact": format!("{prefix}{value}")})
    }
}

fn regex(regex: &str) -> Value {
    json!({"safe_regex": {"regex": regex}})
}

/// Go's regexp.QuoteMeta.
fn quote_meta(text: &str) -> String {
    text.chars().flat_map(|c| r"\.+*?()|[]{}^$".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

fn authenticated(name: &Value) -> Value {
    json!({"authenticated": {"principal_name": name}})
}

fn cidr(text: &str) -> Value {
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().expect("an address");
    let whole = if address.is_ipv4() { 32 } else { 128 };
    json!({"address_prefix": address.to_string(), "prefix_len": bits.parse().unwrap_or(whole)})
}

fn request_principal(value: &str) -> Value {
    let any = || regex(".+");
    let exact = |text: &str| json!({"exact": text});
    let (issuer, subject) = match value.rsplit_once('/') {
        _ if value == "*" => (any(), any()),
        Some((issuer, subject)) if value.starts_with('*') => {
            let suffix = &issuer[1..];
            (if suffix.is_empty() { any() } else { json!({"suffix": suffix}) }, exact(subject))
        }
        None if value.starts_with('*') => (any(), json!({"suffix": &value[1..]})),
        Some((issuer, "*")) => (exact(issuer), any()),
        Some((issuer, subject)) if subject.ends_with('*') => {
            (exact(issuer), json!({"prefix": &subject[..subject.len() - 1]}))
        }
        None if value.ends_with('*') => (json!({"prefix": &value[..value.len() - 1]}), any()),
        Some((issuer, subject)) => (exact(issuer), exact(subject)),
        None => (exact(value), exact("")),
    };
    let part = |name: &str, text: Value| metadata(JWT, &["payload", name], &json!({"string_match": text}));
    json!({"and_ids": {"ids": [part("iss", issuer), part("sub", subject)]}})
}

pub const JWT: &str = "envoy.filters.http.jwt_authn";

fn claim(names: &[&str], value: &str) -> Value {
    let text = json!({"string_match": string(value, "")});
    let path: Vec<&str> = std::iter::once("payload").chain(names.iter().copied()).collect();
    metadata(JWT, &path, &json!({"or_match": {"value_matchers": [{"list_match": {"one_of": text}}, text]}}))
}

fn metadata(filter: &str, path: &[&str], value: &Value) -> Value {
    let path: Vec<Value> = path.iter().map(|key| json!({"key": key})).collect();
    json!({"metadata": {"filter": filter, "path": path, "value": value}})
}
