//! Pan and zoom as numbers: where the drawing stands within the view box. Pure.

/// Smallest and largest zoom.
const ZOOM: (f64, f64) = (0.2, 8.0);

/// Movement and size of the drawing; at rest it fills the view box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Movement to the right, drawing units.
    pub x: f64,
    /// Movement down, drawing units.
    pub y: f64,
    /// Enlargement.
    pub zoom: f64,
}

impl Default for Camera {
    fn default() -> Self {
        Self { x: 0.0, y: 0.0, zoom: 1.0 }
    }
}

impl Camera {
    /// For the `transform` attribute; none at rest.
    pub fn transform(self) -> Option<String> {
        (self != Self::default()).then(|| format!("translate({:.1} {:.1}) scale({:.3})", self.x, self.y, self.zoom))
    }

    /// Moved by so many units.
    pub fn moved(self, dx: f64, dy: f64) -> Self {
        Self { x: self.x + dx, y: self.y + dy, ..self }
    }

    /// Enlarged by a factor while the point `at` of the view box stays where it is.
    pub fn zoomed(self, factor: f64, at: (f64, f64)) -> Self {
        let zoom = (self.zoom * factor).clamp(ZOOM.0, ZOOM.1);
        let real = zoom / self.zoom;
        Self { x: at.0 - (at.0 - self.x) * real, y: at.1 - (at.1 - self.y) * real, zoom }
    }

    /// Moved as little as needed to bring a point of the drawing into the view box, with some air around it.
    pub fn showing(self, point: (f64, f64), frame: Frame) -> Self {
        let air = frame.w.min(frame.h) * 0.12;
        let (x, y) = (point.0 * self.zoom + self.x, point.1 * self.zoom + self.y);
        let into = |at: f64, start: f64, len: f64| at.clamp(start + air, start + len - air) - at;
        self.moved(into(x, frame.x, frame.w), into(y, frame.y, frame.h))
    }
}

/// The view box: the drawing with air around it, never smaller than a usual screen, so that few nodes stay of usual size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Frame {
    /// Left border.
    pub x: f64,
    /// Upper border.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Frame {
    /// Around a drawing of this size that starts at the origin.
    pub fn around(width: f64, height: f64) -> Self {
        let (w, h) = (width.max(950.0), (height + 80.0).max(620.0));
        Self { x: (width - w) / 2.0, y: (height - h) / 2.0, w, h }
    }

    /// The `viewBox` attribute.
    pub fn view_box(self) -> String {
        format!("{:.0} {:.0} {:.0} {:.0}", self.x, self.y, self.w, self.h)
    }

    /// The class that keeps a large drawing from shrinking until nothing can be read; it is scrolled then.
    pub fn class(self) -> String {
        let step =
            |size: f64| [1150.0, 1400.0, 1700.0, 2100.0, 2700.0, 3600.0].iter().filter(|least| size > **least).count();
        format!("wide-{} high-{}", step(self.w), step(self.h))
    }

    /// Units per pixel when drawn into so many pixels, keeping proportions.
    pub fn unit(self, width_px: f64, height_px: f64) -> f64 {
        (self.w / width_px.max(1.0)).max(self.h / height_px.max(1.0))
    }

    /// A pixel of an element of this size as a point of the view box; the drawing is centred in the element.
    pub fn point(self, px: (f64, f64), width_px: f64, height_px: f64) -> (f64, f64) {
        let unit = self.unit(width_px, height_px);
        let centre = (self.x + self.w / 2.0, self.y + self.h / 2.0);
        (centre.0 + (px.0 - width_px / 2.0) * unit, centre.1 + (px.1 - height_px / 2.0) * unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_point_under_the_pointer() {
        let camera = Camera::default().moved(30.0, -10.0).zoomed(2.0, (100.0, 50.0));
        let before = ((100.0 - 30.0), (50.0 + 10.0));
        let after = (before.0 * camera.zoom + camera.x, before.1 * camera.zoom + camera.y);
        assert!((after.0 - 100.0).abs() < 1e-9 && (after.1 - 50.0).abs() < 1e-9, "{after:?}");
        assert_eq!(Camera::default().zoomed(1e9, (0.0, 0.0)).zoom, 8.0);
        assert_eq!(Camera::default().transform(), None);
    }

    #[test]
    fn a_point_outside_is_brought_in_and_one_inside_moves_nothing() {
        let frame = Frame { x: 0.0, y: 0.0, w: 1000.0, h: 600.0 };
        assert_eq!(Camera::default().showing((500.0, 300.0), frame), Camera::default());
        let camera = Camera::default().showing((2000.0, 300.0), frame);
        assert_eq!((camera.x, camera.y), (1000.0 - 72.0 - 2000.0, 0.0));
    }

    #[test]
    fn pixels_map_to_the_centred_view_box() {
        let frame = Frame { x: 0.0, y: 0.0, w: 1000.0, h: 500.0 };
        assert_eq!(frame.point((250.0, 250.0), 500.0, 500.0), (500.0, 250.0));
        assert_eq!(frame.point((0.0, 250.0), 500.0, 500.0), (0.0, 250.0));
        assert_eq!(Frame::around(300.0, 100.0).view_box(), "-325 -260 950 620");
        assert_eq!(Frame::around(300.0, 100.0).class(), "wide-0 high-0");
        assert_eq!(Frame::around(1480.0, 9000.0).class(), "wide-2 high-6");
    }
}
