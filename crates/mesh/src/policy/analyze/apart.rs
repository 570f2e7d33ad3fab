//! Rules that obviously have no request in common: cheap to see, and most rules of a workload are. What is not seen here is
//! left to the search.

use crate::policy::{
    pattern::{Cidr, Glob, Item, TextMatch},
    plan::{Attribute, Check, Clause, EntryPlan, Matcher, RulePlan},
};

/// Whether no request matches both.
pub fn apart(a: &RulePlan<'_>, b: &RulePlan<'_>) -> bool {
    let clauses = |a: &Clause<'_>, b: &Clause<'_>| every(&a.entries, &b.entries, &entries);
    a.clauses.iter().any(|one| b.clauses.iter().any(|other| clauses(one, other)))
}

fn every<T, U>(a: &[T], b: &[U], apart: &dyn Fn(&T, &U) -> bool) -> bool {
    a.iter().all(|one| b.iter().all(|other| apart(one, other)))
}

fn entries(a: &EntryPlan<'_>, b: &EntryPlan<'_>) -> bool {
    a.enforced().any(|one| b.enforced().any(|other| checks(one, other)))
}

fn checks(a: &Check<'_>, b: &Check<'_>) -> bool {
    if a.attribute != b.attribute || a.negated || b.negated || !has_one_value(&a.attribute) {
        return false;
    }
    every(&a.values, &b.values, &|a, b| every(&a.matchers, &b.matchers, &matchers))
}

/// Headers, claims and metadata may have several values, and each may fit another rule.
fn has_one_value(attribute: &Attribute) -> bool {
    match attribute {
        Attribute::Identity | Attribute::SourceIp | Attribute::RemoteIp | Attribute::DestinationIp => true,
        Attribute::DestinationPort | Attribute::Sni | Attribute::Method | Attribute::Host | Attribute::Path => true,
        Attribute::Header(_) | Attribute::RequestPrincipal | Attribute::Claim(_) | Attribute::Metadata(_) => false,
    }
}

fn matchers(a: &Matcher, b: &Matcher) -> bool {
    match (a, b) {
        (Matcher::Text(a), Matcher::Text(b)) => texts(a, b),
        (Matcher::Port(a), Matcher::Port(b)) => a != b,
        (Matcher::Cidr(a), Matcher::Cidr(b)) => ranges(a, b),
        (Matcher::Text(_) | Matcher::Port(_) | Matcher::Cidr(_) | Matcher::Element(_) | Matcher::Principal(..), _) => {
            false
        }
    }
}

/// Ranges are nested or apart.
fn ranges(a: &Cidr, b: &Cidr) -> bool {
    let inside = |a: &Cidr, b: &Cidr| a.edges().next().is_some_and(|first| b.contains(first));
    !inside(a, b) && !inside(b, a)
}

fn texts(a: &TextMatch, b: &TextMatch) -> bool {
    every(&a.globs(), &b.globs(), &globs)
}

/// By a whole text that the other one does not take, or by ends that do not agree.
fn globs(a: &Glob, b: &Glob) -> bool {
    match (whole(a), whole(b)) {
        (Some(text), _) => !b.matches(text),
        (_, Some(text)) => !a.matches(text),
        (None, None) if namespace(a).zip(namespace(b)).is_some_and(|(a, b)| a != b) => true,
        (None, None) => {
            let (starts, ends) = ((start(a), start(b)), (end(a), end(b)));
            !(starts.0.starts_with(starts.1) || starts.1.starts_with(starts.0))
                || !(ends.0.ends_with(ends.1) || ends.1.ends_with(ends.0))
        }
    }
}

fn literal(item: Option<&Item>) -> &str {
    match item {
        Some(Item::Literal(text)) => text,
        Some(Item::Run { .. }) | None => "",
    }
}

fn start(glob: &Glob) -> &str {
    literal(glob.items().first())
}

fn end(glob: &Glob) -> &str {
    literal(glob.items().last())
}

/// The namespace a pattern is about, as identities that Istio issues have one. Of others it is not said that they are apart
/// without need: a rule that nobody meets but them is better called needed.
fn namespace(glob: &Glob) -> Option<&str> {
    let whole = |name: &str| !name.is_empty() && !name.contains('/');
    match glob.items() {
        [Item::Run { .. }, Item::Literal(text), Item::Run { .. }] => {
            text.strip_prefix("/ns/")?.strip_suffix('/').filter(|name| whole(name))
        }
        _ => {
            let (_, rest) = start(glob).strip_prefix("spiffe://")?.split_once("/ns/")?;
            rest.split_once('/').map(|(name, _)| name)
        }
    }
}

/// The only text that fits, where there is just one.
fn whole(glob: &Glob) -> Option<&str> {
    match glob.items() {
        [] => Some(""),
        [Item::Literal(text)] => Some(text),
        _ => None,
    }
}
