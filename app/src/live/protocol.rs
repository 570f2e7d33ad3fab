//! The rules of following topics, without a socket: what to ask for, whether a push fits, how long to wait before the
//! next try.

use std::collections::BTreeMap;

use contract::{
    Timestamp,
    live::{Push, PushKind, Subscribe, Topic},
};
use serde::de::IgnoredAny;

use crate::json;

/// The first wait after a lost connection, milliseconds.
const FIRST_WAIT_MS: u64 = 500;

/// The longest wait, milliseconds.
const LONGEST_WAIT_MS: u64 = 30_000;

/// Milliseconds to wait before try number `attempt` (from 0): doubled each time, and spread over half to all of it by
/// `random` (0..1), so that a restarted server is not met by everybody at once.
pub fn wait_ms(attempt: u32, random: f64) -> i32 {
    let full = FIRST_WAIT_MS.saturating_mul(1 << attempt.min(10)).min(LONGEST_WAIT_MS);
    (full as f64 * (0.5 + random.clamp(0.0, 1.0) / 2.0)) as i32
}

/// One subscription out of everything the page's parts want. Later parts win where two want other options.
pub fn merge<'a>(wants: impl Iterator<Item = (Topic, &'a Subscribe)>) -> Subscribe {
    let mut all = Subscribe::default();
    for (topic, want) in wants.filter(|(topic, want)| want.subscribe.contains(topic)) {
        let place = all.subscribe.partition_point(|before| *before < topic);
        if all.subscribe.get(place) != Some(&topic) {
            all.subscribe.insert(place, topic);
        }
        match topic {
            Topic::Topology => all.topology.clone_from(&want.topology),
            Topic::Overview => all.overview.clone_from(&want.overview),
            Topic::Alerts | Topic::Stores => {}
        }
    }
    all
}

/// What a push is, before its data is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Which subscription it belongs to.
    pub topic: Topic,
    /// When the data was gathered.
    pub at: Timestamp,
    /// How to apply it.
    pub kind: PushKind,
}

/// What to do with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Hand it on.
    Take(Head),
    /// One before it was lost: ask for everything again.
    Gap,
    /// Nothing we understand, or a rest of an older subscription.
    Ignore,
}

/// Keeps the count of pushes per topic of one connection.
#[derive(Debug, Default)]
pub struct Counter(BTreeMap<Topic, u64>);

impl Counter {
    /// Judges a message. A snapshot always starts a new count; a delta must follow the push before it.
    pub fn judge(&mut self, text: &str) -> Verdict {
        let Ok(push) = json::read::<Push<IgnoredAny>>(text) else { return Verdict::Ignore };
        let last = self.0.insert(push.topic, push.seq);
        match (push.kind, last) {
            (PushKind::Delta, None) => {
                self.0.remove(&push.topic);
                Verdict::Ignore
            }
            (PushKind::Delta, Some(last)) if push.seq != last + 1 => {
                self.0.remove(&push.topic);
                Verdict::Gap
            }
            (PushKind::Snapshot, _) | (PushKind::Delta, Some(_)) => {
                Verdict::Take(Head { topic: push.topic, at: push.at, kind: push.kind })
            }
        }
    }

    /// A new connection, or everything was asked for again: deltas count only after the next snapshot.
    pub fn reset(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use contract::topology::TopologyQuery;

    use super::*;

    fn push(topic: &str, seq: u64, kind: &str) -> String {
        format!(r#"{{"topic":"{topic}","seq":{seq},"at":"2026-01-01T00:00:00Z","kind":"{kind}","data":{{"x":[1]}}}}"#)
    }

    #[test]
    fn pushes_in_order_are_taken_and_a_gap_asks_again() {
        let mut counter = Counter::default();
        assert!(matches!(counter.judge(&push("topology", 0, "snapshot")), Verdict::Take(_)));
        assert!(matches!(counter.judge(&push("stores", 0, "snapshot")), Verdict::Take(_)));
        assert!(matches!(counter.judge(&push("topology", 1, "delta")), Verdict::Take(_)));
        assert_eq!(counter.judge(&push("topology", 3, "delta")), Verdict::Gap);
        assert_eq!(counter.judge(&push("topology", 4, "delta")), Verdict::Ignore, "only a snapshot starts again");
        assert!(matches!(counter.judge(&push("topology", 9, "snapshot")), Verdict::Take(_)));
        assert!(matches!(counter.judge(&push("topology", 10, "delta")), Verdict::Take(_)));
    }

    #[test]
    fn a_delta_before_any_snapshot_and_noise_are_ignored() {
        let mut counter = Counter::default();
        assert_eq!(counter.judge(&push("topology", 5, "delta")), Verdict::Ignore);
        assert_eq!(counter.judge("pong"), Verdict::Ignore);
        assert_eq!(counter.judge(&push("weather", 0, "snapshot")), Verdict::Ignore);
    }

    #[test]
    fn waits_grow_and_stay_within_bounds() {
        assert_eq!(wait_ms(0, 0.0), 250);
        assert_eq!(wait_ms(0, 1.0), 500);
        assert_eq!(wait_ms(3, 1.0), 4000);
        for attempt in [6, 10, 40, u32::MAX] {
            assert_eq!(wait_ms(attempt, 1.0), 30_000);
            assert_eq!(wait_ms(attempt, 0.0), 15_000);
        }
    }

    #[test]
    fn the_parts_of_a_page_share_one_subscription() {
        let topology = Subscribe {
            subscribe: vec![Topic::Topology],
            topology: Some(TopologyQuery { layout: true, ..TopologyQuery::default() }),
            overview: None,
        };
        let stores = Subscribe { subscribe: vec![Topic::Stores], ..Subscribe::default() };
        let paused = Subscribe::default();
        let all =
            merge([(Topic::Topology, &topology), (Topic::Stores, &stores), (Topic::Overview, &paused)].into_iter());
        assert_eq!(all.subscribe, [Topic::Topology, Topic::Stores]);
        assert_eq!(all.topology, topology.topology);
    }
}
