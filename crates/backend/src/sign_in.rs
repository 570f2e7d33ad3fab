//! Signing in with OpenID Connect providers: the code flow, who somebody is there, what that makes them here, keeping a
//! session as long as the provider does, and ending it when the provider says so. People are (issuer, subject) and nothing
//! else; an address never finds anybody.
//!
//! Cookies, redirects and pages are the server's. Administration of providers is `admin`.

mod admin;
mod backchannel;
mod bearer;
mod discovery;
mod error;
mod flow;
mod jwt;
mod mapping;
mod net;
mod people;
mod preview;
mod provider;
mod relying;
mod session;
mod settings;
mod store;

pub use admin::Whose;
pub use backchannel::BadLogout;
pub use error::{NoAccess, SignInError};
pub use flow::{Arrived, Begun, ProviderAnswer, attempt_name};
pub use provider::Offered;
pub(crate) use provider::sealed_about;
pub use session::{Moved, Vouched};
pub(crate) use settings::{check_mapping, is_issuer, provider_name};

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use reqwest::Url;
use uuid::Uuid;

use crate::{Error, auth::sessions::SessionKey, clock::Clock, db::Db, vault::Vault};

/// Sign-in providers and the people they vouch for.
pub struct SignIn {
    db: Db,
    vault: Vault,
    clock: Arc<dyn Clock>,
    public_url: Url,
    net: net::Net,
    /// What providers say of themselves, by provider.
    known: Mutex<HashMap<Uuid, Arc<discovery::Place>>>,
    /// Sessions whose provider is being asked by this process.
    asking: Mutex<HashMap<SessionKey, Arc<tokio::sync::Mutex<()>>>>,
    /// Bearer tokens that were checked a moment ago.
    tokens: Mutex<bearer::Recent>,
}

impl SignIn {
    /// On this database. `public_url` is where providers send people back to.
    pub(crate) fn new(db: Db, vault: Vault, clock: Arc<dyn Clock>, public_url: Url) -> Result<Self, Error> {
        Ok(Self {
            db,
            vault,
            clock,
            public_url,
            net: net::Net::new()?,
            known: Mutex::default(),
            asking: Mutex::default(),
            tokens: Mutex::default(),
        })
    }

    /// An address of this portal below the API.
    fn address(&self, provider: &str, what: &str) -> String {
        let base = self.public_url.as_str().trim_end_matches('/');
        format!("{base}/api/v1/auth/oidc/{provider}/{what}")
    }
}
