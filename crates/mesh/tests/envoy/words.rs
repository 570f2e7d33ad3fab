//! The small vocabulary that policies and requests share, so that they meet often: values of every field and key.

use crate::rng::Rng;

pub const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"];

const SEGMENTS: [&str; 22] = [
    "a",
    "b",
    "ab",
    "admin",
    "api",
    "v1",
    "A",
    "a.b",
    "a;x",
    "%2F",
    "a%20b",
    "~u",
    "x*y",
    "index.html",
    "a%2fb",
    "...",
    "a=b",
    "x+y",
    "a,b",
    "(a)",
    "a%61",
    "@me",
];
/// Clients: addresses of the loopback network, bound before connecting.
pub const CLIENTS: [&str; 5] = ["127.9.1.1", "127.9.1.2", "127.9.2.1", "127.10.0.1", "127.200.0.1"];
pub const FORWARDED: [&str; 6] =
    ["10.0.0.1", "10.1.0.1", "10.1.0.1, 10.0.0.1", "10.0.0.1,192.168.5.7", "2001:db8::1", "10.0.0.1, 2001:db8::1:2"];
const RANGES: [&str; 18] = [
    "127.9.1.1",
    "127.9.1.0/24",
    "127.9.1.77/24",
    "127.9.0.0/16",
    "127.0.0.0/8",
    "127.10.0.1/32",
    "127.9.1.0/31",
    "127.128.0.0/9",
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.1",
    "10.1.0.0/16",
    "192.168.4.0/23",
    "::/0",
    "2001:db8::/32",
    "2001:db8::1",
    "2001:db8::1:0/112",
    "::1",
];
pub const IDENTITIES: [&str; 12] = [
    "cluster.local/ns/foo/sa/a",
    "cluster.local/ns/foo/sa/a.b",
    "cluster.local/ns/foo/sa/a-b",
    "cluster.local/ns/bar/sa/a",
    "old.td/ns/foo/sa/a",
    "td1/ns/foo/sa/b",
    "td1/x/ns/foo/y/sa/a/z",
    "other/foo/a",
    "td12/ns/foo/sa/a",
    "cluster.local/ns/foo/sa/ab",
    "cluster.local/ns/fooo/sa/a",
    "cluster.localhost/ns/bar/sa/b",
];
const PRINCIPALS: [&str; 18] = [
    "cluster.local/ns/foo/sa/a",
    "cluster.local/ns/foo/sa/a.b",
    "cluster.local/ns/bar/sa/a",
    "old.td/ns/foo/sa/a",
    "td1/ns/foo/sa/b",
    "other/ns/foo/sa/a",
    "other/foo/a",
    "*",
    "*/sa/a",
    "*a",
    "*/ns/foo/sa/a",
    "*td/ns/foo/sa/a",
    "*.local/ns/foo/sa/a",
    "old*/ns/foo/sa/a",
    "cluster.local/*",
    "cluster.local/ns/foo/*",
    "cluster.local/ns/*/sa/a",
    "spiffe://cluster.local/ns/foo/sa/a",
];
const NAMESPACES: [&str; 9] = ["foo", "bar", "f*", "*o", "*", "b*r", "f.o", "fooo", "*f*o*"];
const ACCOUNTS: [&str; 7] = ["a", "foo/a", "bar/a", "a.b", "foo/a.b", "b", "foo/y"];
const TRUST_DOMAINS: [&str; 9] = ["cluster.local", "old.td", "td1", "*", "*.local", "old*", "*td", "other", "*1"];
const HOSTS: [&str; 17] = [
    "a.com", "A.com", "b.a.com", "a.com:80", "a.com:*", "*.a.com", "*.A.COM", "a.*", "*", "b", "*:8080", "[::1]",
    "[::1]:*", "1.2.3.4", "*com", "a*", "*.b.*",
];
pub const NAMES: [&str; 4] = ["a.com", "b.a.com", "x.org", "ba.com"];
const NAME_PATTERNS: [&str; 7] = ["a.com", "*.a.com", "*a.com", "a*", "*", "x.org", "A.com"];
const METHOD_PATTERNS: [&str; 12] =
    ["GET", "POST", "PUT", "HEAD", "get", "G*", "P*", "*T", "*", "*E*", "OPTIONS", "PROPFIND"];
pub const HEADER_VALUES: [&str; 14] = [
    "admin",
    "user",
    "Admin",
    "adm",
    "min",
    "admin,user",
    "user,admin",
    "admin, user",
    "a",
    "",
    "admin; user",
    "user; admin",
    "x admin",
    "*",
];
const HEADER_PATTERNS: [&str; 15] = [
    "admin",
    "user",
    "Admin",
    "adm*",
    "*min",
    "*",
    "admin,user",
    "user,admin",
    "*user",
    "admin*",
    "*a*",
    "a",
    "a*n",
    "admin; user",
    "*; admin",
];
/// Envoy removes a referer that is not one URL before filters run (conn_manager_utility.cc mutateRequestHeaders,
/// Utility::Url::initialize); what it takes for a URL is nothing a policy says, so there are only clear ones.
pub const REFERERS: [&str; 4] = ["https://a.com/x", "https://a.com/admin", "http://b.org/", "https://A.com/x"];
const REFERER_PATTERNS: [&str; 6] = ["https://a.com/*", "*/x", "*", "http*", "https://a.com/x", "a.com"];
/// Most of them Envoy keeps in slots of their own.
pub const HEADERS: [&str; 20] = [
    "x-role",
    "X-Role",
    "x-other",
    "cookie",
    "user-agent",
    "accept",
    "authorization",
    "content-type",
    "referer",
    "x-forwarded-for",
    "te",
    "cache-control",
    "origin",
    "via",
    "accept-language",
    "x-forwarded-proto",
    "x-forwarded-host",
    "if-match",
    "x-request-id",
    "x-client-trace-id",
];
const PSEUDO: [&str; 4] = [":method", ":path", ":authority", "host"];
pub const ISSUERS: [&str; 3] = ["i", "https://iss/x", "ab"];
const REQUEST_PRINCIPALS: [&str; 14] = [
    "*",
    "i/s",
    "i/*",
    "*/s",
    "*s",
    "i*",
    "https://iss/x/s",
    "https://*",
    "i",
    "*i/s",
    "*x/s",
    "i/s*",
    "ab/*",
    "*/x/s",
];
const CLAIM_VALUES: [&str; 10] = ["a", "b", "ab", "a*", "*b", "*", "true", "1", "s", "x y"];
const CLAIMS: [&str; 6] = ["role", "groups", "n][a", "n][l", "iss", "gone"];
pub const METADATA_KEYS: [&str; 2] = ["k", "l"];
const METADATA_VALUES: [&str; 8] = ["a", "[a]", "a*", "[a*]", "*", "[*]", "*b", "[*b]"];

