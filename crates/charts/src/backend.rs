//! The drawing backend: writes SVG elements with classes into a String. It reports ten times the real size, so that
//! plotters' whole numbers become tenths of a pixel. Text size comes from our own table, never from a page.

use std::convert::Infallible;

use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};

use crate::ink::Ink;
use crate::number::{push_tenths, to_tenths};
use crate::text;

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

/// Collects the elements of one picture.
pub(crate) struct SvgElements<'a> {
    out: &'a mut String,
    /// In tenths of a pixel.
    size: (u32, u32),
}

impl<'a> SvgElements<'a> {
    /// A picture of `width` by `height` pixels whose elements are appended to `out`.
    pub(crate) fn new(out: &'a mut String, width: u32, height: u32) -> Self {
        Self { out, size: (width.saturating_mul(10), height.saturating_mul(10)) }
    }

    fn open(&mut self, tag: &str, color: BackendColor) {
        self.out.push('<');
        self.out.push_str(tag);
        if let Some((class, series)) = Ink::of(color.rgb).map(Ink::classes) {
            self.out.push_str(" class=\"");
            self.out.push_str(class);
            if let Some(series) = series {
                self.out.push(' ');
                self.out.push_str(series);
            }
            self.out.push('"');
        }
    }

    fn number(&mut self, name: &str, tenths: i32) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        push_tenths(self.out, tenths);
        self.out.push('"');
    }

    /// The `d` of a path: an absolute start, then steps, which are short and compress well. A lone point becomes a step
    /// of no length, which round line ends show as a dot.
    fn path_data(&mut self, points: impl IntoIterator<Item = BackendCoord>, close: bool) {
        self.out.push_str(" d=\"");
        let mut last: Option<BackendCoord> = None;
        let mut steps = 0_usize;
        for (x, y) in points {
            match last {
                None => {
                    self.out.push('M');
                    push_tenths(self.out, x);
                    self.out.push(' ');
                    push_tenths(self.out, y);
                }
                Some(from) if from == (x, y) => continue,
                Some((from_x, from_y)) => {
                    self.step(x - from_x, y - from_y, steps == 0);
                    steps += 1;
                }
            }
            last = Some((x, y));
        }
        if steps == 0 && last.is_some() && !close {
            self.out.push_str("h0");
        }
        self.out.push_str(if close { "z\"" } else { "\"" });
    }

    fn step(&mut self, dx: i32, dy: i32, first: bool) {
        if first {
            self.out.push('l');
        } else if dx >= 0 {
            self.out.push(' ');
        }
        push_tenths(self.out, dx);
        if dy >= 0 {
            self.out.push(' ');
        }
        push_tenths(self.out, dy);
    }
}

impl DrawingBackend for SvgElements<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.open("path", color);
        self.path_data([(x, y)], false);
        self.out.push_str("/>");
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Drawn {
        self.open("path", style.color());
        self.path_data(path, false);
        self.out.push_str(" vector-effect=\"non-scaling-stroke\"/>");
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, vertices: I, style: &S) -> Drawn {
        self.open("path", style.color());
        self.path_data(vertices, true);
        self.out.push_str("/>");
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, content: &str, style: &T, (x, y): BackendCoord) -> Drawn {
        let anchor = style.anchor();
        let baseline = match anchor.v_pos {
            VPos::Top => y + to_tenths(text::FONT_PX),
            VPos::Center => y + to_tenths(text::HALF_CAP_PX),
            VPos::Bottom => y,
        };
        self.open("text", style.color());
        self.number("x", x);
        self.number("y", baseline);
        match anchor.h_pos {
            HPos::Left => {}
            HPos::Center => self.out.push_str(" text-anchor=\"middle\""),
            HPos::Right => self.out.push_str(" text-anchor=\"end\""),
        }
        self.out.push('>');
        text::push_escaped(self.out, content);
        self.out.push_str("</text>");
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        content: &str,
        _style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let tenths = |pixels: f64| u32::try_from(to_tenths(pixels)).unwrap_or(0);
        Ok((tenths(text::width(content)), tenths(text::LINE_PX)))
    }
}
