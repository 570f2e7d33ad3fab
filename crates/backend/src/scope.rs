//! Whose request this is and what it may touch. A [`Scope`] is the only key to data: services take it first, stores put
//! it into every statement and query. Only authentication, a job or a test can make one.

use std::sync::Arc;

use contract::{
    TenantSlug,
    auth::{Me, Membership},
    ids::Role,
};
use query::MeshScope;

use crate::{Error, tenants::TenantRecord};

/// What a caller may want to do inside a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Look at the overview, the topology and the stores.
    ViewMesh,
    /// Switch faults of the demo mesh.
    BreakDemo,
}

impl Permission {
    /// The least role that has it.
    fn least_role(self) -> Role {
        match self {
            Self::ViewMesh => Role::Viewer,
            Self::BreakDemo => Role::Editor,
        }
    }
}

/// One caller in one tenant.
#[derive(Clone)]
pub struct Scope {
    me: Arc<Me>,
    membership: Arc<Membership>,
    tenant: Arc<TenantRecord>,
}

impl Scope {
    /// For a member. Crate-private: whoever calls it has read the membership from the database.
    pub(crate) fn for_member(me: Arc<Me>, membership: Membership, tenant: Arc<TenantRecord>) -> Self {
        debug_assert_eq!(membership.tenant, tenant.slug);
        Self { me, membership: Arc::new(membership), tenant }
    }

    /// The tenant's name in URLs and towards stores.
    pub fn slug(&self) -> &TenantSlug {
        &self.tenant.slug
    }

    /// The tenant as the database knows it.
    pub fn tenant(&self) -> &TenantRecord {
        &self.tenant
    }

    /// The caller.
    pub fn me(&self) -> &Me {
        &self.me
    }

    /// The caller's membership in this tenant.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// The part of the mesh the tenant sees.
    pub fn mesh(&self) -> &MeshScope {
        &self.tenant.mesh
    }

    /// Refuses what the role does not allow.
    pub fn require(&self, permission: Permission) -> Result<(), Error> {
        if self.membership.role >= permission.least_role() { Ok(()) } else { Err(Error::Denied) }
    }
}

/// The visible part of the mesh in words.
pub(crate) fn describe(mesh: &MeshScope) -> String {
    let parts: Vec<String> = mesh
        .selectors()
        .iter()
        .map(|selector| {
            let namespaces = match selector.namespaces() {
                query::Namespaces::All => "all namespaces".to_owned(),
                query::Namespaces::Only(names) => names.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
            };
            match selector.cluster() {
                Some(cluster) => format!("{namespaces} in cluster {cluster}"),
                None => namespaces,
            }
        })
        .collect();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
}
