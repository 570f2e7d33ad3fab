//! `Authorization: Bearer`: which kind of token it is, and who shows it. Making tokens of our own stands in `token`.

mod refusals;
mod token;

use std::net::IpAddr;

use contract::Timestamp;

use crate::{
    Backend, Credential, Error,
    keys::{KeyText, Shown},
};

pub(crate) use refusals::Refusals;

/// One text for every token that is worth nothing: it must not help to guess.
const REFUSED: &str = "The token is not valid: unknown, expired or revoked.";

/// What is worth nothing.
fn refused<T>() -> Result<T, Error> {
    Err(Error::Unauthenticated { why: REFUSED })
}

impl Backend {
    /// Who shows this token, from this address.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is worth nothing, [`Error::RateLimited`] when too many such came from the address,
    /// [`Error::Internal`] when that cannot be found out.
    pub async fn bearer(&self, token: &str, client: IpAddr) -> Result<Credential, Error> {
        let now = self.clock.now();
        if let Some(retry_after) = self.refusals.waiting(client, now) {
            return Err(Error::RateLimited { retry_after });
        }
        match self.identify(token, now).await {
            Err(Error::Unauthenticated { why }) => match self.refusals.count(&self.db, client, now).await? {
                Some(retry_after) => Err(Error::RateLimited { retry_after }),
                None => Err(Error::Unauthenticated { why }),
            },
            other => other,
        }
    }

    /// One branch for each kind of token.
    async fn identify(&self, token: &str, now: Timestamp) -> Result<Credential, Error> {
        if KeyText::is_meant(token) {
            // The checksum comes first: what was mistyped or made up costs no look-up.
            let Some(text) = KeyText::parse(token) else { return refused() };
            let found = self.known_key(Shown::Hash(text.hash())).await?;
            let Some(grant) = found.and_then(|found| found.at(now)) else { return refused() };
            self.keys.uses().note(grant.id, now);
            return Ok(Credential::Key(grant));
        }
        match token::issuer(token) {
            Some(issuer) if issuer == self.token_issuer() => self.own_token(token, now).await,
            // Of others only the access tokens of sign-in providers.
            Some(_) => match self.sign_in.bearer(token).await? {
                Some(credential) => Ok(credential),
                None => refused(),
            },
            None => refused(),
        }
    }

    /// The same credential as of now, for connections that stay open; nobody when it is worth nothing any more.
    pub(crate) async fn still(&self, credential: Credential) -> Result<Credential, Error> {
        let now = self.clock.now();
        match credential {
            // Whether the session of a cookie lives is asked by whoever has the cookie.
            Credential::Nobody | Credential::Person { .. } => Ok(credential),
            Credential::SessionToken(grant) => {
                let alive = grant.expires_at > now && self.session_of(grant.session, grant.user, now).await?.is_some();
                Ok(if alive { Credential::SessionToken(grant) } else { Credential::Nobody })
            }
            Credential::Key(old) => {
                let found = self.known_key(Shown::Id(old.id)).await?.and_then(|found| found.at(now));
                let grant = match (found, old.by_token) {
                    (Some(grant), Some(by)) => Some(grant.narrowed(by)).filter(|grant| grant.expires_at > now),
                    (grant, _) => grant,
                };
                Ok(grant.map_or(Credential::Nobody, Credential::Key))
            }
        }
    }
}

#[cfg(test)]
mod tests;
