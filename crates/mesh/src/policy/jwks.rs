//! Key sets as they stand in a RequestAuthentication (RFC 7517, 7518, 8037): which of them Istio's validator refuses, and
//! which Envoy can verify nothing with. No cryptography: whether a point lies on its curve is not looked at.

mod base64;
mod json;
#[cfg(test)]
mod tests;

use super::yaml::{Node, Value};

/// The longest text that is read; a cluster stores no larger objects.
const MAX_BYTES: usize = 1024 * 1024;
/// The most faults that are told of one set.
const MAX_FAULTS: usize = 10;

/// What is wrong with a key set, each a sentence; nothing where tokens can be verified with it.
pub fn faults(text: &str) -> Vec<String> {
    let keys = match keys(text) {
        Ok(keys) => keys,
        Err(fault) => return vec![fault],
    };
    if keys.is_empty() {
        return vec!["`keys` is empty, so no token is accepted".to_owned()];
    }
    let faults = keys.iter().enumerate().filter_map(|(i, key)| Some(format!("key {i}: {}", refused(key)?)));
    let faults: Vec<String> = faults.take(MAX_FAULTS).collect();
    if faults.is_empty() && keys.iter().all(|key| unused(key).is_some()) {
        let why: Vec<String> = keys.iter().take(MAX_FAULTS).filter_map(unused).collect();
        return vec![format!("Envoy can use none of the keys, so no token is accepted: {}", why.join("; "))];
    }
    faults
}

/// The indices of keys that hold what only the issuer may have.
pub fn private_keys(text: &str) -> Vec<usize> {
    let keys = keys(text).unwrap_or_default();
    let private = |key: &Node| refused(key).is_none() && (word(key, "kty") == Some("oct") || key.get("d").is_some());
    keys.iter().enumerate().filter(|(_, key)| private(key)).map(|(i, _)| i).take(MAX_FAULTS).collect()
}

fn keys(text: &str) -> Result<Vec<Node>, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("longer than {MAX_BYTES} bytes, and not read"));
    }
    let set = json::read(text).map_err(|at| format!("not JSON, from line {} of the value on", at.line))?;
    let Value::Map(entries) = &set.value else {
        return Err(format!("a key set is an object, and this is {}", set.kind()));
    };
    match entries.iter().find(|entry| entry.key.value == "keys").map(|entry| &entry.value.value) {
        Some(Value::List(keys)) => Ok(keys.clone()),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_)) => {
            Err("`keys` is no list".to_owned())
        }
        None if set.get("kty").is_some() => Err("a single key without `keys` around it".to_owned()),
        None => Err("`keys` is missing".to_owned()),
    }
}

fn word<'k>(key: &'k Node, name: &str) -> Option<&'k str> {
    key.get(name).and_then(Node::text)
}

/// Why the validator refuses the object for this key.
fn refused(key: &Node) -> Option<String> {
    let Value::Map(_) = key.value else { return Some(format!("not an object but {}", key.kind())) };
    let wanted: &[&str] = match word(key, "kty") {
        Some("RSA") => &["n", "e"],
        Some("EC") => &["crv", "x", "y"],
        Some("OKP") => &["crv", "x"],
        Some("oct") => &["k"],
        Some(other) => return Some(format!("`kty` is `{other}`, and not RSA, EC, OKP or oct")),
        None if key.get("kty").is_some() => return Some("`kty` is no text".to_owned()),
        None => return Some("`kty` is missing".to_owned()),
    };
    wanted.iter().find_map(|name| match (key.get(name), word(key, name)) {
        (None, _) => Some(format!("`{name}` is missing")),
        (Some(_), None) => Some(format!("`{name}` is no text")),
        (Some(_), Some("")) => Some(format!("`{name}` is empty")),
        (Some(_), Some(value)) if *name != "crv" && base64::decode(value).is_none() => {
            Some(format!("`{name}` is not base64url"))
        }
        (Some(_), Some(_)) => None,
    })
}

/// Why Envoy passes over a key that the validator takes (jwt_verify_lib, jwks.cc).
fn unused(key: &Node) -> Option<String> {
    let alg = word(key, "alg").unwrap_or_default();
    let crv = word(key, "crv").unwrap_or_default();
    let number = |name: &str| word(key, name).and_then(base64::decode).unwrap_or_default();
    let odd_alg = || Some(format!("`alg` is `{alg}`"));
    let odd_curve = || Some(format!("`crv` is `{crv}`"));
    match word(key, "kty").unwrap_or_default() {
        "RSA" if !(alg.is_empty() || alg.starts_with("RS") || alg.starts_with("PS")) => odd_alg(),
        "RSA" => {
            let exponent = number("e");
            let digits = exponent.iter().skip_while(|byte| **byte == 0).copied().collect::<Vec<u8>>();
            let usual = matches!(digits.as_slice(), [3] | [1, 0, 1]);
            (!usual).then(|| "`e` is neither 3 nor 65537".to_owned())
        }
        "EC" => match (alg, crv) {
            ("" | "ES256", "P-256") | ("" | "ES384", "P-384") | ("" | "ES512", "P-521") => None,
            (_, "P-256" | "P-384" | "P-521") => odd_alg(),
            (_, _) => odd_curve(),
        },
        "OKP" if !matches!(alg, "" | "EdDSA") => odd_alg(),
        "OKP" if crv != "Ed25519" => odd_curve(),
        "OKP" => (number("x").len() != 32).then(|| "`x` has not 32 bytes".to_owned()),
        "oct" if !matches!(alg, "" | "HS256" | "HS384" | "HS512") => odd_alg(),
        _ => None,
    }
}
