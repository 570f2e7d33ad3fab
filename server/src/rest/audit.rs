//! The audit log: pages, export, and the check of its chains.

use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use backend::{
    Operator, Scope,
    audit::{Action, AuditFilter, ChainState, Entry, Target, Verified},
};
use contract::{
    ApiError,
    audit::{AuditPage, AuditQuery, AuditVerification},
};
use futures::stream;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::{HttpError, Problem},
    extract::{InTenant, OfInstallation, Params},
    state::AppState,
};

/// `/t/{tenant}/audit…` and `/admin/audit…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(tenant_page))
        .routes(routes!(tenant_export))
        .routes(routes!(tenant_verify))
        .routes(routes!(installation_page))
        .routes(routes!(installation_export))
        .routes(routes!(installation_verify))
}

/// A page of the tenant's audit log, newest first.
#[utoipa::path(get, path = "/t/{tenant}/audit", tag = "audit", params(("tenant" = String, Path)), responses(
    (status = 200, body = AuditPage), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn tenant_page(
    State(state): State<AppState>,
    place: InTenant,
    Params(query): Params<AuditQuery>,
) -> Result<Json<AuditPage>, HttpError> {
    let filter = AuditFilter::new(&query, state.backend.clock().now())?;
    Ok(Json(state.backend.audit().of_tenant(&place.scope, &filter).await?))
}

/// The tenant's audit log as NDJSON, newest first; the same filters as the page. Writes an entry itself.
#[utoipa::path(get, path = "/t/{tenant}/audit.ndjson", tag = "audit", params(("tenant" = String, Path)), responses(
    (status = 200, content_type = "application/x-ndjson", description = "One entry per line"),
    (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn tenant_export(
    State(state): State<AppState>,
    place: InTenant,
    Params(query): Params<AuditQuery>,
) -> Result<Response, HttpError> {
    export(state, Reader::Tenant(place.scope), query).await
}

/// Checks the tenant's chain from the first entry to the last.
#[utoipa::path(get, path = "/t/{tenant}/audit/verify", tag = "audit", params(("tenant" = String, Path)), responses(
    (status = 200, body = AuditVerification), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn tenant_verify(State(state): State<AppState>, place: InTenant) -> Result<Json<AuditVerification>, HttpError> {
    Ok(Json(verification(state.backend.audit().verify_tenant(&place.scope).await?)))
}

/// A page of all audit logs together, newest first.
#[utoipa::path(get, path = "/admin/audit", tag = "audit", responses(
    (status = 200, body = AuditPage), (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn installation_page(
    State(state): State<AppState>,
    OfInstallation(operator): OfInstallation,
    Params(query): Params<AuditQuery>,
) -> Result<Json<AuditPage>, HttpError> {
    let filter = AuditFilter::new(&query, state.backend.clock().now())?;
    Ok(Json(state.backend.audit().of_installation(&operator, &filter).await?))
}

/// All audit logs as NDJSON, newest first. Writes an entry itself.
#[utoipa::path(get, path = "/admin/audit.ndjson", tag = "audit", responses(
    (status = 200, content_type = "application/x-ndjson", description = "One entry per line"),
    (status = 400, body = Problem), (status = 403, body = Problem)))]
async fn installation_export(
    State(state): State<AppState>,
    OfInstallation(operator): OfInstallation,
    Params(query): Params<AuditQuery>,
) -> Result<Response, HttpError> {
    export(state, Reader::Installation(operator), query).await
}

/// Checks every chain from the first entry to the last.
#[utoipa::path(get, path = "/admin/audit/verify", tag = "audit", responses(
    (status = 200, body = Vec<AuditVerification>), (status = 403, body = Problem)))]
async fn installation_verify(
    State(state): State<AppState>,
    OfInstallation(_): OfInstallation,
) -> Result<Json<Vec<AuditVerification>>, HttpError> {
    let all = state.backend.audit().verify_all().await?;
    Ok(Json(all.into_iter().map(verification).collect()))
}

/// What a check found, for people and programs.
pub fn verification(found: Verified) -> AuditVerification {
    let (whole, broken_at, why) = match found.state {
        ChainState::Whole => (true, None, None),
        ChainState::Broken { seq, why } => (false, Some(seq), Some(why.to_owned())),
    };
    AuditVerification {
        chain: found.chain.to_string(),
        entries: found.entries,
        head: found.head,
        whole,
        broken_at,
        why,
    }
}

/// Whose log is read.
enum Reader {
    Tenant(Scope),
    Installation(Operator),
}

impl Reader {
    async fn page(&self, state: &AppState, filter: &AuditFilter) -> Result<AuditPage, backend::Error> {
        match self {
            Self::Tenant(scope) => state.backend.audit().of_tenant(scope, filter).await,
            Self::Installation(operator) => state.backend.audit().of_installation(operator, filter).await,
        }
    }
}

/// Streams page by page, so that a long log needs no memory.
async fn export(state: AppState, reader: Reader, query: AuditQuery) -> Result<Response, HttpError> {
    let now = state.backend.clock().now();
    if query.cursor.is_some() || query.limit.is_some() {
        return Err(ApiError::invalid("/limit", "An export is whole: leave out limit and cursor.").into());
    }
    let filter = AuditFilter::new(&query, now)?.whole();
    // The first page tells whether the caller may, before anything is sent or noted.
    let first = reader.page(&state, &filter).await?;
    let entry = Entry::done(Action::AuditExported, Target::new("audit_log", "")).after(&query);
    match &reader {
        Reader::Tenant(scope) => {
            state.backend.audit().note(scope.actor(), &[Some(scope.tenant().id)], now, entry).await?;
        }
        Reader::Installation(operator) => state.backend.audit().note(operator.actor(), &[None], now, entry).await?,
    }
    let lines = stream::try_unfold((state, reader, filter, Some(first)), |(state, reader, filter, page)| async move {
        let Some(page) = page else { return Ok::<_, std::io::Error>(None) };
        let mut text = String::new();
        for item in &page.items {
            text.push_str(&serde_json::to_string(item).map_err(std::io::Error::other)?);
            text.push('\n');
        }
        let next = match filter.after(&page) {
            Some(after) => Some(reader.page(&state, &after).await.map_err(std::io::Error::other)?),
            None => None,
        };
        let filter = filter.after(&page).unwrap_or(filter);
        Ok(Some((Bytes::from(text), (state, reader, filter, next))))
    });
    let mut response = Body::from_stream(lines).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"audit.ndjson\""));
    Ok(response)
}
