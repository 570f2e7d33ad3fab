//! How much work compiling a regular expression is, without compiling it. An estimate from above of the automaton's size
//! in units of one plain character; measured against the `regex` crate, whose automata work on UTF-8 bytes.

/// Every expression, however small.
const BASE: u64 = 100;
const LITERAL: u64 = 1;
const NON_ASCII: u64 = 4;
/// `.` or a negated class: all of Unicode.
const ANY: u64 = 40;
/// `\d`, `\s` and their like.
const SMALL_CLASS: u64 = 400;
/// `\w`, `\p{..}`, `[[:word:]]`: hundreds of ranges.
const LARGE_CLASS: u64 = 4_000;
/// With case folding each character becomes a class.
const CASE_FOLDING: u64 = 4;

/// The estimate for `regex`.
pub(super) fn of(regex: &str) -> u64 {
    let mut groups: Vec<Group> = vec![Group::default()];
    let mut chars = regex.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '(' => groups.push(Group::default()),
            ')' => {
                if let Some(group) = groups.pop() {
                    let inner = group.total();
                    top(&mut groups).atom(inner);
                }
            }
            '\\' => top(&mut groups).atom(escape(chars.next())),
            '[' => {
                let mut class = LITERAL;
                let mut first = true;
                while let Some(inner) = chars.next() {
                    match inner {
                        ']' if !first => break,
                        '^' if first => class = class.saturating_add(ANY),
                        // A named or nested class, such as `[[:alpha:]]`.
                        '[' => class = class.saturating_add(SMALL_CLASS),
                        '\\' => class = class.saturating_add(escape(chars.next())),
                        _ => class = class.saturating_add(NON_ASCII),
                    }
                    first = false;
                }
                top(&mut groups).atom(class);
            }
            '{' => {
                let mut count = String::new();
                while let Some(digit) = chars.next_if(|next| next.is_ascii_digit() || *next == ',') {
                    count.push(digit);
                }
                let most = count.split(',').filter_map(|part| part.parse::<u64>().ok()).max();
                top(&mut groups).repeat(most.unwrap_or(1));
            }
            '.' => top(&mut groups).atom(ANY),
            char if char.is_ascii() => top(&mut groups).atom(LITERAL),
            _ => top(&mut groups).atom(NON_ASCII),
        }
    }
    let total = groups.into_iter().map(|group| group.total()).fold(BASE, u64::saturating_add);
    if regex.contains("(?") { total.saturating_mul(CASE_FOLDING) } else { total }
}

fn escape(char: Option<char>) -> u64 {
    match char {
        Some('w' | 'W' | 'p' | 'P' | 'b' | 'B') => LARGE_CLASS,
        Some('d' | 'D' | 's' | 'S' | 'h' | 'H' | 'v' | 'V' | 'Q' | 'C' | 'X' | 'R') => SMALL_CLASS,
        Some(_) | None => NON_ASCII,
    }
}

/// Unbalanced brackets are the parser's business; here they must only not be lost.
fn top(groups: &mut Vec<Group>) -> &mut Group {
    if groups.is_empty() {
        groups.push(Group::default());
    }
    let last = groups.len() - 1;
    &mut groups[last]
}

/// A group being read: what is closed, and the last atom, which a repetition may still multiply.
#[derive(Default)]
struct Group {
    closed: u64,
    last: u64,
}

impl Group {
    fn atom(&mut self, cost: u64) {
        self.closed = self.closed.saturating_add(self.last);
        self.last = cost;
    }

    fn repeat(&mut self, most: u64) {
        self.last = self.last.saturating_add(LITERAL).saturating_mul(most.max(1));
    }

    fn total(&self) -> u64 {
        self.closed.saturating_add(self.last)
    }
}
