//! How often whom may ask: a bucket for each address, account, key and tenant, and how many WebSockets one caller may hold.
//! Counted in this process; what limits guessing of passwords and tokens stands in `auth` and `bearer`.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use uuid::Uuid;

use crate::{
    auth::network,
    config::{LimitsConfig, QuotaConfig},
};

/// WebSockets one account or key may hold at a time.
pub const SOCKETS_MAX: u32 = 20;
/// Callers kept at a time in each table. Whoever comes beyond that shares one bucket until others are forgotten.
const CALLERS_MAX: usize = 100_000;
/// The table is measured every so many requests.
const MEASURE_EVERY: u32 = 1024;

/// Who is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited {
    /// A client's address (IPv6: its /64).
    Address,
    /// A person.
    Account,
    /// An API key, with the tokens made from it.
    Key,
    /// Everybody in one tenant together.
    Tenant,
}

impl Limited {
    /// The word in headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Account => "account",
            Self::Key => "key",
            Self::Tenant => "tenant",
        }
    }
}

/// How one request stands to one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which limit.
    pub limited: Limited,
    /// Requests that may come at once.
    pub burst: u32,
    /// Seconds in which an empty bucket fills up.
    pub window_secs: u64,
    /// Requests left now.
    pub remaining: u32,
    /// Seconds to wait, when this request is one too many.
    pub retry_after_secs: Option<u64>,
}

type Bucket<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// One bucket for each caller of a kind.
struct Buckets<K: Hash + Eq + Clone> {
    limited: Limited,
    burst: u32,
    window_secs: u64,
    buckets: Bucket<K>,
    /// For whoever comes when there are too many.
    overflow: K,
    asked: AtomicU32,
    full: AtomicU32,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// None when the quota is switched off.
    fn new(limited: Limited, quota: QuotaConfig, overflow: K) -> Option<Self> {
        let (rate, burst) = (NonZeroU32::new(quota.rate)?, NonZeroU32::new(quota.burst.max(1))?);
        let buckets = RateLimiter::dashmap(Quota::per_second(rate).allow_burst(burst)).with_middleware();
        let window_secs = u64::from(burst.get().div_ceil(rate.get()));
        let (asked, full) = (AtomicU32::new(0), AtomicU32::new(0));
        Some(Self { limited, burst: burst.get(), window_secs, buckets, overflow, asked, full })
    }

    fn check(&self, key: K) -> Standing {
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(MEASURE_EVERY) {
            if self.buckets.len() > CALLERS_MAX {
                self.buckets.retain_recent();
            }
            self.full.store(u32::from(self.buckets.len() > CALLERS_MAX), Ordering::Relaxed);
        }
        let key = if self.full.load(Ordering::Relaxed) == 0 { key } else { self.overflow.clone() };
        let (remaining, retry_after_secs) = match self.buckets.check_key(&key) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(until) => {
                let wait = until.wait_time_from(DefaultClock::default().now());
                (0, Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)))
            }
        };
        Standing {
            limited: self.limited,
            burst: self.burst,
            window_secs: self.window_secs,
            remaining,
            retry_after_secs,
        }
    }

    fn forget_idle(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
        self.full.store(0, Ordering::Relaxed);
    }
}

/// All limits of this process.
pub struct Limits {
    addresses: Option<Buckets<String>>,
    accounts: Option<Buckets<Uuid>>,
    keys: Option<Buckets<Uuid>>,
    tenants: Option<Buckets<Uuid>>,
    sockets: Arc<Mutex<HashMap<Uuid, u32>>>,
}

impl Limits {
    /// With these quotas.
    pub fn new(config: &LimitsConfig) -> Self {
        Self {
            addresses: Buckets::new(Limited::Address, config.address, String::new()),
            accounts: Buckets::new(Limited::Account, config.account, Uuid::nil()),
            keys: Buckets::new(Limited::Key, config.key, Uuid::nil()),
            tenants: Buckets::new(Limited::Tenant, config.tenant, Uuid::nil()),
            sockets: Arc::default(),
        }
    }

    /// A request from this address; none where the limit is switched off.
    pub fn address(&self, address: IpAddr) -> Option<Standing> {
        self.addresses.as_ref().map(|buckets| buckets.check(network(address)))
    }

    /// A request of this person.
    pub fn account(&self, user: Uuid) -> Option<Standing> {
        self.accounts.as_ref().map(|buckets| buckets.check(user))
    }

    /// A request with this key.
    pub fn key(&self, key: Uuid) -> Option<Standing> {
        self.keys.as_ref().map(|buckets| buckets.check(key))
    }

    /// A request to this tenant, by somebody who belongs there.
    pub fn tenant(&self, tenant: Uuid) -> Option<Standing> {
        self.tenants.as_ref().map(|buckets| buckets.check(tenant))
    }

    /// Room for one more WebSocket of this account or key; none when it holds as many as it may.
    pub fn socket(&self, holder: Uuid) -> Option<SocketPass> {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let held = sockets.entry(holder).or_default();
        if *held >= SOCKETS_MAX {
            return None;
        }
        *held += 1;
        Some(SocketPass { holder, sockets: self.sockets.clone() })
    }

    /// Forgets whoever has not asked for so long that their bucket is full again. Call it every minute or so.
    pub fn forget_idle(&self) {
        if let Some(buckets) = &self.addresses {
            buckets.forget_idle();
        }
        for buckets in [&self.accounts, &self.keys, &self.tenants].into_iter().flatten() {
            buckets.forget_idle();
        }
    }
}

/// One WebSocket that is counted until this is dropped.
pub struct SocketPass {
    holder: Uuid,
    sockets: Arc<Mutex<HashMap<Uuid, u32>>>,
}

impl Drop for SocketPass {
    fn drop(&mut self) {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = sockets.get_mut(&self.holder) {
            *held -= 1;
            if *held == 0 {
                sockets.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limits(rate: u32, burst: u32) -> Limits {
        let quota = QuotaConfig { rate, burst };
        Limits::new(&LimitsConfig { address: quota, account: quota, key: quota, tenant: quota })
    }

    #[test]
    fn each_caller_has_a_bucket_and_zero_is_off() {
        let limits = limits(1, 3);
        let (one, two) = ("192.0.2.1".parse().expect("an address"), "192.0.2.2".parse().expect("an address"));
        let left: Vec<_> = (0..3).map(|_| limits.address(one).expect("on").remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let over = limits.address(one).expect("on");
        assert!(over.retry_after_secs.is_some_and(|secs| (1..=3).contains(&secs)), "{over:?}");
        assert_eq!((over.burst, over.window_secs), (3, 3));
        assert_eq!(limits.address(two).expect("on").retry_after_secs, None);
        assert_eq!(self::limits(0, 3).address(one), None);
    }

    #[test]
    fn the_idle_are_forgotten() {
        let limits = limits(1000, 1);
        for n in 0..50 {
            limits.account(Uuid::from_u128(n));
        }
        std::thread::sleep(Duration::from_millis(20));
        limits.forget_idle();
        assert_eq!(limits.accounts.as_ref().expect("on").buckets.len(), 0);
    }

    #[test]
    fn sockets_are_given_back() {
        let limits = limits(1, 1);
        let held: Vec<_> = (0..SOCKETS_MAX).map(|_| limits.socket(Uuid::nil()).expect("room")).collect();
        assert!(limits.socket(Uuid::nil()).is_none());
        assert!(limits.socket(Uuid::from_u128(1)).is_some(), "another caller");
        drop(held);
        assert!(limits.socket(Uuid::nil()).is_some());
    }
}
