//! PeerAuthentication against the DestinationRules of clients: who demands mutual TLS, or refuses it, needs clients that do
//! the same. With automatic mutual TLS they do by themselves, unless a DestinationRule says otherwise.

use super::{
    Advice,
    around::{Around, DestinationRule},
};
use crate::policy::object::{MtlsMode, PeerAuthentication};

/// The host of a DestinationRule for the whole mesh.
const MESH: &str = "*.local";

pub fn check(object: &PeerAuthentication, around: &Around, out: &mut Advice) {
    if !object.is_wide() || around.destination_rules.is_empty() {
        return;
    }
    let namespace = &object.meta.namespace;
    let root = *namespace == around.root_namespace();
    let host = format!("*.{namespace}.svc.cluster.local");
    let own = || around.destination_rules.iter().filter(|rule| rule.host == host);
    let mesh = || around.destination_rules.iter().filter(|rule| rule.host == MESH);
    let (at, path) = (object.mode_at, "spec.mtls");
    match object.mode {
        MtlsMode::Strict => {
            let manual = around.mesh.as_ref().is_some_and(|mesh| !mesh.auto_mtls);
            let enabled = mesh().chain(own().filter(|_| !root)).any(|rule| mode(rule) == "ISTIO_MUTUAL");
            if manual && !enabled {
                let (code, wanted) =
                    if root { ("KIA0401", MESH.to_owned()) } else { ("KIA0501", format!("{host} or {MESH}")) };
                let message = format!("no DestinationRule for {wanted} has clients use ISTIO_MUTUAL");
                out.say(code, at, path, message);
            }
        }
        MtlsMode::Disable => {
            // The rule of the namespace is the nearer one: where it turns mutual TLS off, the one of the mesh counts no more.
            let near = own().filter(|_| !root).find(|rule| is_mutual(rule) || mode(rule) == "DISABLE");
            let nearest = near.or_else(|| mesh().find(|rule| is_mutual(rule)));
            if let Some(rule) = nearest.filter(|rule| is_mutual(rule)) {
                let code = if root { "KIA0506" } else { "KIA0505" };
                let message = format!("DestinationRule {} for {} has clients use {}", rule.id, rule.host, mode(rule));
                out.say(code, at, path, message);
            }
        }
        MtlsMode::Unset | MtlsMode::Permissive => {}
    }
}

fn mode(rule: &DestinationRule) -> &str {
    rule.mode.as_deref().unwrap_or_default()
}

fn is_mutual(rule: &DestinationRule) -> bool {
    matches!(mode(rule), "ISTIO_MUTUAL" | "MUTUAL")
}
