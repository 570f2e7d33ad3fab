//! A rule as istiod converts it for ztunnel (ambient/authorization.go handleRule) and as ztunnel reads it (src/rbac.rs):
//! R67–R71.

use super::{Attribute, Check, Clause, EntryPlan, Matcher, RulePlan, ValuePlan};
use crate::policy::{
    attach::Point,
    object::{Action, AuthorizationPolicy, Condition, Field, FieldValues, Rule},
    pattern::{self, Cidr, Class, Glob, Item, TextMatch},
    place::Text,
};

const L7: &str = "layer 7, which a ztunnel does not see";
const NOT_TRANSLATED: &str = "not translated for ztunnel (R71)";

/// R69: what a ztunnel never gets.
pub fn unused(action: Action, dry_run: bool, point: &Point) -> Option<&'static str> {
    match action {
        Action::Audit => Some("ztunnel does not support AUDIT (R69)"),
        Action::Custom => Some("ztunnel does not support CUSTOM (R69)"),
        Action::Allow | Action::Deny => (dry_run && !point.mesh.features.ambient_dry_run)
            .then_some("dry run is off for ztunnel unless AMBIENT_ENABLE_DRY_RUN_AUTHORIZATION_POLICY is set (R69)"),
    }
}

/// Fills in what a ztunnel checks of a rule.
pub fn fill<'p>(policy: &'p AuthorizationPolicy, rule: &'p Rule, out: &mut RulePlan<'p>) {
    let namespace = &policy.meta.namespace;
    for (name, inner, parts) in [("from", "source", &rule.from), ("to", "operation", &rule.to)] {
        let entries: Vec<EntryPlan<'_>> = parts
            .iter()
            .flatten()
            .enumerate()
            .map(|(i, part)| EntryPlan {
                path: format!("{name}[{i}].{inner}"),
                at: part.at,
                checks: part.fields.iter().filter(|f| !f.values.is_empty()).map(|f| field(f, namespace)).collect(),
                when_empty: false,
            })
            .collect();
        if !entries.is_empty() {
            out.clauses.push(Clause { entries });
        }
    }
    for (i, condition) in rule.when.iter().enumerate() {
        let entries = vec![when(format!("when[{i}]"), condition)];
        out.clauses.push(Clause { entries });
    }
    let checks = || out.clauses.iter().flat_map(|clause| &clause.entries).flat_map(|entry| &entry.checks);
    let seventh = checks().find(|check| check.dropped == Some(L7)).map(|check| check.name);
    match policy.action {
        Action::Allow => {
            out.dropped = seventh.map(|name| format!("{name} is {L7}; an ALLOW rule is then left out whole"))
        }
        Action::Deny | Action::Audit | Action::Custom => out.widened = seventh.is_some(),
    }
}

fn field<'p>(values: &'p FieldValues, namespace: &str) -> Check<'p> {
    let (attribute, dropped) = match values.field {
        Field::Principals | Field::Namespaces | Field::ServiceAccounts => (Attribute::Identity, None),
        Field::TrustDomains => (Attribute::Identity, Some(NOT_TRANSLATED)),
        Field::IpBlocks => (Attribute::SourceIp, None),
        Field::Ports => (Attribute::DestinationPort, None),
        Field::RemoteIpBlocks => (Attribute::RemoteIp, Some(L7)),
        Field::RequestPrincipals => (Attribute::RequestPrincipal, Some(L7)),
        Field::Hosts => (Attribute::Host, Some(L7)),
        Field::Methods => (Attribute::Method, Some(L7)),
        Field::Paths => (Attribute::Path, Some(L7)),
    };
    let name = values.field.name(values.negated);
    let check = Check { name, at: values.at, negated: values.negated, attribute, values: Vec::new(), dropped };
    with_values(check, &values.values, |value| matcher(values.field, value, namespace))
}

