//! The one error the backend shows to anybody. Text in it is written by us and safe to print.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong, from a closed set that clients can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Nobody is signed in, or the session has ended.
    Unauthenticated,
    /// Signed in, but the role does not allow it.
    Denied,
    /// It does not exist, or not for this caller.
    NotFound,
    /// The input cannot be used; `errors` names the fields.
    Invalid,
    /// It changed in the meantime, or already exists.
    Conflict,
    /// The write needs `If-Match`.
    PreconditionRequired,
    /// `If-Match` names a version that is no longer the current one.
    PreconditionFailed,
    /// Too many tries; `retry_after` says when to come back, in seconds.
    RateLimited,
    /// A store is unreachable or refused; `store` names it.
    StoreUnavailable,
    /// A store did not answer in time; `store` names it.
    StoreTimeout,
    /// Our fault. The request id finds the log line.
    Internal,
}

impl ErrorCode {
    /// The HTTP status it travels as.
    pub fn status(self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Denied => 403,
            Self::NotFound => 404,
            Self::Invalid => 400,
            Self::Conflict => 409,
            Self::PreconditionRequired => 428,
            Self::PreconditionFailed => 412,
            Self::RateLimited => 429,
            Self::StoreUnavailable => 502,
            Self::StoreTimeout => 504,
            Self::Internal => 500,
        }
    }

    /// A short heading for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unauthenticated => "Sign in first",
            Self::Denied => "Not allowed",
            Self::NotFound => "Not found",
            Self::Invalid => "Invalid input",
            Self::Conflict => "Conflict",
            Self::PreconditionRequired => "Name the version",
            Self::PreconditionFailed => "Changed in the meantime",
            Self::RateLimited => "Too many requests",
            Self::StoreUnavailable => "A store is unreachable",
            Self::StoreTimeout => "A store did not answer in time",
            Self::Internal => "Something went wrong",
        }
    }
}

/// One field that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer to the field, for example `/duration`.
    pub pointer: String,
    /// What is wrong and what to write instead.
    pub detail: String,
}

/// An error as the API (RFC 9457) and the UI show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[error("{detail}")]
pub struct ApiError {
    /// Kind.
    pub code: ErrorCode,
    /// One or two sentences: what happened, what to do.
    pub detail: String,
    /// Finds the log line of this request; filled in by the server.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
    /// The store concerned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub store: Option<String>,
    /// Seconds to wait before the next try.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retry_after: Option<u64>,
    /// The fields concerned.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<FieldError>,
}

impl ApiError {
    /// An error of this kind with this text.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), request_id: None, store: None, retry_after: None, errors: Vec::new() }
    }

    /// The caller's session is missing or over.
    pub fn unauthenticated() -> Self {
        Self::new(ErrorCode::Unauthenticated, "Sign in to see this.")
    }

    /// The thing does not exist for this caller.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("{what} does not exist."))
    }

    /// One field cannot be used; `pointer` is a JSON pointer.
    pub fn invalid(pointer: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            errors: vec![FieldError { pointer: pointer.to_owned(), detail: detail.clone() }],
            ..Self::new(ErrorCode::Invalid, detail)
        }
    }
}
