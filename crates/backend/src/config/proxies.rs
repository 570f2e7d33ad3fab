//! `trusted_proxies`: whose word about the client's address is believed.

use std::net::IpAddr;

use ipnet::IpNet;

use super::reader::{Fields, Wrong};

/// Addresses of proxies in front of Obstack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether what this address says about others is believed.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|net| net.contains(&address))
    }

    /// Whether nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn read(top: &mut Fields<'_>) -> Option<Self> {
        let items = top.list("trusted_proxies");
        let reader = top.reader;
        let nets: Vec<Option<IpNet>> = items.iter().map(|item| reader.parse_item(item, network)).collect();
        nets.into_iter().collect::<Option<_>>().map(Self)
    }
}

fn network(text: &str) -> Result<IpNet, Wrong> {
    let one = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    let net = one.or_else(|_| text.parse::<IpNet>()).map_err(|_| {
        Wrong::new(
            format!("`{text}` is not an address or network"),
            "write for example 10.0.0.5, 10.0.0.0/8 or fd00::/8",
        )
    })?;
    if net.prefix_len() == 0 {
        let remedy = "name the proxies' own addresses: everybody else could write any address into the header";
        return Err(Wrong::new(format!("`{text}` is everybody"), remedy));
    }
    Ok(net.trunc())
}
