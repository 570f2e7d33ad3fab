//! The breaker's life, by a clock that is moved by hand.

use super::*;
use crate::clock::MockClock;

fn mk_health() -> (Arc<MockClock>, Health) {
    let clock = Arc::new(MockClock::new(Timestamp::from_secs(1_000)));
    let health = Health::new("prom", "prometheus", Signal::Metrics, Thresholds::default(), clock.clone());
    (clock, health)
}

fn fail(health: &Health) {
    let outcome: Result<(), Error> = Err(Error::upstream("prom", "it refuses connections"));
    health.admit().expect("admitted").finish(&outcome);
}

fn succeed(health: &Health) {
    health.admit().expect("admitted").finish(&Ok(()));
}

fn wait_of(health: &Health) -> Option<u64> {
    match health.admit() {
        Err(Error::Upstream { retry_after, .. }) => retry_after,
        Err(_) | Ok(_) => None,
    }
}

#[test]
fn it_opens_after_three_failures_and_doubles_the_wait() {
    let (clock, health) = mk_health();
    assert_eq!(health.status().state, StoreState::Unknown);
    fail(&health);
    fail(&health);
    assert_eq!(health.status().state, StoreState::Down);
    assert_eq!(health.status().retry_at, None);
    fail(&health);
    assert_eq!(wait_of(&health), Some(2));
    assert_eq!(health.status().retry_at, Some(Timestamp::from_secs(1_002)));
    clock.advance_secs(2);
    fail(&health);
    assert_eq!(wait_of(&health), Some(4));
    for _ in 0..10 {
        clock.advance_secs(60);
        fail(&health);
    }
    assert_eq!(wait_of(&health), Some(60), "the wait is bounded");
}

#[test]
fn half_open_lets_one_call_through_and_closes_on_success() {
    let (clock, health) = mk_health();
    (0..3).for_each(|_| fail(&health));
    clock.advance_secs(3);
    let first = health.admit().expect("one may try");
    assert!(health.admit().is_err(), "the second waits");
    first.finish(&Ok(()));
    let status = health.status();
    assert_eq!((status.state, status.retry_at, status.message), (StoreState::Ok, None, None));
    assert_eq!(status.since, Timestamp::from_secs(1_003));
    (0..3).for_each(|_| fail(&health));
    assert_eq!(wait_of(&health), Some(2), "the wait starts again");
}

#[test]
fn a_caller_that_goes_away_frees_the_half_open_place() {
    let (clock, health) = mk_health();
    (0..3).for_each(|_| fail(&health));
    clock.advance_secs(3);
    drop(health.admit().expect("one may try"));
    succeed(&health);
    assert_eq!(health.status().state, StoreState::Ok);
}

#[test]
fn a_bad_request_is_no_failure_of_the_store() {
    let (_clock, health) = mk_health();
    for _ in 0..5 {
        let outcome: Result<(), Error> = Err(Error::invalid("/query", "it has a typo"));
        health.admit().expect("admitted").finish(&outcome);
    }
    assert_eq!(health.status().state, StoreState::Ok);
}

#[test]
fn since_moves_only_when_the_state_does() {
    let (clock, health) = mk_health();
    succeed(&health);
    clock.advance_secs(10);
    succeed(&health);
    assert_eq!(health.status().since, Timestamp::from_secs(1_000));
    fail(&health);
    clock.advance_secs(10);
    fail(&health);
    assert_eq!(health.status().since, Timestamp::from_secs(1_010));
}

#[test]
fn a_smoothed_latency_above_the_threshold_is_slow() {
    let (_clock, health) = mk_health();
    health.succeeded(Duration::from_millis(100));
    health.succeeded(Duration::from_secs(3));
    assert_eq!(health.status().state, StoreState::Ok, "one slow answer is not a slow store");
    (0..8).for_each(|_| health.succeeded(Duration::from_secs(3)));
    assert_eq!(health.status().state, StoreState::Slow);
    assert_eq!(health.status().latency_ms, Some(3000));
}
