//! Sessions a provider vouches for: its tokens sealed with the session's own id, asking again before they expire, and where
//! to sign out there. Only one caller asks; the others of this process wait for it, those of other instances go on.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use contract::Timestamp;
use openidconnect::{OAuth2TokenResponse, RefreshToken, RequestTokenError, TokenResponse, core::CoreErrorResponseType};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    SignIn, SignInError,
    flow::{kind_of, later},
    jwt,
    mapping::Claims,
    people::Newcomer,
    provider::Provider,
    store::{self, VouchedRow},
};
use crate::{
    Error,
    audit::{self, Action, Entry, Target},
    auth::sessions::{self, SessionKey},
    scope::Origin,
    vault::{Purpose, Vault},
};

/// Asked again so long before the access token expires.
const SKEW_SECS: u64 = 10;
/// Never asked more often.
const LEAST_SECS: u64 = 30;
/// Where the provider does not say how long its tokens last.
const USUAL_SECS: u64 = 300;
/// Between two tries while the provider is down, and the longest a try may take.
const RETRY_SECS: u64 = 30;
/// A session outlives its provider by so much.
const DOWN_SECS: u64 = 600;
/// What tokens are sealed about, beside the session's id.
const ABOUT: &str = "provider tokens";

/// What is sealed into a session.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Tokens {
    pub(super) refresh: Option<String>,
    pub(super) id: String,
    /// The provider has not answered since then, milliseconds since 1970.
    pub(super) failing_since: Option<i64>,
}

/// What a provider vouches for, to be kept with a session.
pub struct Vouched {
    provider: Uuid,
    sid: Option<String>,
    subject: String,
    tokens: Tokens,
    refresh_at: Option<Timestamp>,
}

impl std::fmt::Debug for Vouched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vouched").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// What a session loses when its id changes, and has to be given again.
pub struct Moved(VouchedRow, Tokens);

impl Vouched {
    pub(super) fn new(
        provider: Uuid,
        sid: Option<String>,
        subject: String,
        tokens: Tokens,
        lasts: Option<Duration>,
        now: Timestamp,
    ) -> Self {
        let refresh_at = tokens.refresh.as_ref().map(|_| next(lasts, now));
        // Longer than any provider's ids; nothing could be found by it.
        let sid = sid.filter(|sid| sid.len() <= 255);
        Self { provider, sid, subject, tokens, refresh_at }
    }
}

fn next(lasts: Option<Duration>, now: Timestamp) -> Timestamp {
    let secs = lasts.map_or(USUAL_SECS, |lasts| lasts.as_secs());
    later(now, secs.saturating_sub(SKEW_SECS).max(LEAST_SECS))
}

fn seal(session: i128, tokens: &Tokens) -> Result<Vec<u8>, Error> {
    let plain = serde_json::to_vec(tokens).map_err(Error::internal)?;
    Vault::of_session(session).seal(Purpose::SessionTokens, ABOUT, &plain)
}

fn open(session: i128, sealed: Option<&[u8]>) -> Option<Tokens> {
    let plain = Vault::of_session(session).unseal(Purpose::SessionTokens, ABOUT, sealed?)?;
    serde_json::from_slice(&plain).ok()
}

/// What asking a provider came to.
enum Asked {
    /// Rights were read again.
    Renewed(Tokens, Timestamp),
    /// The provider, or a rule, says that it is over.
    Over(&'static str),
    /// Nobody knows at the moment.
    Unknown(String),
}

impl SignIn {
    /// Keeps with a new session what the provider vouches for.
    pub async fn vouch(&self, session: i128, vouched: &Vouched) -> Result<(), Error> {
        let row = VouchedRow {
            user_id: None,
            provider_id: Some(vouched.provider),
            provider_sid: vouched.sid.clone(),
            provider_subject: Some(vouched.subject.clone()),
            tokens_sealed: Some(seal(session, &vouched.tokens)?),
            refresh_at: vouched.refresh_at.map(Timestamp::to_datetime),
        };
        store::vouch(&self.db, SessionKey::of(session), &row).await
    }

    /// What a session would lose with a new id. Take it before the id changes, and give it back with [`SignIn::put_down`].
    pub async fn take_along(&self, session: i128) -> Result<Option<Moved>, Error> {
        let Some(row) = store::vouched(&self.db, SessionKey::of(session)).await? else { return Ok(None) };
        let tokens = row.provider_id.and_then(|_| open(session, row.tokens_sealed.as_deref()));
        Ok(tokens.map(|tokens| Moved(row, tokens)))
    }

