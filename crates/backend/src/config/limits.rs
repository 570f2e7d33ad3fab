//! `limits`: how often whom may ask.

use super::reader::{Fields, Wrong};

/// A quota: so many requests a second on average, so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaConfig {
    /// Requests a second; 0 for no limit.
    pub rate: u32,
    /// Requests at once.
    pub burst: u32,
}

/// Quotas of everybody who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Of a client's address. 100 a second, 500 at once.
    pub address: QuotaConfig,
    /// Of an account. 50 a second, 300 at once.
    pub account: QuotaConfig,
    /// Of an API key. 50 a second, 300 at once.
    pub key: QuotaConfig,
    /// Of a tenant. 300 a second, 1,500 at once.
    pub tenant: QuotaConfig,
}

impl LimitsConfig {
    pub(super) fn read(mut section: Fields<'_>) -> Option<Self> {
        let mut quota = |name: &str| {
            let mut of = section.section(name);
            let (rate, burst) = (of.number("rate", |text| whole(text, 0)), of.number("burst", |text| whole(text, 1)));
            of.finish();
            Some(QuotaConfig { rate: rate?, burst: burst? })
        };
        let (address, account, key, tenant) = (quota("address"), quota("account"), quota("key"), quota("tenant"));
        section.finish();
        Some(Self { address: address?, account: account?, key: key?, tenant: tenant? })
    }
}

fn whole(text: &str, least: u32) -> Result<u32, Wrong> {
    const MOST: u32 = 1_000_000;
    match text.parse() {
        Ok(number) if (least..=MOST).contains(&number) => Ok(number),
        _ => Err(Wrong::new(
            format!("`{text}` is not a whole number from {least} to {MOST}"),
            "write a number, such as 100; rate: 0 switches the limit off",
        )),
    }
}
