//! Which path templates Envoy refuses to load: exactly those that the engine says it refuses.

use std::{collections::HashSet, time::Instant};

use mesh::policy::pattern::{is_template, template};
use serde_json::Value;

use crate::{
    Lab,
    model::{Action, Policy, Rule, Set, Values},
    number, policies, proxy,
    rng::Rng,
    say,
};

const TEMPLATES: usize = 600;
/// How many of the bad ones are tried.
const REFUSED: usize = 80;

const GOOD: [&str; 9] = ["{*}", "{*}", "{**}", "a", "a.b", "%2F", "~u", "a=b", "x,y"];
/// No braces but those of operators: Envoy knows named variables, which Istio's validation refuses (pkg/config/validation
/// and pkg/config/security, CheckValidPathTemplate).
const ODD: [&str; 16] = ["/", "//", "*", "**", "{*}", "{**}", "[a]", "\"", "~", "?", "=", "a*", "é", ":", "a", "#"];

fn random(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..1 + rng.below(4) {
        if rng.chance(97) {
            text.push('/');
        }
        text.push_str(rng.pick(&GOOD));
        if rng.chance(20) {
            text.push_str(rng.pick(&ODD));
        }
    }
    text
}

/// A set with these templates and nothing else.
fn with(lab: &Lab, paths: &[String]) -> Set {
    let paths = Values { key: "paths".to_owned(), values: paths.to_vec(), not_values: Vec::new() };
    let rule = Rule { to: vec![vec![paths]], ..Rule::default() };
    let mut set = policies::set(&mut Rng::new(0), 0, lab.network.address(0));
    set.policies = vec![Policy { name: "p".to_owned(), action: Action::Allow, rules: vec![rule] }];
    Set { tls: false, tcp: false, claims: Value::Null, ..set }
}

#[test]
fn envoy_refuses_the_templates_that_the_engine_refuses() {
    let Some(lab) = Lab::new() else { return };
    let from = Instant::now();
    let seed = number("ENVOY_SEED", 1);
    let mut rng = Rng::new(seed);
    let (mut templates, mut seen) = (Vec::new(), HashSet::new());
    while templates.len() < TEMPLATES {
        let path = random(&mut rng);
        if is_template(&path) && seen.insert(path.clone()) {
            templates.push(path);
        }
    }
    let (good, bad): (Vec<String>, Vec<String>) = templates.into_iter().partition(|path| template(path, true).is_ok());
    assert!(good.len() * 10 > TEMPLATES && bad.len() * 10 > TEMPLATES, "too one-sided: {} good", good.len());
    let accepts = |paths: &[String]| proxy::accepts(&lab.binary, &[with(&lab, paths)], &lab.authority);
    // All good ones at once, and one by one only when there is a wrong one among them.
    if !accepts(&good) {
        let wrong = good.iter().find(|path| !accepts(std::slice::from_ref(*path)));
        panic!("ENVOY_SEED={seed}: Envoy refuses {wrong:?}, the engine does not");
    }
    // A bad one ends the whole process, so each needs its own.
    let bad = &bad[..REFUSED.min(bad.len())];
    for path in bad {
        let accepted = accepts(std::slice::from_ref(path));
        assert!(!accepted, "ENVOY_SEED={seed}: Envoy takes {path}, the engine says {:?}", template(path, true).err());
    }
    say(&format!("takes {} templates, refuses {}, in {:.1?}", good.len(), bad.len(), from.elapsed()));
}
