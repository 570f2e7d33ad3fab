//! `Authorization: Bearer`: which kind of token it is, and who shows it.

use crate::{Backend, Credential, Error};

/// One text for every token that is worth nothing: it must not help to guess.
const REFUSED: &str = "The token is not valid: unknown, expired or revoked.";

impl Backend {
    /// Who shows this token.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is worth nothing, [`Error::Internal`] when that cannot be found out.
    pub async fn bearer(&self, token: &str) -> Result<Credential, Error> {
        match self.sign_in.bearer(token).await? {
            Some(credential) => Ok(credential),
            None => Err(Error::Unauthenticated { why: REFUSED }),
        }
    }
}
