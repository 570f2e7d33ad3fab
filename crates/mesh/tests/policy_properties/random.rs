//! Random policies, proxies and requests, from pools small enough that they meet.

use std::collections::BTreeMap;

use mesh::policy::{
    attach::Point,
    decode,
    evaluate::{Outcome, Verdict},
    object::{Action, PolicySet},
    place::{Spot, Text},
    request::{Given, Headers, Peer, Protocol, Request, Token, Tree},
    settings::{Enforcement, Mesh, Normalization, Provider, Service, Workload},
    yaml::{Entry, Node, Value},
};
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, prop_oneof},
    sample::{select, subsequence},
    strategy::ValueTree,
    test_runner::TestRunner,
};

/// Reads policies that must be readable.
pub fn set(text: &str) -> PolicySet {
    let decoded = decode::manifests("random.yaml", text, "foo");
    assert_eq!(decoded.findings, [], "{text}");
    decoded.set
}

/// One AuthorizationPolicy that attaches everywhere but at waypoints without the service.
pub fn policy(name: &str, action: &str, rules: &str) -> String {
    let provider = if action == "CUSTOM" { "provider: {name: ext}\n  " } else { "" };
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: {name}, namespace: foo}}\nspec:\n  {provider}action: {action}\n  rules: {rules}\n"
    )
}

fn values(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    subsequence(pool.to_vec(), 1..=pool.len().min(2)).prop_map(|values| {
        let quoted: Vec<String> = values.iter().map(|value| format!("'{value}'")).collect();
        format!("[{}]", quoted.join(", "))
    })
}

const SOURCES: [(&str, &str, &[&str]); 7] = [
    ("principals", "notPrincipals", &["*", "td/ns/a/sa/x", "*/sa/x", "td/*", "cluster.local/ns/a/sa/x"]),
    ("requestPrincipals", "notRequestPrincipals", &["*", "i/*", "i/s", "*s", "j/t"]),
    ("namespaces", "notNamespaces", &["a", "b*", "*", "*a", "a*b"]),
    ("serviceAccounts", "notServiceAccounts", &["x", "a/x", "b/y"]),
    ("trustDomains", "notTrustDomains", &["td", "*", "t*", "other"]),
    ("ipBlocks", "notIpBlocks", &["10.0.0.0/8", "10.1.0.0/16", "1.2.3.4", "::/0"]),
    ("remoteIpBlocks", "notRemoteIpBlocks", &["10.0.0.0/8", "1.2.3.4", "0.0.0.0/0"]),
];
const OPERATIONS: [(&str, &str, &[&str]); 4] = [
    ("hosts", "notHosts", &["h", "*.h", "H*", "*", "x.h:80"]),
    ("ports", "notPorts", &["80", "8080", "443"]),
    ("methods", "notMethods", &["GET", "P*", "*", "*T"]),
    ("paths", "notPaths", &["/a", "/a*", "*b", "/a/{*}", "/{**}", "*", "/a/{**}/b", "/A"]),
];
const CONDITIONS: [(&str, &[&str]); 12] = [
    ("source.ip", &["10.0.0.0/8", "1.2.3.4"]),
    ("remote.ip", &["10.1.0.0/16", "::1"]),
    ("source.namespace", &["a", "b"]),
    ("source.principal", &["*", "td/ns/a/sa/x"]),
    ("source.trustDomain", &["td", "*"]),
    ("destination.port", &["80", "8080"]),
    ("destination.ip", &["10.0.0.0/8"]),
    ("connection.sni", &["*", "s.h"]),
    ("request.headers[x]", &["1", "1*", "*", "*2"]),
    ("request.auth.claims[g]", &["p", "q*"]),
    ("request.auth.audiences", &["me", "you"]),
    ("no.such.key", &["1"]),
];

