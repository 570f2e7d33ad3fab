//! What a policy refers to: namespaces, service accounts, trust domains, providers. Only against kinds of objects that the
//! files hold.

use super::{
    Advice,
    around::{Around, MeshConfig},
    each, parts, rules,
};
use crate::policy::{
    object::{Action, AuthorizationPolicy, Field, FieldValues},
    pattern::{Glob, Item},
    settings::Mesh,
};

pub fn check(policy: &AuthorizationPolicy, around: &Around, out: &mut Advice) {
    provider(policy, around, out);
    for (path, rule) in rules(policy) {
        for (path, part) in parts(&path, rule) {
            for own in &part.fields {
                let path = format!("{path}.{}", own.field.name(own.negated));
                match own.field {
                    Field::Namespaces => namespaces(own, &path, around, out),
                    Field::Principals => accounts(own, &path, around, out),
                    Field::RequestPrincipals | Field::ServiceAccounts | Field::TrustDomains | Field::IpBlocks => {}
                    Field::RemoteIpBlocks | Field::Hosts | Field::Ports | Field::Methods | Field::Paths => {}
                }
            }
        }
    }
}

fn provider(policy: &AuthorizationPolicy, around: &Around, out: &mut Advice) {
    let (Some(mesh), Some(name)) = (&around.mesh, &policy.provider) else { return };
    if policy.action == Action::Custom && !name.value.is_empty() && !mesh.providers.contains(&name.value) {
        out.say("OB0415", name.at, "spec.provider.name", format!("MeshConfig defines no extension provider `{name}`"));
    }
}

fn namespaces(own: &FieldValues, path: &str, around: &Around, out: &mut Advice) {
    if around.namespaces.is_empty() {
        return;
    }
    for (path, text) in each(path, &own.values) {
        let mut items = Vec::new();
        for (i, literal) in text.value.split('*').enumerate() {
            if i > 0 {
                items.push(Item::any());
            }
            items.push(Item::literal(literal));
        }
        let glob = Glob::new(items);
        if !around.namespaces.keys().any(|name| glob.matches(name)) {
            out.say("IST0101", text.at, &path, format!("no namespace in these files is called `{text}`"));
        }
    }
}

fn accounts(own: &FieldValues, path: &str, around: &Around, out: &mut Advice) {
    for (path, text) in each(path, &own.values).filter(|(_, text)| !text.value.contains('*')) {
        let parts: Vec<&str> = text.value.split('/').collect();
        let [domain, "ns", namespace, "sa", account] = parts.as_slice() else { continue };
        if around.mesh.as_ref().is_some_and(|mesh| is_foreign(domain, mesh)) {
            out.say("KIA0108", text.at, &path, format!("MeshConfig knows no trust domain `{domain}`"));
            continue;
        }
        // Of another cluster's namespaces these files know nothing.
        let known = around.accounts.iter().any(|own| own.starts_with(&format!("{namespace}/")));
        if known && !around.accounts.contains(&format!("{namespace}/{account}")) {
            let message = format!("no service account in these files is called {namespace}/{account}");
            out.say("KIA0106", text.at, &path, message);
        }
    }
}

/// Whether a trust domain is neither the mesh's nor an alias; `cluster.local` always means the mesh itself (R40).
fn is_foreign(domain: &str, mesh: &MeshConfig) -> bool {
    let own = |known: &String| known == domain || known.contains('*');
    domain != Mesh::default().trust_domain && !mesh.trust_domains.iter().any(own)
}
