//! One value put in for an unknown field, and how it is told to people.

use std::net::IpAddr;

use crate::policy::{
    request::{Given, Peer, Request, Token, Tree},
    yaml::{Node, Value},
};

/// One thing that can be put in for an unknown field.
#[derive(Clone, Debug)]
pub enum Change {
    Peer(Peer),
    SourceIp(IpAddr),
    RemoteIp(IpAddr),
    DestinationIp(IpAddr),
    Port(u16),
    Sni(String),
    Method(String),
    Host(String),
    Path(String),
    Header(String, Vec<String>),
    /// No token, or one that is valid or not.
    Token(Option<bool>),
    Valid(bool),
    Claim(Vec<String>, Option<Value>),
    ExtAuthz(String, bool),
    Metadata([String; 2], Option<Value>),
}

impl Change {
    /// Puts it into a request.
    pub fn apply(&self, request: &mut Request) {
        match self {
            Self::Peer(peer) => {
                request.peer = Given::Known(peer.clone());
                if *peer == Peer::Plaintext && request.sni.is_unknown() {
                    request.sni = Given::Known(String::new());
                }
            }
            Self::SourceIp(ip) => request.source_ip = Given::Known(*ip),
            Self::RemoteIp(ip) => request.remote_ip = Given::Known(*ip),
            Self::DestinationIp(ip) => request.destination_ip = Given::Known(*ip),
            Self::Port(port) => request.destination_port = Given::Known(*port),
            Self::Sni(sni) => request.sni = Given::Known(sni.clone()),
            Self::Method(method) => request.method = Given::Known(method.clone()),
            Self::Host(host) => request.host = Given::Known(host.clone()),
            Self::Path(path) => request.path = Given::Known(path.clone()),
            Self::Header(name, values) => {
                request.headers.known.insert(name.clone(), Given::Known(values.clone()));
            }
            Self::Token(None) => request.token = Given::Known(None),
            Self::Token(Some(valid)) => {
                let claims = Tree { entries: Vec::new(), open: true };
                request.token = Given::Known(Some(Token { valid: Given::Known(*valid), claims }));
            }
            Self::Valid(valid) => {
                if let Given::Known(Some(token)) = &mut request.token {
                    token.valid = Given::Known(*valid);
                }
            }
            Self::Claim(path, value) => {
                if let Given::Known(Some(token)) = &mut request.token {
                    token.claims = token.claims.with(path, value.clone());
                }
            }
            Self::ExtAuthz(provider, allow) => {
                request.ext_authz.insert(provider.clone(), *allow);
            }
            Self::Metadata(path, value) => request.metadata = request.metadata.with(path, value.clone()),
        }
    }

    /// For people.
    pub fn show(&self) -> String {
        let value = |value: &Option<Value>| match value {
            None => "(none)".to_owned(),
            Some(Value::Text(text)) => format!("{text:?}"),
            Some(Value::List(list)) => {
                format!("[{}]", list.iter().filter_map(Node::text).collect::<Vec<_>>().join(", "))
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Map(_)) => "(other)".to_owned(),
        };
        match self {
            Self::Peer(Peer::Plaintext) => "plaintext".to_owned(),
            Self::Peer(Peer::Mtls(id)) => format!("mtls as {}", id.known().map_or("anybody", String::as_str)),
            Self::SourceIp(ip) | Self::RemoteIp(ip) | Self::DestinationIp(ip) => ip.to_string(),
            Self::Port(port) => port.to_string(),
            Self::Sni(text) | Self::Method(text) | Self::Host(text) | Self::Path(text) => text.clone(),
            Self::Header(_, values) if values.is_empty() => "(none)".to_owned(),
            Self::Header(_, values) => values.join(", "),
            Self::Token(None) => "no token".to_owned(),
            Self::Token(Some(valid)) | Self::Valid(valid) => {
                if *valid { "a valid token" } else { "an invalid token" }.to_owned()
            }
            Self::Claim(path, own) => format!("{} = {}", path.join("."), value(own)),
            Self::ExtAuthz(_, allow) => if *allow { "allow" } else { "deny" }.to_owned(),
            Self::Metadata(_, own) => value(own),
        }
    }
}
