//! The request as rules see it: the path normalized, the host in lower case, claims only where a token was accepted. Answers
//! single comparisons.

use std::net::IpAddr;

use super::{Answer, Fields, fields_of, headers};
use crate::{
    order,
    policy::{
        normalize,
        pattern::TextMatch,
        plan::{Attribute, Check, Matcher, Plan},
        request::{Given, Peer, Protocol, Request, Tree},
        settings::Enforcement,
        yaml::{Node, Value},
    },
};

const PROTO: &str = "x-forwarded-proto";

/// What is known of the claims at a stage.
#[derive(Clone, Debug)]
pub enum Claims<'r> {
    /// There are none: no token, none accepted, or CUSTOM, which runs before (R1, R63).
    None,
    /// Those of an accepted token; the named claims are split at spaces (R52).
    Of { tree: &'r Tree, split: Vec<&'r str>, unsure: Vec<&'r str> },
    /// Whether there is an accepted token hangs on these fields.
    Unknown(Fields),
}

/// A request, prepared.
pub struct Facts<'r> {
    pub request: &'r Request,
    /// SPIFFE URI of the peer, if it has one.
    identity: Given<Option<String>>,
    method: Given<&'r str>,
    host: Given<String>,
    /// Without query.
    path: Given<String>,
    /// With query.
    full_path: Given<String>,
    joins_headers: bool,
    /// What Envoy puts into `x-forwarded-proto` where there is none.
    proto: Given<Option<&'static str>>,
    pub claims: Claims<'r>,
}

impl<'r> Facts<'r> {
    /// `tls_off` is whether the port does not terminate TLS at all, so that there is no identity (R60).
    pub fn new(plan: &Plan<'_>, request: &'r Request, tls_off: Answer) -> Self {
        let mesh = &plan.point.mesh;
        let identity = match (&request.peer, tls_off) {
            (_, Answer::Yes) | (Given::Known(Peer::Plaintext), _) => Given::Known(None),
            (Given::Known(Peer::Mtls(Given::Known(id))), Answer::No) => Given::Known(Some(format!("spiffe://{id}"))),
            (Given::Known(Peer::Mtls(_)) | Given::Unknown, Answer::No | Answer::Maybe) => Given::Unknown,
        };
        let full_path = match &request.path {
            Given::Unknown => Given::Unknown,
            // A path the proxy refuses never gets here.
            Given::Known(path) => Given::Known(
                normalize::normalize(path, mesh.path_normalization, mesh.proxy_version).unwrap_or_default(),
            ),
        };
        let path = match &full_path {
            Given::Unknown => Given::Unknown,
            Given::Known(path) => Given::Known(normalize::without_query(path).to_owned()),
        };
        let method = match &request.method {
            Given::Unknown if request.protocol == Protocol::Grpc => Given::Known("POST"),
            Given::Unknown => Given::Unknown,
            Given::Known(method) => Given::Known(method.as_str()),
        };
        let host = request.host.known().map(|host| host.to_ascii_lowercase()).into();
        // conn_manager_utility.cc mutateRequestHeaders. Gateways say what their own listener speaks, whatever was sent;
        // that is nothing a request tells.
        let proto = match (plan.point.enforcement, &request.peer, tls_off) {
            (Enforcement::Gateway | Enforcement::Waypoint | Enforcement::Ztunnel, _, _) => Given::Known(None),
            (Enforcement::Sidecar, Given::Known(Peer::Plaintext), _) | (_, _, Answer::Yes) => {
                Given::Known(Some("http"))
            }
            (Enforcement::Sidecar, Given::Known(Peer::Mtls(_)), Answer::No) => Given::Known(Some("https")),
            (Enforcement::Sidecar, Given::Known(Peer::Mtls(_)) | Given::Unknown, _) => Given::Unknown,
        };
        let joins_headers = !mesh.proxy_version.tests_header_values_alone();
        Self { request, identity, method, host, path, full_path, joins_headers, proto, claims: Claims::None }
    }

    /// The SPIFFE URI of the caller: unknown, none, or this one.
    pub fn identity(&self) -> Given<Option<&str>> {
        match &self.identity {
            Given::Unknown => Given::Unknown,
            Given::Known(id) => Given::Known(id.as_deref()),
        }
    }

    /// Whether a check holds.
    pub fn check(&self, check: &Check<'_>) -> Answer {
        let mut found = Answer::No;
        for matcher in check.values.iter().flat_map(|value| &value.matchers) {
            found = found.or(self.matches(&check.attribute, matcher));
            if found == Answer::Yes {
                break;
            }
        }
        if check.negated { found.negated() } else { found }
    }

    fn matches(&self, attribute: &Attribute, matcher: &Matcher) -> Answer {
        match matcher {
            Matcher::Text(wanted) => self.text(attribute, wanted),
            Matcher::Element(wanted) => self.metadata(attribute, |node| has_element(node, wanted)),
            Matcher::Cidr(range) => self.address(attribute).map_or(Answer::Maybe, |ip| range.contains(*ip).into()),
            Matcher::Port(port) => {
                self.request.destination_port.known().map_or(Answer::Maybe, |own| (own == port).into())
            }
            Matcher::Principal(issuer, subject) => self.claim("iss", issuer).and(self.claim("sub", subject)),
        }
    }

