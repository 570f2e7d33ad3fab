//! Our own short-lived tokens: signed JWTs that stand for a key or a session and are looked up behind it on every use, so
//! that they end with it. HS256 with a key derived from the installation's secret: whoever checks them is whoever made them.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    TenantSlug, Timestamp,
    keys::{Token, TokenRequest},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::refused;
use crate::{
    Backend, Credential, Error, KeyGrant, Visitor,
    auth::sessions::SessionKey,
    keys::Shown,
    scope::KeyScope,
    vault::Purpose,
    visitor::{ByToken, SessionGrant},
};

/// Whom the tokens are for.
const AUDIENCE: &str = "obstack-api";
/// The longest a token lives, seconds.
const LONGEST_SECS: u64 = 900;
const SHORTEST_SECS: u64 = 30;
/// Longer ones were not made by us.
const LONGEST_TEXT: usize = 4096;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Key,
    Session,
}

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    /// Id of the key or of the account.
    sub: Uuid,
    iat: i64,
    exp: i64,
    jti: Uuid,
    kind: Kind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    tenant: Option<TenantSlug>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    scopes: Option<Vec<String>>,
    /// The session, as it is named to people.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    sid: Option<Uuid>,
}

/// Who says to have made this token; nothing is checked yet.
pub(super) fn issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Issuer {
        iss: String,
    }
    let mut parts = token.split('.');
    let payload = parts.nth(1).filter(|_| token.len() <= LONGEST_TEXT)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice::<Issuer>(&bytes).ok().map(|claims| claims.iss)
}

impl Backend {
    /// Who our tokens say has made them: the public address.
    pub(super) fn token_issuer(&self) -> &str {
        self.config.public_url.as_str().trim_end_matches('/')
    }

    /// Whom one of our tokens stands for.
    pub(super) async fn own_token(&self, token: &str, now: Timestamp) -> Result<Credential, Error> {
        let key = DecodingKey::from_secret(&self.vault.key(Purpose::ApiToken)?);
        // The algorithm is ours to say, whatever the token's header says.
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[self.token_issuer()]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // By our own clock, below.
        rules.validate_exp = false;
        let Ok(data) = decode::<Claims>(token, &key, &rules) else { return refused() };
        let claims = data.claims;
        let expires_at = Timestamp(claims.exp.saturating_mul(1000));
        let lives = claims.exp.saturating_sub(claims.iat);
        if expires_at <= now || !(0..=LONGEST_SECS.cast_signed()).contains(&lives) {
            return refused();
        }
        match (claims.kind, claims.sid, claims.scopes) {
            (Kind::Key, None, Some(scopes)) => {
                let found = self.known_key(Shown::Id(claims.sub)).await?.and_then(|found| found.at(now));
                let Some(grant) = found.filter(|grant| Some(&grant.tenant) == claims.tenant.as_ref()) else {
                    return refused();
                };
                self.keys.uses().note(grant.id, now);
                let scopes = scopes.iter().filter_map(|word| KeyScope::from_name(word)).collect();
                Ok(Credential::Key(grant.narrowed(ByToken { scopes, expires_at })))
            }
            (Kind::Session, Some(session), None) => match self.session_of(session, claims.sub, now).await? {
                Some(provider) => {
                    Ok(Credential::SessionToken(SessionGrant { user: claims.sub, provider, session, expires_at }))
                }
                None => refused(),
            },
            _ => refused(),
        }
    }

    /// The provider that vouches for a living session of this account; `None` when there is no such session.
    pub(super) async fn session_of(
        &self,
        handle: Uuid,
        user: Uuid,
        now: Timestamp,
    ) -> Result<Option<Option<Uuid>>, Error> {
        let row = sqlx::query!(
            "select s.provider_id, s.data ->> 'provider' as provider from sessions s join users u on u.id = s.user_id
             where s.handle = $1 and s.user_id = $2 and s.expires_at > $3 and u.disabled_at is null",
            handle,
            user,
            now.to_datetime()
        )
        .fetch_optional(self.db.system())
        .await?;
        Ok(row.map(|row| row.provider_id.or_else(|| row.provider.and_then(|id| id.parse().ok()))))
    }

