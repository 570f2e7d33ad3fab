//! Proxies and requests from bytes: complete ones, and the same with some fields forgotten.

use std::collections::BTreeMap;

use mesh::policy::{
    attach::Point,
    place::{Spot, Text},
    request::{Given, Headers, Peer, Protocol, Request, Token, Tree},
    settings::{Enforcement, Mesh, Normalization, Provider, ProxyVersion, Service, Workload},
    yaml::{Entry, Node, Value},
};

use crate::bytes::Bytes;

/// Any proxy of the workload `app: a` in foo.
pub fn point(bytes: &mut Bytes<'_>) -> Point {
    let enforcement = bytes.pick(&Enforcement::ALL);
    let path_normalization = bytes.pick(&[
        Normalization::Base,
        Normalization::None,
        Normalization::MergeSlashes,
        Normalization::DecodeAndMergeSlashes,
    ]);
    let mut mesh = Mesh { path_normalization, ..Mesh::default() };
    if bytes.one_in(4) {
        mesh.proxy_version = ProxyVersion::parse("1.33").expect("a release");
    }
    if !bytes.one_in(5) {
        let provider = bytes.pick(&[Provider::Grpc, Provider::Http, Provider::Invalid]);
        mesh.extension_providers.insert("ext".to_owned(), provider);
    }
    if bytes.one_in(3) {
        mesh.trust_domain = "td".to_owned();
        mesh.trust_domain_aliases = vec!["old".to_owned()];
    }
    let service = (enforcement == Enforcement::Waypoint).then(|| Service {
        name: "s".to_owned(),
        namespace: "foo".to_owned(),
        entry: false,
    });
    let labels = BTreeMap::from([("app".to_owned(), "a".to_owned())]);
    Point { enforcement, mesh, workload: Workload { namespace: "foo".to_owned(), labels, service } }
}

/// A request of which everything is known.
pub fn complete(bytes: &mut Bytes<'_>) -> Request {
    const ADDRESSES: [&str; 5] = ["10.1.2.3", "10.2.0.1", "1.2.3.4", "::1", "8.8.8.8"];
    let known = |text: &str| Given::Known(text.to_owned());
    let protocol = bytes.pick(&[Protocol::Http, Protocol::Http, Protocol::Grpc, Protocol::Tcp]);
    let peer = match bytes.pick(&[
        "td/ns/a/sa/x",
        "",
        "td/ns/b/sa/y",
        "cluster.local/ns/a/sa/x",
        "old/ns/bb/sa/x",
        "other/ns/foo/sa/x",
    ]) {
        "" => Peer::Plaintext,
        id => Peer::Mtls(known(id)),
    };
    let sni = if peer == Peer::Plaintext { "" } else { bytes.pick(&["s.h", "", "t"]) };
    let mut address = || Given::Known(bytes.pick(&ADDRESSES).parse().expect("an address"));
    let (source_ip, remote_ip, destination_ip) = (address(), address(), address());
    let mut headers = Headers::default();
    for (name, lists) in [
        ("x", &[&["1"][..], &[], &["12"], &["3", "1"], &[""]][..]),
        ("x-forwarded-proto", &[&[][..], &["http"], &["https"]]),
        ("origin", &[&[][..], &["o"]]),
        ("access-control-request-method", &[&[][..], &["PUT"]]),
    ] {
        let values: Vec<String> = bytes.pick(lists).iter().map(|value| (*value).to_owned()).collect();
        headers.known.insert(name.to_owned(), Given::Known(values));
    }
    let method = bytes.pick(&["GET", "PUT", "POST", "OPTIONS"]);
    Request {
        protocol,
        peer: Given::Known(peer),
        source_ip,
        remote_ip,
        destination_ip,
        destination_port: Given::Known(bytes.pick(&[80, 8080, 443, 9999])),
        sni: known(sni),
        method: known(if protocol == Protocol::Grpc { "POST" } else { method }),
        host: known(bytes.pick(&["h", "x.h", "x.h:80", "HOST"])),
        path: Given::Known(path(bytes)),
        headers,
        token: Given::Known(if protocol == Protocol::Tcp { None } else { token(bytes) }),
        ext_authz: BTreeMap::from([("ext".to_owned(), bytes.one_in(2))]),
        metadata: metadata(bytes),
    }
}

