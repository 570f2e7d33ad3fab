//! Drawing through plotters: a plane of (index, value) over a rectangle, and the shapes put on it.

use plotters::coord::Shift;
use plotters::coord::cartesian::Cartesian2d;
use plotters::coord::types::RangedCoordf64;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Polygon, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, ShapeStyle, TextStyle};

use crate::backend::SvgElements;
use crate::ink::{Ink, SeriesStyle};
use crate::number::to_tenths;
use crate::text::FONT_PX;

/// A rectangle of the picture with its scales.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plane {
    /// Of the whole picture, in pixels, as `height`.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Edges in pixels.
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
    /// The index at the right edge; with 0 a single point stands in the middle.
    pub(crate) last_index: f64,
    /// Values at the lower and upper edge.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

type Area<'a> = DrawingArea<SvgElements<'a>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

impl Plane {
    fn area<'a>(&self, out: &'a mut String) -> Area<'a> {
        let (from, to) = if self.last_index > 0.0 { (0.0, self.last_index) } else { (-1.0, 1.0) };
        pixels(out, self.width, self.height).apply_coord_spec(Cartesian2d::new(
            from..to,
            self.low..self.high,
            (to_tenths(self.left)..to_tenths(self.right), to_tenths(self.bottom)..to_tenths(self.top)),
        ))
    }
}

/// Each run as a line; a lone point as a dot.
pub(crate) fn lines(out: &mut String, plane: &Plane, runs: &[Vec<(f64, f64)>], style: SeriesStyle) {
    let area = plane.area(out);
    for run in runs {
        let ink = if run.len() == 1 { Ink::Dot(style) } else { Ink::Line(style) };
        done(area.draw(&PathElement::new(run.as_slice(), stroke(ink))));
    }
}

/// The area between each run and the value `base`. A lone point has none.
pub(crate) fn areas(out: &mut String, plane: &Plane, runs: &[Vec<(f64, f64)>], base: f64, style: SeriesStyle) {
    let area = plane.area(out);
    for run in runs {
        if let (Some((first, _)), Some((last, _)), 2..) = (run.first(), run.last(), run.len()) {
            let mut outline = run.clone();
            outline.extend([(*last, base), (*first, base)]);
            done(area.draw(&Polygon::new(outline, stroke(Ink::Area(style)).filled())));
        }
    }
}

/// The area between two runs over the same indices.
pub(crate) fn band(out: &mut String, plane: &Plane, low: &[(f64, f64)], high: &[(f64, f64)]) {
    let outline: Vec<(f64, f64)> = high.iter().chain(low.iter().rev()).copied().collect();
    if outline.len() > 3 {
        done(plane.area(out).draw(&Polygon::new(outline, stroke(Ink::Band).filled())));
    }
}

/// A straight line between two points in pixels.
pub(crate) fn rule(out: &mut String, (width, height): (u32, u32), from: (f64, f64), to: (f64, f64), ink: Ink) {
    let points = [from, to].map(|(x, y)| (to_tenths(x), to_tenths(y)));
    done(pixels(out, width, height).draw(&PathElement::new(points.as_slice(), stroke(ink))));
}

/// Text at a point in pixels, vertically centred there.
pub(crate) fn text(out: &mut String, (width, height): (u32, u32), content: &str, at: (f64, f64), side: HPos, ink: Ink) {
    let color = ink.color();
    let style =
        TextStyle::from((FontFamily::SansSerif, FONT_PX * 10.0)).color(&color).pos(Pos::new(side, VPos::Center));
    done(pixels(out, width, height).draw(&Text::new(content, (to_tenths(at.0), to_tenths(at.1)), style)));
}

fn pixels(out: &mut String, width: u32, height: u32) -> DrawingArea<SvgElements<'_>, Shift> {
    SvgElements::new(out, width, height).into_drawing_area()
}

fn stroke(ink: Ink) -> ShapeStyle {
    ShapeStyle { color: ink.color().to_rgba(), filled: false, stroke_width: 1 }
}

/// Writing to a String cannot fail, and an area is never borrowed twice.
fn done<E: std::fmt::Debug>(result: Result<(), E>) {
    result.expect("drawing into a String cannot fail");
}
