//! Random policy sets: every field, key, form and action that becomes an RBAC rule.

use std::net::Ipv4Addr;

use mesh::policy::settings::Normalization;
use serde_json::{Value, json};

use crate::{
    model::{Action, Policy, Rule, Set, Values},
    rng::Rng,
    words,
};

pub const MODES: [Normalization; 4] =
    [Normalization::None, Normalization::Base, Normalization::MergeSlashes, Normalization::DecodeAndMergeSlashes];
pub const PORTS: [u16; 3] = [18080, 18081, 19000];

/// The set number `i` of a run, at an address of its own.
pub fn set(rng: &mut Rng, i: usize, address: Ipv4Addr) -> Set {
    let tcp = rng.chance(12);
    let tls = rng.chance(if tcp { 60 } else { 30 });
    let claims = if !tcp && rng.chance(35) { claims(rng) } else { Value::Null };
    let mut set = Set {
        policies: Vec::new(),
        normalization: MODES[i % MODES.len()],
        port: rng.one_of(&PORTS),
        address,
        tls,
        tcp,
        trust_domain: rng.pick(&["cluster.local", "cluster.local", "td1"]).to_owned(),
        aliases: rng
            .one_of::<&[&str]>(&[&[], &[], &["old.td"], &["old.td", "cluster.local"], &["td1"]])
            .iter()
            .map(|alias| (*alias).to_owned())
            .collect(),
        claims,
        metadata: if tcp { json!({}) } else { metadata(rng) },
    };
    for number in 0..=rng.below(3) {
        let action = if rng.chance(55) { Action::Allow } else { Action::Deny };
        let none = action == Action::Allow && rng.chance(4);
        let count = if none { 0 } else { 1 + rng.below(3) };
        let rules = (0..count).map(|_| rule(rng, &set)).collect();
        set.policies.push(Policy { name: format!("p{number}"), action, rules });
    }
    set
}

fn rule(rng: &mut Rng, set: &Set) -> Rule {
    const SOURCES: [&str; 7] = [
        "ipBlocks",
        "remoteIpBlocks",
        "principals",
        "namespaces",
        "serviceAccounts",
        "trustDomains",
        "requestPrincipals",
    ];
    let sources: &[&str] = if set.tls || rng.chance(20) { &SOURCES } else { &["ipBlocks", "remoteIpBlocks"] };
    let sources: Vec<&str> =
        sources.iter().copied().filter(|field| *field != "requestPrincipals" || !set.claims.is_null()).collect();
    let operations: &[&str] = &["paths", "paths", "paths", "methods", "hosts", "ports"];
    let mut rule = Rule::default();
    if rng.chance(35) {
        rule.from = (0..=rng.below(2)).map(|_| part(rng, &sources, set.port)).collect();
    }
    if rng.chance(if set.tcp { 40 } else { 75 }) {
        rule.to = (0..=rng.below(2)).map(|_| part(rng, operations, set.port)).collect();
    }
    if rng.chance(40) {
        for _ in 0..=rng.below(2) {
            let key = words::key(rng);
            let auth = key.starts_with("request.auth") && set.claims.is_null();
            // TCP has too few attributes for rules of several to be anything but dropped.
            let http = set.tcp && key.starts_with("request.") && rng.chance(80);
            if !auth && !http {
                let field = values(rng, &key, set.port);
                rule.when.push(field);
            }
        }
    }
    rule
}

fn part(rng: &mut Rng, fields: &[&str], port: u16) -> Vec<Values> {
    let mut part: Vec<Values> = Vec::new();
    for _ in 0..=rng.one_of(&[0, 0, 0, 1, 1, 2]) {
        let field = rng.pick(fields);
        // Istio's validation refuses service accounts beside principals and namespaces.
        let excluded = part.iter().any(|other| {
            other.key == field
                || (field == "serviceAccounts" && matches!(other.key.as_str(), "principals" | "namespaces"))
                || (other.key == "serviceAccounts" && matches!(field, "principals" | "namespaces"))
        });
        if !excluded {
            part.push(values(rng, field, port));
        }
    }
    part
}

fn values(rng: &mut Rng, key: &str, port: u16) -> Values {
    let mut some =
        || -> Vec<String> { (0..=rng.one_of(&[0, 0, 1, 2])).map(|_| words::value(rng, key, port)).collect() };
    let (mut values, mut not_values) = (some(), some());
    match rng.below(10) {
        0..=6 => not_values.clear(),
        7..=8 => values.clear(),
        _ => {}
    }
    Values { key: key.to_owned(), values, not_values }
}

fn claims(rng: &mut Rng) -> Value {
    let mut claims = json!({"iss": rng.pick(&words::ISSUERS)});
    let odd =
        [json!(true), json!(1), json!({"a": "a"}), json!([]), json!(["a", "b"]), json!(["x", 1, true]), json!("")];
    for name in ["sub", "aud", "azp", "role", "groups"] {
        let value = match rng.below(10) {
            0..=1 => continue,
            2..=3 => odd[rng.below(odd.len())].clone(),
            _ => rng.pick(&["a", "b", "ab", "s", "x/s", "x y"]).into(),
        };
        claims[name] = value;
    }
    if rng.chance(50) {
        claims["n"] = json!({"a": rng.pick(&["a", "ab", "b"]), "l": ["b", "ab"]});
    }
    claims
}

fn metadata(rng: &mut Rng) -> Value {
    let mut metadata = json!({});
    let values = [json!("a"), json!("ab"), json!(["a", "c"]), json!(["ab"]), json!(1), json!(""), json!([[]])];
    for key in words::METADATA_KEYS {
        if rng.chance(70) {
            metadata[key] = values[rng.below(values.len())].clone();
        }
    }
    metadata
}
