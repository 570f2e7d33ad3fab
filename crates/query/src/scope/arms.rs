//! A scope as the fewest conjunctions of label matchers. The conjunctions are disjoint: no (cluster, namespace) lies in
//! two of them, so that joining their results with `or` neither loses nor doubles a series.

use std::collections::{BTreeMap, BTreeSet};

use super::{MeshScope, Namespaces};

/// The clusters of one conjunction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clusters {
    /// No matcher on the cluster.
    Any,
    /// Exactly these, never empty.
    These(BTreeSet<String>),
}

/// The namespaces of one conjunction.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum NamespaceRule {
    /// No matcher on the namespace.
    Any,
    /// Exactly these, never empty.
    In(BTreeSet<String>),
    /// All but these (another conjunction has them), never empty.
    NotIn(BTreeSet<String>),
}

/// One conjunction: series of these clusters *and* these namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arm {
    pub(crate) clusters: Clusters,
    pub(crate) namespaces: NamespaceRule,
}

impl MeshScope {
    /// The disjoint conjunctions whose union is this scope; none when it sees nothing.
    pub(crate) fn arms(&self) -> Vec<Arm> {
        let mut anywhere = BTreeSet::new();
        let mut by_cluster: BTreeMap<&str, Namespaces> = BTreeMap::new();
        for selector in self.selectors() {
            match (selector.cluster(), selector.namespaces()) {
                (None, Namespaces::Only(names)) => anywhere.extend(names.iter().cloned()),
                (None, Namespaces::All) => {
                    return vec![Arm { clusters: Clusters::Any, namespaces: NamespaceRule::Any }];
                }
                (Some(cluster), Namespaces::All) => {
                    by_cluster.insert(cluster, Namespaces::All);
                }
                (Some(cluster), Namespaces::Only(names)) => {
                    let entry = by_cluster.entry(cluster).or_insert_with(|| Namespaces::Only(BTreeSet::new()));
                    if let Namespaces::Only(known) = entry {
                        known.extend(names.iter().cloned());
                    }
                }
            }
        }
        // Clusters with the same namespaces share one conjunction: the common case needs no `or` at all.
        let mut clusters_by_rule: BTreeMap<NamespaceRule, BTreeSet<String>> = BTreeMap::new();
        for (cluster, namespaces) in by_cluster {
            let rule = match namespaces {
                Namespaces::All if anywhere.is_empty() => NamespaceRule::Any,
                Namespaces::All => NamespaceRule::NotIn(anywhere.clone()),
                Namespaces::Only(names) => NamespaceRule::In(names.difference(&anywhere).cloned().collect()),
            };
            if rule != NamespaceRule::In(BTreeSet::new()) {
                clusters_by_rule.entry(rule).or_default().insert(cluster.to_owned());
            }
        }
        let mut arms = Vec::new();
        if !anywhere.is_empty() {
            arms.push(Arm { clusters: Clusters::Any, namespaces: NamespaceRule::In(anywhere) });
        }
        arms.extend(
            clusters_by_rule
                .into_iter()
                .map(|(namespaces, clusters)| Arm { clusters: Clusters::These(clusters), namespaces }),
        );
        arms
    }
}
