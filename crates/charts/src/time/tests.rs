//! Moments in words and ticks.

use super::*;

/// 2025-11-20 11:20:00 UTC.
const START_MS: i64 = 1_763_637_600_000;
const HOUR_MS: i64 = 3_600_000;

fn labels(start_ms: i64, span_ms: i64, at_most: usize) -> Vec<String> {
    time_ticks(start_ms, start_ms + span_ms, at_most).into_iter().map(|(_, label)| label).collect()
}

#[test]
fn ticks_stand_on_round_moments() {
    assert_eq!(labels(START_MS, HOUR_MS, 5), ["11:30", "11:45", "12:00", "12:15"]);
    assert_eq!(labels(START_MS, 60_000, 5), ["11:20:00", "11:20:15", "11:20:30", "11:20:45", "11:21:00"]);
    assert_eq!(labels(START_MS, 24 * HOUR_MS, 5), ["12:00", "18:00", "21 Nov", "06:00"]);
    assert_eq!(labels(START_MS, 30 * 24 * HOUR_MS, 5), ["24 Nov", "1 Dec", "8 Dec", "15 Dec"], "weeks start on Monday");
    assert_eq!(labels(START_MS, 0, 5), ["11:20:00"]);
}

#[test]
fn extremes_end() {
    assert!(time_ticks(i64::MIN, i64::MAX, 5).len() <= 6);
    assert!(time_ticks(i64::MAX, i64::MAX, 5).len() <= 1);
    assert!(time_ticks(5, 4, 5).len() <= 1);
}

#[test]
fn moments_are_written_in_utc() {
    assert_eq!(moment_label(START_MS, 60_000), "20 Nov 11:20");
    assert_eq!(moment_label(START_MS + 30_000, 15_000), "20 Nov 11:20:30");
    assert_eq!(moment_label(951_782_400_000, 60_000), "29 Feb 00:00", "2000 was a leap year");
    assert_eq!(moment_label(-1, 1_000), "31 Dec 23:59:59");
    assert_eq!(clock_label(START_MS, false), "11:20");
}
