//! A rule as istiod's RBAC generator builds it for Envoy (model/model.go, model/generator.go): which attribute each field
//! and key compares, what remains on TCP ports.

use super::{Attribute, Check, Clause, EntryPlan, Matcher, Plan, RulePlan, ValuePlan, trust};
use crate::policy::{
    object::{Action, AuthorizationPolicy, Condition, Field, FieldValues, Part, Rule},
    pattern::{self, Cidr, TextMatch},
    place::{Spot, Text},
    settings::Mesh,
};

const HTTP_ONLY: &str = "HTTP-only, and this is a TCP port";

/// Fills in what Envoy checks of a rule.
pub fn fill<'p>(plan: &mut Plan<'p>, policy: &'p AuthorizationPolicy, rule: &'p Rule, out: &mut RulePlan<'p>) {
    let build = Build { mesh: &plan.point.mesh, namespace: &policy.meta.namespace, tcp: plan.tcp };
    let mut clauses = Vec::new();
    for (name, inner, parts) in [("from", "source", &rule.from), ("to", "operation", &rule.to)] {
        let entries: Vec<EntryPlan<'_>> = parts
            .iter()
            .flatten()
            .enumerate()
            .map(|(i, part)| build.part(format!("{name}[{i}].{inner}"), part))
            .collect();
        if !entries.is_empty() {
            clauses.push(Clause { entries });
        }
    }
    for (i, condition) in rule.when.iter().enumerate() {
        match build.condition(format!("when[{i}]"), condition) {
            Ok(entry) => clauses.push(Clause { entries: vec![entry] }),
            Err(why) => {
                out.dropped = Some(why);
                return;
            }
        }
    }
    out.clauses = clauses;
    settle(plan, policy, out);
}

/// What cannot be built: an ALLOW rule loses everything, the others lose the part and match more (checkError; R56, R57).
fn settle(plan: &mut Plan<'_>, policy: &AuthorizationPolicy, out: &mut RulePlan<'_>) {
    let mut first = None;
    for entry in out.clauses.iter_mut().flat_map(|clause| &mut clause.entries) {
        for check in &mut entry.checks {
            let unusable = check.values.iter().find(|value| value.matchers.is_empty());
            let template =
                unusable.filter(|value| check.attribute == Attribute::Path && pattern::is_template(&value.text.value));
            if let Some(value) = template.filter(|_| !plan.tcp) {
                // Istio does not notice; Envoy refuses the listener.
                plan.refused.push(format!("{}: Envoy refuses the path template {}", out.id, value.text));
                continue;
            }
            let why = check.dropped.or(unusable.map(|_| "not a value the proxy can use"));
            let Some(why) = why else { continue };
            first.get_or_insert_with(|| format!("{}.{}: {why}", entry.path, check.name));
            check.values.retain(|value| !value.matchers.is_empty());
            if check.values.is_empty() {
                check.dropped = Some(why);
            }
        }
    }
    if let Some(first) = first {
        match policy.action {
            Action::Allow => out.dropped = Some(format!("{first}; an ALLOW rule is then left out whole")),
            Action::Deny | Action::Audit | Action::Custom => out.widened = true,
        }
    }
}

struct Build<'b> {
    mesh: &'b Mesh,
    namespace: &'b str,
    tcp: bool,
}

