//! Steps are round, never too many points, and as fine as that allows.

use proptest::prelude::*;

use super::*;

#[test]
fn familiar_ranges_get_familiar_steps() {
    for (range_secs, max_points, step_secs) in [
        (0, 100, 1),
        (60, 100, 1),
        (900, 200, 5),
        (3_600, 200, 30),
        (3_600, 121, 30),
        (3_600, 120, 60),
        (21_600, 200, 120),
        (86_400, 300, 300),
        (7 * 86_400, 300, 3_600),
        (30 * 86_400, 300, 10_800),
        (365 * 86_400, 100, 604_800),
        (3_650 * 86_400, 100, 6 * 604_800),
        (3_600, 1, 3_600),
        (3_600, 0, 3_600),
        (u64::MAX, 2, u64::MAX),
    ] {
        assert_eq!(step_for(range_secs, max_points), step_secs, "{range_secs} s in {max_points} points");
    }
}

#[test]
fn ranges_move_to_whole_steps() {
    assert_eq!(align_range(1_001, 1_099, 30), (990, 1_080));
    assert_eq!(align_range(990, 1_080, 30), (990, 1_080), "aligned stays");
    assert_eq!(align_range(-5, 5, 10), (-10, 0));
    assert_eq!(align_range(50, 10, 10), (50, 50), "never backwards");
    assert_eq!(align_range(7, 9, 0), (7, 9), "no step is a second");
}

#[test]
fn the_window_of_a_rate_spans_four_scrapes_and_every_sample() {
    assert_eq!(rate_window(15, 15), 60);
    assert_eq!(rate_window(60, 15), 75);
    assert_eq!(rate_window(3_600, 30), 3_630);
    assert_eq!(rate_window(0, 0), 4);
}

proptest! {
    #[test]
    fn points_never_exceed_what_was_asked(range_secs in 0_u64..100_000_000, max_points in 2_usize..2_000) {
        let step = step_for(range_secs, max_points);
        prop_assert!(range_secs / step < max_points as u64);
        if let Some(finer) = STEPS_SECS.iter().rev().find(|finer| **finer < step) {
            let needed = range_secs.div_ceil(*finer) + 1;
            prop_assert!(needed > max_points as u64, "{finer} s would have done");
        }
    }
}
