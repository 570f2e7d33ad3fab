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

    fn ends(&self, state: u8) -> bool {
        !matches!(state, START | DOT | DOTS) || self.mode == Normalization::None && state != START
    }
}