impl Build<'_> {
    fn part<'p>(&self, path: String, part: &'p Part) -> EntryPlan<'p> {
        let checks =
            part.fields.iter().filter(|field| !field.values.is_empty()).map(|field| self.field(field)).collect();
        EntryPlan { path, at: part.at, checks, when_empty: true }
    }

    fn field<'p>(&self, field: &'p FieldValues) -> Check<'p> {
        let attribute = match field.field {
            Field::Principals | Field::Namespaces | Field::ServiceAccounts | Field::TrustDomains => Attribute::Identity,
            Field::RequestPrincipals => Attribute::RequestPrincipal,
            Field::IpBlocks => Attribute::SourceIp,
            Field::RemoteIpBlocks => Attribute::RemoteIp,
            Field::Hosts => Attribute::Host,
            Field::Ports => Attribute::DestinationPort,
            Field::Methods => Attribute::Method,
            Field::Paths => Attribute::Path,
        };
        let name = field.field.name(field.negated);
        self.check(name, field.at, field.negated, attribute, &field.values, |value| {
            self.field_matchers(field.field, value)
        })
    }

    fn check<'p>(
        &self,
        name: &'p str,
        at: Spot,
        negated: bool,
        attribute: Attribute,
        values: &'p [Text],
        matchers: impl Fn(&str) -> Vec<Matcher>,
    ) -> Check<'p> {
        let http = match &attribute {
            Attribute::Method | Attribute::Host | Attribute::Path => true,
            Attribute::Header(_) | Attribute::RequestPrincipal | Attribute::Claim(_) => true,
            Attribute::Identity | Attribute::SourceIp | Attribute::RemoteIp | Attribute::Sni => false,
            Attribute::DestinationIp | Attribute::DestinationPort | Attribute::Metadata(_) => false,
        };
        let dropped = (http && self.tcp).then_some(HTTP_ONLY);
        let matchers = |text: &str| if dropped.is_some() { Vec::new() } else { matchers(text) };
        let values = values.iter().map(|text| ValuePlan { text, matchers: matchers(&text.value) }).collect();
        Check { name, at, negated, attribute, values, dropped }
    }

    fn field_matchers(&self, field: Field, value: &str) -> Vec<Matcher> {
        let text = |matcher: TextMatch| vec![Matcher::Text(matcher)];
        match field {
            Field::Principals => identities(trust::principals(value, self.mesh), TextMatch::principal),
            Field::TrustDomains => identities(trust::domains(value, self.mesh), TextMatch::trust_domain),
            Field::Namespaces => text(TextMatch::namespace(value)),
            Field::ServiceAccounts => text(TextMatch::service_account(value, self.namespace)),
            Field::RequestPrincipals => {
                let (issuer, subject) = pattern::request_principal(value);
                vec![Matcher::Principal(issuer, subject)]
            }
            Field::IpBlocks | Field::RemoteIpBlocks => Cidr::parse(value).map(Matcher::Cidr).into_iter().collect(),
            Field::Hosts => text(TextMatch::header(&value.to_ascii_lowercase())),
            Field::Ports => pattern::parse_port(value).map(Matcher::Port).into_iter().collect(),
            Field::Methods => text(TextMatch::header(value)),
            Field::Paths if pattern::is_template(value) => {
                let star = self.mesh.proxy_version.takes_star_in_template();
                pattern::template(value, star).map(|glob| text(TextMatch::Glob(vec![glob]))).unwrap_or_default()
            }
            Field::Paths => text(TextMatch::text(value)),
        }
    }

    fn condition<'p>(&self, path: String, condition: &'p Condition) -> Result<EntryPlan<'p>, String> {
        let key = condition.key.as_str();
        let Some((attribute, reading)) = attribute(key) else {
            return Err(format!("{path}: `{key}` is no attribute Istio knows, so the whole rule is skipped"));
        };
        let matchers = |value: &str| self.key_matchers(&reading, value);
        let mut checks = Vec::new();
        for (negated, values) in [(false, &condition.values), (true, &condition.not_values)] {
            if !values.is_empty() {
                checks.push(self.check(key, condition.at, negated, attribute.clone(), values, matchers));
            }
        }
        Ok(EntryPlan { path, at: condition.at, checks, when_empty: true })
    }

    fn key_matchers(&self, reading: &Reading, value: &str) -> Vec<Matcher> {
        match reading {
            Reading::As(field) => self.field_matchers(*field, value),
            Reading::Text => vec![Matcher::Text(TextMatch::text(value))],
            Reading::Header => vec![Matcher::Text(TextMatch::header(value))],
            Reading::Metadata if value.starts_with('[') && value.ends_with(']') => {
                vec![Matcher::Element(TextMatch::text(value.trim_matches(['[', ']'])))]
            }
            Reading::Metadata => vec![Matcher::Text(TextMatch::text(value))],
            Reading::Unusable => Vec::new(),
        }
    }
}

