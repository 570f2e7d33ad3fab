//! Who somebody is: local sign-in, sessions, memberships, and the news of their changes for other instances.
//! Cookies and HTTP are the server's; what a signed-in person may do is `scope`'s.

mod attempts;
pub mod changes;
mod devices;
mod journal;
mod login;
mod me;
mod own;
mod password;
pub mod policy;
pub mod sessions;

pub use attempts::Limits;
pub(crate) use attempts::{count_refused_token, network};
pub use login::{LoginError, normalized_email};
pub use me::Person;
pub use own::OwnPasswords;
pub(crate) use own::reset_link;
pub(crate) use password::bounds;
pub use password::{PASSWORD_MAX_BYTES, PasswordError, Passwords};

use std::sync::Arc;

use crate::db::Db;

/// Signs people in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Auth {
    db: Db,
    passwords: Passwords,
    limits: Arc<Limits>,
}

impl Auth {
    /// On this database, with these limits for guessing.
    pub fn new(db: Db, limits: Limits) -> Self {
        Self { db, passwords: Passwords::new(), limits: Arc::new(limits) }
    }

    /// The password hashing that all sign-ins of this process share.
    pub fn passwords(&self) -> &Passwords {
        &self.passwords
    }
}
