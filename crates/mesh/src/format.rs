//! Numbers as people read them. The same text on the server and in the browser: no locale, no clock.

/// At most this many decimals for tiny numbers.
const MAX_DECIMALS: usize = 5;

/// Requests or messages per second: `41/s`, `3.2/s`, `0.04/s`, `12.4k/s`.
pub fn rate(per_second: f64) -> String {
    format!("{}/s", count(per_second))
}

/// A plain number in the same manner: `41`, `3.2`, `0.04`, `12.4k`.
pub fn count(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "–".to_owned()
    } else if size >= 999_950_000.0 {
        format!("{}G", trimmed(value / 1e9, 1))
    } else if size >= 999_950.0 {
        format!("{}M", trimmed(value / 1e6, 1))
    } else if size >= 9_999.5 {
        format!("{}k", trimmed(value / 1e3, 1))
    } else if size >= 9.95 {
        trimmed(value, 0)
    } else if size >= 0.995 {
        trimmed(value, 1)
    } else {
        small(value)
    }
}

/// Bytes per second in decimal units, as networks are measured: `812 B/s`, `1.4 MB/s`.
pub fn bytes_rate(per_second: f64) -> String {
    format!("{}/s", bytes(per_second))
}

/// Bytes in decimal units: `812 B`, `1.4 MB`.
pub fn bytes(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let mut scaled = value;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if scaled.abs() < 999.5 {
            let decimals = usize::from(scaled.abs() < 9.95 && unit != "B");
            return format!("{} {unit}", trimmed(scaled, decimals));
        }
        scaled /= 1e3;
    }
    format!("{} PB", trimmed(scaled, 1))
}

/// A share: `8.2 %`, `100 %`; a share that is not zero never prints as zero, one below all never as `100 %`.
pub fn percent(value: f64) -> String {
    if !value.is_finite() {
        "–".to_owned()
    } else if value > 0.0 && value < 0.05 {
        "< 0.1 %".to_owned()
    } else if (99.95..100.0).contains(&value) {
        "99.9 %".to_owned()
    } else {
        format!("{} %", trimmed(value, 1))
    }
}

/// A duration given in milliseconds: `0.4 ms`, `812 ms`, `1.4 s`, `2.5 min`.
pub fn ms(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "–".to_owned()
    } else if size < 9.95 {
        format!("{} ms", trimmed(value, 1))
    } else if size < 999.5 {
        format!("{} ms", trimmed(value, 0))
    } else if size < 99_950.0 {
        format!("{} s", trimmed(value / 1e3, 1))
    } else {
        format!("{} min", trimmed(value / 6e4, 1))
    }
}

/// A length of time, rounded to its largest unit: `45 s`, `7 min`, `3 h`, `12 d`.
pub fn duration(secs: f64) -> String {
    let size = secs.abs();
    if !secs.is_finite() {
        "–".to_owned()
    } else if size < 59.5 {
        format!("{} s", trimmed(secs, 0))
    } else if size < 3_570.0 {
        format!("{} min", trimmed(secs / 60.0, 0))
    } else if size < 84_600.0 {
        format!("{} h", trimmed(secs / 3_600.0, 0))
    } else {
        format!("{} d", trimmed(secs / 86_400.0, 0))
    }
}

/// With at most so many decimals and no trailing zeros.
pub fn trimmed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Two decimals, more until one significant digit shows.
fn small(value: f64) -> String {
    (2..=MAX_DECIMALS)
        .map(|decimals| trimmed(value, decimals))
        .find(|text| text != "0")
        .unwrap_or_else(|| "0".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_short_and_never_hide_a_difference() {
        for (value, text) in [
            (0.0, "0/s"),
            (0.04, "0.04/s"),
            (0.25, "0.25/s"),
            (0.0004, "0.0004/s"),
            (0.000_001, "0/s"),
            (1.0, "1/s"),
            (3.24, "3.2/s"),
            (9.96, "10/s"),
            (41.3, "41/s"),
            (1234.0, "1234/s"),
            (12_400.0, "12.4k/s"),
            (3_000_000.0, "3M/s"),
            (2.5e9, "2.5G/s"),
            (f64::NAN, "–/s"),
        ] {
            assert_eq!(rate(value), text, "{value}");
        }
        for (value, text) in [(0.0, "0 B/s"), (812.4, "812 B/s"), (1_400.0, "1.4 kB/s"), (1_412_000.0, "1.4 MB/s")] {
            assert_eq!(bytes_rate(value), text);
        }
        for (value, text) in [(999.4, "999 B"), (999.6, "1 kB"), (56_700.0, "57 kB"), (3e18, "3000 PB")] {
            assert_eq!(bytes(value), text);
        }
        for (value, text) in
            [(0.0, "0 %"), (0.01, "< 0.1 %"), (8.24, "8.2 %"), (99.99, "99.9 %"), (100.0, "100 %"), (50.0, "50 %")]
        {
            assert_eq!(percent(value), text);
        }
        for (value, text) in [(0.42, "0.4 ms"), (812.0, "812 ms"), (1_400.0, "1.4 s"), (150_000.0, "2.5 min")] {
            assert_eq!(ms(value), text);
        }
        for (value, text) in
            [(0.4, "0 s"), (59.0, "59 s"), (59.6, "1 min"), (3_600.0, "1 h"), (86_000.0, "1 d"), (-90.0, "-2 min")]
        {
            assert_eq!(duration(value), text);
        }
    }
}
