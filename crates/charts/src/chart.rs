//! The chart over time: what it is made of and how its parts are laid out.

use plotters::style::text_anchor::HPos;

use crate::decimate::runs;
use crate::draw::{self, Plane};
use crate::ink::{Ink, SeriesStyle};
use crate::number::{drawable, to_f64};
use crate::scale::{Grid, Rect, Scales};
use crate::sentence::sentence;
use crate::text;
use crate::ticks::{ValueAxis, value_axis};
use crate::time::time_ticks;
use crate::unit::Unit;

/// One series.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line<'a> {
    /// Its name in the sentence for screen readers; the picture has no legend of its own.
    pub name: &'a str,
    /// How it looks.
    pub style: SeriesStyle,
    /// A value for each point of the grid; `None` and what is not finite is a gap.
    pub values: &'a [Option<f64>],
    /// Whether the area down to zero is filled.
    pub area: bool,
}

/// The range that is usual, drawn behind everything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band<'a> {
    /// The lower edge, a value for each point of the grid.
    pub low: &'a [Option<f64>],
    /// The upper edge.
    pub high: &'a [Option<f64>],
}

/// Something that happened, as a vertical line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// When, Unix milliseconds. Outside the grid it is not drawn.
    pub at_ms: i64,
    /// What, in a word or two.
    pub label: String,
}

/// A chart over time.
#[derive(Debug, Clone, PartialEq)]
pub struct TimeChart<'a> {
    /// Width of the view box in pixels; the page scales it.
    pub width: u32,
    /// Height of the view box in pixels.
    pub height: u32,
    /// The points in time all lines share.
    pub grid: Grid,
    /// Drawn in this order, so the most important is last.
    pub lines: Vec<Line<'a>>,
    /// What is usual.
    pub band: Option<Band<'a>>,
    /// What the values are.
    pub unit: Unit,
    /// Whether the value axis includes zero.
    pub y_from_zero: bool,
    /// What happened.
    pub marks: Vec<Mark>,
    /// Name for screen readers, such as `payments latency`.
    pub title: &'a str,
}

/// Room for the value labels, so that charts above each other share their left edge.
const GUTTER_PX: f64 = 42.0;
const TOP_PX: f64 = 8.0;
const BOTTOM_PX: f64 = 20.0;
/// At least this much height for each tick of the value axis.
const TICK_PX: f64 = 28.0;
/// At least this much width for each tick of the time axis.
const TIME_TICK_PX: f64 = 80.0;

/// The chart as an SVG element: scales with its container, coloured by `style/charts.css`, named and described for
/// screen readers. Sizes under 120 by 60 pixels are drawn as that.
pub fn time_chart(chart: &TimeChart<'_>) -> String {
    let layout = Layout::of(chart);
    let (width, height) = layout.size;
    let mut svg = format!("<svg class=\"plot\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"");
    text::push_escaped(&mut svg, chart.title);
    svg.push_str("\"><title>");
    text::push_escaped(&mut svg, chart.title);
    svg.push_str("</title><desc>");
    text::push_escaped(&mut svg, &sentence(chart));
    svg.push_str("</desc>");
    layout.value_axis(&mut svg);
    layout.time_axis(&mut svg);
    layout.series(&mut svg, chart);
    layout.marks(&mut svg, &chart.marks);
    svg.push_str("</svg>");
    svg
}

impl TimeChart<'_> {
    /// The scales [`time_chart`] draws with, for overlays.
    pub fn scales(&self) -> Scales {
        Layout::of(self).scales
    }
}

struct Layout {
    size: (u32, u32),
    scales: Scales,
    axis: ValueAxis,
}

impl Layout {
    fn of(chart: &TimeChart<'_>) -> Self {
        let size = (chart.width.max(120), chart.height.max(60));
        let (width, height) = (f64::from(size.0), f64::from(size.1));
        let plot_height = height - TOP_PX - BOTTOM_PX;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 to 6 by the clamp")]
        let intervals = (plot_height / TICK_PX).floor().clamp(1.0, 5.0) as usize;
        // Without values there is nothing to number: only the line at the bottom is drawn.
        let axis = match value_range(chart) {
            Some((low, high)) => value_axis(low, high, intervals, chart.unit),
            None => ValueAxis { low: 0.0, high: 1.0, ticks: vec![(0.0, String::new())] },
        };
        let widest = axis.ticks.iter().map(|(_, label)| text::width(label)).fold(0.0, f64::max);
        let left = (widest + 7.0).ceil().max(GUTTER_PX).min(width / 2.0);
        let plot = Rect { left, top: TOP_PX, width: width - left - 1.0, height: plot_height };
        Self { size, scales: Scales { plot, grid: chart.grid, low: axis.low, high: axis.high }, axis }
    }

    fn value_axis(&self, svg: &mut String) {
        let plot = self.scales.plot;
        for (value, label) in &self.axis.ticks {
            let y = self.scales.value_to_y(*value);
            draw::rule(svg, self.size, (plot.left, y), (plot.right(), y), Ink::Grid);
            if !label.is_empty() {
                draw::text(svg, self.size, label, (plot.left - 6.0, y), HPos::Right, Ink::Label);
            }
        }
    }

