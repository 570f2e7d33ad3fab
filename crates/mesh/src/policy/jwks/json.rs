//! JSON to the letter (RFC 8259). The YAML reader takes more, and what only it takes a proxy refuses.

use std::collections::{
    HashMap,
    hash_map::Entry::{Occupied, Vacant},
};

use crate::policy::{
    place::{Spot, Text},
    yaml::{Entry, MAX_DEPTH, Node, Value},
};

struct Reader<'t> {
    rest: &'t str,
    line: u32,
}

/// The value of a text, or where it stops being JSON; only lines are counted.
pub fn read(text: &str) -> Result<Node, Spot> {
    let mut reader = Reader { rest: text, line: 1 };
    let value = reader.value(0);
    reader.space();
    match value {
        Some(value) if reader.rest.is_empty() => Ok(value),
        Some(_) | None => Err(reader.at()),
    }
}

impl Reader<'_> {
    fn at(&self) -> Spot {
        Spot { line: self.line, column: 1 }
    }

    fn space(&mut self) {
        let body = self.rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let skipped = &self.rest[..self.rest.len() - body.len()];
        let lines = skipped.bytes().filter(|byte| *byte == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.rest = body;
    }

    /// Takes a word or sign if it comes next.
    fn take(&mut self, sign: &str) -> Option<()> {
        self.space();
        self.rest = self.rest.strip_prefix(sign)?;
        Some(())
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        self.space();
        let at = self.at();
        let value = match self.rest.chars().next()? {
            _ if depth > MAX_DEPTH => return None,
            '{' => Value::Map(self.map(depth)?),
            '[' => Value::List(self.list(depth)?),
            '"' => Value::Text(self.text()?),
            't' => self.take("true").map(|()| Value::Bool(true))?,
            'f' => self.take("false").map(|()| Value::Bool(false))?,
            'n' => self.take("null").map(|()| Value::Null)?,
            _ => Value::Number(self.number()?),
        };
        Some(Node { at, value })
    }

    fn map(&mut self, depth: usize) -> Option<Vec<Entry>> {
        self.take("{")?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        if self.take("}").is_some() {
            return Some(entries);
        }
        loop {
            self.space();
            let key = Text { at: self.at(), value: self.text()? };
            self.take(":")?;
            let value = self.value(depth + 1)?;
            // The last of several counts, as in Go and in protobuf.
            match places.entry(key.value.clone()) {
                Occupied(place) => entries[*place.get()].value = value,
                Vacant(place) => {
                    place.insert(entries.len());
                    entries.push(Entry { key, value });
                }
            }
            if self.take(",").is_none() {
                return self.take("}").map(|()| entries);
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Vec<Node>> {
        self.take("[")?;
        let mut items = Vec::new();
        if self.take("]").is_some() {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.take(",").is_none() {
                return self.take("]").map(|()| items);
            }
        }
    }

    fn text(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('"')?;
        let mut text = String::new();
        loop {
            let next = self.rest.chars().next().filter(|sign| *sign >= ' ')?;
            self.rest = &self.rest[next.len_utf8()..];
            match next {
                '"' => return Some(text),
                '\\' => text.push(self.escape()?),
                sign => text.push(sign),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let sign = self.rest.chars().next()?;
        self.rest = &self.rest[sign.len_utf8()..];
        match sign {
            '"' | '\\' | '/' => Some(sign),
            'b' => Some('\u{8}'),
            'f' => Some('\u{c}'),
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'u' => {
                let (digits, rest) = self.rest.split_at_checked(4)?;
                let known = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let code = u32::from_str_radix(digits, 16).ok().filter(|_| known)?;
                self.rest = rest;
                // Halves of a pair stand for one character together; no member of a key needs to know which.
                Some(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<String> {
        let end = self.rest.find(|sign: char| !matches!(sign, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
        let (number, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let body = number.strip_prefix('-').unwrap_or(number);
        let (mantissa, exponent) = body.split_once(['e', 'E']).unwrap_or((body, "0"));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let zeros = whole.len() > 1 && whole.starts_with('0');
        if zeros || !(digits(whole) && digits(part) && digits(exponent)) {
            return None;
        }
        self.rest = rest;
        Some(number.to_owned())
    }
}
