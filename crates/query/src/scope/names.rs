//! Which names clusters and namespaces can have. The names end up in queries, so nothing else is let through.

/// Longest name of a cluster, in characters; Kubernetes does not limit it, DNS does.
const CLUSTER_MAX_CHARS: usize = 253;
/// Longest DNS label (RFC 1123), the rule for namespaces.
const NAMESPACE_MAX_BYTES: usize = 63;

/// A name that no cluster or namespace can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// Not a DNS label.
    #[error("{0:?} is no namespace: 1 to 63 of a-z, 0-9 and '-', with a letter or digit at both ends")]
    Namespace(String),
    /// Empty, too long, or with control characters.
    #[error("{0:?} is no cluster name: 1 to 253 printable characters")]
    Cluster(String),
}

/// The name, when it is a DNS label as Kubernetes asks of namespaces.
pub(super) fn namespace(name: &str) -> Result<String, BadName> {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends_well = name.bytes().next().is_some_and(inner) && name.bytes().next_back().is_some_and(inner);
    if ends_well && name.len() <= NAMESPACE_MAX_BYTES && name.bytes().all(|byte| inner(byte) || byte == b'-') {
        Ok(name.to_owned())
    } else {
        Err(BadName::Namespace(name.to_owned()))
    }
}

/// The name, when it is short and printable. Clusters are named by people, so spaces and dots are common.
pub(super) fn cluster(name: &str) -> Result<String, BadName> {
    let chars = name.chars().count();
    if (1..=CLUSTER_MAX_CHARS).contains(&chars) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(BadName::Cluster(name.to_owned()))
    }
}