/// One that a proxy takes; what it answers with 400 is the business of the target `normalization`.
fn path(bytes: &mut Bytes<'_>) -> String {
    const PATHS: [&str; 12] =
        ["/", "/a", "/a/b", "/ab", "/A", "/a/../b", "/a/x/b?q=/a", "//a", "/a%2Fb", "/a/./b", "/a/..;x/b", "/a\"b"];
    let word = bytes.word(&PATHS);
    if word.starts_with('/') { word } else { format!("/{word}") }
}

fn text(text: &str) -> Node {
    Node { at: Spot::default(), value: Value::Text(text.to_owned()) }
}

fn list(texts: &[&str]) -> Node {
    Node { at: Spot::default(), value: Value::List(texts.iter().map(|own| text(own)).collect()) }
}

fn entry(key: &str, value: Node) -> Entry {
    Entry { key: Text::new(key), value }
}

fn token(bytes: &mut Bytes<'_>) -> Option<Token> {
    if bytes.one_in(3) {
        return None;
    }
    let mut entries = vec![
        entry("iss", text(bytes.pick(&["i", "j", "k"]))),
        entry("sub", text(bytes.pick(&["s", "t", ""]))),
        entry("aud", text(bytes.pick(&["me", "you", "me you"]))),
    ];
    let group = bytes.pick(&["p", "q1", "p q1", "z"]);
    match bytes.below(4) {
        0 => entries.push(entry("g", text(group))),
        1 => entries.push(entry("g", list(&[group, "z"]))),
        2 => {
            let value = Value::Map(vec![entry("h", text(group))]);
            entries.push(entry("g", Node { at: Spot::default(), value }));
        }
        _ => {}
    }
    Some(Token { valid: Given::Known(!bytes.one_in(4)), claims: Tree { entries, open: false } })
}

fn metadata(bytes: &mut Bytes<'_>) -> Tree {
    let own = match bytes.below(4) {
        0 => return Tree::default(),
        1 => text("v"),
        2 => list(&["v", "w"]),
        _ => text("w"),
    };
    let value = Value::Map(vec![entry("k", own)]);
    Tree { entries: vec![entry("envoy.filters.a.b", Node { at: Spot::default(), value })], open: false }
}

/// The request with some of its fields unknown. What follows from the kind of connection is forgotten with it.
pub fn forget(request: &Request, bytes: &mut Bytes<'_>) -> Request {
    let mut blank = request.clone();
    let (first, second) = (bytes.one(), bytes.one());
    let gone = |bit: u8| if bit < 8 { first & (1 << bit) != 0 } else { second & (1 << (bit - 8)) != 0 };
    if gone(0) {
        blank.peer = Given::Unknown;
        blank.sni = Given::Unknown;
    }
    if gone(1) {
        blank.source_ip = Given::Unknown;
    }
    if gone(2) {
        blank.remote_ip = Given::Unknown;
    }
    if gone(3) {
        blank.destination_port = Given::Unknown;
    }
    if gone(4) {
        blank.method = Given::Unknown;
    }
    if gone(5) {
        blank.host = Given::Unknown;
    }
    if gone(6) {
        blank.path = Given::Unknown;
    }
    if gone(7) {
        blank.headers = Headers { open: true, ..Headers::default() };
    }
    if gone(8) {
        blank.token = Given::Unknown;
    } else if let Given::Known(Some(token)) = &mut blank.token {
        if gone(9) {
            token.valid = Given::Unknown;
        }
        if gone(10) {
            token.claims.entries.truncate(usize::from(second >> 3) % 4);
            token.claims.open = true;
        }
    }
    if gone(11) {
        blank.ext_authz.clear();
    }
    if gone(12) {
        blank.metadata = Tree { entries: Vec::new(), open: true };
    }
    if gone(13) {
        blank.destination_ip = Given::Unknown;
    }
    if gone(14)
        && let Given::Known(Peer::Mtls(id)) = &mut blank.peer
    {
        *id = Given::Unknown;
    }
    if gone(15) {
        for values in blank.headers.known.values_mut().take(1) {
            *values = Given::Unknown;
        }
    }
    blank
}
