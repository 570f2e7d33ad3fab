//! `ETag` and `If-Match`: a write names the version it has seen.

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, header, request::Parts},
};
use serde::Serialize;

use crate::error::HttpError;

/// The version of what is shown.
pub fn etag<T: Serialize>(value: &T) -> String {
    backend::etag(value)
}

/// The header of an answer that shows this version.
pub fn header_of(version: String) -> [(HeaderName, String); 1] {
    [(header::ETAG, version)]
}

/// The version a write was meant for.
pub struct IfMatch(pub String);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let given = parts.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
        match given.map(str::trim).filter(|version| !version.is_empty()) {
            Some(version) => Ok(Self(version.to_owned())),
            None => Err(backend::Error::PreconditionRequired.into()),
        }
    }
}