    /// Gives a session of a new id what it had.
    pub async fn put_down(&self, session: i128, Moved(row, tokens): Moved) -> Result<(), Error> {
        let row = VouchedRow { tokens_sealed: Some(seal(session, &tokens)?), ..row };
        store::vouch(&self.db, SessionKey::of(session), &row).await
    }

    /// Whether a session that a provider vouches for may go on. Asks the provider when it is time to.
    pub async fn keep(&self, session: i128, origin: &Arc<Origin>) -> Result<bool, Error> {
        let key = SessionKey::of(session);
        match self.due(key).await? {
            Due::Not => return Ok(true),
            Due::Over => return Ok(false),
            Due::Now(_) => {}
        }
        let turn = {
            let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody waits at those that only this table still knows.
            asking.retain(|_, turn| Arc::strong_count(turn) > 1);
            asking.entry(key).or_default().clone()
        };
        let _held = turn.lock().await;
        let row = match self.due(key).await? {
            Due::Not => return Ok(true),
            Due::Over => return Ok(false),
            Due::Now(row) => row,
        };
        let now = self.clock.now();
        if !store::take_turn(&self.db, key, now, later(now, RETRY_SECS)).await? {
            return Ok(true);
        }
        let provider = match row.provider_id {
            Some(id) => store::by_id(&self.db, id).await?,
            None => None,
        };
        let tokens = open(session, row.tokens_sealed.as_deref());
        let (Some(provider), Some(tokens)) = (provider, tokens) else {
            sessions::delete(&self.db, key).await?;
            return Ok(false);
        };
        match self.ask(&provider, &row, &tokens, origin, now).await? {
            Asked::Renewed(tokens, at) => {
                store::keep_tokens(&self.db, key, &seal(session, &tokens)?, Some(at)).await?;
                Ok(true)
            }
            Asked::Over(why) => {
                self.end(key, &provider, row.user_id, why, origin, now).await?;
                Ok(false)
            }
            Asked::Unknown(why) => {
                let since = tokens.failing_since.unwrap_or(now.0);
                tracing::warn!(provider.name = %provider.name, why, "a session could not be renewed");
                if now.0 - since >= i64::try_from(DOWN_SECS * 1000).unwrap_or(i64::MAX) {
                    self.end(key, &provider, row.user_id, "the provider has been down for too long", origin, now)
                        .await?;
                    return Ok(false);
                }
                let tokens = Tokens { failing_since: Some(since), ..tokens };
                store::keep_tokens(&self.db, key, &seal(session, &tokens)?, Some(later(now, RETRY_SECS))).await?;
                Ok(true)
            }
        }
    }

    async fn due(&self, key: SessionKey) -> Result<Due, Error> {
        Ok(match store::vouched(&self.db, key).await? {
            // Nobody vouches for a session that says somebody does.
            None | Some(VouchedRow { provider_id: None, .. }) => Due::Over,
            Some(row) if row.refresh_at.is_some_and(|at| Timestamp::from(at) <= self.clock.now()) => Due::Now(row),
            Some(_) => Due::Not,
        })
    }

