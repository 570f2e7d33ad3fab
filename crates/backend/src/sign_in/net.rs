//! Calls to sign-in providers: a deadline, a size limit, no redirects, and failures in words that are safe to show. What a
//! tenant's administrator has typed is never followed into our own network.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use openidconnect::http::{Request, Response, Uri};
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};

use crate::{
    Error,
    upstream::{BadBody, read_body},
};

const DEADLINE: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(3);
/// More than any discovery document, key set or token answer.
const MAX_BYTES: usize = 1 << 20;

/// Why a provider gave no answer. The text goes after "the provider cannot be used: ".
#[derive(Debug, thiserror::Error)]
pub(super) enum NetError {
    /// Not allowed for providers that tenants have made.
    #[error("its address lies inside a private network, which a tenant's own provider may not use")]
    Private,
    /// The same, for the scheme.
    #[error("its address does not begin with https://, which a tenant's own provider must use")]
    Plain,
    /// Nothing listens there, or the name is unknown.
    #[error("it cannot be reached")]
    Refused(#[source] reqwest::Error),
    /// Too slow.
    #[error("it did not answer within {} s", DEADLINE.as_secs())]
    Slow,
    /// Somewhere else.
    #[error("it answers with a redirect, which is not followed")]
    Redirect,
    /// Too much.
    #[error("its answer is larger than {} KiB", MAX_BYTES >> 10)]
    Large,
    /// The connection broke, or the answer is no HTTP.
    #[error("the connection broke")]
    Broken(#[source] reqwest::Error),
    /// An address of its documents cannot be used.
    #[error("it names an address that cannot be used")]
    Address,
}

/// Who may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Anybody: whoever runs the installation has named the provider.
    Anywhere,
    /// Public addresses over TLS: a tenant has named it.
    Public,
}

/// The clients.
#[derive(Clone)]
pub(super) struct Net {
    anywhere: reqwest::Client,
    public: reqwest::Client,
}

impl Net {
    pub(super) fn new() -> Result<Self, Error> {
        let builder = || {
            reqwest::Client::builder()
                .redirect(redirect::Policy::none())
                .connect_timeout(CONNECT)
                .no_proxy()
                .user_agent(concat!("obstack/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self {
            anywhere: builder().build().map_err(Error::internal)?,
            public: builder().https_only(true).dns_resolver(Arc::new(OnlyPublic)).build().map_err(Error::internal)?,
        })
    }

    /// One call, as the OpenID Connect library makes it.
    pub(super) async fn call(&self, reach: Reach, request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, NetError> {
        let client = match reach {
            Reach::Anywhere => &self.anywhere,
            Reach::Public => {
                check(request.uri())?;
                &self.public
            }
        };
        let request = reqwest::Request::try_from(request).map_err(|_| NetError::Address)?;
        match tokio::time::timeout(DEADLINE, exchange(client, request)).await {
            Ok(answer) => answer,
            Err(_) => Err(NetError::Slow),
        }
    }

    /// Reads a JSON document. The status comes along: what it means is the caller's to know.
    pub(super) async fn get(&self, reach: Reach, url: &str, bearer: Option<&str>) -> Result<(u16, Vec<u8>), NetError> {
        let mut request = Request::get(url).header("accept", "application/json");
        if let Some(token) = bearer {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Vec::new()).map_err(|_| NetError::Address)?;
        let answer = self.call(reach, request).await?;
        Ok((answer.status().as_u16(), answer.into_body()))
    }
}

async fn exchange(client: &reqwest::Client, request: reqwest::Request) -> Result<Response<Vec<u8>>, NetError> {
    let answer = client.execute(request).await.map_err(broken)?;
    if answer.status().is_redirection() {
        return Err(NetError::Redirect);
    }
    let mut response = Response::builder().status(answer.status());
    if let Some(kind) = answer.headers().get("content-type") {
        response = response.header("content-type", kind.as_bytes());
    }
    let body = match read_body(answer, MAX_BYTES).await {
        Ok(body) => body.to_vec(),
        Err(BadBody::TooLarge { .. }) => return Err(NetError::Large),
        Err(BadBody::Broken(error)) => return Err(broken(error)),
    };
    response.body(body).map_err(|_| NetError::Address)
}

fn broken(error: reqwest::Error) -> NetError {
    let error = error.without_url();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(this) = cause {
        if this.is::<NotPublic>() {
            return NetError::Private;
        }
        cause = this.source();
    }
    if error.is_timeout() && !error.is_connect() {
        NetError::Slow
    } else if error.is_connect() {
        NetError::Refused(error)
    } else {
        NetError::Broken(error)
    }
}

/// What can be told from the address alone; names are looked up by [`OnlyPublic`], literals never are.
fn check(uri: &Uri) -> Result<(), NetError> {
    if uri.scheme_str() != Some("https") {
        return Err(NetError::Plain);
    }
    let host = uri.host().ok_or(NetError::Address)?;
    match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(ip) if !is_public(ip) => Err(NetError::Private),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Looks names up and gives none away that lead into a private network. The connection goes to what was checked here.
struct OnlyPublic;

#[derive(Debug, thiserror::Error)]
#[error("the name leads into a private network")]
struct NotPublic;

impl Resolve for OnlyPublic {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            // One private address among public ones is no accident.
            if !found.iter().all(|address| is_public(address.ip())) {
                return Err(NotPublic.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet.
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19)))
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let parts = ip.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match parts {
        // NAT64 and 6to4 carry an IPv4 address that is reached in the end.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => is_public_v4(embedded(high, low)),
        // Teredo, documentation, benchmarking, ORCHID.
        [0x2001, second, ..] => second >= 0x200 && second != 0xdb8,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_private_is_public() {
        for private in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.0.8",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:a00:1::",
            "2001:db8::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(private.parse().expect("an address")), "{private}");
        }
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "2001:4860:4860::8888"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
    }

    #[tokio::test]
    async fn a_tenants_provider_is_not_followed_into_our_network() {
        let net = Net::new().expect("clients");
        let why = async |url: &str| net.get(Reach::Public, url, None).await.expect_err("refused");
        assert!(matches!(why("http://idp.example.com/").await, NetError::Plain));
        assert!(matches!(why("https://127.0.0.1:1/").await, NetError::Private));
        assert!(matches!(why("https://[::1]:1/").await, NetError::Private));
        assert!(matches!(why("https://[::ffff:10.0.0.1]/").await, NetError::Private));
        assert!(matches!(why("https://localhost:1/").await, NetError::Private), "by name");
        assert!(matches!(net.get(Reach::Anywhere, "http://127.0.0.1:1/", None).await, Err(NetError::Refused(_))));
    }
}
