//! Versions of what is shown: a write names the version it has seen, so that nobody's change is overwritten.

use serde::Serialize;

use crate::{Error, vault::sha256};

/// The version of a value, as an ETag: quoted, strong, the same on every instance.
pub fn etag<T: Serialize>(value: &T) -> String {
    // What cannot be written as JSON has a version that matches nothing it will ever be shown with.
    let json = serde_json::to_vec(value).unwrap_or_default();
    let hex: String = sha256(&json)[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// Refuses a write that was meant for another version. No condition is for forms, which show what they change.
pub(crate) fn require<T: Serialize>(if_match: Option<&str>, current: &T) -> Result<(), Error> {
    match if_match {
        None | Some("*") => Ok(()),
        Some(seen) if seen == etag(current) => Ok(()),
        Some(_) => Err(Error::PreconditionFailed),
    }
}
