//! Versions of what is read and written: `ETag` on the way out, `If-Match` on the way in.

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use serde::Serialize;

use crate::error::HttpError;

/// The `ETag` of a representation: strong and quoted.
pub fn etag<T: Serialize>(value: &T) -> String {
    backend::etag::of(value)
}

/// The version a write wants to change. A write without one is refused with 428.
pub struct IfMatch(pub String);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        let given = parts.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).map(str::trim);
        match given.filter(|given| !given.is_empty()) {
            Some(given) => Ok(Self(given.to_owned())),
            None => Err(backend::Error::PreconditionRequired.into()),
        }
    }
}
