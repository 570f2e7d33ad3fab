//! What a provider says of itself: its discovery document and its keys. Remembered for a while, read again when a token
//! names a key nobody has seen, so that a provider may change its keys whenever it likes.

use std::sync::{Arc, PoisonError};

use contract::Timestamp;
use jsonwebtoken::jwk::Jwk;
use openidconnect::core::CoreJsonWebKeySet;
use reqwest::Url;
use serde::Deserialize;
use time::OffsetDateTime;

use super::{
    SignIn,
    net::{NetError, Reach},
    provider::Provider,
};

/// Remembered for so long.
const FRESH_SECS: u64 = 600;
/// What was remembered may still be used for so long while the provider is down.
const STALE_SECS: u64 = 3600;
/// Somebody who is sent to the provider should find it: it must have answered within this time.
pub(super) const RECENT_SECS: u64 = 30;
/// After a failure nobody asks again for so long.
const PAUSE_SECS: u64 = 3;
/// Unknown keys lead to so many new readings within a minute, however many tokens name them.
const FORCED_PER_MINUTE: usize = 5;

/// The parts of a discovery document that are used.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    pub(super) issuer: String,
    pub(super) authorization_endpoint: String,
    pub(super) token_endpoint: String,
    pub(super) jwks_uri: String,
    #[serde(default)]
    pub(super) userinfo_endpoint: Option<String>,
    #[serde(default)]
    pub(super) end_session_endpoint: Option<String>,
    #[serde(default)]
    pub(super) code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) id_token_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    pub(super) backchannel_logout_supported: bool,
    #[serde(default)]
    pub(super) backchannel_logout_session_supported: bool,
}

/// A provider's keys, for both libraries that check signatures.
pub(super) struct Keys {
    pub(super) for_id_tokens: CoreJsonWebKeySet,
    pub(super) all: Vec<Jwk>,
}

impl Keys {
    pub(super) fn has(&self, kid: &str) -> bool {
        self.all.iter().any(|key| key.common.key_id.as_deref() == Some(kid))
    }
}

/// A provider as it presented itself.
pub(super) struct Discovered {
    pub(super) metadata: Metadata,
    pub(super) keys: Keys,
    at: Timestamp,
}

