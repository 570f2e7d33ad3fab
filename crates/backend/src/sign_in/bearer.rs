//! Access tokens of providers on the API, where a provider's settings allow it: the audience must be named by the token, and
//! the claims must give something by the same rules as at sign-in.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
};

use time::OffsetDateTime;
use uuid::Uuid;

use super::{SignIn, SignInError, jwt, people::Newcomer, provider::Provider, store};
use crate::{Credential, Error, scope::Origin, vault::sha256};

/// A token is looked at again after this time: a rule that was changed counts then.
const REMEMBERED_MS: i64 = 30_000;
/// More tokens than are in use at once.
const REMEMBERED_MAX: usize = 10_000;
/// Clocks differ by so much at most, seconds.
const SKEW_SECS: i64 = 30;

const REFUSED: Error = Error::Unauthenticated { why: "The token is not valid: unknown, expired or revoked." };

/// Tokens that were checked, by their hash and by the version of the provider they were checked against.
pub(super) type Recent = HashMap<([u8; 32], Uuid, OffsetDateTime), (i64, Uuid)>;

impl SignIn {
    /// Who shows this access token; none when it is not one of a provider the API takes tokens of.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is one and worth nothing, [`Error::Denied`] when no rule gives its person
    /// anything.
    pub async fn bearer(&self, token: &str) -> Result<Option<Credential>, Error> {
        let Some(said) = jwt::unchecked(token) else { return Ok(None) };
        let Some(issuer) = jwt::text(&said, "iss") else { return Ok(None) };
        let providers = store::for_api(&self.db, issuer).await?;
        let meant = |provider: &&Provider| provider.api_audience.as_deref().is_some_and(|aud| jwt::is_for(&said, aud));
        let Some(provider) = providers.iter().find(meant) else {
            return if providers.is_empty() { Ok(None) } else { Err(REFUSED) };
        };
        let now = self.clock.now();
        let place = (sha256(token.as_bytes()), provider.id, provider.updated_at);
        let remembered = {
            let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            tokens.get(&place).filter(|(until, _)| *until > now.0).map(|(_, user)| *user)
        };
        let user = match remembered {
            Some(user) => user,
            None => {
                let (user, expires) = self.check_bearer(provider, token).await?;
                let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
                if tokens.len() >= REMEMBERED_MAX {
                    tokens.retain(|_, (until, _)| *until > now.0);
                }
                if tokens.len() < REMEMBERED_MAX {
                    tokens.insert(place, ((now.0 + REMEMBERED_MS).min(expires.saturating_mul(1000)), user));
                }
                user
            }
        };
        Ok(Some(Credential::Person { user, provider: Some(provider.id), observing: None }))
    }

    /// The person, and when the token expires.
    async fn check_bearer(&self, provider: &Provider, token: &str) -> Result<(Uuid, i64), Error> {
        let now = self.clock.now();
        let header = jwt::header(token).map_err(|_| REFUSED)?;
        let found = self.with_key(provider, header.kid.as_deref()).await.map_err(|why| {
            tracing::warn!(provider.name = %provider.name, %why, "a bearer token cannot be checked");
            Error::upstream(&provider.name, "the keys of the sign-in provider cannot be read")
        })?;
        let claims = jwt::verify(token, &header, &found.keys, &["JWT", "at+jwt"]).map_err(|why| {
            tracing::info!(provider.name = %provider.name, %why, "a bearer token was refused");
            REFUSED
        })?;
        let secs = now.0.div_euclid(1000);
        let audience = provider.api_audience.as_deref().unwrap_or_default();
        let expires = jwt::secs(&claims, "exp").ok_or(REFUSED)?;
        let in_time =
            expires > secs && jwt::secs(&claims, "nbf").is_none_or(|from| from <= secs.saturating_add(SKEW_SECS));
        if jwt::text(&claims, "iss") != Some(&provider.issuer) || !jwt::is_for(&claims, audience) || !in_time {
            return Err(REFUSED);
        }
        // An id token says who somebody is to a browser, a logout token that somebody is gone; neither opens an API.
        let other = jwt::text(&claims, "typ").is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer"));
        if other || claims.contains_key("nonce") || claims.contains_key("events") {
            return Err(REFUSED);
        }
        let origin = Arc::new(Origin::default());
        match self.arrive(provider, &claims, Newcomer::ShowsToken, &origin, now).await {
            Ok(person) => Ok((person.user, expires)),
            Err(SignInError::Failed(error)) => Err(error),
            Err(SignInError::NoAccess(_)) => Err(Error::Denied {
                why: "No rule of the sign-in provider gives the token's person a role in any tenant.".to_owned(),
            }),
            Err(_) => Err(REFUSED),
        }
    }
}
