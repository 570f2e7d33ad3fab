//! Makes a difference small enough to read: leaves out one piece after the other as long as it stays a difference.

use crate::{
    Difference, Lab, Tally,
    model::{Rule, Sent, Set, Values},
    proxy::Seen,
};

/// Each step is one more Envoy with every candidate in it.
const STEPS: usize = 40;

pub fn smallest(lab: &Lab, mut found: Difference) -> Difference {
    for _ in 0..STEPS {
        let mut sets = smaller_sets(&found.set);
        let mut questions: Vec<(usize, Sent)> = (0..sets.len()).map(|i| (i, found.sent.clone())).collect();
        sets.push(found.set.clone());
        questions.extend(smaller_requests(&found.sent).into_iter().map(|sent| (sets.len() - 1, sent)));
        for (i, set) in sets.iter_mut().enumerate() {
            set.address = lab.network.address(i);
        }
        match lab.difference(&sets, &questions, &mut Tally::default()) {
            Some(smaller) => found = smaller,
            None => break,
        }
    }
    found
}

pub fn report(found: &Difference) -> String {
    let Difference { set, sent, seen, expected } = found;
    let seen = match seen {
        Seen::Http { status, path, details } => format!("{status} {details}, path {path:?}"),
        Seen::Tcp { open } => format!("connection {}", if *open { "open" } else { "closed" }),
    };
    format!(
        "{}\n{:?} at {}:{}, trust domain {} {:?}, claims {}, metadata {}\nfrom {} as {:?}, SNI {:?}\n{}\nEnvoy:  {seen}\nengine: {expected}",
        set.yaml(),
        set.normalization,
        set.address,
        set.port,
        set.trust_domain,
        set.aliases,
        set.claims,
        set.metadata,
        sent.source,
        sent.identity,
        sent.sni,
        if set.tcp { String::new() } else { String::from_utf8_lossy(&sent.raw()).into_owned() },
    )
}

fn without<T: Clone>(list: &[T], i: usize) -> Vec<T> {
    let mut list = list.to_vec();
    list.remove(i);
    list
}

fn smaller_sets(set: &Set) -> Vec<Set> {
    let mut out = Vec::new();
    for p in 0..set.policies.len() {
        out.push(Set { policies: without(&set.policies, p), ..set.clone() });
        let rules = &set.policies[p].rules;
        for r in 0..rules.len() {
            let mut with = |rules: Vec<Rule>| {
                let mut set = set.clone();
                set.policies[p].rules = rules;
                out.push(set);
            };
            if rules.len() > 1 {
                with(without(rules, r));
            }
            for rule in smaller_rules(&rules[r]) {
                let mut rules = rules.clone();
                rules[r] = rule;
                with(rules);
            }
        }
    }
    out
}

fn smaller_rules(rule: &Rule) -> Vec<Rule> {
    let mut out = Vec::new();
    for e in 0..rule.from.len() {
        out.push(Rule { from: without(&rule.from, e), ..rule.clone() });
    }
    for e in 0..rule.to.len() {
        out.push(Rule { to: without(&rule.to, e), ..rule.clone() });
    }
    for from in smaller_entries(&rule.from) {
        out.push(Rule { from, ..rule.clone() });
    }
    for to in smaller_entries(&rule.to) {
        out.push(Rule { to, ..rule.clone() });
    }
    for when in smaller_fields(&rule.when) {
        out.push(Rule { when, ..rule.clone() });
    }
    out
}

fn smaller_entries(entries: &[Vec<Values>]) -> Vec<Vec<Vec<Values>>> {
    let mut out = Vec::new();
    for (e, fields) in entries.iter().enumerate() {
        for smaller in smaller_fields(fields).into_iter().filter(|fields| !fields.is_empty()) {
            let mut entries = entries.to_vec();
            entries[e] = smaller;
            out.push(entries);
        }
    }
    out
}

fn smaller_fields(fields: &[Values]) -> Vec<Vec<Values>> {
    let mut out = Vec::new();
    for (f, field) in fields.iter().enumerate() {
        out.push(without(fields, f));
        let values = (0..field.values.len()).map(|v| Values { values: without(&field.values, v), ..field.clone() });
        let nots =
            (0..field.not_values.len()).map(|v| Values { not_values: without(&field.not_values, v), ..field.clone() });
        for smaller in values.chain(nots).filter(|field| !field.values.is_empty() || !field.not_values.is_empty()) {
            let mut fields = fields.to_vec();
            fields[f] = smaller;
            out.push(fields);
        }
    }
    out
}

fn smaller_requests(sent: &Sent) -> Vec<Sent> {
    let mut out: Vec<Sent> =
        (0..sent.headers.len()).map(|i| Sent { headers: without(&sent.headers, i), ..sent.clone() }).collect();
    let chars: Vec<char> = sent.path.chars().collect();
    for i in 1..chars.len() {
        out.push(Sent { path: without(&chars, i).into_iter().collect(), ..sent.clone() });
    }
    out
}
