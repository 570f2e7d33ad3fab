//! Pages of administration: what they take from a request, how they answer, and where they are. The pages themselves stand
//! in one file per section; their documents are `app::admin`. Nothing is decided here.
//!
//! A form is answered with a redirect that names a [`Notice`], or with the same page, the status of the error and what was
//! typed. A page that cannot be shown at all is a [`PageError`], which [`problem_pages`] turns into a document.

mod isolation;
mod page;
mod stores;

use axum::{Router, middleware::from_fn_with_state};

pub use page::{AccountPage, InstallationPage, PageError, PageResult, Sent, TenantPage, problem_pages};

use crate::state::AppState;

/// All pages of administration.
pub fn router(state: AppState) -> Router<AppState> {
    Router::new().merge(stores::routes()).merge(isolation::routes()).layer(from_fn_with_state(state, problem_pages))
}