fn identities(values: Vec<String>, matcher: impl Fn(&str) -> TextMatch) -> Vec<Matcher> {
    values.iter().map(|value| Matcher::Text(matcher(value))).collect()
}

/// How the values of a key are read.
enum Reading {
    /// As those of a field.
    As(Field),
    /// As texts.
    Text,
    /// As header values.
    Header,
    /// As metadata values.
    Metadata,
    /// The key itself is malformed.
    Unusable,
}

/// R48: the keys of `when` (model.go New).
fn attribute(key: &str) -> Option<(Attribute, Reading)> {
    let claim = |name: &str| Attribute::Claim(vec![name.to_owned()]);
    Some(match key {
        "source.ip" => (Attribute::SourceIp, Reading::As(Field::IpBlocks)),
        "remote.ip" => (Attribute::RemoteIp, Reading::As(Field::IpBlocks)),
        "source.namespace" => (Attribute::Identity, Reading::As(Field::Namespaces)),
        "source.principal" => (Attribute::Identity, Reading::As(Field::Principals)),
        "source.serviceAccount" => (Attribute::Identity, Reading::As(Field::ServiceAccounts)),
        "source.trustDomain" => (Attribute::Identity, Reading::As(Field::TrustDomains)),
        "request.auth.principal" => (Attribute::RequestPrincipal, Reading::As(Field::RequestPrincipals)),
        "request.auth.audiences" => (claim("aud"), Reading::Text),
        "request.auth.presenter" => (claim("azp"), Reading::Text),
        "destination.ip" => (Attribute::DestinationIp, Reading::As(Field::IpBlocks)),
        "destination.port" => (Attribute::DestinationPort, Reading::As(Field::Ports)),
        "connection.sni" => (Attribute::Sni, Reading::Text),
        key => {
            if let Some(name) = key.strip_prefix("request.headers") {
                match bracketed(name) {
                    Some(name) => (Attribute::Header(name.to_ascii_lowercase()), Reading::Header),
                    None => (Attribute::Header(String::new()), Reading::Unusable),
                }
            } else if let Some(names) = key.strip_prefix("request.auth.claims") {
                match claim_path(names) {
                    Some(path) => (Attribute::Claim(path), Reading::Text),
                    None => (Attribute::Claim(Vec::new()), Reading::Unusable),
                }
            } else if let Some(name) = key.strip_prefix("experimental.envoy.filters.") {
                match name.strip_suffix(']').unwrap_or(name).split_once('[') {
                    Some((filter, key)) => {
                        let filter = format!("envoy.filters.{filter}");
                        (Attribute::Metadata([filter, key.to_owned()]), Reading::Metadata)
                    }
                    None => (Attribute::Metadata([String::new(), String::new()]), Reading::Unusable),
                }
            } else {
                return None;
            }
        }
    })
}

fn bracketed(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']')
}

/// `[a][b]` as nested keys; when the brackets do not pair up, everything between the outer ones is one name
/// (util.go extractNameInNestedBrackets).
pub(super) fn claim_path(text: &str) -> Option<Vec<String>> {
    let whole = || bracketed(text).map(|name| vec![name.to_owned()]);
    let mut path = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some(inside) = rest.strip_prefix('[') else { return whole() };
        match inside.find(['[', ']']).map(|end| (&inside[..end], &inside[end..])) {
            Some((name, after)) if after.starts_with(']') => {
                path.push(name.to_owned());
                rest = &after[1..];
            }
            Some(_) | None => return whole(),
        }
    }
    Some(path)
}
