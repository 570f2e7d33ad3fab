//! Authorization policies, tried out. Every question is one document, in YAML or JSON.

mod documents;

use axum::{
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequest, Request},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use backend::scope::Permission;
use contract::{
    ApiError, ErrorCode,
    policies::{Diffed, Evaluated, Linted},
};
use mesh::policy::ask::MAX_BYTES;
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use documents::{CASES_EXAMPLE, DIFF_EXAMPLE, LINT_EXAMPLE, PolicyCases, PolicyDiffQuestion, PolicyLintQuestion};

use crate::{
    error::{HttpError, Problem},
    extract::InTenant,
    state::AppState,
};

/// `/t/{tenant}/policies/…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(evaluate))
        .routes(routes!(lint))
        .routes(routes!(diff))
        .layer(DefaultBodyLimit::max(MAX_BYTES))
}

/// What a document may be sent as. JSON is YAML, too.
const TYPES: [&str; 5] = ["application/json", "application/yaml", "application/x-yaml", "text/yaml", "text/plain"];

/// The text of a body. Who may ask is known before it is looked at, so a handler takes it as a `Result`.
struct Document(String);

impl<S: Send + Sync> FromRequest<S> for Document {
    type Rejection = HttpError;

    async fn from_request(request: Request, state: &S) -> Result<Self, HttpError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if !TYPES.contains(&kind.as_str()) {
            let why = format!("Send the document with the Content-Type {}.", TYPES.join(", "));
            return Err(ApiError::invalid("", why).into());
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => {
                let most = MAX_BYTES >> 20;
                ApiError::invalid(
                    "",
                    format!("The document is larger than {most} MiB. Send fewer policies or cases at once."),
                )
            }
            _ => ApiError::invalid("", "The document did not arrive whole. Send it again."),
        })?;
        let text = String::from_utf8(body.into()).map_err(|_| ApiError::invalid("", "The document is not UTF-8."))?;
        Ok(Self(text))
    }
}

/// An answer may have megabytes of traces: it is written off the async threads.
async fn written<T: Serialize + Send + 'static>(answer: T) -> Result<Response, HttpError> {
    let written = tokio::task::spawn_blocking(move || serde_json::to_vec(&answer)).await;
    match written {
        Ok(Ok(body)) => {
            let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))];
            Ok((kind, body).into_response())
        }
        Ok(Err(_)) | Err(_) => Err(ApiError::new(ErrorCode::Internal, "The answer cannot be written.").into()),
    }
}

/// What policies do to requests, and why.
///
/// Per case the verdict, who decided, what it hangs on where something is not known, and every rule and field that was
/// looked at. The document is at most 2 MiB.
#[utoipa::path(post, path = "/t/{tenant}/policies/evaluate", tag = "policies", params(("tenant" = String, Path)),
    request_body(description = "A document in the case format, YAML or JSON", content(
        (PolicyCases = "application/json", example = json!({"format": 1, "cases": []})),
        (String = "application/yaml", example = json!(CASES_EXAMPLE)))),
    responses((status = 200, body = Evaluated), (status = 400, body = Problem, description = "What cannot be read, by JSON pointer, line and column"),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 429, body = Problem, description = "Too many questions at once")))]
async fn evaluate(place: InTenant, sent: Result<Document, HttpError>) -> Result<Response, HttpError> {
    place.scope.require(Permission::TryPolicies)?;
    written(place.portal.policies().evaluate(sent?.0).await?).await
}

/// What is wrong with policies, or does something else than it seems.
///
/// What the API server, istioctl and Kiali complain about, and more; each finding with its place, a remedy and a page of
/// its own. The document is at most 2 MiB.
#[utoipa::path(post, path = "/t/{tenant}/policies/lint", tag = "policies", params(("tenant" = String, Path)),
    request_body(description = "Manifests, as a document in YAML or JSON", content(
        (PolicyLintQuestion = "application/json", example = json!({"manifests": "", "analyze": true})),
        (String = "application/yaml", example = json!(LINT_EXAMPLE)))),
    responses((status = 200, body = Linted), (status = 400, body = Problem, description = "What cannot be read, by JSON pointer, line and column"),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 429, body = Problem, description = "Too many questions at once")))]
async fn lint(place: InTenant, sent: Result<Document, HttpError>) -> Result<Response, HttpError> {
    place.scope.require(Permission::TryPolicies)?;
    written(place.portal.policies().lint(sent?.0).await?).await
}

/// What changes from one set of policies to another.
///
/// Per proxy whether the second set is stricter, looser or the same, with a request for every difference. With `traffic`
/// also what the tenant's proxies have seen lately, decided about twice: what would be denied that passes now, and the
/// other way round. The document is at most 2 MiB.
#[utoipa::path(post, path = "/t/{tenant}/policies/diff", tag = "policies", params(("tenant" = String, Path)),
    request_body(description = "Two sets of manifests, as a document in YAML or JSON", content(
        (PolicyDiffQuestion = "application/json", example = json!({"before": "", "after": "", "traffic": {"duration": "1h"}})),
        (String = "application/yaml", example = json!(DIFF_EXAMPLE)))),
    responses((status = 200, body = Diffed), (status = 400, body = Problem, description = "What cannot be read, by JSON pointer, line and column"),
    (status = 401, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem),
    (status = 429, body = Problem, description = "Too many questions at once")))]
async fn diff(place: InTenant, sent: Result<Document, HttpError>) -> Result<Response, HttpError> {
    place.scope.require(Permission::TryPolicies)?;
    written(place.portal.policies().diff(sent?.0).await?).await
}
