//! Who does something, as the audit log names them. No rights: those are `access`.

use std::sync::Arc;

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The request's id, as in its answer and in the log.
    pub request_id: String,
    /// The client's address, behind trusted proxies if there are any.
    pub address: String,
}

/// What kind of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorKind {
    /// A person.
    User,
    /// An API key, a person's or a service account's.
    Key,
    /// The portal itself: provisioning, jobs, the command line.
    System,
    /// A sign-in provider, which ends sessions by itself.
    Provider,
    /// Nobody is signed in.
    Nobody,
}

impl ActorKind {
    /// The word in the log and in filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Key => "key",
            Self::System => "system",
            Self::Provider => "provider",
            Self::Nobody => "nobody",
        }
    }
}

/// Who does something, on which request. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind of somebody.
    pub kind: ActorKind,
    /// Id of the account or key; empty for nobody.
    pub id: Arc<str>,
    /// What people call them.
    pub name: Arc<str>,
    /// Where the request came from.
    pub origin: Arc<Origin>,
}

impl Actor {
    /// Somebody.
    pub fn new(kind: ActorKind, id: &str, name: &str, origin: Arc<Origin>) -> Self {
        Self { kind, id: id.into(), name: name.into(), origin }
    }

    /// Nobody who is signed in, without a request.
    pub fn nobody() -> Self {
        Self::new(ActorKind::Nobody, "", "", Arc::default())
    }

    /// The portal itself; `what` says which part of it.
    pub fn system(what: &str) -> Self {
        Self::new(ActorKind::System, what, what, Arc::default())
    }
}
