//! The code flow: to the provider with state, nonce and PKCE, and back. What belongs to an attempt travels in a sealed
//! cookie of the browser that began it, so that nobody can finish an attempt of somebody else.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::Timestamp;
use openidconnect::{
    AuthorizationCode, CsrfToken, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RequestTokenError,
    Scope, TokenResponse,
    core::{CoreAuthPrompt, CoreAuthenticationFlow},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    SignIn, SignInError, Vouched,
    discovery::RECENT_SECS,
    jwt,
    people::Newcomer,
    provider::Provider,
    relying::{only, refused},
    session::Tokens,
    store,
};
use crate::{
    Error,
    scope::Origin,
    vault::{self, Purpose},
};

/// So long may somebody take at the provider.
const ATTEMPT_SECS: u64 = 600;
/// Part of the state that names the cookie.
const NAME_LENGTH: usize = 8;

/// A sign-in that begins.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub location: String,
    /// End of the cookie's name: each attempt has its own.
    pub attempt: String,
    /// What the cookie holds; sealed.
    pub cookie: String,
    /// How long the cookie lives, seconds.
    pub max_age_secs: u64,
}

/// What the provider sends the browser back with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ProviderAnswer {
    /// The code to get tokens for.
    pub code: Option<String>,
    /// The attempt.
    pub state: Option<String>,
    /// Who answers.
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

/// Somebody who may come in.
#[derive(Debug)]
pub struct Arrived {
    /// The account.
    pub user: Uuid,
    /// Who vouches.
    pub provider: Uuid,
    /// Where they wanted to go; a path of this portal.
    pub back: String,
    /// To be kept with the session.
    pub vouched: Vouched,
}

/// What is sealed into the cookie.
#[derive(Serialize, Deserialize)]
struct Attempt {
    provider: Uuid,
    nonce: String,
    verifier: String,
    back: String,
    expires: i64,
}

/// The end of the cookie's name for an attempt, when the state could be one of ours.
pub fn attempt_name(state: &str) -> Option<&str> {
    let ours = state.len() == 32 && state.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    ours.then(|| &state[..NAME_LENGTH])
}