    /// Makes a token for the caller: from the key they show, or bound to their session. It can do no more and lives no
    /// longer than what it is made from.
    ///
    /// # Errors
    /// [`Error::Denied`] for who shows a token already, [`Error::Invalid`] for what would widen.
    pub async fn token(
        &self,
        visitor: &Visitor,
        session: Option<SessionKey>,
        asked: &TokenRequest,
    ) -> Result<Token, Error> {
        visitor.without_token()?;
        let now = self.clock.now();
        let secs = asked.expires_in_s.unwrap_or(LONGEST_SECS);
        if !(SHORTEST_SECS..=LONGEST_SECS).contains(&secs) {
            return Err(Error::invalid("/expires_in_s", format!("Write {SHORTEST_SECS} to {LONGEST_SECS} seconds.")));
        }
        match visitor.credential() {
            Credential::Key(grant) => {
                let scopes = narrowed(grant, asked)?;
                let words: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
                let claims = Claims {
                    kind: Kind::Key,
                    tenant: Some(grant.tenant.clone()),
                    scopes: Some(words),
                    ..self.claims(grant.id, secs, grant.expires_at, now)
                };
                self.sign(claims)
            }
            Credential::Person { user, observing, .. } => {
                if observing.is_some() {
                    let why = "You are viewing a tenant as a viewer. Leave the view to make a token.";
                    return Err(Error::Denied { why: why.to_owned() });
                }
                if asked.scopes.is_some() {
                    let why =
                        "A token made from a session cannot be narrowed. Make it from an API key with these scopes.";
                    return Err(Error::invalid("/scopes", why));
                }
                let session = match session {
                    Some(key) => key.handle(&self.db, *user, now).await?,
                    None => None,
                };
                let Some((handle, ends)) = session else {
                    return Err(Error::Unauthenticated { why: "Sign in first, or show an API key." });
                };
                self.sign(Claims { sid: Some(handle), ..self.claims(*user, secs, ends, now) })
            }
            Credential::Nobody | Credential::SessionToken(_) => {
                Err(Error::Unauthenticated { why: "Sign in first, or show an API key." })
            }
        }
    }

    fn claims(&self, sub: Uuid, secs: u64, latest: Timestamp, now: Timestamp) -> Claims {
        let iat = now.0.div_euclid(1000);
        let exp = iat.saturating_add_unsigned(secs).min(latest.0.div_euclid(1000));
        Claims {
            iss: self.token_issuer().to_owned(),
            aud: AUDIENCE.to_owned(),
            sub,
            iat,
            exp,
            jti: Uuid::new_v4(),
            kind: Kind::Session,
            tenant: None,
            scopes: None,
            sid: None,
        }
    }

    fn sign(&self, claims: Claims) -> Result<Token, Error> {
        let key = EncodingKey::from_secret(&self.vault.key(Purpose::ApiToken)?);
        let token = encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(Error::internal)?;
        Ok(Token {
            token,
            token_type: "Bearer".to_owned(),
            expires_in_s: claims.exp.saturating_sub(claims.iat).max(0).unsigned_abs(),
            tenant: claims.tenant,
            scopes: claims.scopes,
        })
    }
}

/// The scopes that are asked for, all of which the key has.
fn narrowed(grant: &KeyGrant, asked: &TokenRequest) -> Result<BTreeSet<KeyScope>, Error> {
    let Some(words) = &asked.scopes else { return Ok(grant.scopes.clone()) };
    let mut scopes = BTreeSet::new();
    for word in words {
        match KeyScope::from_name(word).filter(|scope| grant.scopes.contains(scope)) {
            Some(scope) => scopes.insert(scope),
            None => return Err(Error::invalid("/scopes", format!("The key does not have the scope {word:?}."))),
        };
    }
    if scopes.is_empty() {
        return Err(Error::invalid("/scopes", "Name at least one of the key's scopes, or leave the member out."));
    }
    Ok(scopes)
}
