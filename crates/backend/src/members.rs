//! Who belongs to a tenant: members, their rights, and invitations. A tenant that has an administrator never loses the last
//! one here; what a file or a provider says is theirs to change. Sign-in is `auth`'s.

mod accept;
mod guard;
pub(crate) mod invitations;
mod service;

pub use accept::{AcceptAs, Accepted, Invited};
pub(crate) use guard::{keep_an_admin, lock};
pub use invitations::Invitations;
pub use service::{Members, rights};
