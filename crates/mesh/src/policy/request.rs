//! A request as far as it is known. Every attribute may be unknown, which is something else than absent; `Request` holds
//! facts only, judgement is in `evaluate`.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Serialize;
use utoipa::ToSchema;

use super::yaml::{Entry, Node, Value};

/// Known, or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Given<T> {
    /// Nothing is known.
    #[default]
    Unknown,
    /// This is it.
    Known(T),
}

impl<T> Given<T> {
    /// The value, when known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Unknown => None,
            Self::Known(value) => Some(value),
        }
    }

    /// Whether it is unknown.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }
}

impl<T> From<Option<T>> for Given<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Unknown, Self::Known)
    }
}

/// What the port speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = PolicyProtocol)]
pub enum Protocol {
    /// HTTP.
    #[default]
    Http,
    /// gRPC: POST to `/package.Service/Method` (R33).
    Grpc,
    /// Anything else: only connections are seen (R56–R58).
    Tcp,
}

/// How the peer connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    /// Without TLS: no identity (R38).
    Plaintext,
    /// Mutual TLS; the identity without `spiffe://`.
    Mtls(Given<String>),
}

/// Headers by lower-case name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    /// Those that are known; an empty list is a header known to be absent.
    pub known: BTreeMap<String, Given<Vec<String>>>,
    /// Whether others may be there.
    pub open: bool,
}

/// A tree of claims or of metadata.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    /// What is known.
    pub entries: Vec<Entry>,
    /// Whether more may be there at the top.
    pub open: bool,
}

impl Tree {
    /// The value at a path: unknown, absent or there.
    pub fn find(&self, path: &[String]) -> Given<Option<&Node>> {
        let Some((first, rest)) = path.split_first() else { return Given::Known(None) };
        let Some(entry) = self.entries.iter().find(|entry| entry.key.value == *first) else {
            return if self.open { Given::Unknown } else { Given::Known(None) };
        };
        Given::Known(rest.iter().try_fold(&entry.value, |node, key| node.get(key)))
    }

    /// The tree with a value set at a path, or with nothing there.
    pub fn with(&self, path: &[String], value: Option<Value>) -> Self {
        let mut tree = self.clone();
        set(&mut tree.entries, path, value);
        tree
    }
}

fn set(entries: &mut Vec<Entry>, path: &[String], value: Option<Value>) {
    let Some((first, rest)) = path.split_first() else { return };
    let at = super::place::Spot::default();
    let place = entries.iter().position(|entry| entry.key.value == *first);
    if rest.is_empty() {
        let node = Node { at, value: value.unwrap_or(Value::Null) };
        match place {
            Some(place) => entries[place].value = node,
            None => entries.push(Entry { key: super::place::Text::new(first.clone()), value: node }),
        }
        return;
    }
    let place = place.unwrap_or_else(|| {
        let value = Node { at, value: Value::Map(Vec::new()) };
        entries.push(Entry { key: super::place::Text::new(first.clone()), value });
        entries.len() - 1
    });
    let inner = &mut entries[place].value.value;
    if !matches!(inner, Value::Map(_)) {
        *inner = Value::Map(Vec::new());
    }
    if let Value::Map(inner) = inner {
        set(inner, rest, value);
    }
}

/// A presented token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// Whether signature and times are good; whether the issuer is trusted follows from the policies.
    pub valid: Given<bool>,
    /// What it claims.
    pub claims: Tree,
}

/// A request to one enforcement point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// What the port speaks.
    pub protocol: Protocol,
    /// How the peer connected.
    pub peer: Given<Peer>,
    /// The direct peer of the connection (R44).
    pub source_ip: Given<IpAddr>,
    /// The client behind it (R45).
    pub remote_ip: Given<IpAddr>,
    /// The local address.
    pub destination_ip: Given<IpAddr>,
    /// The local port at the proxy (R35).
    pub destination_port: Given<u16>,
    /// TLS server name, empty without one (R54).
    pub sni: Given<String>,
    /// `:method`.
    pub method: Given<String>,
    /// `:authority`.
    pub host: Given<String>,
    /// Path and query as sent.
    pub path: Given<String>,
    /// The other headers.
    pub headers: Headers,
    /// The token, if one is presented.
    pub token: Given<Option<Token>>,
    /// What each external authorizer would answer.
    pub ext_authz: BTreeMap<String, bool>,
    /// Dynamic metadata by filter.
    pub metadata: Tree,
}
