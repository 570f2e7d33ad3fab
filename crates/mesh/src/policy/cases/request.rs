//! Reads the `request` of a case. What is left out is unknown; headers, token and metadata that are left out of a request
//! that is otherwise complete are absent. `null` says explicitly that something is unknown.

use std::{collections::BTreeMap, net::IpAddr};

use crate::policy::{
    fields::{self, Fields, wrong},
    finding::Findings,
    place::Text,
    request::{Given, Headers, Peer, Protocol, Request, Token, Tree},
    yaml::{Entry, Node, Value},
};

const KEYS: [&str; 12] = [
    "protocol",
    "source",
    "remoteIp",
    "destination",
    "sni",
    "method",
    "host",
    "path",
    "headers",
    "jwt",
    "extAuthz",
    "dynamicMetadata",
];

/// Reads a request.
pub fn read(mut fields: Fields<'_>, out: &mut Findings) -> Request {
    let mut request = Request { protocol: protocol(&mut fields, out), ..Request::default() };
    if let Some(source) = fields.map("source", out) {
        read_source(source, &mut request, out);
    }
    request.remote_ip = match ip(&mut fields, "remoteIp", out) {
        // R45: the peer itself, where no proxy named another client.
        Given::Unknown => request.source_ip.clone(),
        known => known,
    };
    if let Some(mut destination) = fields.map("destination", out) {
        request.destination_ip = ip(&mut destination, "ip", out);
        request.destination_port = port(&mut destination, out);
        destination.close(&["ip", "port"], out);
    }
    let mut word = |key: &str| -> Given<String> { fields.text(key, out).map(|text| text.value).into() };
    (request.sni, request.method, request.host, request.path) =
        (word("sni"), word("method"), word("host"), word("path"));
    if request.sni.is_unknown() && request.peer == Given::Known(Peer::Plaintext) {
        request.sni = Given::Known(String::new());
    }
    let complete = match request.protocol {
        Protocol::Tcp => true,
        Protocol::Http | Protocol::Grpc => {
            let method = request.protocol == Protocol::Grpc || !request.method.is_unknown();
            method && !request.host.is_unknown() && !request.path.is_unknown()
        }
    };
    let headers_path = fields.path_of("headers");
    request.headers = match fields.take_any("headers") {
        None => Headers { open: !complete, ..Headers::default() },
        Some(node) => headers(node, &headers_path, out),
    };
    let jwt_path = fields.path_of("jwt");
    request.token = match fields.take_any("jwt") {
        None if complete => Given::Known(None),
        None | Some(Node { value: Value::Null, .. }) => Given::Unknown,
        Some(node) => Given::Known(token(node, &jwt_path, out)),
    };
    request.metadata = tree(&mut fields, "dynamicMetadata", !complete, out);
    request.ext_authz = answers(&mut fields, out);
    fields.close(&KEYS, out);
    request
}

fn protocol(fields: &mut Fields<'_>, out: &mut Findings) -> Protocol {
    let path = fields.path_of("protocol");
    let Some(word) = fields.text("protocol", out) else { return Protocol::Http };
    match word.as_str() {
        "http" => Protocol::Http,
        "grpc" => Protocol::Grpc,
        "tcp" => Protocol::Tcp,
        other => {
            out.error("OB0205", word.at, &path, format!("`{other}` is no protocol"), "Use http, grpc or tcp.");
            Protocol::Http
        }
    }
}

fn read_source(mut source: Fields<'_>, request: &mut Request, out: &mut Findings) {
    request.source_ip = ip(&mut source, "ip", out);
    let tls = source.text("tls", out);
    let principal = source.text("principal", out);
    let id = principal.as_ref().map(|text| text.value.strip_prefix("spiffe://").unwrap_or(&text.value).to_owned());
    request.peer = match (tls.as_ref().map(Text::as_str), id) {
        (Some("plaintext"), None) => Given::Known(Peer::Plaintext),
        (Some("plaintext"), Some(_)) => {
            let at = principal.map_or(source.at, |text| text.at);
            let message = "a plaintext peer has no principal";
            out.error("OB0206", at, &source.path_of("principal"), message, "Remove it, or use `tls: mtls`.");
            Given::Known(Peer::Plaintext)
        }
        (Some("mtls"), id) => Given::Known(Peer::Mtls(id.into())),
        (None, Some(id)) => Given::Known(Peer::Mtls(Given::Known(id))),
        (None, None) => Given::Unknown,
        (Some(other), _) => {
            let at = tls.as_ref().map_or(source.at, |text| text.at);
            out.error("OB0205", at, &source.path_of("tls"), format!("`{other}` is unknown"), "Use mtls or plaintext.");
            Given::Unknown
        }
    };
    source.close(&["ip", "tls", "principal"], out);
}

