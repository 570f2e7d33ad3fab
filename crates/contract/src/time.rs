//! Instants and time ranges, and the words people write for them (`now-1h`).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

/// An instant, milliseconds since 1970-01-01 UTC. On the wire: RFC 3339 UTC; inputs may also be unix seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From unix seconds.
    pub fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Unix seconds with fraction, as Prometheus writes them.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Whole unix seconds, rounded down.
    pub fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This many seconds earlier.
    pub fn minus_secs(self, secs: u64) -> Self {
        Self(self.0.saturating_sub_unsigned(secs.saturating_mul(1000)))
    }

    /// The calendar form; out-of-range instants are clamped to the year 9999.
    pub fn to_datetime(self) -> OffsetDateTime {
        const MAX_SECS: i64 = 253_402_300_799;
        let millis = self.0.clamp(-62_135_596_800_000, MAX_SECS * 1000);
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// `HH:MM` in UTC.
    pub fn hh_mm(self) -> String {
        let t = self.to_datetime();
        format!("{:02}:{:02}", t.hour(), t.minute())
    }

    /// `HH:MM:SS` in UTC.
    pub fn hh_mm_ss(self) -> String {
        let t = self.to_datetime();
        format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second())
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(t: OffsetDateTime) -> Self {
        Self(t.unix_timestamp().saturating_mul(1000).saturating_add(i64::from(t.millisecond())))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_datetime().format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        if let Some(secs) = mesh::decimal::read(text) {
            let plausible = secs.is_finite() && secs.abs() < 253_402_300_800.0;
            return if plausible { Ok(Self((secs * 1000.0).round() as i64)) } else { Err(BadTime) };
        }
        OffsetDateTime::parse(text, &Rfc3339).map(Self::from).map_err(|_| BadTime)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a time as 2026-01-31T12:00:00Z, as unix seconds, or as now-1h")]
pub struct BadTime;

/// One end of a range: an instant, or so many seconds before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimePoint {
    /// So many seconds before now; 0 is now.
    Ago(u64),
    /// A fixed instant.
    At(Timestamp),
}

impl TimePoint {
    /// The instant, given the current one.
    pub fn resolve(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(secs) => now.minus_secs(secs),
            Self::At(at) => at,
        }
    }
}

impl fmt::Display for TimePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ago(0) => f.write_str("now"),
            Self::Ago(secs) => write!(f, "now-{}", print_duration(*secs)),
            Self::At(at) => at.fmt(f),
        }
    }
}

impl FromStr for TimePoint {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        match text.strip_prefix("now") {
            Some("") => Ok(Self::Ago(0)),
            Some(rest) => rest.strip_prefix('-').and_then(parse_duration).map(Self::Ago).ok_or(BadTime),
            None => text.parse().map(Self::At),
        }
    }
}

/// `90s`, `10m`, `1h`, `7d`, `2w` or bare seconds → seconds. Compound forms (`1h30m`) are understood. `None` for anything else.
pub fn parse_duration(text: &str) -> Option<u64> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    let (mut total, mut number) = (0_u64, None::<u64>);
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(u64::from(digit))?);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    (number.is_none() && !text.is_empty()).then_some(total)
}

/// Seconds → the largest whole unit (`5400` → `90m`).
pub fn print_duration(secs: u64) -> String {
    for (unit, len) in [('d', 86_400), ('h', 3600), ('m', 60)] {
        if secs >= len && secs.is_multiple_of(len) {
            return format!("{}{unit}", secs / len);
        }
    }
    format!("{secs}s")
}

/// A range of time as it stands in the URL. The default is the last hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeRange {
    /// Start.
    pub from: TimePoint,
    /// End.
    pub to: TimePoint,
}

impl Default for TimeRange {
    fn default() -> Self {
        Self { from: TimePoint::Ago(3600), to: TimePoint::Ago(0) }
    }
}

impl TimeRange {
    /// The longest range anything accepts: 31 days, in seconds.
    pub const MAX_SECS: u64 = 31 * 86_400;

    /// Start and end, at least a second and at most [`Self::MAX_SECS`] apart; a reversed range is turned round.
    pub fn resolve(self, now: Timestamp) -> (Timestamp, Timestamp) {
        let (a, b) = (self.from.resolve(now), self.to.resolve(now));
        let (from, to) = if a <= b { (a, b) } else { (b, a) };
        let earliest = to.minus_secs(Self::MAX_SECS);
        (from.max(earliest).min(to.minus_secs(1)), to)
    }

    /// True when it ends now, so that it can follow live data.
    pub fn is_live(self) -> bool {
        self.to == TimePoint::Ago(0)
    }
}

macro_rules! as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
as_text!(TimePoint);

impl fmt::Display for TimeRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.from, self.to)
    }
}

impl FromStr for TimeRange {
    type Err = BadTime;

    fn from_str(text: &str) -> Result<Self, BadTime> {
        let (from, to) = text.split_once("..").ok_or(BadTime)?;
        Ok(Self { from: from.parse()?, to: to.parse()? })
    }
}
as_text!(TimeRange);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print() {
        for (text, secs) in [("90s", 90), ("10m", 600), ("1h30m", 5400), ("7d", 604_800), ("42", 42)] {
            assert_eq!(parse_duration(text), Some(secs), "{text}");
        }
        for text in ["", "m", "1x", "1h3", "-1h", "99999999999999999999d"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(print_duration(5400), "90m");
        assert_eq!(print_duration(86_400), "1d");
    }

    #[test]
    fn ranges_survive_the_url() {
        let range: TimeRange = "now-6h..now".parse().unwrap();
        assert_eq!(range.to_string(), "now-6h..now");
        assert!(range.is_live());
        let fixed: TimeRange = "2026-01-01T00:00:00Z..2026-01-02T00:00:00Z".parse().unwrap();
        assert_eq!(fixed.to_string(), "2026-01-01T00:00:00Z..2026-01-02T00:00:00Z");
    }

    #[test]
    fn reversed_and_oversized_ranges_are_put_right() {
        let now = Timestamp::from_secs(10_000_000);
        let reversed: TimeRange = "now..now-1h".parse().unwrap();
        assert_eq!(reversed.resolve(now), (now.minus_secs(3600), now));
        let huge: TimeRange = "now-900d..now".parse().unwrap();
        assert_eq!(huge.resolve(now).0, now.minus_secs(TimeRange::MAX_SECS));
    }

    #[test]
    fn instants_read_three_ways() {
        assert_eq!("2026-01-01T00:00:00Z".parse(), Ok(Timestamp(1_767_225_600_000)));
        assert_eq!("1767225600.5".parse(), Ok(Timestamp(1_767_225_600_500)));
        assert_eq!("1e300".parse::<Timestamp>(), Err(BadTime));
        assert_eq!("now-5m".parse(), Ok(TimePoint::Ago(300)));
    }
}
