//! Sequences of literals and runs: the regular languages that Istio's generated expressions describe. Matching takes time
//! in proportion to text and pattern; there is no backtracking.

/// Which characters a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Anything but a line end (`.`).
    Any,
    /// Anything but a slash (`[^/]`).
    NoSlash,
    /// What a template operator takes (R31); `star` is whether `*` in the request counts.
    Template {
        /// Whether a slash counts (`{**}`).
        slash: bool,
        /// Whether `*` counts, as it does since May 2025.
        star: bool,
    },
}

impl Class {
    /// Whether a byte belongs to the class.
    pub fn has(self, byte: u8) -> bool {
        match self {
            Self::Any => byte != b'\n',
            Self::NoSlash => byte != b'/',
            Self::Template { slash, star } => match byte {
                b'/' => slash,
                b'*' => star,
                byte => byte.is_ascii_alphanumeric() || b"-._~%!$&'()+,;:@=".contains(&byte),
            },
        }
    }
}

/// One part of a glob.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Item {
    /// These bytes.
    Literal(String),
    /// Any number of characters of a class.
    Run {
        /// Which characters.
        class: Class,
        /// Whether there must be one.
        at_least_one: bool,
    },
}

impl Item {
    /// These bytes.
    pub fn literal(text: &str) -> Self {
        Self::Literal(text.to_owned())
    }

    /// `.*`
    pub fn any() -> Self {
        Self::Run { class: Class::Any, at_least_one: false }
    }

    /// `.+`
    pub fn some() -> Self {
        Self::Run { class: Class::Any, at_least_one: true }
    }
}

/// A sequence that must cover a whole text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob {
    items: Vec<Item>,
}

impl Glob {
    /// From its parts; neighbouring literals are joined.
    pub fn new(parts: impl IntoIterator<Item = Item>) -> Self {
        let mut items: Vec<Item> = Vec::new();
        for part in parts {
            match (items.last_mut(), part) {
                (_, Item::Literal(text)) if text.is_empty() => {}
                (Some(Item::Literal(last)), Item::Literal(text)) => last.push_str(&text),
                (_, part) => items.push(part),
            }
        }
        Self { items }
    }

    /// Its parts.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Whether the whole text fits.
    pub fn matches(&self, text: &str) -> bool {
        // Cheap refusals first: most globs begin or end with a literal.
        if let Some(Item::Literal(first)) = self.items.first()
            && !text.starts_with(first.as_str())
        {
            return false;
        }
        if let Some(Item::Literal(last)) = self.items.last()
            && !text.ends_with(last.as_str())
        {
            return false;
        }
        let bytes = text.as_bytes();
        let mut here = vec![false; bytes.len() + 1];
        here[0] = true;
        for item in &self.items {
            here = match item {
                Item::Literal(literal) => after_literal(&here, bytes, literal.as_bytes()),
                Item::Run { class, at_least_one } => after_run(&here, bytes, *class, *at_least_one),
            };
        }
        here[bytes.len()]
    }
}

fn after_literal(here: &[bool], bytes: &[u8], literal: &[u8]) -> Vec<bool> {
    let mut next = vec![false; here.len()];
    for (at, _) in here.iter().enumerate().filter(|(_, on)| **on) {
        if bytes[at..].starts_with(literal) {
            next[at + literal.len()] = true;
        }
    }
    next
}

fn after_run(here: &[bool], bytes: &[u8], class: Class, at_least_one: bool) -> Vec<bool> {
    let mut next = if at_least_one { vec![false; here.len()] } else { here.to_vec() };
    for at in 0..bytes.len() {
        if (here[at] || next[at]) && class.has(bytes[at]) {
            next[at + 1] = true;
        }
    }
    next
}
