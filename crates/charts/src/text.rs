//! How wide text is, without asking a page or a font: the advance widths of Inter Regular, so that labels land at the
//! same place on the server and in the browser. Also the escaping of text.

/// Size of every text in a chart, in pixels of the view box.
pub(crate) const FONT_PX: f64 = 10.0;
/// Distance from the baseline to the middle of digits, in pixels.
pub(crate) const HALF_CAP_PX: f64 = 3.6;
/// Height of a line of text, in pixels.
pub(crate) const LINE_PX: f64 = 12.0;

/// Advance widths of `' '` to `'~'` in thousandths of the font size. Digits all have the width of the tabular figures.
const ADVANCE: [u16; 95] = [
    281, 278, 403, 631, 638, 812, 639, 222, 362, 362, 500, 659, 280, 460, 276, 357, 642, 642, 642, 642, 642, 642, 642,
    642, 642, 642, 276, 280, 659, 659, 659, 507, 936, 676, 651, 727, 719, 598, 587, 743, 740, 264, 543, 652, 562, 889,
    753, 761, 635, 761, 639, 638, 642, 741, 676, 949, 642, 665, 625, 362, 357, 362, 469, 452, 497, 564, 621, 558, 621,
    582, 361, 609, 591, 237, 237, 544, 237, 869, 585, 597, 609, 609, 372, 523, 364, 581, 557, 812, 540, 557, 541, 362,
    327, 362, 659,
];
/// For every other character: a little wider than most letters, so that labels rather stand apart than overlap.
const OTHER: u16 = 680;

/// Width of `text` in pixels at [`FONT_PX`].
pub(crate) fn width(text: &str) -> f64 {
    let advance = |char: char| {
        (u32::from(char).checked_sub(32))
            .and_then(|index| ADVANCE.get(usize::try_from(index).ok()?).copied())
            .unwrap_or(OTHER)
    };
    let thousandths: u32 = text.chars().map(|char| u32::from(advance(char))).sum();
    f64::from(thousandths) * FONT_PX / 1000.0
}

/// Appends `text` so that it is text both between tags and in a double-quoted attribute. Control characters, which XML
/// forbids, are left out.
pub(crate) fn push_escaped(out: &mut String, text: &str) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' | '\r' => out.push(' '),
            char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => {}
            char => out.push(char),
        }
    }
}
