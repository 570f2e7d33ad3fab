//! Cuts a stream into documents at lines that start with `---`, so that one broken document does not hide the others.

use crate::policy::place::Spot;

/// One document and the number of lines before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    pub text: &'a str,
    pub lines_before: u32,
}

impl Part<'_> {
    /// The position of its first line.
    pub fn start(&self) -> Spot {
        Spot { line: self.lines_before.saturating_add(1), column: 1 }
    }

    /// How many characters there are that would separate values between brackets: as many values at least, unless they
    /// stand in texts.
    pub fn separators(&self) -> usize {
        let bytes = self.text.as_bytes();
        let commas = bytes.iter().filter(|byte| **byte == b',').count();
        // Other colons, as in addresses, are part of a text.
        let ends_key = |pair: &&[u8]| matches!(pair, [b':', b' ' | b'\n' | b'\t' | b'\r'] | [b'"' | b'\'', b':']);
        commas + bytes.windows(2).filter(ends_key).count()
    }
}

/// The documents in order. A marker line stays with the document it opens.
pub fn documents(text: &str) -> impl Iterator<Item = Part<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parts = Vec::new();
    let (mut start, mut offset, mut line, mut start_line) = (0, 0, 0, 0);
    let mut open = false;
    for piece in text.split_inclusive('\n') {
        if is_marker(piece) {
            if open {
                parts.push(Part { text: &text[start..offset], lines_before: start_line });
            }
            (start, start_line, open) = (offset, line, true);
        } else if !piece.trim().is_empty() && !open {
            (start, start_line, open) = (offset, line, true);
        }
        offset += piece.len();
        line += 1;
    }
    if open {
        parts.push(Part { text: &text[start..], lines_before: start_line });
    }
    parts.into_iter()
}

fn is_marker(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}
