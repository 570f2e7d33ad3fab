//! Back-channel logout: a provider tells, server to server, that somebody has signed out there. Every check of OpenID Connect
//! Back-Channel Logout 1.0, section 2.6, by hand: the OpenID Connect library does not know these tokens.

use std::sync::Arc;

use contract::Timestamp;
use serde_json::Value;

use super::{
    SignIn,
    jwt::{self, BadToken},
    store,
};
use crate::{
    Error,
    audit::{self, Action, Entry, Target},
    scope::Origin,
};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Clocks differ by so much at most, seconds.
const SKEW_SECS: i64 = 60;
/// A token is used soon after it was made, seconds.
const AGE_SECS: i64 = 600;
const ID_MAX: usize = 255;

/// Why a logout token is not believed. The word is all the provider is told.
#[derive(Debug, thiserror::Error)]
pub enum BadLogout {
    /// There is no such provider.
    #[error("unknown_provider")]
    UnknownProvider,
    /// Its keys cannot be read at the moment.
    #[error("keys_unavailable")]
    Keys,
    /// The signature, or what is around it.
    #[error(transparent)]
    Token(#[from] BadToken),
    /// A claim is missing or wrong.
    #[error("{0}")]
    Claim(&'static str),
    /// It was used before.
    #[error("replayed")]
    Replayed,
    /// Our fault.
    #[error("server_error")]
    Failed(#[from] Error),
}

impl SignIn {
    /// Ends the sessions a logout token names, and says how many there were.
    pub async fn backchannel_logout(&self, name: &str, token: &str, origin: &Arc<Origin>) -> Result<u64, BadLogout> {
        let now = self.clock.now();
        let provider = store::by_name(&self.db, name).await?.ok_or(BadLogout::UnknownProvider)?;
        let header = jwt::header(token)?;
        let found = self.with_key(&provider, header.kid.as_deref()).await.map_err(|_| BadLogout::Keys)?;
        // Keycloak and others say JWT, or nothing.
        let claims = jwt::verify(token, &header, &found.keys, &["logout+jwt", "JWT"])?;
        let claim = |fits: bool, what| if fits { Ok(()) } else { Err(BadLogout::Claim(what)) };
        claim(jwt::text(&claims, "iss") == Some(&provider.issuer), "iss")?;
        claim(jwt::is_for(&claims, &provider.client_id), "aud")?;
        let secs = now.0.div_euclid(1000);
        let issued = jwt::secs(&claims, "iat").ok_or(BadLogout::Claim("iat"))?;
        claim(issued <= secs.saturating_add(SKEW_SECS) && issued >= secs.saturating_sub(AGE_SECS), "iat")?;
        let expires = jwt::secs(&claims, "exp").ok_or(BadLogout::Claim("exp"))?;
        claim(expires.saturating_add(SKEW_SECS) > secs, "exp")?;
        let jti =
            jwt::text(&claims, "jti").filter(|jti| (1..=ID_MAX).contains(&jti.len())).ok_or(BadLogout::Claim("jti"))?;
        let event = claims.get("events").and_then(|events| events.get(EVENT));
        claim(event.is_some_and(Value::is_object), "events")?;
        // Otherwise an id token could be passed off as one.
        claim(!claims.contains_key("nonce"), "nonce")?;
        let id = |name| match claims.get(name) {
            None => Ok(None),
            Some(Value::String(id)) if (1..=ID_MAX).contains(&id.len()) => Ok(Some(id.as_str())),
            Some(_) => Err(BadLogout::Claim(name)),
        };
        let (sid, subject) = (id("sid")?, id("sub")?);
        claim(sid.is_some() || subject.is_some(), "sub_or_sid")?;

        // Nobody could use it again after that, whatever it says itself.
        let forgotten = expires.min(issued.saturating_add(AGE_SECS)).saturating_add(2 * SKEW_SECS);
        let mut tx = self.db.begin().await?;
        if !store::use_logout_token(&mut tx, provider.id, jti, Timestamp(forgotten.saturating_mul(1000))).await? {
            return Err(BadLogout::Replayed);
        }
        let ended = store::end_sessions(&mut tx, provider.id, sid, subject).await?;
        if ended > 0 {
            let entry = Entry::done(Action::SessionsRevoked, Target::new("provider", &provider.name))
                .after(serde_json::json!({ "sessions": ended, "subject": subject }));
            audit::record(&mut tx, &provider.actor(origin), provider.tenant_id, now, entry).await?;
        }
        tx.commit().await.map_err(Error::from)?;
        tracing::info!(provider.name = %provider.name, ended, "the provider ended sessions");
        Ok(ended)
    }
}
