//! Time steps of range queries: round numbers people recognise, aligned so that two requests share cached answers.

#[cfg(test)]
mod tests;

/// Steps offered, in seconds.
const STEPS_SECS: [u64; 20] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800,
];

/// The smallest round step, in seconds, with which `range_secs` needs at most `max_points` points (both ends counted).
/// Beyond a week per point it is a whole number of weeks.
pub fn step_for(range_secs: u64, max_points: usize) -> u64 {
    let intervals = u64::try_from(max_points.saturating_sub(1)).unwrap_or(u64::MAX).max(1);
    let needed = range_secs.div_ceil(intervals).max(1);
    match STEPS_SECS.iter().find(|step| **step >= needed) {
        Some(step) => *step,
        None => needed.div_ceil(604_800).saturating_mul(604_800),
    }
}

/// `(start, end)` in Unix seconds on multiples of `step_secs`: start moves down, end moves down to the last whole step,
/// so that no point lies in a step that is still being filled.
pub fn align_range(start_secs: i64, end_secs: i64, step_secs: u64) -> (i64, i64) {
    let step = i64::try_from(step_secs.max(1)).unwrap_or(i64::MAX);
    let start = start_secs.saturating_sub(start_secs.rem_euclid(step));
    let end = end_secs.saturating_sub(end_secs.rem_euclid(step));
    (start, end.max(start))
}

/// The window of a `rate()`, in seconds: a step, so that no sample is left out between two points, plus one scrape, so
/// that the increase into the window counts; at least four scrapes, so that one missed scrape leaves no gap.
pub fn rate_window(step_secs: u64, scrape_interval_secs: u64) -> u64 {
    let scrape = scrape_interval_secs.max(1);
    step_secs.saturating_add(scrape).max(scrape.saturating_mul(4))
}
