//! Axes are round, few and hold everything.

use proptest::prelude::*;

use super::*;

fn labels(low: f64, high: f64, unit: Unit) -> Vec<String> {
    value_axis(low, high, 4, unit).ticks.into_iter().map(|(_, label)| label).collect()
}

#[test]
fn familiar_ranges_get_familiar_ticks() {
    for (low, high, unit, expected) in [
        (0.0, 780.0, Unit::Millis, &["0", "200", "400", "600", "800 ms"][..]),
        (0.0, 1_900.0, Unit::Millis, &["0", "0.5", "1", "1.5", "2 s"]),
        (0.0, 8.2, Unit::Percent, &["0", "2.5", "5", "7.5", "10 %"]),
        (0.0, 100.0, Unit::Percent, &["0", "25", "50", "75", "100 %"]),
        (0.0, 355.0, Unit::PerSecond, &["0", "100", "200", "300", "400/s"]),
        (0.0, 0.03, Unit::PerSecond, &["0", "0.01", "0.02", "0.03/s"]),
        (0.0, 5.0e8, Unit::Bytes, &["0", "128", "256", "384", "512 MiB"]),
        (0.0, 25_000.0, Unit::Count, &["0", "10", "20", "30k"]),
        (-30.0, 45.0, Unit::Count, &["-50", "-25", "0", "25", "50"]),
        (980.0, 1_020.0, Unit::Count, &["980", "990", "1000", "1010", "1020"]),
    ] {
        assert_eq!(labels(low, high, unit), expected, "{low}..{high} {unit:?}");
    }
}

proptest! {
    #[test]
    fn every_range_fits_in_few_ticks(low in -1.0e12..1.0e12, span in 0.0..1.0e12, intervals in 1_usize..6) {
        for unit in [Unit::Millis, Unit::Bytes, Unit::PerSecond] {
            let axis = value_axis(low, low + span, intervals, unit);
            let slack = (low.abs() + span) * 1.0e-6 + 1.0e-9;
            prop_assert!(axis.low <= low + slack && axis.high >= low + span - slack, "{axis:?}");
            prop_assert!(axis.ticks.len() <= intervals.max(2) + 1 && axis.ticks.len() >= 2, "{axis:?}");
            prop_assert!(axis.ticks.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }
}
