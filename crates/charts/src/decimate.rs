//! Fewer points without losing a peak: per column of pixels the first, lowest, highest and last value (M4), which draws
//! the same picture as all of them. Gaps stay gaps.

use crate::number::{drawable, to_f64};

/// Unbroken stretches of points as (index, value). With more than two points per column of `columns` they are thinned.
pub(crate) fn runs(values: &[Option<f64>], columns: usize) -> Vec<Vec<(f64, f64)>> {
    let columns = columns.max(1);
    let thin = values.len() > columns.saturating_mul(2);
    let mut runs = Vec::new();
    let mut run: Vec<(f64, f64)> = Vec::new();
    let mut bucket = Bucket::default();
    for (index, value) in values.iter().enumerate() {
        let Some(value) = drawable(*value) else {
            bucket.flush(&mut run);
            if !run.is_empty() {
                runs.push(std::mem::take(&mut run));
            }
            continue;
        };
        let point = (to_f64(index), value);
        if thin {
            bucket.add(index * columns / values.len(), point, &mut run);
        } else {
            run.push(point);
        }
    }
    bucket.flush(&mut run);
    if !run.is_empty() {
        runs.push(run);
    }
    runs
}

/// The four points of one column.
#[derive(Default)]
struct Bucket {
    column: usize,
    points: Option<[(f64, f64); 4]>,
}

impl Bucket {
    fn add(&mut self, column: usize, point: (f64, f64), run: &mut Vec<(f64, f64)>) {
        if column != self.column {
            self.flush(run);
            self.column = column;
        }
        let [first, low, high, _] = self.points.unwrap_or([point; 4]);
        self.points = Some([
            first,
            if point.1 < low.1 { point } else { low },
            if point.1 > high.1 { point } else { high },
            point,
        ]);
    }

    fn flush(&mut self, run: &mut Vec<(f64, f64)>) {
        if let Some(mut points) = self.points.take() {
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            for point in points {
                if run.last() != Some(&point) {
                    run.push(point);
                }
            }
        }
    }
}
