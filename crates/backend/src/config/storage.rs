//! `data_dir` and `database_url`.

use std::path::PathBuf;

use super::{
    kinds,
    reader::{Fields, Wrong},
    secret::Secret,
};
use crate::db::options_of;

pub(super) fn data_dir(top: &mut Fields<'_>) -> Option<PathBuf> {
    top.parse("data_dir", |text| {
        if text.contains('\0') {
            return Err(Wrong::new("this is not a path", "write for example ./data or /var/lib/obstack"));
        }
        Ok(PathBuf::from(text))
    })
}

/// `Some(None)` for the private cluster.
pub(super) fn database_url(top: &mut Fields<'_>) -> Option<Option<Secret>> {
    let Some((url, at)) = kinds::secret(top, "database_url", true)? else { return Some(None) };
    // The text is not repeated here: it contains a password.
    if options_of(&url).is_err() {
        top.reader.wrong(&at, "this is not a Postgres URL", "write postgres://user:password@host:5432/name");
        return None;
    }
    Some(Some(url))
}
