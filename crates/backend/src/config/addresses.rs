//! `listen`, `ops_listen` and `public_url`.

use std::net::{IpAddr, SocketAddr};

use reqwest::Url;

use super::{
    kinds,
    reader::{Fields, Wrong},
};

pub(super) struct Addresses {
    pub(super) listen: SocketAddr,
    pub(super) ops_listen: SocketAddr,
    pub(super) public_url: Url,
}

pub(super) fn read(top: &mut Fields<'_>) -> Option<Addresses> {
    let listen = top.parse("listen", kinds::address);
    let ops_listen = top.parse("ops_listen", |text| {
        let ops = kinds::address(text)?;
        // Port 0 is any free port.
        if ops.port() != 0 && Some(ops) == listen {
            return Err(Wrong::new("the same address as `listen`", "choose another port: /metrics must not be public"));
        }
        Ok(ops)
    });
    let public_url = match top.written("public_url") {
        Some(item) => top.reader.parse_item(&item, origin),
        None => listen.map(reachable),
    };
    Some(Addresses { listen: listen?, ops_listen: ops_listen?, public_url: public_url? })
}

impl Addresses {
    pub(super) fn warnings(&self) -> Option<String> {
        let host = self.public_url.host_str().unwrap_or_default();
        let local = host == "localhost"
            || host.ends_with(".localhost")
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        (self.public_url.scheme() == "http" && !local).then(|| {
            "public_url is http: passwords and sessions travel unencrypted; put TLS in front and set public_url to https"
                .to_owned()
        })
    }
}

/// Scheme, host and port only: the portal is served at the root.
fn origin(text: &str) -> Result<Url, Wrong> {
    let url = kinds::http_url(text)?;
    if url.path() != "/" {
        return Err(Wrong::new("the URL has a path", "the portal needs a host name of its own; remove the path"));
    }
    Ok(url)
}

/// How this computer reaches what it serves.
fn reachable(listen: SocketAddr) -> Url {
    let host = if listen.ip().is_unspecified() { format!("localhost:{}", listen.port()) } else { listen.to_string() };
    Url::parse(&format!("http://{host}/")).expect("an address and port make a URL")
}
