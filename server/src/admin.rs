//! Pages of administration: what they take from a request, how they answer, and where they are. The pages themselves stand
//! in one file per section; their documents are `app::admin`. Nothing is decided here.
//!
//! A form is answered with a redirect that names a [`Notice`], or with the same page, the status of the error and what was
//! typed. A page that cannot be shown at all is a [`PageError`], which [`problem_pages`] turns into a document.

mod account;
mod audit;
mod page;
mod setup;
mod view_as;
mod sign_in;

use axum::{Router, middleware::from_fn_with_state, routing::post};

pub use page::{AccountPage, Base, InstallationPage, PageError, PageResult, Sent, TenantPage, problem_pages};

use crate::state::AppState;

/// All pages of administration.
pub fn router(state: AppState) -> Router<AppState> {
    Router::new()
        .merge(account::routes())
        .merge(audit::routes())
        .merge(sign_in::router())
        .merge(setup::routes())
        .route("/t/{tenant}/view-as", post(view_as::begin))
        .route("/view-as/end", post(view_as::end))
        .layer(from_fn_with_state(state, problem_pages))
}
