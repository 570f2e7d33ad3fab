//! What handlers take from a request beside its parameters: the caller, and the caller's portal to the path's tenant.

use std::{collections::HashMap, sync::Arc};

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use backend::{Operator, Scope, Visitor};
use contract::{ApiError, Door, Portal, TenantSlug};
use serde::de::DeserializeOwned;

use crate::error::HttpError;

/// The caller of this request, put there by [`crate::layers::caller`].
#[derive(Clone)]
pub struct Caller(pub Arc<Visitor>);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| ApiError::unauthenticated().into())
    }
}

/// The tenant named by the path, as this caller may see it. Another tenant's path is `NotFound`.
pub struct InTenant {
    /// What the caller can do there.
    pub portal: Arc<dyn Portal>,
    /// The same as the backend knows it, for streams.
    pub scope: Scope,
}

impl<S: Send + Sync> FromRequestParts<S> for InTenant {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Caller(visitor) = Caller::from_request_parts(parts, state).await?;
        let missing = || HttpError(ApiError::not_found("This tenant"));
        let Path(params) =
            Path::<HashMap<String, String>>::from_request_parts(parts, state).await.map_err(|_| missing())?;
        let slug: TenantSlug = params
            .get("tenant")
            .and_then(|slug| slug.parse().ok())
            .ok_or_else(|| if visitor.me().is_some() { missing() } else { ApiError::unauthenticated().into() })?;
        let scope = visitor.scope(&slug)?;
        Ok(Self { portal: visitor.portal(&slug)?, scope })
    }
}

/// The caller as somebody who administers the installation.
pub struct OfInstallation(pub Operator);

impl<S: Send + Sync> FromRequestParts<S> for OfInstallation {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let Caller(visitor) = Caller::from_request_parts(parts, state).await?;
        Ok(Self(visitor.operator()?))
    }
}

/// Query parameters; unknown or unreadable ones are an `Invalid` problem that says which.
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejection) => {
                let text = rejection.body_text();
                let detail = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text).to_owned();
                let field = detail.split_once(": ").map_or("", |(field, _)| field);
                let named = !field.is_empty() && field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                let pointer = if named { format!("/{field}") } else { String::new() };
                Err(ApiError::invalid(&pointer, detail).into())
            }
        }
    }
}
