//! Which texts an attribute can be at all.

use crate::policy::{language::Domain, settings::Normalization};

/// Paths as they are after normalization: putting one in changes nothing about it.
pub struct NormalPath {
    pub mode: Normalization,
    /// Whether `.;x` and `..;x` are resolved as well.
    pub parameters: bool,
}

const START: u8 = 0;
const AFTER_SLASH: u8 = 1;
const DOT: u8 = 2;
const DOTS: u8 = 3;
const INSIDE: u8 = 4;

impl Domain for NormalPath {
    fn step(&self, state: u8, byte: u8) -> Option<u8> {
        if matches!(byte, b'?' | b'#') {
            return None;
        }
        if state == START {
            return (byte == b'/').then_some(AFTER_SLASH);
        }
        if self.mode == Normalization::None {
            return Some(INSIDE);
        }
        // Escapes and what has to be escaped are left out: no rule can tell them from what is kept, except by naming them,
        // and `choices` gives up on such rules.
        if matches!(byte, b'%' | b'\\' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | 0..=b' ' | 0x7f..) {
            return None;
        }
        match (state, byte) {
            (AFTER_SLASH, b'/') => (self.mode == Normalization::Base).then_some(AFTER_SLASH),
            (DOT | DOTS, b'/') => None,
            (DOT | DOTS, b';') if self.parameters => None,
            (_, b'/') => Some(AFTER_SLASH),
            (AFTER_SLASH, b'.') => Some(DOT),
            (DOT, b'.') => Some(DOTS),
            _ => Some(INSIDE),
        }
    }

    fn states(&self) -> u8 {
        INSIDE + 1
    }

    fn ends(&self, state: u8) -> bool {
        !matches!(state, START | DOT | DOTS) || self.mode == Normalization::None && state != START
    }
}

/// Identities as Istio issues them: `spiffe://domain/ns/namespace/sa/account`.
pub struct IssuedIdentity;

/// What an issued identity is made of; a zero byte stands for a name, one or more characters that are no slash.
const ISSUED: &[u8] = b"spiffe://\0/ns/\0/sa/\0";

impl Domain for IssuedIdentity {
    fn step(&self, state: u8, byte: u8) -> Option<u8> {
        let at = usize::from(state);
        let in_name = at > 0 && ISSUED[at - 1] == 0;
        match ISSUED.get(at) {
            Some(0) if byte != b'/' => Some(state + 1),
            Some(wanted) if *wanted == byte => Some(state + 1),
            Some(_) | None => (in_name && byte != b'/').then_some(state),
        }
    }

    fn states(&self) -> u8 {
        u8::try_from(ISSUED.len() + 1).expect("a short pattern")
    }

    fn ends(&self, state: u8) -> bool {
        usize::from(state) == ISSUED.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issued_identities_and_no_others() {
        let is = |text: &str| {
            let end = text.bytes().try_fold(0, |state, byte| IssuedIdentity.step(state, byte));
            end.is_some_and(|state| IssuedIdentity.ends(state))
        };
        for text in ["spiffe://td/ns/a/sa/b", "spiffe://cluster.local/ns/team-a/sa/x.y", "spiffe://ns/ns/ns/sa/sa"] {
            assert!(is(text), "{text}");
        }
        for text in [
            "",
            "spiffe://",
            "spiffe://td",
            "spiffe:///ns/a/sa/b",
            "spiffe://td/ns//sa/b",
            "spiffe://td/ns/a/sa/",
            "spiffe://td/ns/a/sa/b/c",
            "td/ns/a/sa/b",
        ] {
            assert!(!is(text), "{text}");
        }
    }
}
