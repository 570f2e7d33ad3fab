//! Which part of a mesh a caller may see, in clusters and namespaces. Knows nothing of tenants' names, of roles or of
//! how a store spells its labels beyond the four Istio pairs in [`Side`].

mod arms;
mod names;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

pub(crate) use arms::{Arm, Clusters, NamespaceRule};
pub use names::BadName;

/// The namespaces of one selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Namespaces {
    /// Every namespace, also those that appear later.
    All,
    /// These and no other. Empty means none.
    Only(BTreeSet<String>),
}

/// Some namespaces of one cluster, or of whatever cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeshSelector {
    cluster: Option<String>,
    namespaces: Namespaces,
}

impl MeshSelector {
    /// Every namespace of `cluster`, or of every cluster when `None`.
    pub fn all(cluster: Option<&str>) -> Result<Self, BadName> {
        Ok(Self { cluster: cluster.map(names::cluster).transpose()?, namespaces: Namespaces::All })
    }

    /// These namespaces of `cluster`, or of every cluster when `None`. Refuses a name Kubernetes could not have given.
    pub fn only<N: AsRef<str>>(
        cluster: Option<&str>,
        namespaces: impl IntoIterator<Item = N>,
    ) -> Result<Self, BadName> {
        let namespaces =
            namespaces.into_iter().map(|name| names::namespace(name.as_ref())).collect::<Result<BTreeSet<_>, _>>()?;
        Ok(Self { cluster: cluster.map(names::cluster).transpose()?, namespaces: Namespaces::Only(namespaces) })
    }

    /// The cluster, `None` for any.
    pub fn cluster(&self) -> Option<&str> {
        self.cluster.as_deref()
    }

    /// The namespaces.
    pub fn namespaces(&self) -> &Namespaces {
        &self.namespaces
    }

    fn sees(&self, cluster: &str, namespace: &str) -> bool {
        self.cluster.as_deref().is_none_or(|own| own == cluster)
            && match &self.namespaces {
                Namespaces::All => true,
                Namespaces::Only(names) => names.contains(namespace),
            }
    }

    fn sees_nothing(&self) -> bool {
        match &self.namespaces {
            Namespaces::All => false,
            Namespaces::Only(names) => names.is_empty(),
        }
    }
}

/// What a caller may see of a mesh: the union of its selectors. Without selectors it sees nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MeshScope {
    selectors: Vec<MeshSelector>,
}

impl MeshScope {
    /// The union of `selectors`. Those that see nothing are dropped.
    pub fn new(selectors: impl IntoIterator<Item = MeshSelector>) -> Self {
        Self { selectors: selectors.into_iter().filter(|selector| !selector.sees_nothing()).collect() }
    }

    /// Every namespace of every cluster: for operators.
    pub fn everything() -> Self {
        Self { selectors: vec![MeshSelector { cluster: None, namespaces: Namespaces::All }] }
    }

    /// No namespace at all.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// The selectors whose union this is, none of them empty.
    pub fn selectors(&self) -> &[MeshSelector] {
        &self.selectors
    }

    /// Whether a thing in this cluster and namespace is visible.
    pub fn sees(&self, cluster: &str, namespace: &str) -> bool {
        self.selectors.iter().any(|selector| selector.sees(cluster, namespace))
    }

    /// Whether nothing is visible.
    pub fn is_empty(&self) -> bool {
        self.selectors.is_empty()
    }

    /// Whether everything is visible, so that no matcher is needed.
    pub fn is_everything(&self) -> bool {
        self.selectors
            .iter()
            .any(|selector| selector.cluster.is_none() && matches!(selector.namespaces, Namespaces::All))
    }

    /// The part of this scope that lies in `namespaces` and in `clusters`; an empty list does not narrow. Never wider
    /// than before: names that are not visible, or cannot exist, simply find nothing.
    #[must_use]
    pub fn narrow(&self, namespaces: &[String], clusters: &[String]) -> MeshScope {
        let wanted: BTreeSet<String> = namespaces.iter().filter_map(|name| names::namespace(name).ok()).collect();
        let clusters_wanted: BTreeSet<String> = clusters.iter().filter_map(|name| names::cluster(name).ok()).collect();
        let mut narrowed = Vec::new();
        for selector in &self.selectors {
            let namespaces = match &selector.namespaces {
                kept if namespaces.is_empty() => kept.clone(),
                Namespaces::All => Namespaces::Only(wanted.clone()),
                Namespaces::Only(names) => Namespaces::Only(names.intersection(&wanted).cloned().collect()),
            };
            match &selector.cluster {
                cluster if clusters.is_empty() => {
                    narrowed.push(MeshSelector { cluster: cluster.clone(), namespaces });
                }
                Some(cluster) if clusters_wanted.contains(cluster) => {
                    narrowed.push(MeshSelector { cluster: Some(cluster.clone()), namespaces });
                }
                Some(_) => {}
                None => narrowed.extend(
                    clusters_wanted
                        .iter()
                        .map(|cluster| MeshSelector { cluster: Some(cluster.clone()), namespaces: namespaces.clone() }),
                ),
            }
        }
        Self::new(narrowed)
    }
}

/// Which end of a measurement must lie in the scope, and so which pair of labels carries the matchers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The calling workload: `source_cluster`, `source_workload_namespace`.
    Source,
    /// The called workload: `destination_cluster`, `destination_workload_namespace`.
    Destination,
    /// The called service, known even when no workload answered: `destination_cluster`,
    /// `destination_service_namespace`.
    DestinationService,
    /// A series of the thing itself: `cluster`, `namespace`.
    Resource,
}

impl Side {
    /// The label with the cluster's name.
    pub fn cluster_label(self) -> &'static str {
        match self {
            Side::Source => "source_cluster",
            Side::Destination | Side::DestinationService => "destination_cluster",
            Side::Resource => "cluster",
        }
    }

    /// The label with the namespace.
    pub fn namespace_label(self) -> &'static str {
        match self {
            Side::Source => "source_workload_namespace",
            Side::Destination => "destination_workload_namespace",
            Side::DestinationService => "destination_service_namespace",
            Side::Resource => "namespace",
        }
    }
}
