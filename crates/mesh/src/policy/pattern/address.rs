//! Addresses and ports as Go reads them (net/netip, strconv), because Istio does.

use std::net::IpAddr;

/// A range of addresses; host bits of the written address do not count (R44).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cidr {
    v6: bool,
    first: u128,
    last: u128,
}

impl Cidr {
    /// `10.0.0.0/8` or a bare address (R44; util.go AddrStrToPrefix).
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let (v6, number) = number(address.parse().ok()?);
        let size = if v6 { 128 } else { 32 };
        let length = match length {
            None => size,
            Some(text) => {
                let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
                text.parse::<u32>().ok().filter(|length| plain && *length <= size)?
            }
        };
        let host = size - length;
        let mask = 1_u128.checked_shl(host).map_or(u128::MAX, |bit| bit - 1);
        Some(Self { v6, first: number & !mask, last: number | mask })
    }

    /// Whether the address lies in the range. The two families never meet.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (v6, number) = number(address);
        v6 == self.v6 && (self.first..=self.last).contains(&number)
    }

    /// Addresses at which membership changes: the first one, and the one after the last.
    pub fn edges(&self) -> impl Iterator<Item = IpAddr> {
        let top = if self.v6 { u128::MAX } else { u128::from(u32::MAX) };
        let after = (self.last < top).then(|| self.last + 1);
        let v6 = self.v6;
        [Some(self.first), after].into_iter().flatten().map(move |number| address(v6, number))
    }
}

fn number(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(v4) => (false, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (true, u128::from(v6)),
    }
}

fn address(v6: bool, number: u128) -> IpAddr {
    match u32::try_from(number) {
        Ok(number) if !v6 => IpAddr::V4(number.into()),
        Ok(_) | Err(_) => IpAddr::V6(number.into()),
    }
}

/// A port number (model/util.go convertToPort).
pub fn parse_port(text: &str) -> Option<u16> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = text.trim_start_matches('0');
    if digits.is_empty() { Some(0) } else { digits.parse().ok() }
}
