//! Reads PeerAuthentication and RequestAuthentication.

use super::{or_empty, selector, target};
use crate::policy::{
    fields::Fields,
    finding::Findings,
    object::{JwtRule, Meta, MtlsMode, PeerAuthentication, PortMtls, RequestAuthentication, Target},
    place::{Spot, Text},
    yaml::Node,
};

pub fn peer(meta: Meta, spec: Option<Fields<'_>>, out: &mut Findings) -> PeerAuthentication {
    let mode_at = meta.at;
    let mut object = PeerAuthentication { meta, selector: None, mode: MtlsMode::Unset, mode_at, ports: None };
    let Some(mut spec) = spec else { return object };
    object.selector = selector(&mut spec, out);
    if let Some(mtls) = spec.map("mtls", out) {
        object.mode_at = mtls.at;
        object.mode = mode(mtls, out);
    }
    let path = spec.path_of("portLevelMtls");
    if let Some(node) = spec.take("portLevelMtls") {
        let mut ports = Vec::new();
        if Fields::open(node, &path, out).is_some() {
            for entry in node.entries() {
                let Some(port) = port(&entry.key, &entry.value, &path, out) else { continue };
                // Keys are numbers here: `80` and `0080` are the same one.
                if ports.iter().any(|own: &PortMtls| own.port == port.port) {
                    let message = format!("port {} stands here a second time", port.port);
                    out.error("OB0105", port.at, &format!("{path}.{}", entry.key), message, "Keep one of them.");
                } else {
                    ports.push(port);
                }
            }
        }
        object.ports = Some(ports);
    }
    spec.close(&["selector", "mtls", "portLevelMtls"], out);
    object
}

fn port(key: &Text, node: &Node, path: &str, out: &mut Findings) -> Option<PortMtls> {
    let path = format!("{path}.{key}");
    // Digits only, as Go reads the keys of this map: no sign.
    let digits = key.value.bytes().all(|byte| byte.is_ascii_digit());
    let Some(port) = key.value.parse().ok().filter(|_| digits) else {
        out.error("OB0107", key.at, &path, format!("`{key}` is no port number"), "Use the number of a workload port.");
        return None;
    };
    let mode = Fields::open(node, &path, out).map(|fields| mode(fields, out)).unwrap_or_default();
    Some(PortMtls { at: key.at, port, mode })
}

fn mode(mut mtls: Fields<'_>, out: &mut Findings) -> MtlsMode {
    let word = mtls.text("mode", out);
    let path = mtls.path_of("mode");
    mtls.close(&["mode"], out);
    match word.as_ref().map(Text::as_str) {
        None | Some("UNSET") => MtlsMode::Unset,
        Some("DISABLE") => MtlsMode::Disable,
        Some("PERMISSIVE") => MtlsMode::Permissive,
        Some("STRICT") => MtlsMode::Strict,
        Some(other) => {
            let at = word.as_ref().map(|word| word.at).unwrap_or_default();
            let message = format!("`{other}` is no mTLS mode");
            out.error("OB0111", at, &path, message, "Use UNSET, DISABLE, PERMISSIVE or STRICT.");
            MtlsMode::Unset
        }
    }
}

pub fn request(meta: Meta, spec: Option<Fields<'_>>, out: &mut Findings) -> RequestAuthentication {
    let mut object = RequestAuthentication { meta, target: Target::default(), rules: Vec::new() };
    let Some(mut spec) = spec else { return object };
    object.target = target(&mut spec, out);
    let path = spec.path_of("jwtRules");
    for (i, node) in spec.list("jwtRules", out).unwrap_or_default().iter().enumerate() {
        if let Some(fields) = Fields::open(node, &format!("{path}[{i}]"), out) {
            object.rules.push(jwt_rule(fields, out));
        }
    }
    spec.close(&["selector", "targetRef", "targetRefs", "jwtRules"], out);
    object
}

/// All fields of a rule; those that only say where a token is found are accepted and not used.
const JWT_FIELDS: [&str; 14] = [
    "issuer",
    "audiences",
    "jwksUri",
    "jwks_uri",
    "jwks",
    "fromHeaders",
    "fromParams",
    "fromCookies",
    "outputPayloadToHeader",
    "forwardOriginalToken",
    "outputClaimToHeaders",
    "timeout",
    "spaceDelimitedClaims",
    "clearRouteCache",
];

fn jwt_rule(mut fields: Fields<'_>, out: &mut Findings) -> JwtRule {
    let at = fields.at;
    let issuer = or_empty(fields.text("issuer", out), at);
    let audiences = fields.texts("audiences", out).unwrap_or_default();
    let old_uri = fields.text("jwks_uri", out);
    let jwks_uri = fields.text("jwksUri", out).or(old_uri);
    let jwks = fields.text("jwks", out);
    let space_delimited = fields.texts("spaceDelimitedClaims", out).unwrap_or_default();
    let from_headers =
        pairs(&mut fields, "fromHeaders", ["name", "prefix"], out).into_iter().map(|pair| pair.0).collect();
    let mut from_others = fields.texts("fromParams", out).unwrap_or_default();
    from_others.extend(fields.texts("fromCookies", out).unwrap_or_default());
    let outputs = pairs(&mut fields, "outputClaimToHeaders", ["header", "claim"], out);
    fields.skip(&["outputPayloadToHeader", "forwardOriginalToken", "timeout"]);
    fields.close(&JWT_FIELDS, out);
    JwtRule { at, issuer, audiences, jwks_uri, jwks, space_delimited, from_headers, from_others, outputs }
}

fn pairs(fields: &mut Fields<'_>, key: &str, names: [&str; 2], out: &mut Findings) -> Vec<(Text, Text)> {
    let path = fields.path_of(key);
    let mut found = Vec::new();
    for (i, node) in fields.list(key, out).unwrap_or_default().iter().enumerate() {
        if let Some(mut inner) = Fields::open(node, &format!("{path}[{i}]"), out) {
            let at: Spot = inner.at;
            let pair = names.map(|name| or_empty(inner.text(name, out), at));
            inner.close(&names, out);
            let [first, second] = pair;
            found.push((first, second));
        }
    }
    found
}
