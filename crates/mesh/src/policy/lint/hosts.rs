//! Hosts of operations that are short names of services, against what the files define. Any other host is a name that only
//! its clients know.

use super::{Advice, around::Around, each, parts, rules};
use crate::policy::object::{AuthorizationPolicy, Field};

/// Where the names of services end.
const DOMAIN: &str = "svc.cluster.local";

pub fn check(policy: &AuthorizationPolicy, around: &Around, out: &mut Advice) {
    for (path, rule) in rules(policy) {
        for (path, part) in parts(&path, rule) {
            for own in part.fields.iter().filter(|own| own.field == Field::Hosts && !own.negated) {
                for (path, text) in each(&format!("{path}.hosts"), &own.values) {
                    let Some((service, namespace)) = short(&text.value, &policy.meta.namespace, around) else {
                        continue;
                    };
                    // Of namespaces without a single Service in these files nothing is known.
                    let held = around.services.iter().any(|own| own.namespace == namespace);
                    if held && !is_defined(&service, &namespace, around) {
                        let message =
                            format!("no Service, ServiceEntry or VirtualService defines {service}.{namespace}");
                        out.say("KIA0104", text.at, &path, message);
                        // Where unknown hosts may leave the mesh the name need not be one of its own.
                        if around.mesh.as_ref().is_some_and(|mesh| mesh.allow_any) {
                            out.weigh(crate::policy::finding::Severity::Warning);
                        }
                    }
                }
            }
        }
    }
}

/// Service and namespace of `name` and `name.namespace`, with or without a port.
fn short(host: &str, namespace: &str, around: &Around) -> Option<(String, String)> {
    let host = host.to_ascii_lowercase();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) => return None,
        None => host.as_str(),
    };
    if name.is_empty() || name.contains(['*', ':']) {
        return None;
    }
    match name.split('.').collect::<Vec<_>>().as_slice() {
        // Of a policy for the whole mesh the name may be one of any namespace.
        [_] if namespace == around.root_namespace() => None,
        [service] => Some(((*service).to_owned(), namespace.to_owned())),
        [service, other] if *other == namespace || around.namespaces.contains_key(*other) => {
            Some(((*service).to_owned(), (*other).to_owned()))
        }
        _ => None,
    }
}

fn is_defined(service: &str, namespace: &str, around: &Around) -> bool {
    let full = format!("{service}.{namespace}.{DOMAIN}");
    let forms = [format!("{service}.{namespace}"), format!("{service}.{namespace}.svc"), full.clone()];
    let objects = around.entries.iter().chain(&around.virtual_services);
    let mut hosts = objects.flat_map(|object| object.hosts.iter().map(move |host| (&object.namespace, host)));
    around.services.iter().any(|own| own.name == service && own.namespace == namespace)
        || hosts.any(|(home, host)| match host.strip_prefix('*') {
            Some(rest) => full.ends_with(rest),
            None => forms.contains(host) || host == service && home == namespace,
        })
}