    /// Labels stand under their moment, moved inwards at the edges, and are left out rather than overlap.
    fn time_axis(&self, svg: &mut String) {
        let plot = self.scales.plot;
        let y = f64::from(self.size.1) - 7.0;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of pixels")]
        let at_most = (plot.width / TIME_TICK_PX).floor().max(1.0) as usize;
        let mut free_from = 0.0;
        for (at, label) in time_ticks(self.scales.grid.start_ms, self.scales.grid.end_ms(), at_most) {
            let Some(x) = self.scales.time_to_x(at) else { continue };
            let half = text::width(&label) / 2.0;
            let x = x.max(plot.left + half - 8.0).min(f64::from(self.size.0) - half);
            if x - half >= free_from {
                draw::text(svg, self.size, &label, (x, y), HPos::Center, Ink::Label);
                free_from = x + half + 8.0;
            }
        }
    }

    fn series(&self, svg: &mut String, chart: &TimeChart<'_>) {
        let plot = self.scales.plot;
        let plane = Plane {
            width: self.size.0,
            height: self.size.1,
            left: plot.left,
            right: plot.right(),
            top: plot.top,
            bottom: plot.bottom(),
            last_index: to_f64(chart.grid.len.saturating_sub(1)),
            low: self.scales.low,
            high: self.scales.high,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of pixels")]
        let columns = plot.width.max(1.0) as usize;
        let on_grid = |values: &'_ [Option<f64>]| runs(&values[..values.len().min(chart.grid.len)], columns);
        if let Some(band) = &chart.band {
            for (low, high) in band_runs(band, chart.grid.len) {
                draw::band(svg, &plane, &low, &high);
            }
        }
        let base = 0.0_f64.clamp(plane.low, plane.high);
        for line in &chart.lines {
            let runs = on_grid(line.values);
            if line.area {
                draw::areas(svg, &plane, &runs, base, line.style);
            }
            draw::lines(svg, &plane, &runs, line.style);
        }
    }

    /// The label stands right of the line, or left of it near the edge; a second row takes what would overlap, and what
    /// does not fit there either is only a line.
    fn marks(&self, svg: &mut String, marks: &[Mark]) {
        let plot = self.scales.plot;
        // Few, and a sort of their own would cost the browser kilobytes.
        let mut sorted: Vec<&Mark> = Vec::with_capacity(marks.len());
        for mark in marks {
            sorted.insert(sorted.partition_point(|before| before.at_ms <= mark.at_ms), mark);
        }
        let mut free_from = [0.0_f64; 2];
        for mark in sorted {
            let Some(x) = self.scales.time_to_x(mark.at_ms) else { continue };
            draw::rule(svg, self.size, (x, plot.top - 4.0), (x, plot.bottom()), Ink::Mark);
            let width = text::width(&mark.label);
            let to_right = x + 5.0 + width <= plot.right();
            let (from, side, at) =
                if to_right { (x + 5.0, HPos::Left, x + 5.0) } else { (x - 5.0 - width, HPos::Right, x - 5.0) };
            let row = free_from.iter().position(|free| from >= *free);
            if let Some(row) = row.filter(|_| from >= plot.left) {
                let y = plot.top + 3.0 + to_f64(row) * text::LINE_PX;
                draw::text(svg, self.size, &mark.label, (at, y), side, Ink::MarkLabel);
                free_from[row] = from + width + 6.0;
            }
        }
    }
}

/// What the value axis must hold; `None` without values.
fn value_range(chart: &TimeChart<'_>) -> Option<(f64, f64)> {
    let band = chart.band.iter().flat_map(|band| [band.low, band.high]);
    let all = || {
        let lines = chart.lines.iter().map(|line| line.values);
        lines.chain(band.clone()).flatten().filter_map(|value| drawable(*value))
    };
    let any = all().next()?;
    let (mut low, mut high) = (all().fold(any, f64::min), all().fold(any, f64::max));
    if chart.y_from_zero || chart.lines.iter().any(|line| line.area) {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    // A constant: up from zero, or some room on both sides.
    Some(match (low == high, low == 0.0) {
        (false, _) => (low, high),
        (true, true) => (0.0, 1.0),
        (true, false) => (low - low.abs() * 0.1, high + high.abs() * 0.1),
    })
}

type Points = Vec<(f64, f64)>;

/// The stretches where both edges are known.
fn band_runs(band: &Band<'_>, len: usize) -> Vec<(Points, Points)> {
    let mut runs = vec![(Points::new(), Points::new())];
    for (index, (low, high)) in band.low.iter().zip(band.high).take(len).enumerate() {
        let index = to_f64(index);
        match (drawable(*low), drawable(*high), runs.last_mut()) {
            (Some(low), Some(high), Some((lows, highs))) => {
                lows.push((index, low.min(high)));
                highs.push((index, high.max(low)));
            }
            _ => runs.push((Points::new(), Points::new())),
        }
    }
    runs.retain(|(lows, _)| lows.len() > 1);
    runs
}
