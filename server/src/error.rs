//! An [`ApiError`] on its way out over HTTP: problem details as of RFC 9457.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use contract::{ApiError, ErrorCode};
use serde::Serialize;
use utoipa::ToSchema;

/// Problem details (RFC 9457) with our members.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// A stable name of the kind of problem.
    #[serde(rename = "type")]
    kind: String,
    /// Heading.
    title: String,
    /// HTTP status.
    status: u16,
    /// The members of the error.
    #[serde(flatten)]
    error: ApiError,
}

/// What a REST handler returns when it fails.
#[derive(Debug)]
pub struct HttpError(pub ApiError);

impl From<ApiError> for HttpError {
    fn from(error: ApiError) -> Self {
        Self(error)
    }
}

impl From<backend::Error> for HttpError {
    fn from(error: backend::Error) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        let Self(mut error) = self;
        error.request_id = error.request_id.or_else(crate::layers::request_id::current);
        let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = error.retry_after;
        let problem = Problem {
            kind: format!("urn:obstack:problem:{}", slug(error.code)),
            title: error.code.title().to_owned(),
            status: status.as_u16(),
            error,
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(secs) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response
    }
}

fn slug(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Unauthenticated => "unauthenticated",
        ErrorCode::Denied => "denied",
        ErrorCode::NotFound => "not-found",
        ErrorCode::Invalid => "invalid",
        ErrorCode::Conflict => "conflict",
        ErrorCode::PreconditionRequired => "precondition-required",
        ErrorCode::PreconditionFailed => "precondition-failed",
        ErrorCode::RateLimited => "rate-limited",
        ErrorCode::StoreUnavailable => "store-unavailable",
        ErrorCode::StoreTimeout => "store-timeout",
        ErrorCode::Internal => "internal",
    }
}
