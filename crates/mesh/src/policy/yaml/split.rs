//! Cuts a stream into documents at lines that start with `---`, so that one broken document does not hide the others.

/// One document and the number of lines before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    pub text: &'a str,
    pub lines_before: u32,
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
