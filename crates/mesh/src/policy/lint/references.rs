//! What a policy refers to: namespaces, service accounts, workloads, gateways, providers. Only against kinds of objects that
//! the files hold.

use super::{
    Advice,
    around::{Around, selects},
    each, parts, rules,
};
use crate::policy::{
    attach::GATEWAY_NAME,
    object::{Action, AuthorizationPolicy, Field, FieldValues},
    pattern::{Glob, Item},
    settings::Mesh,
};

pub fn check(policy: &AuthorizationPolicy, around: &Around, out: &mut Advice) {
    selector(policy, around, out);
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

fn selector(policy: &AuthorizationPolicy, around: &Around, out: &mut Advice) {
    let Some(selector) = policy.target.selector.as_ref().filter(|selector| !selector.labels.is_empty()) else { return };
    let own = around.workloads.iter().filter(|workload| workload.namespace == policy.meta.namespace);
    let mut any = false;
    let mut fits = false;
    for workload in own {
        any = true;
        if selects(&selector.labels, &workload.labels) {
            fits = true;
            if workload.labels.contains_key(GATEWAY_NAME) {
                let message = "the selected pods belong to a gateway of the Gateway API";
                out.say("IST0166", selector.at, "spec.selector", message);
                return;
            }
        }
    }
    if any && !fits && policy.meta.namespace != Mesh::default().root_namespace {
        let labels: Vec<String> = selector.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let message =
            format!("no workload of namespace {} has the labels {}", policy.meta.namespace, labels.join(", "));
        out.say("IST0127", selector.at, "spec.selector.matchLabels", message);
    }
}

fn provider(policy: &AuthorizationPolicy, around: &Around, out: &mut Advice) {
    let (Some(known), Some(name)) = (&around.providers, &policy.provider) else { return };
    if policy.action == Action::Custom && !name.value.is_empty() && !known.contains(&name.value) {
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
    if around.accounts.is_empty() {
        return;
    }
    for (path, text) in each(path, &own.values) {
        let parts: Vec<&str> = text.value.split('/').collect();
        let [_, "ns", namespace, "sa", account] = parts.as_slice() else { continue };
        let plain = !text.value.contains('*');
        // Of another cluster's namespaces these files know nothing.
        let known = around.accounts.iter().any(|own| own.starts_with(&format!("{namespace}/")));
        if plain && known && !around.accounts.contains(&format!("{namespace}/{account}")) {
            out.say(
                "KIA0106",
                text.at,
                &path,
                format!("no service account in these files is called {namespace}/{account}"),
            );
        }
    }
}
