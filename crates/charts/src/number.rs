//! Numbers in SVG text. Only exact arithmetic and the formatting of the standard library, so that server and browser
//! print the same digits.

/// Coordinates inside plotters are tenths of a pixel: plotters only knows whole numbers.
pub(crate) const TENTHS: f64 = 10.0;

/// Appends `tenths / 10` with at most one decimal.
pub(crate) fn push_tenths(out: &mut String, tenths: i32) {
    let magnitude = tenths.unsigned_abs();
    if tenths < 0 {
        out.push('-');
    }
    out.push_str(&(magnitude / 10).to_string());
    if !magnitude.is_multiple_of(10) {
        out.push('.');
        out.push(char::from(b'0' + u8::try_from(magnitude % 10).expect("a remainder of ten is a digit")));
    }
}

/// Whole pixels as plotters' tenths; what cannot be drawn anyway is cut off.
pub(crate) fn to_tenths(pixels: f64) -> i32 {
    let tenths = (pixels * TENTHS).round().clamp(-1.0e8, 1.0e8);
    #[expect(clippy::cast_possible_truncation, reason = "clamped to well inside the range")]
    let whole = tenths as i32;
    whole
}

/// An index or length as a coordinate; exact below 2^53.
pub(crate) fn to_f64(count: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "charts have far fewer than 2^53 points")]
    let value = count as f64;
    value
}

/// The value, when it can be drawn: finite and small enough that differences stay finite.
pub(crate) fn drawable(value: Option<f64>) -> Option<f64> {
    value.filter(|value| value.is_finite()).map(|value| value.clamp(-1.0e300, 1.0e300))
}
