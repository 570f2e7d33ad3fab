//! What of a shared mesh a tenant sees, as written in the configuration and kept in the database.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Namespaces of a cluster, or of all clusters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeshSelector {
    /// Name of the cluster; `None` for every cluster. Written `*` then.
    #[serde(with = "any_cluster")]
    pub cluster: Option<String>,
    /// Which namespaces of it.
    pub namespaces: Namespaces,
}

/// All namespaces, or these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeSet<String>", into = "BTreeSet<String>")]
pub enum Namespaces {
    /// Written `["*"]`.
    All,
    /// Exactly these, by name.
    Only(BTreeSet<String>),
}

const ANY: &str = "*";

impl From<BTreeSet<String>> for Namespaces {
    fn from(names: BTreeSet<String>) -> Self {
        if names.contains(ANY) { Self::All } else { Self::Only(names) }
    }
}

impl From<Namespaces> for BTreeSet<String> {
    fn from(namespaces: Namespaces) -> Self {
        match namespaces {
            Namespaces::All => Self::from([ANY.to_owned()]),
            Namespaces::Only(names) => names,
        }
    }
}

mod any_cluster {
    //! `*` for `None`.

    use serde::{Deserialize, Deserializer, Serializer};

    use super::ANY;

    pub(super) fn serialize<S: Serializer>(cluster: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(cluster.as_deref().unwrap_or(ANY))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        Ok(Some(String::deserialize(deserializer)?).filter(|name| name != ANY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_keep_their_form_in_the_database() {
        let text = r#"[{"cluster":"*","namespaces":["ai","shop"]},{"cluster":"west","namespaces":["*"]}]"#;
        let selectors: Vec<MeshSelector> = serde_json::from_str(text).expect("readable");
        let names = BTreeSet::from(["ai".to_owned(), "shop".to_owned()]);
        assert_eq!(
            selectors,
            [
                MeshSelector { cluster: None, namespaces: Namespaces::Only(names) },
                MeshSelector { cluster: Some("west".to_owned()), namespaces: Namespaces::All },
            ]
        );
        assert_eq!(serde_json::to_string(&selectors).expect("writable"), text);
    }
}
