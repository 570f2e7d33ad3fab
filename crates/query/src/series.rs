//! Series maths for charts and summaries: onto a grid, where it has gaps, and fewer points without losing a peak.
//! Values only; nothing here knows where they came from.

#[cfg(test)]
mod tests;

use std::ops::Range;

/// Equally spaced points in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// The first point, Unix milliseconds.
    pub start_ms: i64,
    /// Between two points, milliseconds; 0 counts as 1.
    pub step_ms: u64,
    /// How many points.
    pub len: usize,
}

impl Grid {
    /// The grid that holds `start_ms..=end_ms` with a point at `start_ms`; empty when the end lies before the start.
    pub fn between(start_ms: i64, end_ms: i64, step_ms: u64) -> Self {
        let step = i64::try_from(step_ms.max(1)).unwrap_or(i64::MAX);
        let span = end_ms.saturating_sub(start_ms);
        let len = if span < 0 { 0 } else { usize::try_from(span / step).unwrap_or(usize::MAX).saturating_add(1) };
        Self { start_ms, step_ms: step_ms.max(1), len }
    }

    /// The point nearest to a moment, when it is at most half a step away.
    pub fn index_of(&self, at_ms: i64) -> Option<usize> {
        let step = i128::from(self.step_ms.max(1));
        let offset = i128::from(at_ms) - i128::from(self.start_ms);
        let index = (2 * offset + step).div_euclid(2 * step);
        usize::try_from(index).ok().filter(|index| *index < self.len)
    }
}

/// Samples (Unix milliseconds, value) as one value per point of the grid. Where several fall on a point the last one
/// given stands; what is not finite is a gap, because a chart cannot show it.
pub fn align(samples: &[(i64, f64)], grid: Grid) -> Vec<Option<f64>> {
    let mut values = vec![None; grid.len];
    for (at_ms, value) in samples {
        if let Some(slot) = grid.index_of(*at_ms).and_then(|index| values.get_mut(index)) {
            *slot = Some(*value).filter(|value| value.is_finite());
        }
    }
    values
}

/// The stretches without values.
pub fn gaps(values: &[Option<f64>]) -> Vec<Range<usize>> {
    let mut gaps = Vec::new();
    let mut start = None;
    for (index, value) in values.iter().enumerate() {
        match (value, start) {
            (None, None) => start = Some(index),
            (Some(_), Some(from)) => {
                gaps.push(from..index);
                start = None;
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
    }
    gaps.extend(start.map(|from| from..values.len()));
    gaps
}

/// At most four samples for each of `buckets` equal parts of the time they span: the first, the lowest, the highest and
/// the last (M4). A line through them covers the same pixels as one through all, when a bucket is a pixel wide. Samples
/// must be ascending in time; those that are not finite are left out.
pub fn decimate(samples: &[(i64, f64)], buckets: usize) -> Vec<(i64, f64)> {
    let finite = || samples.iter().copied().filter(|(_, value)| value.is_finite());
    let (Some((first, _)), Some((last, _))) = (finite().next(), finite().next_back()) else { return Vec::new() };
    let buckets = buckets.max(1);
    if samples.len() <= buckets.saturating_mul(4) {
        return finite().collect();
    }
    let span = (i128::from(last) - i128::from(first)).max(0) + 1;
    let wide = i128::try_from(buckets).unwrap_or(i128::MAX);
    let bucket_of = |at: i64| (i128::from(at) - i128::from(first)).saturating_mul(wide) / span;
    let mut kept: Vec<(i64, f64)> = Vec::new();
    let mut open: Option<(i128, [(i64, f64); 4])> = None;
    for sample in finite() {
        let bucket = bucket_of(sample.0);
        open = Some(match open {
            Some((current, [start, low, high, _])) if current == bucket => {
                let low = if sample.1 < low.1 { sample } else { low };
                let high = if sample.1 > high.1 { sample } else { high };
                (bucket, [start, low, high, sample])
            }
            full => {
                close(full, &mut kept);
                (bucket, [sample; 4])
            }
        });
    }
    close(open, &mut kept);
    kept
}

fn close(bucket: Option<(i128, [(i64, f64); 4])>, kept: &mut Vec<(i64, f64)>) {
    let Some((_, mut samples)) = bucket else { return };
    samples.sort_by_key(|(at, _)| *at);
    for sample in samples {
        if kept.last() != Some(&sample) {
            kept.push(sample);
        }
    }
}
