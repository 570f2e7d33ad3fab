//! How numbers are written.

use super::*;

#[test]
fn values_carry_three_digits_and_their_unit() {
    for (unit, value, text) in [
        (Unit::Millis, 812.4, "812 ms"),
        (Unit::Millis, 1_900.0, "1.9 s"),
        (Unit::Millis, 0.25, "250 µs"),
        (Unit::Millis, 0.0, "0 ms"),
        (Unit::Millis, 150_000.0, "2.5 min"),
        (Unit::Millis, -1_500.0, "-1.5 s"),
        (Unit::PerSecond, 41.26, "41.3/s"),
        (Unit::PerSecond, 0.05, "0.05/s"),
        (Unit::PerSecond, 9_999.0, "9999/s"),
        (Unit::PerSecond, 12_345.0, "12.3k/s"),
        (Unit::Percent, 8.2, "8.2 %"),
        (Unit::Percent, 99.99, "100 %"),
        (Unit::Percent, -0.0001, "0 %"),
        (Unit::Bytes, 1_536.0, "1.5 KiB"),
        (Unit::Bytes, 5.0e8, "477 MiB"),
        (Unit::Count, 7.0, "7"),
        (Unit::Count, 1.5e7, "15M"),
        (Unit::Count, 1.0e300, "1.0e291G"),
        (Unit::Count, f64::NAN, "no value"),
    ] {
        assert_eq!(unit.format(value), text, "{unit:?} {value}");
    }
}
