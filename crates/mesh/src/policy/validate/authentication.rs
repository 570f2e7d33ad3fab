//! ValidatePeerAuthentication and ValidateRequestAuthentication.

use super::{Report, target};
use crate::policy::{
    jwks,
    object::{JwtRule, PeerAuthentication, RequestAuthentication},
};

pub fn peer(object: &PeerAuthentication, out: &mut Report) {
    const PATH: &str = "spec.portLevelMtls";
    let at = object.ports.iter().flatten().next().map_or(object.meta.at, |port| port.at);
    if let Some(ports) = &object.ports {
        if object.is_wide() && !ports.is_empty() {
            let message = "mesh/namespace peer authentication cannot have port level mTLS";
            out.error(at, PATH, message, "Add a selector with labels, or remove `portLevelMtls`.");
        }
        if ports.is_empty() {
            let message = "port level mTLS, if defined, must have at least one element";
            out.error(at, PATH, message, "Name a port, or remove the field.");
        }
        for port in ports.iter().filter(|port| !(1..=65535).contains(&port.port)) {
            let path = format!("{PATH}.{}", port.port);
            out.error(port.at, &path, "port must be in range 1..65535", "Use the number of a workload port.");
        }
    }
    target::selector(object.selector.as_ref(), out);
}

pub fn request(object: &RequestAuthentication, out: &mut Report) {
    target::target(&object.target, object.meta.at, out);
    for (i, rule) in object.rules.iter().enumerate() {
        jwt_rule(rule, &format!("spec.jwtRules[{i}]"), out);
        private_keys(rule, &format!("spec.jwtRules[{i}]"), out);
    }
}

/// warnPrivateJwksKeys.
fn private_keys(rule: &JwtRule, path: &str, out: &mut Report) {
    let Some(text) = &rule.jwks else { return };
    for i in jwks::private_keys(&text.value) {
        let message =
            format!("jwks key at index {i} contains private key material; only public keys are used for verification");
        let remedy = "Keep the public part only, and replace the key: whoever reads the object can sign tokens.";
        out.warning(text.at, &format!("{path}.jwks"), message, remedy);
    }
}

/// validateJwtRule.
fn jwt_rule(rule: &JwtRule, path: &str, out: &mut Report) {
    for (i, audience) in rule.audiences.iter().enumerate().filter(|(_, text)| text.value.is_empty()) {
        let path = format!("{path}.audiences[{i}]");
        out.error(audience.at, &path, "audience must be non-empty string", "Name the audience.");
    }
    let uri = rule.jwks_uri.as_ref().filter(|uri| !uri.value.is_empty());
    if rule.issuer.value.is_empty() && uri.is_none() {
        out.error(rule.at, path, "issuer or jwksUri must be non-empty string", "Name the issuer.");
    }
    if let Some(uri) = uri {
        let scheme = uri.value.split_once(':').map_or("", |(scheme, _)| scheme);
        if !matches!(scheme, "http" | "https") {
            let message = format!("URI scheme {scheme:?} is not supported");
            out.error(uri.at, &format!("{path}.jwksUri"), message, "Use http or https.");
        }
    }
    for (i, name) in rule.from_headers.iter().enumerate().filter(|(_, text)| text.value.is_empty()) {
        let path = format!("{path}.fromHeaders[{i}]");
        out.error(name.at, &path, "location header name must be non-empty string", "Name the header.");
    }
    for name in rule.from_others.iter().filter(|text| text.value.is_empty()) {
        out.error(name.at, path, "location query must be non-empty string", "Name the parameter or cookie.");
    }
    for (i, (header, claim)) in rule.outputs.iter().enumerate() {
        if header.value.is_empty() || claim.value.is_empty() {
            let message = "outputClaimToHeaders header and claim value must be non-empty string";
            out.error(header.at, &format!("{path}.outputClaimToHeaders[{i}]"), message, "Name both.");
        } else if !is_header_name(&header.value) {
            let message = format!("header name {header} is not a valid header name");
            out.error(
                header.at,
                &format!("{path}.outputClaimToHeaders[{i}].header"),
                message,
                "Use letters, digits, `-`.",
            );
        }
    }
}

/// validStrictHeaderNameRegex: letters, digits, dashes and underscores.
fn is_header_name(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