/// Values that ztunnel cannot use are left out; without any the field is as if it were not there.
fn with_values<'p>(mut check: Check<'p>, values: &'p [Text], matcher: impl Fn(&str) -> Option<Matcher>) -> Check<'p> {
    let usable = |text: &'p Text| matcher(&text.value).map(|matcher| ValuePlan { text, matchers: vec![matcher] });
    check.values = values.iter().filter_map(usable).collect();
    if check.values.is_empty() && check.dropped.is_none() {
        check.dropped = Some("no value a ztunnel can use");
    }
    check
}

fn matcher(field: Field, value: &str, namespace: &str) -> Option<Matcher> {
    match field {
        Field::Principals => Some(Matcher::Text(principal(value))),
        Field::Namespaces => Some(Matcher::Text(identity(name(value), vec![run(true)]))),
        Field::ServiceAccounts => {
            let (namespace, account) = value.split_once('/').unwrap_or((namespace, value));
            Some(Matcher::Text(identity(vec![Item::literal(namespace)], vec![Item::literal(account)])))
        }
        Field::IpBlocks => Cidr::parse(value).map(Matcher::Cidr),
        Field::Ports => pattern::parse_port(value).map(Matcher::Port),
        Field::TrustDomains | Field::RemoteIpBlocks | Field::RequestPrincipals => None,
        Field::Hosts | Field::Methods | Field::Paths => None,
    }
}

fn when(path: String, condition: &Condition) -> EntryPlan<'_> {
    let key = condition.key.as_str();
    let (attribute, field, dropped) = match key {
        "source.ip" => (Attribute::SourceIp, Field::IpBlocks, None),
        "source.namespace" => (Attribute::Identity, Field::Namespaces, None),
        "source.principal" => (Attribute::Identity, Field::Principals, None),
        "destination.ip" => (Attribute::DestinationIp, Field::IpBlocks, None),
        "destination.port" => (Attribute::DestinationPort, Field::Ports, None),
        _ => (Attribute::Header(String::new()), Field::Paths, Some(L7)),
    };
    let mut checks = Vec::new();
    for (negated, values) in [(false, &condition.values), (true, &condition.not_values)] {
        if !values.is_empty() || dropped.is_some() && !negated {
            let attribute = attribute.clone();
            let check = Check { name: key, at: condition.at, negated, attribute, values: Vec::new(), dropped };
            checks.push(with_values(check, values, |value| matcher(field, value, "")));
        }
    }
    EntryPlan { path, at: condition.at, checks, when_empty: false }
}

/// R70: compared with the identity without `spiffe://`; presence wants a non-empty one.
fn principal(value: &str) -> TextMatch {
    const URI: &str = "spiffe://";
    if value == "*" { glob(vec![Item::literal(URI), Item::some()]) } else { TextMatch::principal(value) }
}

/// A name with one wildcard at an end; stars elsewhere are literal (R70).
fn name(value: &str) -> Vec<Item> {
    if value == "*" {
        vec![run(true)]
    } else if let Some(suffix) = value.strip_prefix('*') {
        vec![run(false), Item::literal(suffix)]
    } else if let Some(prefix) = value.strip_suffix('*') {
        vec![Item::literal(prefix), run(false)]
    } else {
        vec![Item::literal(value)]
    }
}

/// An identity as ztunnel parses it: `spiffe://<trust domain>/ns/<namespace>/sa/<account>`.
fn identity(namespace: Vec<Item>, account: Vec<Item>) -> TextMatch {
    let mut items = vec![Item::literal("spiffe://"), run(true), Item::literal("/ns/")];
    items.extend(namespace);
    items.push(Item::literal("/sa/"));
    items.extend(account);
    glob(items)
}

fn run(at_least_one: bool) -> Item {
    Item::Run { class: Class::NoSlash, at_least_one }
}

fn glob(items: Vec<Item>) -> TextMatch {
    TextMatch::Glob(vec![Glob::new(items)])
}
