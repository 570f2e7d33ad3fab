//! Where things are: from indices and values to pixels of the view box and back, for the drawing and for overlays.

use crate::number::to_f64;

/// Equally spaced points in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// The first point, Unix milliseconds.
    pub start_ms: i64,
    /// Between two points, milliseconds.
    pub step_ms: u64,
    /// How many points.
    pub len: usize,
}

impl Grid {
    /// The moment of point `index`, Unix milliseconds.
    pub fn at_ms(&self, index: usize) -> i64 {
        let offset = u64::try_from(index).unwrap_or(u64::MAX).saturating_mul(self.step_ms);
        self.start_ms.saturating_add(i64::try_from(offset).unwrap_or(i64::MAX))
    }

    /// The moment of the last point, Unix milliseconds; the first one's when there are no points.
    pub fn end_ms(&self) -> i64 {
        self.at_ms(self.len.saturating_sub(1))
    }
}

/// A rectangle in pixels of the view box.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// From the left edge.
    pub left: f64,
    /// From the upper edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Rect {
    /// The right edge.
    pub fn right(&self) -> f64 {
        self.left + self.width
    }

    /// The lower edge.
    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }
}

/// The scales of a drawn chart. An overlay with the same view box uses them to find what is under the pointer.
#[derive(Debug, Clone, PartialEq)]
pub struct Scales {
    /// Where the series are drawn.
    pub plot: Rect,
    /// The points in time.
    pub grid: Grid,
    /// Value at the lower edge of the plot.
    pub low: f64,
    /// Value at the upper edge of the plot.
    pub high: f64,
}

impl Scales {
    /// The point nearest to `x` pixels of the view box; `None` without points. Outside the plot the first or last.
    pub fn x_to_index(&self, x: f64) -> Option<usize> {
        let last = self.grid.len.checked_sub(1)?;
        let share = if self.plot.width > 0.0 { (x - self.plot.left) / self.plot.width } else { 0.0 };
        let index = (share.clamp(0.0, 1.0) * to_f64(last)).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last index")]
        let index = if index.is_nan() { 0 } else { index as usize };
        Some(index.min(last))
    }

    /// The x of point `index`; a single point stands in the middle.
    pub fn index_to_x(&self, index: usize) -> f64 {
        match self.grid.len {
            0 | 1 => self.plot.left + self.plot.width / 2.0,
            len => self.plot.left + self.plot.width * to_f64(index.min(len - 1)) / to_f64(len - 1),
        }
    }

    /// The x of a moment (Unix milliseconds); `None` when it lies outside the chart.
    pub fn time_to_x(&self, at_ms: i64) -> Option<f64> {
        let (start, end) = (self.grid.start_ms, self.grid.end_ms());
        if self.grid.len < 2 || end <= start || at_ms < start || at_ms > end {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "spans of charts are far below 2^53 milliseconds")]
        let share = at_ms.saturating_sub(start) as f64 / end.saturating_sub(start) as f64;
        Some(self.plot.left + self.plot.width * share)
    }

    /// The y of a value, kept inside the plot.
    pub fn value_to_y(&self, value: f64) -> f64 {
        let span = self.high - self.low;
        let share = if span > 0.0 { ((value - self.low) / span).clamp(0.0, 1.0) } else { 0.5 };
        self.plot.bottom() - self.plot.height * if share.is_nan() { 0.5 } else { share }
    }
}
