//! Versions of things as their readers know them: a strong ETag is the hash of the JSON that was sent.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::Error;

/// The quoted ETag of a representation.
pub fn of<T: Serialize>(value: &T) -> String {
    // What cannot be written as JSON is never sent; its tag matches nothing that was.
    let text = serde_json::to_vec(value).unwrap_or_default();
    let hash = Sha256::digest(&text);
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Whether the writer has seen what is there now. `*` has.
///
/// # Errors
/// [`Error::PreconditionFailed`] when it changed in the meantime.
pub(crate) fn matches<T: Serialize>(current: &T, if_match: &str) -> Result<(), Error> {
    let current = of(current);
    let seen = if_match.split(',').map(str::trim).any(|tag| tag == "*" || tag == current);
    if seen { Ok(()) } else { Err(Error::PreconditionFailed) }
}