fn ip(fields: &mut Fields<'_>, key: &str, out: &mut Findings) -> Given<IpAddr> {
    let Some(text) = fields.text(key, out) else { return Given::Unknown };
    match text.value.parse() {
        Ok(address) => Given::Known(address),
        Err(_) => {
            out.error("OB0205", text.at, &fields.path_of(key), format!("`{text}` is no IP address"), "Correct it.");
            Given::Unknown
        }
    }
}

fn port(fields: &mut Fields<'_>, out: &mut Findings) -> Given<u16> {
    let Some(node) = fields.take("port") else { return Given::Unknown };
    match &node.value {
        Value::Number(text) | Value::Text(text) if text.parse::<u16>().is_ok() => text.parse().ok().into(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => {
            wrong(node, &fields.path_of("port"), "a port number", out);
            Given::Unknown
        }
    }
}

fn headers(node: &Node, path: &str, out: &mut Findings) -> Headers {
    let mut headers = Headers { open: node.value == Value::Null, ..Headers::default() };
    if headers.open || Fields::open(node, path, out).is_none() {
        return headers;
    }
    for Entry { key, value } in node.entries() {
        let path = format!("{path}.{key}");
        let values = match &value.value {
            Value::Null => Given::Unknown,
            Value::Text(text) | Value::Number(text) => Given::Known(vec![text.clone()]),
            Value::Bool(value) => Given::Known(vec![value.to_string()]),
            Value::List(_) => Given::Known(
                fields::texts(value, &path, out).unwrap_or_default().into_iter().map(|text| text.value).collect(),
            ),
            Value::Map(_) => {
                wrong(value, &path, "a text or a list of texts", out);
                Given::Unknown
            }
        };
        headers.known.insert(key.value.to_ascii_lowercase(), values);
    }
    headers
}

fn token(node: &Node, path: &str, out: &mut Findings) -> Option<Token> {
    let mut fields = Fields::open(node, path, out)?;
    let valid = match fields.take("valid").map(|node| (&node.value, node)) {
        None => Given::Unknown,
        Some((Value::Bool(valid), _)) => Given::Known(*valid),
        Some((_, node)) => {
            wrong(node, &fields.path_of("valid"), "true or false", out);
            Given::Unknown
        }
    };
    let claims = tree(&mut fields, "claims", true, out);
    fields.close(&["valid", "claims"], out);
    Some(Token { valid, claims })
}

/// A map of anything; `open` is what its absence means, null always means unknown.
fn tree(fields: &mut Fields<'_>, key: &str, open: bool, out: &mut Findings) -> Tree {
    let path = fields.path_of(key);
    match fields.take_any(key) {
        None => Tree { entries: Vec::new(), open },
        Some(Node { value: Value::Null, .. }) => Tree { entries: Vec::new(), open: true },
        Some(node) => {
            let _ = Fields::open(node, &path, out);
            Tree { entries: node.entries().to_vec(), open: false }
        }
    }
}

fn answers(fields: &mut Fields<'_>, out: &mut Findings) -> BTreeMap<String, bool> {
    let mut found = BTreeMap::new();
    let path = fields.path_of("extAuthz");
    let Some(node) = fields.take("extAuthz") else { return found };
    let _ = Fields::open(node, &path, out);
    for Entry { key, value } in node.entries() {
        match value.text() {
            Some("allow") => found.insert(key.value.clone(), true),
            Some("deny") => found.insert(key.value.clone(), false),
            Some(_) | None => {
                wrong(value, &format!("{path}.{key}"), "allow or deny", out);
                None
            }
        };
    }
    found
}
