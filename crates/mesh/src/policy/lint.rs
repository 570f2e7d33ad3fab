//! Everything there is to say about a set of policies: Istio's own validation, the codes of istioctl's and Kiali's analyzers
//! that can be decided from files, and our advice about policies that do something else than they seem (`docs/policy`).

mod ambient;
mod around;
mod authentication;
pub mod codes;
mod hosts;
mod identity;
mod mutual_tls;
mod operation;
mod references;
mod routes;
mod selectors;
mod status;
#[cfg(test)]
mod tests;
mod tokens;
mod waypoints;

use std::sync::Arc;

use super::{
    finding::{Finding, Fix, Severity, clipped},
    object::{AuthorizationPolicy, Kind, Meta, Part, PolicySet, Rule},
    place::{Place, Spot, Text},
    validate,
    yaml::Node,
};

pub use around::Around;

/// All findings about a set; `others` are the other objects of the same files. What is about missing objects is only said
/// when the files hold objects of that kind at all.
pub fn lint(set: &PolicySet, others: &[Node]) -> Vec<Finding> {
    let mut all = validate::istio(set);
    all.extend(validate::schema(set));
    let around = Around::new(others);
    for policy in &set.authorization {
        let mut out = Advice::new(&policy.meta);
        operation::check(policy, &around, &mut out);
        identity::check(policy, set, &around, &mut out);
        ambient::check(policy, &around, &mut out);
        selectors::check(Kind::AuthorizationPolicy, &policy.meta, policy.target.selector.as_ref(), &around, &mut out);
        references::check(policy, &around, &mut out);
        hosts::check(policy, &around, &mut out);
        status::check(&policy.meta, &mut out);
        all.extend(out.finish());
    }
    for object in &set.peer {
        let mut out = Advice::new(&object.meta);
        selectors::check(Kind::PeerAuthentication, &object.meta, object.selector.as_ref(), &around, &mut out);
        mutual_tls::check(object, &around, &mut out);
        all.extend(out.finish());
    }
    for object in &set.request {
        let mut out = Advice::new(&object.meta);
        tokens::check(object, &around, &mut out);
        ambient::tokens(object, &around, &mut out);
        selectors::check(Kind::RequestAuthentication, &object.meta, object.target.selector.as_ref(), &around, &mut out);
        status::check(&object.meta, &mut out);
        all.extend(out.finish());
    }
    for route in &set.routes {
        let mut out = Advice::new(&route.meta);
        routes::check(route, set, &around, &mut out);
        all.extend(out.finish());
    }
    all.extend(authentication::check(set, &around));
    all
}

/// Findings about one object; severity and remedy come from the catalogue.
struct Advice {
    findings: Vec<Finding>,
    file: Arc<str>,
    object: String,
}

impl Advice {
    fn new(meta: &Meta) -> Self {
        Self { findings: Vec::new(), file: meta.file.clone(), object: clipped(meta.id()) }
    }

    /// Says what is wrong at a place.
    fn say(&mut self, code: &'static str, at: Spot, path: &str, message: impl Into<String>) {
        let entry = codes::find(code);
        self.findings.push(Finding {
            code,
            severity: entry.map_or(Severity::Warning, |entry| entry.severity),
            place: Place::new(&self.file, at),
            object: self.object.clone(),
            path: path.to_owned(),
            message: clipped(message.into()),
            remedy: entry.map_or("", |entry| entry.remedy).to_owned(),
            fix: None,
        });
    }

    /// Gives what was said last another weight than the catalogue does.
    fn weigh(&mut self, severity: Severity) {
        if let Some(last) = self.findings.last_mut() {
            last.severity = severity;
        }
    }

    /// Adds the certain correction to what was said last.
    fn fix(&mut self, old: &str, new: impl Into<String>) {
        if let Some(last) = self.findings.last_mut() {
            last.fix = Some(Fix { old: old.to_owned(), new: new.into() });
        }
    }

    fn finish(self) -> Vec<Finding> {
        self.findings
    }
}

/// The rules that are there, with their paths.
fn rules(policy: &AuthorizationPolicy) -> impl Iterator<Item = (String, &Rule)> {
    let rules = policy.rules.as_deref().unwrap_or_default();
    rules.iter().enumerate().filter(|(_, rule)| !rule.null).map(|(i, rule)| (format!("spec.rules[{i}]"), rule))
}

/// The sources and operations of a rule, with their paths.
fn parts<'r>(path: &str, rule: &'r Rule) -> impl Iterator<Item = (String, &'r Part)> {
    let with = move |name: &str, inner: &str, parts: &'r Option<Vec<Part>>| {
        let (path, name, inner) = (path.to_owned(), name.to_owned(), inner.to_owned());
        let parts = parts.as_deref().unwrap_or_default();
        parts.iter().enumerate().map(move |(i, part)| (format!("{path}.{name}[{i}].{inner}"), part))
    };
    with("from", "source", &rule.from).chain(with("to", "operation", &rule.to)).collect::<Vec<_>>().into_iter()
}

/// The single values of a list with their paths.
fn each<'v>(path: &str, values: &'v [Text]) -> impl Iterator<Item = (String, &'v Text)> {
    let path = path.to_owned();
    values.iter().enumerate().map(move |(i, value)| (format!("{path}[{i}]"), value))
}

/// Whether a text has a star that is not at its start or end, and so stands for itself (R25).
fn has_inner_star(value: &str) -> bool {
    let inner = value.strip_prefix('*').or_else(|| value.strip_suffix('*')).unwrap_or(value);
    inner.contains('*')
}
