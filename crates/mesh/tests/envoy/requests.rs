//! Random requests near the values of a policy set: what fits, and what nearly fits.

use crate::{
    model::{Sent, Set, Values},
    rng::Rng,
    words,
};

pub fn request(rng: &mut Rng, set: &Set) -> Sent {
    let fields: Vec<&Values> = set
        .policies
        .iter()
        .flat_map(|policy| &policy.rules)
        .flat_map(|rule| rule.from.iter().chain(&rule.to).flatten().chain(&rule.when))
        .collect();
    let near = |rng: &mut Rng, keys: &[&str]| -> Option<String> {
        let fields = fields.iter().filter(|field| keys.contains(&field.key.as_str()));
        let all: Vec<&String> = fields.flat_map(|field| field.values.iter().chain(&field.not_values)).collect();
        (!all.is_empty() && rng.chance(70)).then(|| all[rng.below(all.len())].clone())
    };
    let method = near(rng, &["methods", "request.headers[:method]"]);
    let method = method.filter(|method| words::METHODS.contains(&method.as_str()));
    let path = near(rng, &["paths", "request.headers[:path]"]).map(|path| filled(rng, &path));
    let path = path.unwrap_or_else(|| words::path(rng));
    let host = near(rng, &["hosts", "request.headers[:authority]", "request.headers[host]"]);
    let host = match host {
        // A slash is no character of a host: Envoy answers 400 to it, whatever the policies say (header_utility.cc
        // authorityIsValid).
        Some(host) => filled(rng, &host).replace(['/', '"', '%'], ""),
        None => rng.pick(&["a.com", "b", "x.a.com"]).to_owned(),
    };
    Sent {
        source: rng.pick(&words::CLIENTS).parse().expect("an address"),
        identity: set.tls.then(|| rng.pick(&words::IDENTITIES).to_owned()),
        sni: set.tls.then(|| rng.pick(&words::NAMES).to_owned()).filter(|_| rng.chance(85)),
        method: method.unwrap_or_else(|| rng.pick(&words::METHODS).to_owned()),
        path: odd_path(rng, path),
        host: odd_host(rng, &host),
        headers: headers(rng, &fields),
    }
}

/// Puts something in the place of wildcards.
fn filled(rng: &mut Rng, pattern: &str) -> String {
    const MANY: [&str; 7] = ["", "x", "a", "x/y", "a/b/", "/", "x*"];
    const ONE: [&str; 9] = ["x", "a", "a.b", "", "x*y", "%2F", "x\"y", "a/b", "[x]"];
    const END: [&str; 8] = ["", "x", "a", "/", "/a", ".html", "b", "1"];
    let text = pattern.replace("{**}", rng.pick(&MANY)).replace("{*}", rng.pick(&ONE));
    if let Some(rest) = text.strip_prefix('*') {
        let start = if rest.starts_with(['/', '.', ':']) || rng.chance(50) { rng.pick(&["/a", "x", "/"]) } else { "" };
        return format!("{start}{rest}");
    }
    match text.strip_suffix('*') {
        Some(rest) => format!("{rest}{}", rng.pick(&END)),
        None => text,
    }
}

/// Ways to write nearly the same path.
fn odd_path(rng: &mut Rng, path: String) -> String {
    let mut path = if path.starts_with('/') { path } else { format!("/{path}") };
    for _ in 0..rng.one_of(&[0, 0, 0, 1, 1, 2, 3]) {
        const BITS: [&str; 28] = [
            "/", "//", "/./", "/../", "/x/../", "/.", "/..", "%2F", "%2f", "%5C", "\\", "/..;/", "/.;x/", ";x",
            "%2e%2e/", "/%2E/", "%00", "%", "%zz", "%61", "\"", "{", "|^`", "<>", "%25", "~", "*", "[]",
        ];
        let at = rng.below(path.len()) + 1;
        match rng.below(8) {
            0..=3 => path.insert_str(at, rng.pick(&BITS)),
            4 => {
                let byte = path.as_bytes()[at - 1];
                path.replace_range(at - 1..at, &format!("%{byte:02X}"));
            }
            5 => path = path[..at].to_owned(),
            6 => path.push_str(rng.pick(&["/", "x", "/..", "/.", "//"])),
            _ => {
                let upper = path[at - 1..at].to_uppercase();
                path.replace_range(at - 1..at, &upper);
            }
        }
    }
    if !path.starts_with(['/', '%', '\\']) || path.starts_with("%2f") {
        path.insert(0, '/');
    }
    match rng.below(100) {
        0..=9 => path.push_str(rng.pick(&["?", "?x=1", "?/../a//b", "?a?b", "?%61=\\", "?x=`"])),
        10..=12 => path.push_str(rng.pick(&["#", "#x", "#x?y", "?a#b", "#/../b"])),
        13 => path.push_str(rng.pick(&["é", "?é"])),
        _ => {}
    }
    path
}

fn odd_host(rng: &mut Rng, host: &str) -> String {
    let host = host.replace('*', "x").trim_matches('/').to_owned();
    match rng.below(20) {
        0..=1 => host.to_uppercase(),
        2..=3 => format!("{host}:8080"),
        4 => format!("{host}:80"),
        5 => format!("x.{host}"),
        6 => format!("{host}."),
        7 => String::new(),
        _ => host,
    }
}

fn headers(rng: &mut Rng, fields: &[&Values]) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    let mut add = |rng: &mut Rng, name: &str, value: String| {
        let name = if rng.chance(20) { name.to_uppercase() } else { name.to_owned() };
        headers.push((name, value));
    };
    for field in fields {
        let Some(name) = field.key.strip_prefix("request.headers[").and_then(|name| name.strip_suffix(']')) else {
            continue;
        };
        if name.starts_with(':') || matches!(name, "host" | "x-forwarded-for" | "referer") {
            continue;
        }
        for _ in 0..rng.one_of(&[0, 1, 1, 1, 2, 3]) {
            let values: Vec<&String> = field.values.iter().chain(&field.not_values).collect();
            let near = values[rng.below(values.len())].replace('*', rng.pick(&["", "x", "a"]));
            if name == "x-forwarded-proto" {
                // An empty one leaves Envoy without a scheme and its router without a route.
                let value = rng.pick(&["http", "https"]).to_owned();
                add(rng, name, value);
                break;
            }
            let value = if rng.chance(60) { near } else { rng.pick(&words::HEADER_VALUES).to_owned() };
            add(rng, name, value);
        }
    }
    if rng.chance(20) {
        let value = rng.pick(&words::REFERERS).to_owned();
        add(rng, "referer", value);
    }
    for name in ["x-role", "user-agent", "cookie"] {
        if rng.chance(8) {
            let value = rng.pick(&words::HEADER_VALUES).to_owned();
            add(rng, name, value);
        }
    }
    if rng.chance(30) {
        let value = rng.pick(&words::FORWARDED).to_owned();
        add(rng, "x-forwarded-for", value);
    }
    headers
}
