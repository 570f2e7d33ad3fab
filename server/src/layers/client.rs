//! Where a request comes from: the address limits count by and the audit log names. Headers that say so are believed only
//! from the proxies the configuration trusts; everybody else could write anything into them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, header, request::Parts},
    middleware::Next,
    response::Response,
};
use backend::config::TrustedProxies;

use crate::state::AppState;

/// Longest description of a browser that is kept.
const AGENT_MAX: usize = 300;
/// More proxies in a row than anybody has.
const HOPS_MAX: usize = 32;

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The client of this request.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// What it calls itself; empty when it does not say.
    pub agent: String,
}

/// Finds out who the client is.
pub async fn layer(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical();
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let client = Client {
        address: address_of(request.headers(), peer, &state.backend.config().trusted_proxies),
        agent: agent.chars().filter(|c| !c.is_control()).take(AGENT_MAX).collect(),
    };
    request.extensions_mut().insert(client);
    next.run(request).await
}

/// The client's address: the peer's, unless a trusted proxy names another. Where the two headers disagree, one of them came
/// from the client, and neither is believed.
fn address_of(headers: &HeaderMap, peer: IpAddr, trusted: &TrustedProxies) -> IpAddr {
    if !trusted.contains(peer) {
        return peer;
    }
    let named = [(&X_FORWARDED_FOR, bare as fn(&str) -> Option<IpAddr>), (&header::FORWARDED, forwarded)]
        .into_iter()
        .filter(|(name, _)| headers.contains_key(*name))
        .map(|(name, read)| rightmost(headers, name, read, trusted));
    let mut named: Vec<Option<IpAddr>> = named.collect();
    named.dedup();
    match named[..] {
        [Some(address)] => address,
        _ => peer,
    }
}

/// Each proxy appends whom it was asked by: from the right, the first that is none of ours. `None` when an entry on the way
/// there cannot be read.
fn rightmost(
    headers: &HeaderMap,
    name: &HeaderName,
    read: fn(&str) -> Option<IpAddr>,
    trusted: &TrustedProxies,
) -> Option<IpAddr> {
    let lines: Option<Vec<&str>> = headers.get_all(name).into_iter().map(|value| value.to_str().ok()).collect();
    let entries = lines?;
    let mut last = None;
    for entry in entries.into_iter().flat_map(|line| line.split(',')).rev().take(HOPS_MAX) {
        let address = read(entry.trim())?.to_canonical();
        last = Some(address);
        if !trusted.contains(address) {
            break;
        }
    }
    last
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn bare(entry: &str) -> Option<IpAddr> {
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    entry.parse().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|at| at.ip())).or_else(bracketed)
}

/// `for=192.0.2.1;proto=https` (RFC 7239). Names that hide an address cannot be read.
fn forwarded(entry: &str) -> Option<IpAddr> {
    let mut values = entry.split(';').filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    bare(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let unknown = || Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), agent: String::new() };
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusting(proxies: &str) -> TrustedProxies {
        let text = format!("trusted_proxies: {proxies}\n");
        backend::config::Config::read(Some(("test", &text)), &|_| None).expect("valid").trusted_proxies
    }

    #[track_caller]
    fn seen(proxies: &str, peer: &str, headers: &[(&'static str, &'static str)], expected: &str) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let address = address_of(&map, peer.parse().unwrap(), &trusting(proxies));
        assert_eq!(address.to_string(), expected, "{peer} {headers:?}");
    }

    #[test]
    fn strangers_cannot_say_who_they_are() {
        for header in ["x-forwarded-for", "forwarded"] {
            seen("[]", "198.51.100.7", &[(header, "192.0.2.1")], "198.51.100.7");
            seen("[10.0.0.0/8]", "198.51.100.7", &[(header, "for=192.0.2.1")], "198.51.100.7");
        }
        seen("[10.0.0.0/8]", "198.51.100.7", &[("x-real-ip", "192.0.2.1")], "198.51.100.7");
    }

    #[test]
    fn the_rightmost_address_that_is_no_proxy_counts() {
        let proxies = "[10.0.0.0/8, \"fd00::/8\"]";
        seen(proxies, "10.0.0.5", &[("x-forwarded-for", "192.0.2.1")], "192.0.2.1");
        seen(proxies, "10.0.0.5", &[("x-forwarded-for", "203.0.113.9, 192.0.2.1, 10.0.0.9")], "192.0.2.1");
        seen(proxies, "10.0.0.5", &[("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "192.0.2.1")], "192.0.2.1");
        seen(proxies, "fd00::1", &[("x-forwarded-for", "[2001:db8::1]:4711")], "2001:db8::1");
        seen(proxies, "10.0.0.5", &[("x-forwarded-for", "192.0.2.1:4711")], "192.0.2.1");
        seen(proxies, "10.0.0.5", &[("forwarded", "for=203.0.113.9, for=192.0.2.1;proto=https")], "192.0.2.1");
        seen(proxies, "10.0.0.5", &[("forwarded", "For=\"[2001:db8::1]:4711\"")], "2001:db8::1");
        seen(proxies, "10.0.0.5", &[("x-forwarded-for", "10.0.0.7, 10.0.0.9")], "10.0.0.7");
        seen(proxies, "10.0.0.5", &[("x-forwarded-for", "::ffff:192.0.2.1")], "192.0.2.1");
    }

    #[test]
    fn what_cannot_be_read_is_not_guessed() {
        let proxies = "[10.0.0.0/8]";
        for value in
            ["", "unknown", "192.0.2.1, ", "192.0.2.1, nobody", "192.0.2.300", "<script>", "192.0.2.1 10.0.0.9"]
        {
            seen(proxies, "10.0.0.5", &[("x-forwarded-for", value)], "10.0.0.5");
        }
        for value in ["for=_hidden", "for=unknown", "proto=https", "for=192.0.2.1;for=192.0.2.2", "192.0.2.1"] {
            seen(proxies, "10.0.0.5", &[("forwarded", value)], "10.0.0.5");
        }
        // What is left of the client's own address was written by the client.
        seen(proxies, "10.0.0.5", &[("x-forwarded-for", "nonsense, 192.0.2.1")], "192.0.2.1");
        seen(proxies, "10.0.0.5", &[("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=203.0.113.9")], "10.0.0.5");
        seen(proxies, "10.0.0.5", &[("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")], "192.0.2.1");
        seen(proxies, "10.0.0.5", &[], "10.0.0.5");
    }
}
