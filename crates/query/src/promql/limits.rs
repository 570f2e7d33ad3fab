//! What is checked before the parser sees a byte. The parser's and the printer's recursion ends in an abort of the whole
//! process when the stack is used up, and no panic handler helps, so depth is bounded by a scan that does not recurse.

mod regex_cost;

use promql_parser::util::unquote_string;

use super::refused::Refused;

/// Longest query, in bytes.
pub const MAX_BYTES: usize = 8 * 1024;
/// Deepest nesting of brackets of any kind.
pub const MAX_NESTING: usize = 64;
/// Most operators between expressions, the unary ones included: in a chain each is a level of the syntax tree.
pub const MAX_OPERATORS: usize = 128;
/// Most selectors in the query that leaves, over all copies.
pub const MAX_SELECTORS: usize = 1_000;
/// Most work for the regular expressions of one query, in compiled characters. The parser compiles each of them; a few
/// bytes such as `\w{1000}` would keep a core busy for tenths of a second.
pub const MAX_REGEX_COST: u64 = 100_000;
/// Longest duration, in seconds: a century.
const MAX_DURATION_SECS: f64 = 100.0 * 365.0 * 86_400.0;

/// Refuses what is too long, too deep or too costly. Reads strings and comments the way the parser's own lexer does:
/// in all three kinds of quotes a backslash hides the next character.
pub(super) fn check(expr: &str) -> Result<(), Refused> {
    if expr.trim().is_empty() {
        return Err(Refused::Empty);
    }
    if expr.len() > MAX_BYTES {
        return Err(Refused::TooLong { bytes: expr.len(), max: MAX_BYTES });
    }
    let mut scan = Scan {
        rest: expr.as_bytes(),
        depth: 0,
        operators: 0,
        in_braces: false,
        in_brackets: false,
        regex_cost: 0,
        wants_duration: false,
    };
    while let Some((&byte, rest)) = scan.rest.split_first() {
        scan.rest = rest;
        scan.step(byte)?;
    }
    Ok(())
}

struct Scan<'a> {
    rest: &'a [u8],
    depth: usize,
    operators: usize,
    /// Between `{` and `}`, where `=` and `!` are no operators. Braces do not nest.
    in_braces: bool,
    /// Between `[` and `]`, where `:` stands before a step.
    in_brackets: bool,
    regex_cost: u64,
    /// After `[`, `:` or `offset`, where a number is a duration.
    wants_duration: bool,
}

impl Scan<'_> {
    fn step(&mut self, byte: u8) -> Result<(), Refused> {
        match byte {
            b'"' | b'\'' | b'`' => return self.string(byte),
            b'#' => self.skip_while(|byte| byte != b'\n' && byte != b'\r'),
            b'(' | b'[' | b'{' => {
                self.wants_duration = byte == b'[';
                self.in_braces = byte == b'{';
                self.in_brackets = byte == b'[';
                self.depth += 1;
                if self.depth > MAX_NESTING {
                    return Err(Refused::TooDeep { max: MAX_NESTING });
                }
            }
            b')' | b']' | b'}' => {
                self.wants_duration = false;
                self.in_braces = false;
                self.in_brackets = false;
                self.depth = self.depth.saturating_sub(1);
            }
            b':' => self.wants_duration = self.in_brackets,
            b'+' | b'-' => return self.operator(),
            b'@' | b',' => self.wants_duration = false,
            b'*' | b'/' | b'%' | b'^' | b'<' | b'>' | b'!' | b'=' => {
                self.wants_duration = false;
                return self.operator();
            }
            byte if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' => return self.word(byte),
            _ => {}
        }
        Ok(())
    }

    fn operator(&mut self) -> Result<(), Refused> {
        self.operators += usize::from(!self.in_braces);
        if self.operators > MAX_OPERATORS {
            return Err(Refused::TooManyOperators { max: MAX_OPERATORS });
        }
        Ok(())
    }

    /// An identifier, a keyword or a number. `and`, `or`, `unless`, `atan2` count as operators; a number in the place
    /// of a duration must be one (the parser panics on those that are not).
    fn word(&mut self, first: u8) -> Result<(), Refused> {
        let mut text = String::from(char::from(first));
        while let Some((&byte, rest)) = self.rest.split_first() {
            let exponent_sign = (byte == b'+' || byte == b'-')
                && first.is_ascii_digit()
                && text.ends_with(['e', 'E'])
                && !text.starts_with("0x");
            if !(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' || exponent_sign) {
                break;
            }
            text.push(char::from(byte));
            self.rest = rest;
        }
        if std::mem::take(&mut self.wants_duration)
            && text.parse::<f64>().is_ok_and(|secs| !(0.0..=MAX_DURATION_SECS).contains(&secs))
        {
            return Err(Refused::DurationOutOfRange { text });
        }
        match text.to_ascii_lowercase().as_str() {
            "and" | "or" | "unless" | "atan2" => return self.operator(),
            "offset" => self.wants_duration = true,
            _ => {}
        }
        Ok(())
    }

    /// Strings are regular expressions for some matchers and functions; all are costed as if they were.
    fn string(&mut self, quote: u8) -> Result<(), Refused> {
        let start = self.rest;
        let mut inner_len = 0;
        while let Some((&byte, rest)) = self.rest.split_first() {
            self.rest = rest;
            if byte == quote {
                break;
            }
            inner_len += 1;
            if byte == b'\\' {
                let escaped = self.rest.split_first();
                // The library's unquoting panics on these; its lexer would refuse them with the same words.
                if escaped.is_some_and(|(next, _)| !next.is_ascii()) {
                    return Err(Refused::Syntax("unknown escape sequence".to_owned()));
                }
                self.rest = escaped.map_or(&[], |(_, rest)| rest);
                inner_len += 1;
            }
        }
        let inner = start.get(..inner_len).unwrap_or(start);
        let quoted = format!("{quote}{}{quote}", String::from_utf8_lossy(inner), quote = char::from(quote));
        // What cannot be unquoted is refused by the parser before it compiles anything.
        let text = unquote_string(&quoted).unwrap_or_default();
        self.regex_cost = self.regex_cost.saturating_add(regex_cost::of(&text));
        if self.regex_cost > MAX_REGEX_COST { Err(Refused::RegexTooLarge) } else { Ok(()) }
    }

    fn skip_while(&mut self, keep_going: impl Fn(u8) -> bool) {
        while let Some((&byte, rest)) = self.rest.split_first() {
            if !keep_going(byte) {
                return;
            }
            self.rest = rest;
        }
    }
}
