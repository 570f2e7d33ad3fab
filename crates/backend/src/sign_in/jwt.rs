//! Signatures of tokens that the OpenID Connect library does not know: logout tokens and bearer tokens. What the claims
//! must say is the caller's to check.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header, errors::ErrorKind, jwk::Jwk};
use serde_json::Value;

use super::{discovery::Keys, mapping::Claims};

/// Longest token that is looked at, bytes.
pub(super) const TOKEN_MAX: usize = 16 * 1024;

/// Never `none`, and never one whose key is a shared secret: the public key would be taken for it.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];

/// Why a signature is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is no signed token at all.
    #[error("malformed")]
    Malformed,
    /// Its algorithm is not allowed.
    #[error("algorithm")]
    Algorithm,
    /// It is a token for another purpose.
    #[error("type")]
    Type,
    /// Nobody knows the key it names.
    #[error("unknown_key")]
    UnknownKey,
    /// The signature is wrong.
    #[error("signature")]
    Signature,
}

/// The header, when it is one of a token that could be believed.
pub(super) fn header(token: &str) -> Result<Header, BadToken> {
    if token.len() > TOKEN_MAX {
        return Err(BadToken::Malformed);
    }
    // An algorithm that is not known at all, `none` among them, cannot be read.
    let raw = part(token, 0).ok_or(BadToken::Malformed)?;
    let named = raw.get("alg").and_then(Value::as_str).ok_or(BadToken::Malformed)?;
    let header =
        decode_header(token).map_err(|_| if named.is_empty() { BadToken::Malformed } else { BadToken::Algorithm })?;
    if !ALGORITHMS.contains(&header.alg) || header.crit.is_some() {
        return Err(BadToken::Algorithm);
    }
    Ok(header)
}

/// What the token says, unchecked. For finding out whose it is; nothing may be decided by it.
pub(super) fn unchecked(token: &str) -> Option<Claims> {
    if token.len() > TOKEN_MAX {
        return None;
    }
    part(token, 1)
}

fn part(token: &str, which: usize) -> Option<Claims> {
    let mut parts = token.split('.');
    let text = parts.clone().nth(which)?;
    if parts.by_ref().count() != 3 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

/// Checks the signature and gives the claims. `types` are the values of `typ` that are taken, without regard to case;
/// a token without one is taken as well.
pub(super) fn verify(token: &str, header: &Header, keys: &Keys, types: &[&str]) -> Result<Claims, BadToken> {
    if let Some(kind) = &header.typ {
        let kind = kind.strip_prefix("application/").unwrap_or(kind);
        if !types.iter().any(|wanted| wanted.eq_ignore_ascii_case(kind)) {
            return Err(BadToken::Type);
        }
    }
    let key = key_for(header, keys).ok_or(BadToken::UnknownKey)?;
    let key = DecodingKey::from_jwk(key).map_err(|_| BadToken::Algorithm)?;
    let mut validation = Validation::new(header.alg);
    // Times and audiences are checked by the caller, against the clock that is passed in.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    decode::<Claims>(token, &key, &validation).map(|data| data.claims).map_err(|error| match error.kind() {
        ErrorKind::InvalidSignature => BadToken::Signature,
        ErrorKind::Json(_) | ErrorKind::InvalidClaimFormat(_) => BadToken::Malformed,
        // A key that does not fit its algorithm, and whatever else there is: not believed.
        _ => BadToken::Signature,
    })
}

fn key_for<'k>(header: &Header, keys: &'k Keys) -> Option<&'k Jwk> {
    let fits = |key: &&Jwk| match (&key.algorithm, header.alg) {
        (jsonwebtoken::jwk::AlgorithmParameters::RSA(_), Algorithm::RS256 | Algorithm::PS256)
        | (jsonwebtoken::jwk::AlgorithmParameters::EllipticCurve(_), Algorithm::ES256) => {
            let own = key.common.key_algorithm.map(|alg| format!("{alg:?}"));
            own.is_none_or(|own| own == format!("{:?}", header.alg))
        }
        _ => false,
    };
    match &header.kid {
        Some(kid) => keys.all.iter().filter(fits).find(|key| key.common.key_id.as_deref() == Some(kid)),
        None => {
            let mut fitting = keys.all.iter().filter(fits);
            let first = fitting.next()?;
            fitting.next().is_none().then_some(first)
        }
    }
}

/// A claim that is a text.
pub(super) fn text<'c>(claims: &'c Claims, name: &str) -> Option<&'c str> {
    claims.get(name)?.as_str()
}

/// A claim that is a time, in seconds since 1970.
pub(super) fn secs(claims: &Claims, name: &str) -> Option<i64> {
    let value = claims.get(name)?;
    #[expect(clippy::cast_possible_truncation, reason = "a time beyond i64 saturates, and is refused by every check")]
    value.as_i64().or_else(|| value.as_f64().map(|secs| secs as i64))
}

/// Whether the token is meant for this audience.
pub(super) fn is_for(claims: &Claims, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(all)) => all.iter().any(|one| one.as_str() == Some(audience)),
        _ => false,
    }
}