impl SignIn {
    /// Begins a sign-in. `back` is a path of this portal; the caller has checked that. `anew` asks the provider to have the
    /// person sign in again, for those who want to be somebody else there.
    pub async fn begin(&self, name: &str, back: &str, anew: bool) -> Result<Begun, SignInError> {
        let now = self.clock.now();
        let provider = store::by_name(&self.db, name).await?.ok_or(SignInError::Unknown)?;
        let found = self
            .discovered(&provider, Some(RECENT_SECS))
            .await
            .map_err(|why| SignInError::unavailable(&provider.title, &why))?;
        let client = self.relying(&provider, &found)?;
        let (state, nonce) = (random_text()?, random_text()?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (for_state, for_nonce) = (state.clone(), nonce.clone());
        let mut request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(for_state),
                move || Nonce::new(for_nonce),
            )
            .set_pkce_challenge(challenge);
        for scope in &provider.scopes {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        if anew {
            request = request.add_prompt(CoreAuthPrompt::Login);
        }
        let (location, ..) = request.url();
        let attempt = Attempt {
            provider: provider.id,
            nonce,
            verifier: verifier.into_secret(),
            back: back.to_owned(),
            expires: later(now, ATTEMPT_SECS).0,
        };
        let plain = serde_json::to_vec(&attempt).map_err(Error::internal)?;
        let sealed = self.vault.seal(Purpose::SignInCookie, &state, &plain)?;
        Ok(Begun {
            location: location.to_string(),
            attempt: attempt_name(&state).unwrap_or_default().to_owned(),
            cookie: URL_SAFE_NO_PAD.encode(sealed),
            max_age_secs: ATTEMPT_SECS,
        })
    }

    /// Finishes a sign-in. `cookie` is what the browser kept of the attempt that the state names.
    pub async fn finish(
        &self,
        name: &str,
        answer: ProviderAnswer,
        cookie: Option<&str>,
        origin: &Arc<Origin>,
    ) -> Result<Arrived, SignInError> {
        let now = self.clock.now();
        let provider = store::by_name(&self.db, name).await?.ok_or(SignInError::Unknown)?;
        let attempt = self.attempt(answer.state.as_deref(), cookie).ok_or(SignInError::Expired)?;
        if attempt.expires <= now.0 {
            return Err(SignInError::Expired);
        }
        // An answer that was meant for another provider's address: the mix-up attack.
        if attempt.provider != provider.id {
            return Err(refused("it belongs to a sign-in with another provider"));
        }
        let unavailable = |why| SignInError::unavailable(&provider.title, &why);
        let found = self.discovered(&provider, None).await.map_err(unavailable)?;
        match &answer.iss {
            Some(iss) if *iss != provider.issuer => return Err(refused("it comes from another issuer")),
            None if found.metadata.authorization_response_iss_parameter_supported => {
                return Err(refused("it does not say which issuer it comes from"));
            }
            Some(_) | None => {}
        }
        if let Some(error) = &answer.error {
            let code = known_code(error);
            tracing::info!(provider.name = %provider.name, code, "the provider answered with an error");
            return Err(SignInError::Said { title: provider.title, code });
        }
        let code = answer.code.filter(|code| !code.is_empty()).ok_or_else(|| refused("it holds no code"))?;
        let client = self.relying(&provider, &found)?;
        let http = self.http(&provider);
        let asked = client
            .exchange_code(AuthorizationCode::new(code))
            .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier))
            .request_async(&http)
            .await;
        let tokens = asked.map_err(|error| match error {
            RequestTokenError::Request(why) => SignInError::net(&provider.title, &why),
            other => {
                tracing::warn!(provider.name = %provider.name, error = %kind_of(&other), "a code was not exchanged");
                refused(
                    "its code was not exchanged for tokens: it is used up, or our client id or secret is wrong there",
                )
            }
        })?;
        let id_token =
            tokens.id_token().ok_or_else(|| refused("it gave no id token; the scope openid is missing there"))?;
        let access = tokens.access_token();
        let mut claims = self.check_id_token(&provider, id_token, access, &only(&attempt.nonce), now).await?;
        let title = provider.title.clone();
        self.complete(&provider, &found, &mut claims, access.secret())
            .await
            .map_err(|why| SignInError::net(&title, &why))?;
        let subject = jwt::text(&claims, "sub").unwrap_or_default().to_owned();
        let sid = jwt::text(&claims, "sid").map(str::to_owned);
        let person = self.arrive(&provider, &claims, Newcomer::SignsIn, origin, now).await?;
        let kept = Tokens {
            refresh: tokens.refresh_token().map(|token| token.secret().clone()),
            id: id_token.to_string(),
            failing_since: None,
        };
        let vouched = Vouched::new(provider.id, sid, subject, kept, tokens.expires_in(), now);
        Ok(Arrived { user: person.user, provider: provider.id, back: attempt.back, vouched })
    }

    fn attempt(&self, state: Option<&str>, cookie: Option<&str>) -> Option<Attempt> {
        let state = state.filter(|state| attempt_name(state).is_some())?;
        let sealed = URL_SAFE_NO_PAD.decode(cookie?).ok()?;
        // Opens for this state only: an answer cannot be finished with the cookie of another attempt.
        let plain = self.vault.unseal(Purpose::SignInCookie, state, &sealed)?;
        serde_json::from_slice(&plain).ok()
    }
}

impl Provider {
    pub(super) fn actor(&self, origin: &Arc<Origin>) -> crate::scope::Actor {
        crate::scope::Actor::new(crate::scope::ActorKind::Provider, &self.id.to_string(), &self.name, origin.clone())
    }
}

/// What failed, without what a provider wrote.
pub(super) fn kind_of(error: &super::relying::TokenError) -> String {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            format!("the provider answered {}", known_code(answer.error().as_ref()))
        }
        RequestTokenError::Request(why) => why.to_string(),
        RequestTokenError::Parse(..) => "the answer cannot be read".to_owned(),
        RequestTokenError::Other(_) => "the answer is not one of a token endpoint".to_owned(),
    }
}

/// The codes of OAuth and OpenID Connect.
fn known_code(code: &str) -> &'static str {
    const KNOWN: [&str; 17] = [
        "access_denied",
        "login_required",
        "interaction_required",
        "consent_required",
        "account_selection_required",
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
        "unsupported_response_type",
        "server_error",
        "temporarily_unavailable",
        "request_not_supported",
        "invalid_request_object",
        "registration_not_supported",
    ];
    KNOWN.into_iter().find(|known| *known == code).unwrap_or("unknown")
}

fn random_text() -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(vault::random::<24>()?))
}

/// This many seconds later.
pub(super) fn later(at: Timestamp, secs: u64) -> Timestamp {
    Timestamp(at.0.saturating_add_unsigned(secs.saturating_mul(1000)))
}
