//! Whose request this is and what it may touch. A [`Scope`] is the only key to data: services take it first, stores put
//! it into every statement and query. Only authentication, a job or a test can make one. What may be done stands in
//! `permission`, who does it in `actor`.

mod access;
mod actor;
mod permission;
mod tenant;

pub use access::Access;
pub use actor::{Actor, ActorKind, Origin};
pub use permission::{KeyScope, Permission, access_matrix};
pub(crate) use tenant::{Seen, SeenTenant, describe};

use std::{fmt, sync::Arc};

use contract::{
    TenantSlug,
    auth::{Me, Membership, User},
    ids::Role,
};
use query::MeshScope;

use crate::{
    Error,
    tenants::{Namespaces, Plan, StoreBindings, TenantRecord},
};

/// One caller in one tenant.
#[derive(Clone)]
pub struct Scope {
    me: Arc<Me>,
    membership: Arc<Membership>,
    access: Access,
    actor: Actor,
    tenant: Arc<SeenTenant>,
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("tenant", self.slug()).field("access", &self.access).finish_non_exhaustive()
    }
}

impl Scope {
    /// Crate-private: whoever calls it has read the caller's rights from the database.
    pub(crate) fn new(me: Arc<Me>, access: Access, actor: Actor, tenant: Arc<SeenTenant>) -> Self {
        let membership = Membership {
            tenant: tenant.record().slug.clone(),
            name: tenant.record().name.clone(),
            role: access.shown_role(),
        };
        Self { me, membership: Arc::new(membership), access, actor, tenant }
    }

    /// For the public picture of the demo mesh: everything, as nobody. Only for installations that run the demo, whose
    /// mesh belongs to no one.
    pub(crate) fn of_demo() -> Self {
        let record = TenantRecord {
            id: uuid::Uuid::nil(),
            slug: "demo-mesh".parse().expect("the slug is well-formed"),
            name: "Demo mesh".to_owned(),
            plan: Plan::Community,
            mesh: vec![crate::tenants::MeshSelector { cluster: None, namespaces: Namespaces::All }],
            stores: StoreBindings::default(),
            provisioned_by: None,
            suspended: None,
            require_sso: false,
        };
        let user = User { id: String::new(), email: String::new(), name: String::new(), platform_admin: false };
        let me = Me { user, memberships: Vec::new() };
        Self::new(Arc::new(me), Access::member(Role::Viewer), Actor::nobody(), Arc::new(SeenTenant::new(record, 0)))
    }

    /// The tenant's name in URLs and towards stores.
    pub fn slug(&self) -> &TenantSlug {
        &self.tenant().slug
    }

    /// The tenant as the database knows it.
    pub fn tenant(&self) -> &TenantRecord {
        self.tenant.record()
    }

    /// What answers for this scope may be shared by.
    pub(crate) fn seen(&self) -> Seen {
        self.tenant.seen()
    }

    /// The caller.
    pub fn me(&self) -> &Me {
        &self.me
    }

    /// The caller's place in this tenant, as it is shown. What they may do is asked with [`Scope::require`].
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Where the caller's rights come from.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Who acts, for the audit log.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The part of the mesh the tenant sees.
    pub fn mesh(&self) -> &MeshScope {
        self.tenant.mesh()
    }

    /// Whether a namespace of this name, in whatever cluster, is visible.
    pub fn sees_namespace(&self, namespace: &str) -> bool {
        self.mesh().selectors().iter().any(|selector| match selector.namespaces() {
            query::Namespaces::All => true,
            query::Namespaces::Only(names) => names.contains(namespace),
        })
    }

    /// Whether the caller may do this here.
    pub fn may(&self, permission: Permission) -> bool {
        self.access.allows(permission)
    }

    /// Refuses what the caller may not do, and says what it takes.
    pub fn require(&self, permission: Permission) -> Result<(), Error> {
        if self.may(permission) {
            return Ok(());
        }
        Err(Error::Denied { why: self.access.refusal(permission, &self.tenant().name) })
    }
}
