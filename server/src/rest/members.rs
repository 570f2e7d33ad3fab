//! Members of a tenant and invitations.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{StatusCode, header},
};
use backend::scope::Permission;
use contract::{
    ApiError,
    members::{Invitation, InvitationPage, InviteLink, MemberChange, MemberDetail, MemberPage, NewInvitation},
    tenants::ListQuery,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    etag::{IfMatch, etag},
    tenants::{Versioned, sent, versioned},
};
use crate::{
    error::{HttpError, Problem},
    extract::{InTenant, Params},
    state::AppState,
};

/// `/t/{tenant}/members…` and `/t/{tenant}/invites…`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, change, remove))
        .routes(routes!(invitations, invite))
        .routes(routes!(invitation, revoke))
        .routes(routes!(resend))
}

/// An id of the path; what cannot be one does not exist.
pub fn id(params: &HashMap<String, String>, name: &str, what: &str) -> Result<Uuid, HttpError> {
    params.get(name).and_then(|id| id.parse().ok()).ok_or_else(|| ApiError::not_found(what).into())
}

type Ids = Path<HashMap<String, String>>;

/// Members by name, with every reason they belong.
#[utoipa::path(get, path = "/t/{tenant}/members", tag = "tenant", params(("tenant" = String, Path),
    ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query), ("search" = Option<String>, Query)),
    responses((status = 200, body = MemberPage), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn list(
    State(state): State<AppState>,
    place: InTenant,
    Params(query): Params<ListQuery>,
) -> Result<Json<MemberPage>, HttpError> {
    Ok(Json(state.backend.members().list(&place.scope, &query).await?))
}

/// A member with every right and whether they have it.
#[utoipa::path(get, path = "/t/{tenant}/members/{user_id}", tag = "tenant",
    params(("tenant" = String, Path), ("user_id" = String, Path)),
    responses((status = 200, body = MemberDetail), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn get(
    State(state): State<AppState>,
    place: InTenant,
    Path(ids): Ids,
) -> Result<Versioned<MemberDetail>, HttpError> {
    place.scope.require(Permission::ViewMembers)?;
    Ok(versioned(state.backend.members().get(&place.scope, id(&ids, "user_id", "This member")?).await?))
}

/// Changes the role that people have given a member.
#[utoipa::path(put, path = "/t/{tenant}/members/{user_id}", tag = "tenant", request_body = MemberChange,
    params(("tenant" = String, Path), ("user_id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = MemberDetail), (status = 400, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem, description = "Managed elsewhere, or the last administrator"),
              (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn change(
    State(state): State<AppState>,
    place: InTenant,
    Path(ids): Ids,
    version: Result<IfMatch, HttpError>,
    body: Result<Json<MemberChange>, JsonRejection>,
) -> Result<Versioned<MemberDetail>, HttpError> {
    place.scope.require(Permission::ManageMembers)?;
    let (IfMatch(version), user, change) = (version?, id(&ids, "user_id", "This member")?, sent(body)?);
    Ok(versioned(state.backend.members().change(&place.scope, user, &change, Some(&version)).await?))
}

/// Takes a membership away that people have given; access ends at once.
#[utoipa::path(delete, path = "/t/{tenant}/members/{user_id}", tag = "tenant",
    params(("tenant" = String, Path), ("user_id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 409, body = Problem, description = "Managed elsewhere, or the last administrator"),
              (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn remove(
    State(state): State<AppState>,
    place: InTenant,
    Path(ids): Ids,
    version: Result<IfMatch, HttpError>,
) -> Result<StatusCode, HttpError> {
    place.scope.require(Permission::ManageMembers)?;
    let (IfMatch(version), user) = (version?, id(&ids, "user_id", "This member")?);
    state.backend.members().remove(&place.scope, user, Some(&version)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Invitations nobody has answered, newest first.
#[utoipa::path(get, path = "/t/{tenant}/invites", tag = "tenant", params(("tenant" = String, Path),
    ("limit" = Option<u32>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, body = InvitationPage), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn invitations(
    State(state): State<AppState>,
    place: InTenant,
    Params(query): Params<ListQuery>,
) -> Result<Json<InvitationPage>, HttpError> {
    Ok(Json(state.backend.invitations().list(&place.scope, &query).await?))
}

/// Invites somebody; the answer has the link, which is shown this once.
#[utoipa::path(post, path = "/t/{tenant}/invites", tag = "tenant", request_body = NewInvitation, params(("tenant" = String, Path)),
    responses((status = 201, body = InviteLink), (status = 400, body = Problem), (status = 403, body = Problem),
              (status = 404, body = Problem), (status = 409, body = Problem, description = "The plan's limit")))]
async fn invite(
    State(state): State<AppState>,
    place: InTenant,
    body: Result<Json<NewInvitation>, JsonRejection>,
) -> Result<(StatusCode, Versioned<InviteLink>), HttpError> {
    place.scope.require(Permission::ManageMembers)?;
    let made = state.backend.invitations().create(&place.scope, &sent(body)?).await?;
    Ok((StatusCode::CREATED, ([(header::ETAG, etag(&made.invitation))], Json(made))))
}

/// One invitation.
#[utoipa::path(get, path = "/t/{tenant}/invites/{id}", tag = "tenant", params(("tenant" = String, Path), ("id" = String, Path)),
    responses((status = 200, body = Invitation), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn invitation(
    State(state): State<AppState>,
    place: InTenant,
    Path(ids): Ids,
) -> Result<Versioned<Invitation>, HttpError> {
    place.scope.require(Permission::ViewMembers)?;
    Ok(versioned(state.backend.invitations().get(&place.scope, id(&ids, "id", "This invitation")?).await?))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/t/{tenant}/invites/{id}", tag = "tenant",
    params(("tenant" = String, Path), ("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 412, body = Problem),
              (status = 428, body = Problem)))]
async fn revoke(
    State(state): State<AppState>,
    place: InTenant,
    Path(ids): Ids,
    version: Result<IfMatch, HttpError>,
) -> Result<StatusCode, HttpError> {
    place.scope.require(Permission::ManageMembers)?;
    let (IfMatch(version), id) = (version?, id(&ids, "id", "This invitation")?);
    state.backend.invitations().revoke(&place.scope, id, Some(&version)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives an invitation a new link and another seven days; the old link is worth nothing from now on.
#[utoipa::path(post, path = "/t/{tenant}/invites/{id}/resend", tag = "tenant",
    params(("tenant" = String, Path), ("id" = String, Path), ("If-Match" = String, Header)),
    responses((status = 200, body = InviteLink), (status = 403, body = Problem), (status = 404, body = Problem),
              (status = 412, body = Problem), (status = 428, body = Problem)))]
async fn resend(
    State(state): State<AppState>,
    place: InTenant,
    Path(ids): Ids,
    version: Result<IfMatch, HttpError>,
) -> Result<Versioned<InviteLink>, HttpError> {
    place.scope.require(Permission::ManageMembers)?;
    let (IfMatch(version), id) = (version?, id(&ids, "id", "This invitation")?);
    let sent = state.backend.invitations().resend(&place.scope, id, Some(&version)).await?;
    Ok(([(header::ETAG, etag(&sent.invitation))], Json(sent)))
}
