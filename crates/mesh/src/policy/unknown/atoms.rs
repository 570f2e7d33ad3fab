//! The comparisons that the rules of some plans for one proxy make with one attribute.

use std::net::IpAddr;

use crate::{
    order,
    policy::{
        language::Atom,
        pattern::TextMatch,
        plan::{Attribute, Check, Matcher, Plan},
    },
};

/// Enforced checks of all enforced policies.
pub fn checks<'q>(plans: &'q [&'q Plan<'q>]) -> impl Iterator<Item = &'q Check<'q>> {
    plans
        .iter()
        .flat_map(|plan| &plan.policies)
        .filter(|policy| !policy.dry_run)
        .flat_map(|policy| &policy.rules)
        .filter(|rule| rule.dropped.is_none())
        .flat_map(|rule| &rule.clauses)
        .flat_map(|clause| &clause.entries)
        .flat_map(|entry| entry.enforced())
}

fn matchers<'q>(plans: &'q [&'q Plan<'q>], attribute: &'q Attribute) -> impl Iterator<Item = &'q Matcher> {
    checks(plans)
        .filter(move |check| check.attribute == *attribute)
        .flat_map(|check| &check.values)
        .flat_map(|value| &value.matchers)
}

/// Texts compared with an attribute, without repetition.
pub fn texts(plans: &[&Plan<'_>], attribute: &Attribute) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for matcher in matchers(plans, attribute) {
        if let Matcher::Text(text) = matcher {
            add(&mut atoms, text);
        }
    }
    atoms
}

/// Texts compared with elements of a list.
pub fn elements(plans: &[&Plan<'_>], attribute: &Attribute) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for matcher in matchers(plans, attribute) {
        if let Matcher::Element(text) = matcher {
            add(&mut atoms, text);
        }
    }
    atoms
}

/// What `iss` or `sub` is compared with by request principals.
pub fn request_principals(plans: &[&Plan<'_>], subject: bool) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for matcher in matchers(plans, &Attribute::RequestPrincipal) {
        if let Matcher::Principal(issuer, own) = matcher {
            add(&mut atoms, if subject { own } else { issuer });
        }
    }
    atoms
}

/// Adds a comparison that is not there yet.
pub fn add(atoms: &mut Vec<Atom>, text: &TextMatch) {
    let atom = text.globs();
    if !atoms.contains(&atom) {
        atoms.push(atom);
    }
}

/// Addresses at which some range begins or ends, and one below all of them.
pub fn addresses(plans: &[&Plan<'_>], attribute: &Attribute) -> Vec<IpAddr> {
    let mut found = vec![IpAddr::from([0, 0, 0, 0]), IpAddr::from([0_u16; 8])];
    for matcher in matchers(plans, attribute) {
        if let Matcher::Cidr(range) = matcher {
            found.extend(range.edges());
        }
    }
    order::distinct(found)
}

/// Ports that anything is compared with, and one that nothing is.
pub fn ports(plans: &[&Plan<'_>]) -> Vec<u16> {
    let mut found = Vec::new();
    for matcher in matchers(plans, &Attribute::DestinationPort) {
        if let Matcher::Port(port) = matcher {
            found.push(*port);
        }
    }
    for plan in plans {
        found.extend(plan.peer.ports.iter().filter_map(|(port, _)| u16::try_from(*port).ok()));
        found.extend(plan.peer.rule_ports());
    }
    let other = (1024..=u16::MAX).find(|port| !found.contains(port));
    found.extend(other);
    order::distinct(found)
}
