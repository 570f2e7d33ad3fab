//! The text of a key: `obs_`, 30 random characters, 6 characters of checksum. The format is public (`docs/api-keys.md`), so
//! that scanners for leaked secrets can tell a key from other text without asking anybody.

use std::fmt;

use crate::{
    Error,
    vault::{random, sha256},
};

const PREFIX: &str = "obs_";
const RANDOM: usize = 30;
const CHECKSUM: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// The largest multiple of 62 that fits into a byte: bytes above it would make some characters likelier than others.
const FAIR: u8 = 248;

/// A well-formed key. `Debug` shows no more of it than the hint.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl KeyText {
    /// A new one, of the operating system's generator.
    pub fn generate() -> Result<Self, Error> {
        let mut text = PREFIX.to_owned();
        while text.len() < PREFIX.len() + RANDOM {
            let bytes: [u8; 32] = random()?;
            let fair =
                bytes.iter().filter(|byte| **byte < FAIR).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
            text.extend(fair.take(PREFIX.len() + RANDOM - text.len()));
        }
        let checksum = checksum(&text);
        text.push_str(&checksum);
        Ok(Self(text))
    }

    /// The key, when the text is well-formed and its checksum is right. Whether there is such a key is another question.
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.strip_prefix(PREFIX)?;
        let shaped = body.len() == RANDOM + CHECKSUM && body.bytes().all(|b| b.is_ascii_alphanumeric());
        let (covered, given) = text.split_at_checked(PREFIX.len() + RANDOM)?;
        (shaped && checksum(covered) == given).then(|| Self(text.to_owned()))
    }

    /// Whether the text wants to be a key.
    pub fn is_meant(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// The text, for the one answer that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }

    /// Its last four characters.
    pub fn hint(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyText(…{})", self.hint())
    }
}

/// CRC-32 (ISO-HDLC, as in zip) in base 62, most significant character first, padded with `0`.
fn checksum(text: &str) -> String {
    let mut rest = crc32fast::hash(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_well_formed_and_never_the_same() {
        let (one, two) = (KeyText::generate().expect("made"), KeyText::generate().expect("made"));
        assert_ne!(one, two);
        assert_eq!(one.expose().len(), 40);
        assert_eq!(KeyText::parse(one.expose()), Some(one.clone()));
        assert!(!format!("{one:?}").contains(&one.expose()[..20]));
    }

    /// The example of `docs/api-keys.md`: scanners are written after it.
    #[test]
    fn the_format_is_the_documented_one() {
        let example = "obs_000000000000000000000000000000";
        let whole = format!("{example}{}", checksum(example));
        let document = include_str!("../../../../docs/api-keys.md");
        assert!(document.contains(&whole), "docs/api-keys.md does not have {whole}");
        assert!(KeyText::parse(&whole).is_some());
    }

    #[test]
    fn every_single_typing_mistake_shows() {
        let key = KeyText::generate().expect("made");
        for at in 0..key.expose().len() {
            let mut bytes = key.expose().as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
            let wrong = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(KeyText::parse(&wrong), None, "{at}");
        }
        let text = key.expose();
        for wrong in ["", "obs_", &text[..39], &format!("{text}0"), &text.replace("obs_", "obx_"), "obs_ä"] {
            assert_eq!(KeyText::parse(wrong), None, "{wrong}");
        }
    }
}
