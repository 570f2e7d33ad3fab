//! Versions of things over HTTP: the entity tag of what is sent, and the one a write must name.

use axum::{extract::FromRequestParts, http::header, http::request::Parts};
use serde::Serialize;

use crate::error::HttpError;

/// The entity tag of this representation, quoted.
pub fn etag<T: Serialize>(value: &T) -> String {
    backend::etag(value)
}

/// The version a write is meant for; a write without one is refused.
pub struct IfMatch(pub String);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let given = parts.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
        given.map(|tag| Self(tag.to_owned())).ok_or_else(|| backend::Error::PreconditionRequired.into())
    }
}