fn part(
    fields: &'static [(&'static str, &'static str, &'static [&'static str])],
    inner: &'static str,
) -> impl Strategy<Value = String> {
    let field = select(fields.to_vec())
        .prop_flat_map(|(name, not, pool)| (prop_oneof![3 => Just(name), 1 => Just(not)], values(pool)));
    vec(field, 1..=2).prop_map(move |fields| {
        let fields: BTreeMap<&str, String> = fields.into_iter().collect();
        let fields: Vec<String> = fields.into_iter().map(|(name, values)| format!("{name}: {values}")).collect();
        format!("{{{inner}: {{{}}}}}", fields.join(", "))
    })
}

fn condition() -> impl Strategy<Value = String> {
    select(CONDITIONS.to_vec())
        .prop_flat_map(|(key, pool)| {
            (Just(key), prop_oneof![2 => Just("values"), 1 => Just("notValues")], values(pool))
        })
        .prop_map(|(key, side, values)| format!("{{key: '{key}', {side}: {values}}}"))
}

fn rule() -> impl Strategy<Value = String> {
    let list =
        |name: &'static str, parts: Vec<String>| (!parts.is_empty()).then(|| format!("{name}: [{}]", parts.join(", ")));
    (vec(part(&SOURCES, "source"), 0..=2), vec(part(&OPERATIONS, "operation"), 0..=2), vec(condition(), 0..=1))
        .prop_map(move |(from, to, when)| {
            let fields: Vec<String> =
                [list("from", from), list("to", to), list("when", when)].into_iter().flatten().collect();
            format!("{{{}}}", fields.join(", "))
        })
}

/// Action and rules of one AuthorizationPolicy.
fn authorization() -> impl Strategy<Value = (&'static str, String)> {
    let action = prop_oneof![5 => Just("ALLOW"), 3 => Just("DENY"), 1 => Just("AUDIT"), 1 => Just("CUSTOM")];
    (action, vec(rule(), 1..=3)).prop_map(|(action, rules)| (action, format!("[{}]", rules.join(", "))))
}

fn other() -> impl Strategy<Value = String> {
    let request = |spec: &str| {
        format!(
            "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\nmetadata: {{name: r, namespace: foo}}\nspec: {spec}\n"
        )
    };
    let peer = |spec: &str| {
        format!(
            "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {{name: r, namespace: foo}}\nspec: {spec}\n"
        )
    };
    prop_oneof![
        Just(request("{jwtRules: [{issuer: i}]}")),
        Just(request("{jwtRules: [{issuer: i, audiences: [me]}, {issuer: j, spaceDelimitedClaims: [g]}]}")),
        Just(peer("{mtls: {mode: STRICT}}")),
        Just(peer(
            "{selector: {matchLabels: {app: a}}, mtls: {mode: STRICT}, portLevelMtls: {80: {mode: PERMISSIVE}}}"
        )),
        Just(peer("{mtls: {mode: DISABLE}}")),
    ]
}

/// One to four documents, each with a name of its own: a cluster has no two objects of the same one.
pub fn policies() -> impl Strategy<Value = String> {
    let names = Just(vec!["p1", "p2", "p3"]).prop_shuffle();
    (names, vec(authorization(), 1..=3), vec(other(), 0..=1)).prop_map(|(names, policies, others)| {
        let named = names.into_iter().zip(policies);
        let mut documents: Vec<String> = named.map(|(name, (action, rules))| policy(name, action, &rules)).collect();
        documents.extend(others);
        documents.join("---\n")
    })
}

/// Any proxy but a waypoint, to which policies without targetRefs do not attach.
pub fn point() -> impl Strategy<Value = Point> {
    let enforcement =
        prop_oneof![4 => Just(Enforcement::Sidecar), 1 => Just(Enforcement::Gateway), 2 => Just(Enforcement::Ztunnel)];
    let mode = select(vec![
        Normalization::Base,
        Normalization::None,
        Normalization::MergeSlashes,
        Normalization::DecodeAndMergeSlashes,
    ]);
    (enforcement, mode, any::<bool>()).prop_map(|(enforcement, path_normalization, aliases)| {
        let mut mesh = Mesh { path_normalization, ..Mesh::default() };
        mesh.extension_providers.insert("ext".to_owned(), Provider::Grpc);
        if aliases {
            mesh.trust_domain = "td".to_owned();
            mesh.trust_domain_aliases = vec!["old".to_owned()];
        }
        let labels = BTreeMap::from([("app".to_owned(), "a".to_owned())]);
        let workload = Workload { namespace: "foo".to_owned(), labels, service: None::<Service> };
        Point { enforcement, mesh, workload }
    })
}

fn peer() -> impl Strategy<Value = Peer> {
    let id = |id: &str| Peer::Mtls(Given::Known(id.to_owned()));
    select(vec![
        Peer::Plaintext,
        id("td/ns/a/sa/x"),
        id("td/ns/b/sa/y"),
        id("cluster.local/ns/a/sa/x"),
        id("old/ns/bb/sa/x"),
        id("other/ns/foo/sa/x"),
    ])
}

fn token() -> impl Strategy<Value = Option<Token>> {
    let at = Spot::default();
    let text = move |text: &str| Node { at, value: Value::Text(text.to_owned()) };
    let entry = move |key: &str, value: Node| Entry { key: Text::new(key), value };
    let claims = (
        select(vec!["i", "j", "k"]),
        select(vec!["s", "t", ""]),
        select(vec!["p", "q1", "p q1", "z"]),
        select(vec!["me", "you"]),
        any::<bool>(),
    );
    let claims = claims.prop_map(move |(iss, sub, group, audience, list)| {
        let group = if list { Node { at, value: Value::List(vec![text(group), text("z")]) } } else { text(group) };
        let entries =
            vec![entry("iss", text(iss)), entry("sub", text(sub)), entry("g", group), entry("aud", text(audience))];
        Tree { entries, open: false }
    });
    prop_oneof![
        1 => Just(None),
        2 => (claims, prop_oneof![3 => Just(true), 1 => Just(false)])
            .prop_map(|(claims, valid)| Some(Token { valid: Given::Known(valid), claims })),
    ]
}

/// A request of which everything is known.
pub fn request() -> impl Strategy<Value = Request> {
    let address = || {
        select(vec!["10.1.2.3", "10.2.0.1", "1.2.3.4", "::1", "8.8.8.8"]).prop_map(|ip| ip.parse().expect("address"))
    };
    let connection =
        (peer(), address(), address(), address(), select(vec![80_u16, 8080, 443, 9999]), select(vec!["", "s.h", "t"]));
    let http = (
        select(vec!["GET", "PUT", "POST", "OPTIONS"]),
        select(vec!["h", "x.h", "x.h:80", "HOST"]),
        select(vec!["/", "/a", "/a/b", "/ab", "/A", "/a/../b", "/a/x/b?q=/a", "//a", "/a%2Fb", "/a/./b"]),
        select(vec![vec![], vec!["1"], vec!["12"], vec!["3", "1"], vec![""]]),
        any::<bool>(),
    );
    let protocol = prop_oneof![4 => Just(Protocol::Http), 1 => Just(Protocol::Grpc), 2 => Just(Protocol::Tcp)];
    (protocol, connection, http, token(), any::<bool>()).prop_map(|(protocol, connection, http, token, allows)| {
        let (peer, source, remote, local, port, sni) = connection;
        let (method, host, path, x, preflight) = http;
        let sni = if peer == Peer::Plaintext { "" } else { sni };
        let mut headers = Headers::default();
        let values = |values: &[&str]| Given::Known(values.iter().map(|value| (*value).to_owned()).collect());
        headers.known.insert("x".to_owned(), values(&x));
        if preflight {
            headers.known.insert("origin".to_owned(), values(&["o"]));
            headers.known.insert("access-control-request-method".to_owned(), values(&["PUT"]));
        }
        Request {
            protocol,
            peer: Given::Known(peer),
            source_ip: Given::Known(source),
            remote_ip: Given::Known(remote),
            destination_ip: Given::Known(local),
            destination_port: Given::Known(port),
            sni: Given::Known(sni.to_owned()),
            method: Given::Known(if protocol == Protocol::Grpc { "POST" } else { method }.to_owned()),
            host: Given::Known(host.to_owned()),
            path: Given::Known(path.to_owned()),
            headers,
            token: Given::Known(token),
            ext_authz: BTreeMap::from([("ext".to_owned(), allows)]),
            metadata: Tree::default(),
        }
    })
}

/// Takes one field, condition or clause out of an ALLOW rule, if there is one.
pub fn drop_one_allow_constraint(set: &mut PolicySet, pick: u32) {
    let mut left = usize::try_from(pick % 23).unwrap_or(0);
    let mut take = |there: bool| {
        let now = there && left == 0;
        left = left.saturating_sub(usize::from(there));
        now
    };
    for policy in set.authorization.iter_mut().filter(|policy| policy.action == Action::Allow) {
        for rule in policy.rules.iter_mut().flatten() {
            for parts in [&mut rule.from, &mut rule.to] {
                if take(parts.is_some()) {
                    *parts = None;
                    return;
                }
                for part in parts.iter_mut().flatten() {
                    if take(part.fields.len() > 1) {
                        part.fields.pop();
                        return;
                    }
                }
            }
            if take(!rule.when.is_empty()) {
                rule.when.clear();
                return;
            }
        }
    }
}

/// Makes one rule, named `foo/p1 rule[0]`, as if it were not written. Other rules keep their numbers.
pub fn remove_rule(set: &mut PolicySet, name: &str) {
    for policy in &mut set.authorization {
        let id = policy.meta.id();
        for (i, rule) in policy.rules.iter_mut().flatten().enumerate() {
            if name == format!("{id} rule[{i}]") {
                rule.null = true;
                return;
            }
        }
    }
}

/// What the random cases came to.
#[derive(Debug, Default)]
pub struct Known {
    allowed: bool,
    denied: bool,
    by_rule: bool,
    no_allow: bool,
    by_peer: bool,
    by_token: bool,
    by_custom: bool,
    audited: bool,
    pub ztunnel: bool,
}

impl Known {
    pub fn take(&mut self, outcome: &Outcome) {
        let by = outcome.decided_by.as_str();
        self.allowed |= outcome.verdict == Verdict::Allow;
        self.denied |= outcome.verdict == Verdict::Deny;
        self.by_rule |= outcome.verdict == Verdict::Allow && by.contains("rule");
        self.no_allow |= by == "no ALLOW matched";
        self.by_peer |= by == "PeerAuthentication";
        self.by_token |= by == "RequestAuthentication";
        self.by_custom |= by.starts_with("CUSTOM");
        self.audited |= !outcome.audited.is_empty();
    }

    pub fn complete(&self) -> bool {
        let outcomes = self.allowed && self.denied && self.by_rule && self.no_allow && self.audited;
        outcomes && self.by_peer && self.by_token && self.by_custom && self.ztunnel
    }
}

/// One sample of the policies.
pub fn sample_policies(runner: &mut TestRunner) -> String {
    policies().new_tree(runner).expect("a sample").current()
}

/// One sample of proxy and request.
pub fn sample_point_and_request(runner: &mut TestRunner) -> (Point, Request) {
    let point = point().new_tree(runner).expect("a sample").current();
    (point, request().new_tree(runner).expect("a sample").current())
}
