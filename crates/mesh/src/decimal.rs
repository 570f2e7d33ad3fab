//! Reads decimal numbers. The standard library does it, too, but with a table of ten kilobytes that does not compress,
//! and the browser would download it.

/// Powers of ten that a float holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// Beyond this power of ten everything is zero or infinite, whatever the digits.
const FAR: i32 = 400;

/// The number a text is: digits with at most one point, perhaps a sign before them and an exponent behind them. Exact up to
/// 15 digits where they lie within 22 places of the point, and within one part in 10^14 else. None for anything else.
pub fn read(text: &str) -> Option<f64> {
    let (negative, text) = sign(text);
    let (text, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], power(&text[at + 1..])?),
        None => (text, 0),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let (mut digits, mut scale) = (0_u64, exponent);
    for (place, byte) in whole.bytes().chain(fraction.bytes()).enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        let behind_point = place >= whole.len();
        if digits < u64::MAX / 10 - 1 {
            digits = digits * 10 + u64::from(digit);
            scale -= i32::from(behind_point);
        } else {
            // No float is so exact; only the size of the number still counts.
            scale += i32::from(!behind_point);
        }
    }
    let mut value = digits as f64;
    let mut left = scale.clamp(-FAR, FAR).unsigned_abs() as usize;
    while left > 0 && value > 0.0 {
        let step = left.min(POWERS.len() - 1);
        value = if scale < 0 { value / POWERS[step] } else { value * POWERS[step] };
        left -= step;
    }
    Some(if negative { -value } else { value })
}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn power(text: &str) -> Option<i32> {
    let (negative, digits) = sign(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // More digits than fit mean the same as the largest.
    let size = digits.parse().unwrap_or(i32::MAX).min(100_000);
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;

    #[test]
    fn reads_what_people_and_programs_write() {
        for (text, value) in [
            ("0", 0.0),
            ("-0.5", -0.5),
            ("+7", 7.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1767225600.5", 1_767_225_600.5),
            ("1e3", 1000.0),
            ("25E-2", 0.25),
            ("0.000001", 1e-6),
            ("0.0000000000000000000025", 2.5e-21),
            ("123456789012345000000000", 1.234_567_890_123_45e23),
            ("1e-400", 0.0),
            ("1e99999999999", f64::INFINITY),
            ("0e99999999999", 0.0),
        ] {
            assert_eq!(read(text), Some(value), "{text}");
        }
        for text in ["", ".", "-", "e5", "1e", "1e+", "1.2.3", "0x10", "1 ", "inf", "NaN", "ä", "1_000"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn short_numbers_are_exact(whole in 0_u64..1_000_000_000, fraction in "[0-9]{0,6}") {
            let text = format!("{whole}.{fraction}");
            prop_assert_eq!(read(&text), text.parse().ok());
        }

        #[test]
        fn any_number_is_as_good_as_exact(value in proptest::num::f64::NORMAL) {
            for text in [format!("{value}"), format!("{value:e}")] {
                let own = read(&text).expect("it is a number");
                prop_assert!((own / value - 1.0).abs() < 1e-14, "{} became {}", text, own);
            }
        }
    }
}
