//! Trust-domain aliases (R40, R43; pilot/pkg/security/trustdomain/bundle.go).

use crate::policy::settings::Mesh;

/// A principal written for every trust domain it stands for.
pub fn principals(value: &str, mesh: &Mesh) -> Vec<String> {
    let Some((own, rest)) = value.split_once('/') else { return vec![value.to_owned()] };
    let known = mesh.trust_domains().any(|domain| fits(own, domain)) || own == "cluster.local";
    if rest.matches('/').count() != 3 || own == "*" || !known {
        return vec![value.to_owned()];
    }
    // Most meshes have one trust domain, and their policies write it out.
    if own == mesh.trust_domain && mesh.trust_domain_aliases.is_empty() {
        return vec![value.to_owned()];
    }
    let mut expanded: Vec<String> = Vec::new();
    for domain in mesh.trust_domains() {
        // A leading wildcard that covers the domain stays as it is, once.
        let covered = own.strip_prefix('*').is_some_and(|suffix| domain.ends_with(suffix));
        let next = if covered { value.to_owned() } else { format!("{domain}/{rest}") };
        if !expanded.contains(&next) {
            expanded.push(next);
        }
    }
    expanded
}

/// A trust domain, expanded when it literally is one of the mesh (R43).
pub fn domains(value: &str, mesh: &Mesh) -> Vec<String> {
    if !mesh.trust_domains().any(|domain| domain == value) {
        return vec![value.to_owned()];
    }
    let mut expanded: Vec<String> = Vec::new();
    for domain in mesh.trust_domains() {
        if !expanded.iter().any(|known| known == domain) {
            expanded.push(domain.to_owned());
        }
    }
    expanded
}

/// Equality, or a wildcard at an end on either side (trustdomain/util.go stringMatch).
fn fits(a: &str, b: &str) -> bool {
    let prefix = |text: &str, pattern: &str| pattern.strip_suffix('*').is_some_and(|prefix| text.starts_with(prefix));
    let suffix = |text: &str, pattern: &str| pattern.strip_prefix('*').is_some_and(|suffix| text.ends_with(suffix));
    a == b || b == "*" || prefix(a, b) || prefix(b, a) || suffix(a, b) || suffix(b, a)
}
