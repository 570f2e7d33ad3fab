//! Where a request comes from: the address limits count by and the audit log names. Headers that say so are believed only
//! from the proxies the configuration trusts; everybody else could write anything into them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request},
    http::{header, request::Parts},
    middleware::Next,
    response::Response,
};

/// Longest description of a browser that is kept.
const AGENT_MAX: usize = 300;

/// The client of this request.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its address.
    pub address: IpAddr,
    /// What it calls itself; empty when it does not say.
    pub agent: String,
}

/// Finds out who the client is.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let client = Client {
        address: peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).to_canonical(),
        agent: agent.chars().filter(|c| !c.is_control()).take(AGENT_MAX).collect(),
    };
    request.extensions_mut().insert(client);
    next.run(request).await
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let unknown = || Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), agent: String::new() };
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_else(unknown))
    }
}
