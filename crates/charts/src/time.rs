//! The time axis: where ticks stand and how moments are written, always in UTC so that server and browser agree.

#[cfg(test)]
mod tests;

/// Ticks people expect, in seconds; the last ones in days.
const STEPS_SECS: [i64; 24] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
    1_209_600, 2_592_000, 7_776_000, 31_536_000,
];
const DAY_SECS: i64 = 86_400;
/// 1970-01-01 was a Thursday; steps of whole weeks start on Mondays.
const FIRST_MONDAY_SECS: i64 = 4 * DAY_SECS;
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Ticks between the two moments (milliseconds, both included), as moment and label, at most about `at_most` of them.
pub(crate) fn time_ticks(start_ms: i64, end_ms: i64, at_most: usize) -> Vec<(i64, String)> {
    let span_secs = end_ms.saturating_sub(start_ms).max(0) / 1000;
    let parts = i64::try_from(at_most.max(1)).unwrap_or(i64::MAX);
    let longest = STEPS_SECS[STEPS_SECS.len() - 1];
    let step = STEPS_SECS.iter().copied().find(|step| span_secs / step <= parts).unwrap_or_else(|| {
        let years = (span_secs / longest / parts).saturating_add(1);
        longest.saturating_mul(years)
    });
    let offset = if step % (7 * DAY_SECS) == 0 { FIRST_MONDAY_SECS } else { 0 };
    let step_ms = step.saturating_mul(1000);
    let from = start_ms.saturating_sub(offset * 1000);
    let behind = from.rem_euclid(step_ms);
    let mut at = if behind == 0 { start_ms } else { start_ms.saturating_add(step_ms - behind) };
    let mut ticks = Vec::new();
    while at <= end_ms && ticks.len() <= at_most {
        ticks.push((at, tick_label(at, step)));
        match at.checked_add(step_ms) {
            Some(next) => at = next,
            None => break,
        }
    }
    ticks
}

fn tick_label(at_ms: i64, step_secs: i64) -> String {
    let secs = at_ms.div_euclid(1000);
    let day = Day::of(secs);
    if step_secs >= 31_536_000 {
        format!("{} {}", day.month_name(), day.year)
    } else if step_secs >= DAY_SECS || secs.rem_euclid(DAY_SECS) == 0 {
        format!("{} {}", day.day, day.month_name())
    } else {
        clock_label(at_ms, step_secs < 60)
    }
}

/// `12:05`, or `12:05:30` with seconds: the time of day in UTC of a moment in milliseconds.
pub fn clock_label(at_ms: i64, with_seconds: bool) -> String {
    let of_day = at_ms.div_euclid(1000).rem_euclid(DAY_SECS);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    if with_seconds { format!("{hour:02}:{minute:02}:{second:02}") } else { format!("{hour:02}:{minute:02}") }
}

/// `20 Nov 12:05:30`: a moment in milliseconds for a tooltip; seconds only where `step_ms` makes them matter.
pub fn moment_label(at_ms: i64, step_ms: u64) -> String {
    let day = Day::of(at_ms.div_euclid(1000));
    format!("{} {} {}", day.day, day.month_name(), clock_label(at_ms, !step_ms.is_multiple_of(60_000)))
}

struct Day {
    year: i64,
    month: usize,
    day: i64,
}

impl Day {
    /// The civil date (proleptic Gregorian), by counting in 400-year eras that begin on 1 March.
    fn of(unix_secs: i64) -> Self {
        let days = unix_secs.div_euclid(DAY_SECS) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: usize::try_from(month).expect("months are 1 to 12"),
            day: of_year - (153 * from_march + 2) / 5 + 1,
        }
    }

    fn month_name(&self) -> &'static str {
        MONTHS[self.month - 1]
    }
}
