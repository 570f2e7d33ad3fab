//! Counting tries to sign in, per account and per address, in the database: the count survives a restart and holds for all
//! instances together. A try is counted before the password is looked at, so that many at the same time cannot slip through;
//! a success is taken back.

use std::net::IpAddr;

use contract::Timestamp;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};

use crate::{Error, db::Db};

/// How many failed tries are allowed in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For one account, from everywhere.
    pub per_account: u32,
    /// From one address (IPv6: one /64), for all accounts.
    pub per_address: u32,
    /// Length of the window, seconds. It begins with the first failure.
    pub window_secs: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_account: 10, per_address: 50, window_secs: 300 }
    }
}

/// A try that has been counted against an account and an address.
pub(super) struct Attempt {
    account: [u8; 32],
    address: [u8; 32],
}

/// The verdict on a new try.
pub(super) enum Counted {
    /// Go on.
    Within(Attempt),
    /// Too many; again after this many seconds.
    Over { retry_after_secs: u64 },
}

impl Attempt {
    /// Counts a try.
    pub(super) async fn count(
        db: &Db,
        limits: &Limits,
        email: &str,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Counted, Error> {
        let this = Self { account: key("account", email), address: key("address", &network(address)) };
        let now = now.to_datetime();
        let window = Duration::seconds(i64::from(limits.window_secs));
        // The address first: whoever is over that limit does not count against the account's owner any more.
        for (key, limit) in [(&this.address, limits.per_address), (&this.account, limits.per_account)] {
            let (attempts, began) = add_one(db, key, now, window).await?;
            if attempts > i64::from(limit) {
                let secs = (began + window - now).whole_seconds().max(0).unsigned_abs() + 1;
                return Ok(Counted::Over { retry_after_secs: secs });
            }
        }
        Ok(Counted::Within(this))
    }

    /// The try was a success: the account starts afresh, and the address gets this one back.
    pub(super) async fn forgive(&self, db: &Db) -> Result<(), Error> {
        sqlx::query!("delete from login_attempts where key = $1", &self.account[..]).execute(db.system()).await?;
        sqlx::query!(
            "update login_attempts set attempts = attempts - 1 where key = $1 and attempts > 0",
            &self.address[..]
        )
        .execute(db.system())
        .await?;
        Ok(())
    }
}

/// Counts a bearer token that was worth nothing; when the address is over the limit, the seconds it has to wait.
pub(crate) async fn count_refused_token(
    db: &Db,
    network: &str,
    limit: u32,
    window_secs: u32,
    now: Timestamp,
) -> Result<Option<u64>, Error> {
    let (now, window) = (now.to_datetime(), Duration::seconds(i64::from(window_secs)));
    let (attempts, began) = add_one(db, &key("token", network), now, window).await?;
    let over = attempts > i64::from(limit);
    Ok(over.then(|| (began + window - now).whole_seconds().max(0).unsigned_abs() + 1))
}

async fn add_one(
    db: &Db,
    key: &[u8; 32],
    now: OffsetDateTime,
    window: Duration,
) -> Result<(i64, OffsetDateTime), Error> {
    let row = sqlx::query!(
        r#"insert into login_attempts (key, window_started_at, attempts) values ($1, $2, 1)
           on conflict (key) do update set
               attempts = case when login_attempts.window_started_at <= $3 then 1
                               else least(login_attempts.attempts, 1000000) + 1 end,
               window_started_at = case when login_attempts.window_started_at <= $3 then $2
                                        else login_attempts.window_started_at end
           returning attempts, window_started_at"#,
        &key[..],
        now,
        now - window,
    )
    .fetch_one(db.system())
    .await?;
    Ok((i64::from(row.attempts), row.window_started_at))
}

/// Removes the counts of windows that are over. A few at a time; call it now and then.
pub(super) async fn purge(db: &Db, limits: &Limits, now: Timestamp) -> Result<u64, Error> {
    let over = now.minus_secs(u64::from(limits.window_secs)).to_datetime();
    let done = sqlx::query!(
        "delete from login_attempts where key in
             (select key from login_attempts where window_started_at <= $1 limit 1000)",
        over
    )
    .execute(db.system())
    .await?;
    Ok(done.rows_affected())
}

fn key(kind: &str, what: &str) -> [u8; 32] {
    Sha256::digest(format!("{kind}:{what}")).into()
}

/// One customer usually has a whole /64 of IPv6. An IPv4 address in IPv6 clothes is the IPv4 address.
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_customer_count_together() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