    fn text(&self, attribute: &Attribute, wanted: &TextMatch) -> Answer {
        let compare = |own: Option<&str>| own.map_or(Answer::Maybe, |own| wanted.matches(own).into());
        match attribute {
            Attribute::Identity => match &self.identity {
                Given::Unknown => Answer::Maybe,
                Given::Known(id) => id.as_ref().is_some_and(|id| wanted.matches(id)).into(),
            },
            Attribute::Sni => compare(self.request.sni.known().map(String::as_str)),
            Attribute::Method => compare(self.method.known().copied()),
            Attribute::Host => compare(self.host.known().map(String::as_str)),
            Attribute::Path => compare(self.path.known().map(String::as_str)),
            Attribute::Header(name) => match self.header(name) {
                Given::Unknown => Answer::Maybe,
                Given::Known(values) => headers::compared(name, &values, self.joins_headers)
                    .iter()
                    .any(|value| wanted.matches(value))
                    .into(),
            },
            Attribute::Claim(path) => self.claim_or_element(path, wanted),
            Attribute::Metadata(_) => {
                self.metadata(attribute, |node| node.text().is_some_and(|text| wanted.matches(text)))
            }
            // Never compared with a text.
            Attribute::SourceIp | Attribute::RemoteIp | Attribute::DestinationIp => Answer::No,
            Attribute::DestinationPort | Attribute::RequestPrincipal => Answer::No,
        }
    }

    fn address(&self, attribute: &Attribute) -> Option<&IpAddr> {
        match attribute {
            Attribute::SourceIp => self.request.source_ip.known(),
            Attribute::RemoteIp => self.request.remote_ip.known(),
            Attribute::DestinationIp => self.request.destination_ip.known(),
            Attribute::Identity | Attribute::DestinationPort | Attribute::Sni | Attribute::Method => None,
            Attribute::Host | Attribute::Path | Attribute::Header(_) => None,
            Attribute::RequestPrincipal | Attribute::Claim(_) | Attribute::Metadata(_) => None,
        }
    }

    /// The values of a header; pseudo headers included, `host` is `:authority` (R49).
    fn header(&self, name: &str) -> Given<Vec<&str>> {
        let found: Option<Vec<&str>> = match name {
            ":method" => self.method.known().map(|method| vec![*method]),
            ":authority" | "host" => self.request.host.known().map(|host| vec![host.as_str()]),
            ":path" => self.full_path.known().map(|path| vec![path.as_str()]),
            name => match self.request.headers.known.get(name) {
                Some(values) => values.known().map(|values| values.iter().map(String::as_str).collect()),
                None if self.request.headers.open || name == ":scheme" => None,
                None => Some(Vec::new()),
            },
        };
        match (found, self.proto.known()) {
            (Some(values), proto) if values.is_empty() && name == PROTO => {
                proto.map(|proto| proto.iter().copied().collect()).into()
            }
            (found, _) => found.into(),
        }
    }

    /// A claim that must be a text (R46).
    fn claim(&self, name: &str, wanted: &TextMatch) -> Answer {
        let path = [name.to_owned()];
        match self.find_claim(&path) {
            Given::Unknown => Answer::Maybe,
            Given::Known(None) => Answer::No,
            Given::Known(Some((_, true))) => Answer::No,
            Given::Known(Some((node, false))) => node.text().is_some_and(|text| wanted.matches(text)).into(),
        }
    }

    /// A claim that may be a text or a list (R51, R52).
    fn claim_or_element(&self, path: &[String], wanted: &TextMatch) -> Answer {
        match self.find_claim(path) {
            Given::Unknown => Answer::Maybe,
            Given::Known(None) => Answer::No,
            Given::Known(Some((node, true))) => {
                let words = node.text().unwrap_or("").split(' ').filter(|word| !word.is_empty());
                words.into_iter().any(|word| wanted.matches(word)).into()
            }
            Given::Known(Some((node, false))) => {
                (node.text().is_some_and(|text| wanted.matches(text)) || has_element(node, wanted)).into()
            }
        }
    }

    /// A claim, and whether it is a text that is split.
    fn find_claim(&self, path: &[String]) -> Given<Option<(&Node, bool)>> {
        let (tree, split, unsure) = match &self.claims {
            Claims::None => return Given::Known(None),
            Claims::Unknown(_) => return Given::Unknown,
            Claims::Of { tree, split, unsure } => (tree, split, unsure),
        };
        let top = path.first().filter(|_| path.len() == 1).map(String::as_str);
        if top.is_some_and(|top| unsure.contains(&top)) {
            return Given::Unknown;
        }
        match tree.find(path) {
            Given::Unknown => Given::Unknown,
            Given::Known(node) => Given::Known(node.map(|node| {
                let is_split = top.is_some_and(|top| split.contains(&top)) && node.text().is_some();
                (node, is_split)
            })),
        }
    }