/// Why a provider cannot be used. The text goes after "the provider cannot be used: ".
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum Unavailable {
    #[error("{0}")]
    Net(Arc<NetError>),
    #[error("its {what} is answered with status {status}")]
    Status { what: &'static str, status: u16 },
    #[error("its {0} cannot be read")]
    Unreadable(&'static str),
    #[error("it calls itself by another issuer than the one that is set")]
    Issuer,
    #[error("its {0} is no address that may be used")]
    Address(&'static str),
}

impl From<NetError> for Unavailable {
    fn from(error: NetError) -> Self {
        Self::Net(Arc::new(error))
    }
}

/// What is known of one provider. The lock is held while it is read, so that everybody waits for one reading.
#[derive(Default)]
pub(super) struct Place(tokio::sync::Mutex<State>);

#[derive(Default)]
struct State {
    /// A changed provider is another one.
    version: Option<OffsetDateTime>,
    found: Option<Arc<Discovered>>,
    failed: Option<(Timestamp, Unavailable)>,
    forced: Vec<Timestamp>,
}

impl SignIn {
    /// The provider as it presents itself, not older than `at_most_secs` unless it is down and that is enough.
    pub(super) async fn discovered(
        &self,
        provider: &Provider,
        at_most_secs: Option<u64>,
    ) -> Result<Arc<Discovered>, Unavailable> {
        let place = self.place(provider);
        let mut state = place.0.lock().await;
        let now = self.clock.now();
        state.of(provider);
        if let Some(found) =
            state.found.as_ref().filter(|found| younger(found.at, now, at_most_secs.unwrap_or(FRESH_SECS)))
        {
            return Ok(found.clone());
        }
        let usable = |state: &State| {
            let found =
                state.found.as_ref().filter(|found| at_most_secs.is_none() && younger(found.at, now, STALE_SECS));
            found.cloned()
        };
        if let Some((at, why)) = &state.failed
            && younger(*at, now, PAUSE_SECS)
        {
            return usable(&state).ok_or_else(|| why.clone());
        }
        self.read_into(provider, &mut state, now).await.or_else(|why| usable(&state).ok_or(why))
    }

    /// The provider with a key of this name, if it has one now.
    pub(super) async fn with_key(
        &self,
        provider: &Provider,
        kid: Option<&str>,
    ) -> Result<Arc<Discovered>, Unavailable> {
        let found = self.discovered(provider, None).await?;
        let Some(kid) = kid else { return Ok(found) };
        if found.keys.has(kid) {
            return Ok(found);
        }
        let place = self.place(provider);
        let mut state = place.0.lock().await;
        let now = self.clock.now();
        state.of(provider);
        // Somebody else may have read them while this one waited.
        if let Some(found) = state.found.as_ref().filter(|found| found.keys.has(kid)) {
            return Ok(found.clone());
        }
        state.forced.retain(|at| younger(*at, now, 60));
        if state.forced.len() >= FORCED_PER_MINUTE {
            return Ok(found);
        }
        state.forced.push(now);
        tracing::info!(provider.name = %provider.name, "a token names an unknown key; the provider's keys are read again");
        Ok(self.read_into(provider, &mut state, now).await.unwrap_or(found))
    }

    fn place(&self, provider: &Provider) -> Arc<Place> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(provider.id).or_default().clone()
    }

    async fn read_into(
        &self,
        provider: &Provider,
        state: &mut State,
        now: Timestamp,
    ) -> Result<Arc<Discovered>, Unavailable> {
        match self.read(&provider.issuer, provider.reach(), now).await {
            Ok(found) => {
                let found = Arc::new(found);
                state.found = Some(found.clone());
                state.failed = None;
                Ok(found)
            }
            Err(why) => {
                tracing::warn!(provider.name = %provider.name, error = ?why, "a sign-in provider cannot be used");
                state.failed = Some((now, why.clone()));
                Err(why)
            }
        }
    }

    /// Reads and checks the documents of an issuer.
    pub(super) async fn read(&self, issuer: &str, reach: Reach, now: Timestamp) -> Result<Discovered, Unavailable> {
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let metadata: Metadata = self.document(&url, reach, "discovery document").await?;
        if metadata.issuer != issuer {
            return Err(Unavailable::Issuer);
        }
        let must = [
            ("authorization endpoint", Some(&metadata.authorization_endpoint)),
            ("token endpoint", Some(&metadata.token_endpoint)),
            ("key set", Some(&metadata.jwks_uri)),
            ("userinfo endpoint", metadata.userinfo_endpoint.as_ref()),
            ("logout endpoint", metadata.end_session_endpoint.as_ref()),
        ];
        for (what, address) in must {
            if address.is_some_and(|address| !is_address(address, reach)) {
                return Err(Unavailable::Address(what));
            }
        }
        let keys: serde_json::Value = self.document(&metadata.jwks_uri, reach, "key set").await?;
        let keys = keys_of(&keys).ok_or(Unavailable::Unreadable("key set"))?;
        Ok(Discovered { metadata, keys, at: now })
    }

    async fn document<T: serde::de::DeserializeOwned>(
        &self,
        url: &str,
        reach: Reach,
        what: &'static str,
    ) -> Result<T, Unavailable> {
        let (status, body) = self.net.get(reach, url, None).await?;
        if status != 200 {
            return Err(Unavailable::Status { what, status });
        }
        serde_json::from_slice(&body).map_err(|_| Unavailable::Unreadable(what))
    }
}

impl State {
    fn of(&mut self, provider: &Provider) {
        if self.version != Some(provider.updated_at) {
            *self = Self { version: Some(provider.updated_at), ..Self::default() };
        }
    }
}

/// Keys neither library can read are left out: providers keep keys for other purposes in the same set.
fn keys_of(set: &serde_json::Value) -> Option<Keys> {
    let list = set.get("keys")?.as_array()?;
    let signing = list.iter().filter(|key| key.get("use").and_then(|u| u.as_str()).is_none_or(|u| u == "sig"));
    // Symmetric keys have no place in a public document: a token signed with one proves nothing.
    let signing: Vec<_> = signing.filter(|key| key.get("kty").and_then(|kty| kty.as_str()) != Some("oct")).collect();
    let all = signing.iter().filter_map(|key| serde_json::from_value::<Jwk>((*key).clone()).ok()).collect();
    let for_id_tokens = serde_json::from_value(serde_json::json!({ "keys": signing })).ok()?;
    Some(Keys { for_id_tokens, all })
}

fn is_address(text: &str, reach: Reach) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && reach == Reach::Anywhere);
        scheme && url.has_host() && url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
    })
}

fn younger(at: Timestamp, now: Timestamp, secs: u64) -> bool {
    at > now.minus_secs(secs)
}
