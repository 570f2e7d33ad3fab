//! A tenant with its part of the mesh, ready to confine queries, and what its answers may be shared by.

use std::hash::{DefaultHasher, Hash, Hasher};

use query::{MeshScope, MeshSelector};

use crate::tenants::{Namespaces, TenantRecord};

/// A tenant with its part of the mesh.
pub(crate) struct SeenTenant {
    record: TenantRecord,
    mesh: MeshScope,
    sees: u64,
}

/// What answers may be shared by: the tenant, and what it sees as of now. A tenant whose part of the mesh or whose stores
/// change has another one, so that nothing it saw before is shown to it again.
pub(crate) type Seen = (uuid::Uuid, u64);

impl SeenTenant {
    /// `store` is the revision of its metrics store. Selectors that name what cannot exist see nothing; they are logged, because somebody wrote them.
    pub(crate) fn new(record: TenantRecord, store: u64) -> Self {
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
        format!("{:?} {:?} {store}", record.mesh, record.stores).hash(&mut hasher);
        let sees = hasher.finish();
        Self { record, mesh, sees }
    }

    pub(crate) fn record(&self) -> &TenantRecord {
        &self.record
    }

    pub(crate) fn mesh(&self) -> &MeshScope {
        &self.mesh
    }

    pub(crate) fn seen(&self) -> Seen {
        (self.record.id, self.sees)
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