    async fn ask(
        &self,
        provider: &Provider,
        row: &VouchedRow,
        tokens: &Tokens,
        origin: &Arc<Origin>,
        now: Timestamp,
    ) -> Result<Asked, Error> {
        let Some(refresh) = &tokens.refresh else { return Ok(Asked::Over("there is nothing to renew it with")) };
        let found = match self.discovered(provider, None).await {
            Ok(found) => found,
            Err(why) => return Ok(Asked::Unknown(why.to_string())),
        };
        let client = self.relying(provider, &found)?;
        let http = self.http(provider);
        let refresh = RefreshToken::new(refresh.clone());
        let answer = match client.exchange_refresh_token(&refresh).request_async(&http).await {
            Ok(answer) => answer,
            Err(RequestTokenError::ServerResponse(said)) if *said.error() == CoreErrorResponseType::InvalidGrant => {
                return Ok(Asked::Over("the provider has ended it"));
            }
            Err(error) => return Ok(Asked::Unknown(kind_of(&error))),
        };
        let renewed = Tokens {
            refresh: answer.refresh_token().map(|token| token.secret().clone()).or_else(|| tokens.refresh.clone()),
            id: answer.id_token().map_or_else(|| tokens.id.clone(), ToString::to_string),
            failing_since: None,
        };
        let at = next(answer.expires_in(), now);
        let mut claims = match answer.id_token() {
            Some(token) => {
                // A renewed id token need not repeat the nonce.
                let any = |_: Option<&openidconnect::Nonce>| Ok(());
                match self.check_id_token(provider, token, answer.access_token(), any, now).await {
                    Ok(claims) => claims,
                    Err(SignInError::Failed(error)) => return Err(error),
                    Err(SignInError::Unreachable { why, .. }) => return Ok(Asked::Unknown(why)),
                    Err(_) => return Ok(Asked::Over("its new id token was refused")),
                }
            }
            // Only who it is about is certain; everything else has to come from the userinfo endpoint.
            None => {
                let subject = row.provider_subject.clone().unwrap_or_default();
                Claims::from_iter([("sub".to_owned(), subject.into())])
            }
        };
        if jwt::text(&claims, "sub") != row.provider_subject.as_deref() {
            return Ok(Asked::Over("its new id token is about somebody else"));
        }
        let told = claims.len();
        if let Err(why) = self.complete(provider, &found, &mut claims, answer.access_token().secret()).await {
            // The new refresh token may be the only one that still works.
            tracing::info!(provider.name = %provider.name, %why, "the userinfo endpoint did not answer");
            return Ok(Asked::Renewed(renewed, later(now, LEAST_SECS)));
        }
        if answer.id_token().is_none() && claims.len() == told {
            // The provider vouches for the session and says nothing more: what it said before stands.
            return Ok(Asked::Renewed(renewed, at));
        }
        match self.arrive(provider, &claims, Newcomer::Stays, origin, now).await {
            Ok(_) => Ok(Asked::Renewed(renewed, at)),
            Err(SignInError::Failed(error)) => Err(error),
            Err(SignInError::NoAccess(_)) => Ok(Asked::Over("no rule gives the person anything any more")),
            Err(_) => Ok(Asked::Over("the account is switched off")),
        }
    }

    async fn end(
        &self,
        key: SessionKey,
        provider: &Provider,
        user: Option<Uuid>,
        why: &'static str,
        origin: &Arc<Origin>,
        now: Timestamp,
    ) -> Result<(), Error> {
        tracing::info!(provider.name = %provider.name, why, "a session ended");
        let mut tx = self.db.begin().await?;
        sqlx::query!("delete from sessions where id_hash = $1", key.as_bytes()).execute(&mut *tx).await?;
        let entry = Entry::done(Action::SessionRevoked, Target::new("user", user.unwrap_or_default()))
            .after(serde_json::json!({ "why": why }));
        audit::record(&mut tx, &provider.actor(origin), provider.tenant_id, now, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Where the browser goes to sign out at the provider too; none for sessions nobody else vouches for, and when the
    /// provider offers nothing of the kind or is down.
    pub async fn sign_out_address(&self, session: i128) -> Result<Option<String>, Error> {
        let Some(row) = store::vouched(&self.db, SessionKey::of(session)).await? else { return Ok(None) };
        let Some(id) = row.provider_id else { return Ok(None) };
        let Some(provider) = store::by_id(&self.db, id).await? else { return Ok(None) };
        let Ok(found) = self.discovered(&provider, None).await else { return Ok(None) };
        let Some(endpoint) = &found.metadata.end_session_endpoint else { return Ok(None) };
        let Ok(mut url) = Url::parse(endpoint) else { return Ok(None) };
        let home = format!("{}/", self.public_url.as_str().trim_end_matches('/'));
        if let Some(tokens) = open(session, row.tokens_sealed.as_deref()) {
            url.query_pairs_mut().append_pair("id_token_hint", &tokens.id);
        }
        url.query_pairs_mut()
            .append_pair("client_id", &provider.client_id)
            .append_pair("post_logout_redirect_uri", &home);
        Ok(Some(url.into()))
    }

    /// Forgets logout tokens nobody could use any more.
    pub async fn purge(&self, now: Timestamp) -> Result<u64, Error> {
        store::purge_logout_tokens(&self.db, now).await
    }
}

/// Whether the provider has to be asked.
enum Due {
    Not,
    Over,
    Now(VouchedRow),
}
