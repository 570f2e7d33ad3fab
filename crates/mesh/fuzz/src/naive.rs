//! Matchers that try every split of a text. Far too slow for the product, and independent of its code: what a value means
//! is read from the value itself, not from the globs made of it.

/// One piece of a pattern.
#[derive(Clone, Copy, Debug)]
pub enum Piece {
    /// This character.
    One(char),
    /// So many characters at least, of those that the function takes.
    Run(usize, fn(char) -> bool),
}

/// Whether the pieces cover the whole text.
pub fn covers(pieces: &[Piece], text: &str) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return text.is_empty() };
    match first {
        Piece::One(wanted) => text.strip_prefix(*wanted).is_some_and(|left| covers(rest, left)),
        Piece::Run(least, fits) => {
            let mut left = text;
            let mut taken = 0;
            loop {
                if taken >= *least && covers(rest, left) {
                    return true;
                }
                let Some(next) = left.chars().next().filter(|next| fits(*next)) else { return false };
                left = &left[next.len_utf8()..];
                taken += 1;
            }
        }
    }
}

/// These characters.
pub fn literal(text: &str) -> Vec<Piece> {
    text.chars().map(Piece::One).collect()
}

/// A text in which every star is a wildcard.
pub fn starred(text: &str, fits: fn(char) -> bool) -> Vec<Piece> {
    text.chars().map(|c| if c == '*' { Piece::Run(0, fits) } else { Piece::One(c) }).collect()
}

/// Anything.
pub fn any(_: char) -> bool {
    true
}

/// Anything but a slash.
pub fn no_slash(c: char) -> bool {
    c != '/'
}

fn in_segment(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~%!$&'()+,;:@=*".contains(c)
}

fn in_segment_once(c: char) -> bool {
    in_segment(c) && c != '*'
}

fn in_path(c: char) -> bool {
    in_segment(c) || c == '/'
}

fn in_path_once(c: char) -> bool {
    in_segment_once(c) || c == '/'
}

/// A template that Envoy takes: operators stand at the start of a segment, everything else is itself.
pub fn template(pattern: &str, star: bool) -> Vec<Piece> {
    let pattern = pattern.replace("{**}", "**").replace("{*}", "*");
    let (segment, path) = if star {
        (in_segment as fn(char) -> bool, in_path as fn(char) -> bool)
    } else {
        (in_segment_once as _, in_path_once as _)
    };
    let mut pieces = Vec::new();
    for (i, part) in pattern.split('/').enumerate() {
        if i > 0 {
            pieces.push(Piece::One('/'));
        }
        if let Some(suffix) = part.strip_prefix("**") {
            pieces.push(Piece::Run(0, path));
            pieces.extend(literal(suffix));
        } else if let Some(suffix) = part.strip_prefix('*') {
            pieces.push(Piece::Run(1, segment));
            pieces.extend(literal(suffix));
        } else {
            pieces.extend(literal(part));
        }
    }
    pieces
}
