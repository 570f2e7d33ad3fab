//! Why a backend operation did not happen, and the one place where that becomes what people see.
//! Texts here are written by us; what a library or a store said goes to the log only.

use contract::{ApiError, ErrorCode, FieldError};

/// The cause kept for the log.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a backend operation did not happen. Becomes an [`ApiError`] in exactly one place, which also logs it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not exist, or not for this caller.
    #[error("{what} does not exist")]
    NotFound {
        /// The thing, with a capital, as it starts a sentence.
        what: &'static str,
    },
    /// Nobody is signed in, or the credentials were wrong; `why` is shown.
    #[error("not signed in: {why}")]
    Unauthenticated {
        /// One sentence for people.
        why: &'static str,
    },
    /// The caller's role does not allow it.
    #[error("not allowed: {why}")]
    Denied {
        /// What it takes, one or two sentences; shown.
        why: String,
    },
    /// The write names no version of what it changes.
    #[error("the write names no version")]
    PreconditionRequired,
    /// What is to be changed is not what the caller has seen.
    #[error("it changed in the meantime")]
    PreconditionFailed,
    /// Several fields cannot be used.
    #[error("{} fields cannot be used", .0.len())]
    InvalidFields(Vec<FieldError>),
    /// It already exists or has changed; `why` is shown.
    #[error("conflict: {why}")]
    Conflict {
        /// One sentence for people.
        why: String,
    },
    /// One field cannot be used.
    #[error("{field}: {why}")]
    Invalid {
        /// JSON pointer to the field, for example `/duration`.
        field: String,
        /// What is wrong and what to write instead; shown.
        why: String,
    },
    /// A store is unreachable or refused.
    #[error("store {store}: {why}")]
    Upstream {
        /// Name of the store from the configuration.
        store: String,
        /// One clause for people, without addresses and secrets: `it refuses connections`.
        why: String,
        /// Seconds until the next try makes sense, when the circuit breaker is open.
        retry_after: Option<u64>,
        /// What the client library said.
        #[source]
        source: Option<Source>,
    },
    /// A store did not answer before the deadline.
    #[error("store {store} did not answer in time")]
    Timeout {
        /// Name of the store from the configuration.
        store: String,
    },
    /// Too many tries.
    #[error("too many tries, again in {retry_after} s")]
    RateLimited {
        /// Seconds to wait.
        retry_after: u64,
    },
    /// Our fault, or the database's.
    #[error("internal error")]
    Internal(#[source] Source),
}

impl Error {
    /// An internal error with this cause (an error value or a plain text).
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }

    /// One field cannot be used.
    pub fn invalid(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), why: why.into() }
    }

    /// A store failed, without a cause worth keeping.
    pub fn upstream(store: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Upstream { store: store.into(), why: why.into(), retry_after: None, source: None }
    }

    /// True when this says something about the health of a store rather than about the request.
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Upstream { .. } | Self::Timeout { .. } | Self::Internal(_) => true,
            Self::NotFound { .. }
            | Self::Unauthenticated { .. }
            | Self::Denied { .. }
            | Self::PreconditionRequired
            | Self::PreconditionFailed
            | Self::InvalidFields(_)
            | Self::Conflict { .. }
            | Self::Invalid { .. }
            | Self::RateLimited { .. } => false,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(source: sqlx::Error) -> Self {
        Self::Internal(Box::new(source))
    }
}

/// The causes of an error, outermost first, as one line for the log.
fn causes(error: &Error) -> String {
    let mut line = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        next = cause.source();
    }
    line
}

/// The only place where a failure is turned into words for people, and therefore the only one that logs it.
impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match &error {
            Error::Internal(_) => tracing::error!(error = causes(&error), "a request failed"),
            Error::Upstream { store, .. } | Error::Timeout { store } => {
                tracing::warn!(upstream.system = %store, error = causes(&error), "a store failed");
            }
            Error::NotFound { .. }
            | Error::Unauthenticated { .. }
            | Error::Denied { .. }
            | Error::PreconditionRequired
            | Error::PreconditionFailed
            | Error::InvalidFields(_)
            | Error::Conflict { .. }
            | Error::Invalid { .. }
            | Error::RateLimited { .. } => tracing::debug!(error = %error, "a request was refused"),
        }
        match error {
            Error::NotFound { what } => Self::not_found(what),
            Error::Unauthenticated { why } => Self::new(ErrorCode::Unauthenticated, why),
            Error::Denied { why } => Self::new(ErrorCode::Denied, why),
            Error::PreconditionRequired => Self::new(
                ErrorCode::PreconditionRequired,
                "Send If-Match with the ETag you have read, so that nobody's change is overwritten.",
            ),
            Error::PreconditionFailed => Self::new(
                ErrorCode::PreconditionFailed,
                "It changed in the meantime. Read it again, then repeat your change.",
            ),
            Error::InvalidFields(errors) => {
                let detail = errors.iter().map(|error| error.detail.as_str()).collect::<Vec<_>>().join(" ");
                Self { errors, ..Self::new(ErrorCode::Invalid, detail) }
            }
            Error::Conflict { why } => Self::new(ErrorCode::Conflict, why),
            Error::Invalid { field, why } => Self::invalid(&field, why),
            Error::Upstream { store, why, retry_after, source: _ } => Self {
                retry_after,
                ..Self::new(ErrorCode::StoreUnavailable, format!("The store {store} cannot be used: {why}."))
            }
            .of_store(store),
            Error::Timeout { store } => {
                Self::new(ErrorCode::StoreTimeout, format!("The store {store} did not answer in time.")).of_store(store)
            }
            Error::RateLimited { retry_after } => Self {
                retry_after: Some(retry_after),
                ..Self::new(ErrorCode::RateLimited, format!("Too many tries. Try again in {retry_after} s."))
            },
            Error::Internal(_) => {
                Self::new(ErrorCode::Internal, "Something went wrong on our side. The request id finds the log line.")
            }
        }
    }
}

trait OfStore {
    fn of_store(self, store: String) -> Self;
}

impl OfStore for ApiError {
    fn of_store(self, store: String) -> Self {
        Self { store: Some(store), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_logged_and_never_shown() {
        let error = Error::Upstream {
            store: "prom".into(),
            why: "it refuses connections".into(),
            retry_after: Some(4),
            source: Some("tcp connect to 10.0.0.7:9090 with token s3cret".into()),
        };
        assert!(causes(&error).contains("10.0.0.7"));
        let shown = ApiError::from(error);
        assert_eq!(shown.code, ErrorCode::StoreUnavailable);
        assert_eq!(shown.detail, "The store prom cannot be used: it refuses connections.");
        assert_eq!((shown.store.as_deref(), shown.retry_after), (Some("prom"), Some(4)));
    }

    #[test]
    fn an_internal_error_tells_nothing() {
        let shown = ApiError::from(Error::internal("relation users does not exist"));
        assert_eq!(shown.code, ErrorCode::Internal);
        assert!(!shown.detail.contains("users"));
    }
}
