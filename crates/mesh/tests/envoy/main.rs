//! The engine against a real Envoy: random policies and requests, translated as istiod does, asked over raw connections.
//! Not one answer may differ. Seeds, sizes: ENVOY_SEED, ENVOY_PAIRS; the binary: ENVOY_BIN.

mod config;
mod engine;
mod model;
mod policies;
mod proxy;
mod requests;
mod rng;
mod shrink;
mod templates;
mod tls;
mod translate;
mod words;

use std::{io::Write, sync::Arc, time::Instant};

use mesh::policy::settings::ProxyVersion;
use tokio::sync::Semaphore;

use crate::{
    engine::Judge,
    model::{Sent, Set},
    proxy::{Network, Proxy, Seen},
    rng::Rng,
    tls::Authority,
};

/// Sets of one Envoy, and requests to each.
const SETS: usize = 320;
const REQUESTS: usize = 40;
/// Requests under way at a time.
const AT_ONCE: usize = 16;

fn number(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")),
        Err(_) => otherwise,
    }
}

/// Says something even when the test passes, which `println!` does not.
fn say(what: &str) {
    let _ = writeln!(std::io::stderr(), "Envoy: {what}");
}

/// Everything a comparison needs besides sets and requests.
pub struct Lab {
    binary: String,
    network: Network,
    authority: Arc<Authority>,
    version: ProxyVersion,
    runtime: tokio::runtime::Runtime,
}

impl Lab {
    /// Nothing without an Envoy.
    fn new() -> Option<Self> {
        let Ok(binary) = std::env::var("ENVOY_BIN") else {
            say("not available, the comparison is skipped; scripts/setup envoy installs it");
            return None;
        };
        let version = std::process::Command::new(&binary).arg("--version").output().expect("ENVOY_BIN runs");
        let version = String::from_utf8_lossy(&version.stdout).into_owned();
        let version = version.split('/').find_map(ProxyVersion::parse).expect("a version");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Some(Self { binary, network: Network::claim(), authority: Arc::new(Authority::new()), version, runtime })
    }

    /// Asks one Envoy everything; answers in the order of the questions.
    fn answers(&self, sets: &[Set], questions: &[(usize, Sent)]) -> Vec<Seen> {
        let _proxy = Proxy::start(&self.binary, sets, &self.authority);
        self.runtime.block_on(async {
            let gate = Arc::new(Semaphore::new(AT_ONCE));
            let tasks: Vec<_> = questions
                .iter()
                .map(|(i, sent)| {
                    let (set, sent) = (sets[*i].clone(), sent.clone());
                    let (gate, authority) = (gate.clone(), self.authority.clone());
                    tokio::spawn(async move {
                        let _turn = gate.acquire().await.expect("an open gate");
                        let limit = std::time::Duration::from_secs(20);
                        let seen = tokio::time::timeout(limit, proxy::ask(&set, &sent, &authority)).await;
                        seen.unwrap_or_else(|_| Err(std::io::Error::other("no answer in time")))
                            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&sent.raw())))
                    })
                })
                .collect();
            let mut answers = Vec::new();
            for task in tasks {
                answers.push(task.await.expect("an answer"));
            }
            answers
        })
    }

    /// The first question whose answer the engine did not expect, and what it expected.
    fn difference(&self, sets: &[Set], questions: &[(usize, Sent)], tally: &mut Tally) -> Option<Difference> {
        let answers = self.answers(sets, questions);
        let judges: Vec<Judge<'_>> = sets.iter().map(|set| Judge::new(set, self.version)).collect();
        let plans: Vec<_> = judges.iter().map(Judge::plan).collect();
        let mut first = None;
        for ((i, sent), seen) in questions.iter().zip(answers) {
            tally.count(&seen);
            if let Err(expected) = judges[*i].compare(&plans[*i], sent, &seen) {
                tally.differences += 1;
                first.get_or_insert_with(|| Difference { set: sets[*i].clone(), sent: sent.clone(), seen, expected });
            }
        }
        first
    }
}

/// An answer that the engine did not expect.
pub struct Difference {
    set: Set,
    sent: Sent,
    seen: Seen,
    expected: String,
}

/// How often what was seen: a comparison in which everything is refused says little.
#[derive(Debug, Default)]
pub struct Tally {
    pairs: u64,
    allowed: u64,
    denied: u64,
    bad_path: u64,
    tcp: u64,
    differences: u64,
}

impl Tally {
    fn count(&mut self, seen: &Seen) {
        self.pairs += 1;
        match seen {
            Seen::Http { status: 200, .. } => self.allowed += 1,
            Seen::Http { status: 403, .. } => self.denied += 1,
            Seen::Http { .. } => self.bad_path += 1,
            Seen::Tcp { open } => {
                self.tcp += 1;
                if *open { self.allowed += 1 } else { self.denied += 1 }
            }
        }
    }
}

/// Sets that Istio would accept, and requests to them, from one seed.
fn round(lab: &Lab, seed: u64) -> (Vec<Set>, Vec<(usize, Sent)>) {
    let mut rng = Rng::new(seed);
    let mut sets = Vec::new();
    while sets.len() < SETS {
        let set = policies::set(&mut rng, sets.len(), lab.network.address(sets.len()));
        if Judge::new(&set, lab.version).refused().is_empty() {
            sets.push(set);
        }
    }
    let mut questions = Vec::new();
    for (i, set) in sets.iter().enumerate() {
        questions.extend((0..REQUESTS).map(|_| (i, requests::request(&mut rng, set))));
    }
    (sets, questions)
}

#[test]
fn the_engine_answers_what_envoy_answers() {
    let Some(lab) = Lab::new() else { return };
    let (seed, pairs) = (number("ENVOY_SEED", 1), number("ENVOY_PAIRS", 10_000));
    let from = Instant::now();
    let mut tally = Tally::default();
    let mut seeds = seed..;
    while tally.pairs < pairs {
        let seed = seeds.next().expect("a seed");
        let (sets, questions) = round(&lab, seed);
        if let Some(found) = lab.difference(&sets, &questions, &mut tally) {
            say(&format!("ENVOY_SEED={seed}, {tally:?}; looking for the smallest case"));
            let found = shrink::smallest(&lab, found);
            panic!("ENVOY_SEED={seed}, {tally:?}\n{}", shrink::report(&found));
        }
    }
    say(&format!("{tally:?} in {:.1?}", from.elapsed()));
    assert!(tally.allowed * 5 > tally.pairs && tally.denied * 5 > tally.pairs, "too one-sided: {tally:?}");
}
