//! Pages of administration: what they take from a request, how they answer, and where they are. The pages themselves stand
//! in one file per section; their documents are `app::admin`. Nothing is decided here.
//!
//! A form is answered with a redirect that names a [`Notice`], or with the same page, the status of the error and what was
//! typed. A page that cannot be shown at all is a [`PageError`], which [`problem_pages`] turns into a document.

mod account;
mod audit;
mod isolation;
mod keys;
mod members;
mod page;
mod people;
mod settings;
mod setup;
mod sign_in;
mod stores;
mod tenants;
mod view_as;

use axum::{Router, middleware::from_fn_with_state, routing::post};
use contract::tenants::ListQuery;
use serde::Deserialize;

pub use page::{
    AccountPage, Base, InstallationPage, PageError, PageResult, Sent, TenantPage, problem_pages, with_retry_after,
};

use crate::state::AppState;

/// All pages of administration.
pub fn router(state: AppState) -> Router<AppState> {
    Router::new()
        .merge(account::routes())
        .merge(audit::routes())
        .merge(keys::router())
        .merge(stores::routes())
        .merge(isolation::routes())
        .merge(sign_in::router())
        .merge(setup::routes())
        .route("/t/{tenant}/view-as", post(view_as::begin))
        .route("/view-as/end", post(view_as::end))
        .merge(tenants::router())
        .merge(people::router())
        .merge(settings::router())
        .merge(members::router())
        .layer(from_fn_with_state(state, problem_pages))
}

/// Which part of a list a page shows; parameters it does not know (`done`) are left alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListPart {
    search: Option<String>,
    cursor: Option<String>,
}

impl From<ListPart> for ListQuery {
    fn from(part: ListPart) -> Self {
        Self { limit: None, cursor: part.cursor.filter(|cursor| !cursor.is_empty()), search: part.search }
    }
}
