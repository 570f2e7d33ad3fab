//! The OpenID Connect library, set up for a provider, and what its answers mean.

use std::time::{Duration, SystemTime};

use contract::Timestamp;
use openidconnect::{
    AccessToken, AccessTokenHash, AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, IssuerUrl,
    Nonce, NonceVerifier, RedirectUrl, RequestTokenError, StandardErrorResponse, TokenUrl,
    core::{CoreClient, CoreErrorResponseType, CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm},
};

use super::{
    SignIn, SignInError,
    discovery::Discovered,
    jwt,
    mapping::{Claims, values_at},
    net::NetError,
    provider::Provider,
};
use crate::Error;

/// A client that knows where to send people and where to get tokens.
pub(super) type Relying = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// Why a token request failed.
pub(super) type TokenError = RequestTokenError<NetError, StandardErrorResponse<CoreErrorResponseType>>;

/// How far a provider's clock may be ahead of ours, seconds.
const SKEW_SECS: i64 = 60;

/// The same three everywhere: nothing unsigned, nothing signed with a shared secret.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 3] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
];

impl SignIn {
    pub(super) fn relying(&self, provider: &Provider, found: &Discovered) -> Result<Relying, Error> {
        let metadata = &found.metadata;
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(Error::internal)?;
        let mut client =
            CoreClient::new(ClientId::new(provider.client_id.clone()), issuer, found.keys.for_id_tokens.clone())
                .set_auth_uri(AuthUrl::new(metadata.authorization_endpoint.clone()).map_err(Error::internal)?)
                .set_token_uri(TokenUrl::new(metadata.token_endpoint.clone()).map_err(Error::internal)?)
                .set_redirect_uri(RedirectUrl::new(self.address(&provider.name, "callback")).map_err(Error::internal)?);
        if let Some(secret) = self.secret(provider)? {
            client = client.set_client_secret(ClientSecret::new(secret));
        }
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let has = |wanted: &str| methods.iter().any(|method| method == wanted);
        // Absent means basic, as the standard says.
        if !methods.is_empty() && !has("client_secret_basic") && has("client_secret_post") {
            client = client.set_auth_type(AuthType::RequestBody);
        }
        Ok(client)
    }

    /// What the library sends its requests with.
    pub(super) fn http(
        &self,
        provider: &Provider,
    ) -> impl Fn(
        openidconnect::HttpRequest,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<openidconnect::HttpResponse, NetError>> + Send>>
    + Send
    + Sync
    + 'static {
        let (net, reach) = (self.net.clone(), provider.reach());
        move |request| {
            let net = net.clone();
            Box::pin(async move { net.call(reach, request).await })
        }
    }

    /// Checks an id token and gives its claims.
    pub(super) async fn check_id_token(
        &self,
        provider: &Provider,
        token: &CoreIdToken,
        access: &AccessToken,
        nonce: impl NonceVerifier,
        now: Timestamp,
    ) -> Result<Claims, SignInError> {
        let raw = token.to_string();
        let header =
            jwt::header(&raw).map_err(|_| refused("its id token has a form or algorithm that is not accepted"))?;
        let found = self
            .with_key(provider, header.kid.as_deref())
            .await
            .map_err(|why| SignInError::unavailable(&provider.title, &why))?;
        let issuer = IssuerUrl::new(provider.issuer.clone()).map_err(Error::internal)?;
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(now.0).unwrap_or_default());
        let verifier = CoreIdTokenVerifier::new_public_client(
            ClientId::new(provider.client_id.clone()),
            issuer,
            found.keys.for_id_tokens.clone(),
        )
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || at.into());
        let claims = token.claims(&verifier, nonce).map_err(|error| {
            tracing::warn!(provider.name = %provider.name, %error, "an id token was refused");
            refused("its id token did not pass the checks of signature, issuer, audience, time and nonce")
        })?;
        if let Some(expected) = claims.access_token_hash() {
            let key = token.signing_key(&verifier).map_err(|_| refused("its id token names no usable key"))?;
            let algorithm = token.signing_alg().map_err(|_| refused("its id token is not signed"))?;
            let actual = AccessTokenHash::from_token(access, algorithm, key)
                .map_err(|_| refused("its access token cannot be compared with the id token"))?;
            if actual != *expected {
                return Err(refused("its access token is not the one the id token belongs to"));
            }
        }
        let claims = jwt::unchecked(&raw).ok_or_else(|| refused("its id token cannot be read"))?;
        // The library looks at the end only. A clock that is a little ahead is no reason to refuse.
        let latest = now.as_secs().saturating_add(SKEW_SECS);
        if ["iat", "nbf"].iter().any(|begin| jwt::secs(&claims, begin).is_some_and(|begin| begin > latest)) {
            tracing::warn!(provider.name = %provider.name, "an id token from the future was refused");
            return Err(refused("its id token is not valid yet; its clock and ours differ by more than a minute"));
        }
        Ok(claims)
    }

    /// Adds what the provider tells at its userinfo endpoint, where the token alone leaves something open. Claims of the
    /// token win.
    pub(super) async fn complete(
        &self,
        provider: &Provider,
        found: &Discovered,
        claims: &mut Claims,
        access: &str,
    ) -> Result<(), NetError> {
        let Some(endpoint) = &found.metadata.userinfo_endpoint else { return Ok(()) };
        let open = provider.rules().iter().any(|rule| values_at(claims, &rule.claim).is_empty())
            || (jwt::text(claims, "name").is_none() && jwt::text(claims, "email").is_none());
        if !open {
            return Ok(());
        }
        let (status, body) = self.net.get(provider.reach(), endpoint, Some(access)).await?;
        if status != 200 {
            // Some providers refuse it for tokens of some kinds. What is missing then gives nobody anything.
            tracing::info!(provider.name = %provider.name, status, "the userinfo endpoint gave nothing");
            return Ok(());
        }
        let more: Claims = serde_json::from_slice(&body).unwrap_or_default();
        // An answer about somebody else must not be mixed in.
        if jwt::text(&more, "sub").is_some() && more.get("sub") == claims.get("sub") {
            for (name, value) in more {
                claims.entry(name).or_insert(value);
            }
        }
        Ok(())
    }
}

/// Accepts an id token only with this nonce.
pub(super) fn only(nonce: &str) -> Nonce {
    Nonce::new(nonce.to_owned())
}

pub(super) fn refused(why: &'static str) -> SignInError {
    SignInError::Refused { why }
}