/// A value as it may be written in a policy under a field or key.
pub fn value(rng: &mut Rng, key: &str, port: u16) -> String {
    let from: &[&str] = match key {
        "paths" => return path_pattern(rng),
        "request.headers[:path]" => return path_pattern(rng).replace(['{', '}'], ""),
        "ports" | "destination.port" => {
            let port = i64::from(port) + rng.one_of(&[0, 0, 0, 1, -1]);
            return rng.one_of(&[port, port, port, 80]).to_string();
        }
        "methods" | "request.headers[:method]" => &METHOD_PATTERNS,
        "hosts" | "request.headers[:authority]" | "request.headers[host]" => &HOSTS,
        "ipBlocks" | "source.ip" | "remoteIpBlocks" | "remote.ip" | "destination.ip" => &RANGES,
        "principals" | "source.principal" => &PRINCIPALS,
        "namespaces" | "source.namespace" => &NAMESPACES,
        "serviceAccounts" | "source.serviceAccount" => &ACCOUNTS,
        "trustDomains" | "source.trustDomain" => &TRUST_DOMAINS,
        "connection.sni" => &NAME_PATTERNS,
        "requestPrincipals" | "request.auth.principal" => &REQUEST_PRINCIPALS,
        "request.auth.claims[iss]" => &["i", "ab", "*", "i*", "*x"],
        "request.headers[x-forwarded-for]" => &FORWARDED,
        "request.headers[x-forwarded-proto]" => &["http", "https", "http*", "*", "*s"],
        "request.headers[referer]" => &REFERER_PATTERNS,
        key if key.starts_with("request.headers") => &HEADER_PATTERNS,
        key if key.starts_with("experimental") => &METADATA_VALUES,
        _ => &CLAIM_VALUES,
    };
    rng.pick(from).to_owned()
}

/// A key of `when`.
pub fn key(rng: &mut Rng) -> String {
    match rng.below(20) {
        0..=6 => format!("request.headers[{}]", rng.pick(&HEADERS)),
        7..=8 => format!("request.headers[{}]", rng.pick(&PSEUDO)),
        9..=10 => format!("request.auth.claims[{}]", rng.pick(&CLAIMS)),
        11 => rng.pick(&["request.auth.principal", "request.auth.audiences", "request.auth.presenter"]).to_owned(),
        12 => format!("experimental.envoy.filters.x[{}]", rng.pick(&METADATA_KEYS)),
        _ => {
            const OTHERS: [&str; 9] = [
                "source.ip",
                "remote.ip",
                "destination.ip",
                "destination.port",
                "connection.sni",
                "source.principal",
                "source.namespace",
                "source.serviceAccount",
                "source.trustDomain",
            ];
            rng.pick(&OTHERS).to_owned()
        }
    }
}

pub fn path(rng: &mut Rng) -> String {
    let mut path = String::new();
    for _ in 0..=rng.below(3) {
        path.push('/');
        path.push_str(rng.pick(&SEGMENTS));
    }
    if rng.chance(15) {
        path.push('/');
    }
    path
}

fn path_pattern(rng: &mut Rng) -> String {
    let plain = path(rng);
    match rng.below(20) {
        0..=6 => plain,
        7..=9 => format!("{plain}*"),
        10..=12 => format!("*{}", if rng.chance(50) { &plain } else { rng.pick(&[".html", "b", "/", "%2F", "x"]) }),
        13 => "*".to_owned(),
        14 => rng.pick(&["/a*b", "*a*", "/*/b", "/a/*b/*", "/"]).to_owned(),
        _ => template(rng),
    }
}

/// A template that Envoy takes: `{**}` once and as the last operator, no empty segment between.
fn template(rng: &mut Rng) -> String {
    let mut path = String::new();
    let length = 1 + rng.below(4);
    let mut operators = 0;
    let mut last_seen = false;
    for i in 0..length {
        path.push('/');
        let must = i + 1 == length && operators == 0;
        let kind = if last_seen { 0 } else { rng.below(10) };
        let suffix = if i + 1 == length && rng.chance(30) { rng.pick(&[".html", "b", "-x", "%2F", ";x"]) } else { "" };
        if kind >= 8 || must && rng.chance(50) {
            path.push_str("{**}");
            path.push_str(suffix);
            last_seen = true;
            operators += 1;
        } else if kind >= 5 || must {
            path.push_str("{*}");
            path.push_str(suffix);
            operators += 1;
        } else {
            path.push_str(rng.pick(&SEGMENTS));
        }
    }
    if operators > 0 && rng.chance(10) {
        path.push('/');
    }
    path
}
