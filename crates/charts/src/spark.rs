//! Small lines for tables: no axes, no text, decoration beside a number that says the same.

use crate::decimate::runs;
use crate::draw::{Plane, areas, lines};
use crate::ink::SeriesStyle;
use crate::number::to_f64;
use crate::text::push_escaped;

/// Space around the line, in pixels, so that the stroke is not cut.
const PAD_PX: f64 = 1.5;

/// Air above the highest value of a line that begins at zero.
const HEADROOM: f64 = 1.15;

/// A line of `values` from edge to edge in `width` by `height` pixels, over its own range. Hidden from screen readers:
/// the number it belongs to is text.
pub fn sparkline(width: u32, height: u32, values: &[Option<f64>], style: SeriesStyle) -> String {
    let mut svg = open(width, height, "aria-hidden=\"true\"");
    draw(&mut svg, width, height, values, style, false);
    svg
}

/// The same from zero up, with the area below the line filled: for values where the distance to nothing matters. A
/// picture of its own for screen readers, with this name.
pub fn sparkarea(width: u32, height: u32, values: &[Option<f64>], style: SeriesStyle, title: &str) -> String {
    let mut name = String::from("role=\"img\" aria-label=\"");
    push_escaped(&mut name, title);
    name.push('"');
    let mut svg = open(width, height, &name);
    draw(&mut svg, width, height, values, style, true);
    svg
}

fn open(width: u32, height: u32, attributes: &str) -> String {
    format!(
        "<svg class=\"sparkline\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         {attributes} focusable=\"false\">"
    )
}

/// The lines and the end of the element.
fn draw(svg: &mut String, width: u32, height: u32, values: &[Option<f64>], style: SeriesStyle, from_zero: bool) {
    let columns = usize::try_from(width).unwrap_or(usize::MAX);
    let runs = runs(values, columns);
    let all = || runs.iter().flatten().map(|(_, value)| *value);
    if let Some(any) = all().next() {
        let (low, high) = (all().fold(any, f64::min), all().fold(any, f64::max));
        // A constant series is a line in the middle.
        let (low, high) = match from_zero {
            true if high > 0.0 => (low.min(0.0), high * HEADROOM),
            true => (low.min(0.0), 1.0),
            false if low < high => (low, high),
            false => (low - widen(low), high + widen(high)),
        };
        let plane = Plane {
            width,
            height,
            left: PAD_PX,
            right: f64::from(width) - PAD_PX,
            top: PAD_PX,
            bottom: f64::from(height) - PAD_PX,
            last_index: to_f64(values.len().saturating_sub(1)),
            low,
            high,
        };
        if from_zero {
            areas(svg, &plane, &runs, 0.0, style);
        }
        lines(svg, &plane, &runs, style);
    }
    svg.push_str("</svg>");
}

/// Half the range to show around a constant.
fn widen(value: f64) -> f64 {
    if value == 0.0 { 1.0 } else { value.abs() * 0.5 }
}
