//! What every handler can reach: the backend and how the site is served.

use std::sync::Arc;

use app::public::DemoAccount;
use axum::extract::FromRef;
use backend::Backend;
use leptos::config::LeptosOptions;

use crate::layers::{origin::Origins, refusals::Refusals};

/// Shared by all handlers; cheap to clone.
#[derive(Clone)]
pub struct AppState {
    /// All services.
    pub backend: Arc<Backend>,
    /// Names of the site's files.
    pub leptos: LeptosOptions,
    /// The origins this portal is reached under.
    pub origins: Arc<Origins>,
    /// Whether cookies may only travel over HTTPS.
    pub secure_cookies: bool,
    /// Address of the style sheet of the public documents.
    pub stylesheet: Arc<str>,
    /// Refused requests that were noted lately.
    pub refusals: Arc<Refusals>,
    /// Accounts that the sign-in page offers to try; only where a demo runs.
    pub demo_login: Option<Vec<DemoAccount>>,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

impl FromRef<AppState> for Arc<Backend> {
    fn from_ref(state: &AppState) -> Self {
        state.backend.clone()
    }
}