    fn metadata(&self, attribute: &Attribute, fits: impl Fn(&Node) -> bool) -> Answer {
        let Attribute::Metadata(path) = attribute else { return Answer::No };
        match self.request.metadata.find(path) {
            Given::Unknown => Answer::Maybe,
            Given::Known(node) => node.is_some_and(fits).into(),
        }
    }

    /// The fields an unknown attribute stands for, as case files call them.
    pub fn fields(&self, attribute: &Attribute) -> Fields {
        let one = |name: String| fields_of([name]);
        match attribute {
            Attribute::Identity => match &self.request.peer {
                Given::Unknown => fields_of(["source.tls".to_owned(), "source.principal".to_owned()]),
                // The identity is given, and whether the port asks for it is not.
                Given::Known(Peer::Mtls(Given::Known(_))) => one("destination.port".to_owned()),
                Given::Known(_) => one("source.principal".to_owned()),
            },
            Attribute::SourceIp => one("source.ip".to_owned()),
            Attribute::RemoteIp => one("remoteIp".to_owned()),
            Attribute::DestinationIp => one("destination.ip".to_owned()),
            Attribute::DestinationPort => one("destination.port".to_owned()),
            Attribute::Sni => one("sni".to_owned()),
            Attribute::Method => one("method".to_owned()),
            Attribute::Host => one("host".to_owned()),
            Attribute::Path => one("path".to_owned()),
            Attribute::Header(name) => match name.as_str() {
                ":method" => one("method".to_owned()),
                ":authority" | "host" => one("host".to_owned()),
                ":path" => one("path".to_owned()),
                PROTO if self.proto.is_unknown() => fields_of(["source.tls".to_owned(), format!("headers[{PROTO}]")]),
                name => one(format!("headers[{name}]")),
            },
            Attribute::RequestPrincipal => match &self.claims {
                Claims::Unknown(fields) => fields.clone(),
                Claims::None | Claims::Of { .. } => {
                    let names = ["iss", "sub"].into_iter();
                    let unknown = names.filter(|name| self.find_claim(&[(*name).to_owned()]).is_unknown());
                    order::set(unknown.map(|name| format!("jwt.claims[{name}]")))
                }
            },
            Attribute::Claim(path) => match &self.claims {
                Claims::Unknown(fields) => fields.clone(),
                Claims::None | Claims::Of { .. } => one(format!("jwt.claims[{}]", path.join("]["))),
            },
            Attribute::Metadata([filter, key]) => one(format!("dynamicMetadata[{filter}][{key}]")),
        }
    }

    /// What the request has, for people; nothing when unknown.
    pub fn actual(&self, attribute: &Attribute) -> Option<String> {
        const NONE: &str = "(none)";
        let own = |text: &String| text.clone();
        match attribute {
            Attribute::Identity => self.identity.known().map(|id| id.clone().unwrap_or_else(|| NONE.to_owned())),
            Attribute::SourceIp | Attribute::RemoteIp | Attribute::DestinationIp => {
                self.address(attribute).map(IpAddr::to_string)
            }
            Attribute::DestinationPort => self.request.destination_port.known().map(u16::to_string),
            Attribute::Sni => self.request.sni.known().map(own),
            Attribute::Method => self.method.known().map(|method| (*method).to_owned()),
            Attribute::Host => self.request.host.known().map(own),
            Attribute::Path => self.path.known().map(own),
            Attribute::Header(name) => self.header(name).known().map(|values| match values.as_slice() {
                [] => NONE.to_owned(),
                values => values.join(", "),
            }),
            Attribute::RequestPrincipal => {
                let part = |name: &str| match self.find_claim(&[name.to_owned()]) {
                    Given::Unknown => None,
                    Given::Known(node) => Some(node.map_or(String::new(), |(node, _)| show(node))),
                };
                match (part("iss")?, part("sub")?) {
                    (issuer, subject) if issuer.is_empty() && subject.is_empty() => Some(NONE.to_owned()),
                    (issuer, subject) => Some(format!("{issuer}/{subject}")),
                }
            }
            Attribute::Claim(path) => {
                self.find_claim(path).known().map(|node| node.map_or(NONE.to_owned(), |(node, _)| show(node)))
            }
            Attribute::Metadata(path) => {
                self.request.metadata.find(path).known().map(|node| node.map_or(NONE.to_owned(), show))
            }
        }
    }
}

fn has_element(node: &Node, wanted: &TextMatch) -> bool {
    match &node.value {
        Value::List(list) => list.iter().any(|item| item.text().is_some_and(|text| wanted.matches(text))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => false,
    }
}

fn show(node: &Node) -> String {
    match &node.value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => format!("{value} (a boolean)"),
        Value::Number(number) => format!("{number} (a number)"),
        Value::Text(text) => text.clone(),
        Value::List(list) => format!("[{}]", list.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Map(_) => "(an object)".to_owned(),
    }
}
