//! Whose request this is and what it may touch. A [`Scope`] is the only key to data: services take it first, stores put
//! it into every statement and query. Only authentication, a job or a test can make one.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use contract::{
    TenantSlug,
    auth::{Me, Membership, User},
    ids::Role,
};
use query::{MeshScope, MeshSelector};

use crate::{
    Error,
    tenants::{Namespaces, Plan, StoreBindings, TenantRecord},
};

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
    tenant: Arc<SeenTenant>,
}

/// A tenant with its part of the mesh, ready to confine queries.
pub(crate) struct SeenTenant {
    record: TenantRecord,
    mesh: MeshScope,
    sees: u64,
}

/// What answers may be shared by: the tenant, and what it sees as of now. A tenant whose part of the mesh or whose stores
/// change has another one, so that nothing it saw before is shown to it again.
pub(crate) type Seen = (uuid::Uuid, u64);

impl SeenTenant {
    /// Selectors that name what cannot exist see nothing; they are logged, because somebody wrote them.
    pub(crate) fn new(record: TenantRecord) -> Self {
        let selectors = record.mesh.iter().filter_map(|selector| {
            let made = match &selector.namespaces {
                Namespaces::All => MeshSelector::all(selector.cluster.as_deref()),
                Namespaces::Only(names) => MeshSelector::only(selector.cluster.as_deref(), names),
            };
            made.inspect_err(
                |error| tracing::error!(tenant.id = %record.slug, %error, "a mesh selector of the tenant is ignored"),
            )
            .ok()
        });
        let mesh = MeshScope::new(selectors);
        let mut hasher = DefaultHasher::new();
        format!("{:?} {:?}", record.mesh, record.stores).hash(&mut hasher);
        let sees = hasher.finish();
        Self { record, mesh, sees }
    }
}

impl Scope {
    /// For a member. Crate-private: whoever calls it has read the membership from the database.
    pub(crate) fn for_member(me: Arc<Me>, membership: Membership, tenant: Arc<SeenTenant>) -> Self {
        debug_assert_eq!(membership.tenant, tenant.record.slug);
        Self { me, membership: Arc::new(membership), tenant }
    }

    /// For the public picture of the demo mesh: everything, as nobody. Only for installations that run the demo, whose
    /// mesh belongs to no one.
    pub(crate) fn of_demo() -> Self {
        let slug: TenantSlug = "demo-mesh".parse().expect("the slug is well-formed");
        let record = TenantRecord {
            id: uuid::Uuid::nil(),
            slug: slug.clone(),
            name: "Demo mesh".to_owned(),
            plan: Plan::Community,
            mesh: vec![crate::tenants::MeshSelector { cluster: None, namespaces: Namespaces::All }],
            stores: StoreBindings::default(),
            provisioned_by: None,
        };
        let user = User { id: String::new(), email: String::new(), name: String::new(), platform_admin: false };
        let me = Me { user, memberships: Vec::new() };
        let membership = Membership { tenant: slug, name: "Demo mesh".to_owned(), role: Role::Viewer };
        Self::for_member(Arc::new(me), membership, Arc::new(SeenTenant::new(record)))
    }

    /// The tenant's name in URLs and towards stores.
    pub fn slug(&self) -> &TenantSlug {
        &self.tenant.record.slug
    }

    /// The tenant as the database knows it.
    pub fn tenant(&self) -> &TenantRecord {
        &self.tenant.record
    }

    /// What answers for this scope may be shared by.
    pub(crate) fn seen(&self) -> Seen {
        (self.tenant.record.id, self.tenant.sees)
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

    /// Whether a namespace of this name, in whatever cluster, is visible.
    pub fn sees_namespace(&self, namespace: &str) -> bool {
        self.mesh().selectors().iter().any(|selector| match selector.namespaces() {
            query::Namespaces::All => true,
            query::Namespaces::Only(names) => names.contains(namespace),
        })
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
