//! Which rules an identity can match at all. Most rules name their callers exactly, so for one caller only a few of hundreds
//! need a look. Only the short way of deciding uses it; the trace looks at every rule.

use std::collections::HashMap;

use super::{Attribute, EntryPlan, Matcher, PolicyPlan, RulePlan};
use crate::policy::pattern::TextMatch;

/// Place of a rule: its policy's place in the list, and its own.
type Place = (usize, usize);

/// The rules of some policies by the identities they name.
#[derive(Clone, Debug, Default)]
pub struct Index {
    by_identity: HashMap<String, Vec<Place>>,
    /// Rules that other callers can match as well.
    open: Vec<Place>,
}

impl Index {
    /// Of the policies of one action, in their order.
    pub fn new(policies: &[PolicyPlan<'_>]) -> Self {
        let mut index = Self::default();
        for (i, policy) in policies.iter().enumerate() {
            for (j, rule) in policy.rules.iter().enumerate().filter(|(_, rule)| rule.dropped.is_none()) {
                match identities(rule) {
                    Some(identities) => {
                        for identity in identities {
                            let places = index.by_identity.entry(identity.to_owned()).or_default();
                            if places.last() != Some(&(i, j)) {
                                places.push((i, j));
                            }
                        }
                    }
                    None => index.open.push((i, j)),
                }
            }
        }
        index
    }

    /// The places of the rules that a caller can match, in their order.
    pub fn places(&self, identity: Option<&str>) -> impl Iterator<Item = Place> {
        let own = identity.and_then(|identity| self.by_identity.get(identity)).map_or(&[][..], Vec::as_slice);
        let (mut own, mut open) = (own.iter().copied().peekable(), self.open.iter().copied().peekable());
        std::iter::from_fn(move || match (own.peek(), open.peek()) {
            (Some(a), Some(b)) if a < b => own.next(),
            (Some(_), None) => own.next(),
            (Some(_), Some(_)) | (None, _) => open.next(),
        })
    }
}

/// The only identities that can match the rule, where it has a clause that names them in every alternative.
fn identities<'r>(rule: &'r RulePlan<'_>) -> Option<Vec<&'r str>> {
    rule.clauses.iter().find_map(|clause| {
        let entries: Option<Vec<Vec<&str>>> = clause.entries.iter().map(exact).collect();
        entries.map(|entries| entries.concat())
    })
}

fn exact<'r>(entry: &'r EntryPlan<'_>) -> Option<Vec<&'r str>> {
    let named = entry
        .checks
        .iter()
        .filter(|check| check.dropped.is_none() && !check.negated && check.attribute == Attribute::Identity);
    named.into_iter().find_map(|check| {
        let matchers = check.values.iter().flat_map(|value| &value.matchers);
        let exact = matchers.map(|matcher| match matcher {
            Matcher::Text(TextMatch::Exact(identity)) => Some(identity.as_str()),
            Matcher::Text(_) | Matcher::Element(_) | Matcher::Cidr(_) | Matcher::Port(_) | Matcher::Principal(..) => {
                None
            }
        });
        exact.collect()
    })
}
