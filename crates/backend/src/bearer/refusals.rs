//! Counting bearer tokens that were worth nothing, per address: in the database for all instances together, and in memory
//! who has to wait, so that a flood costs no statement.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use contract::Timestamp;

use crate::{
    Error,
    auth::{count_refused_token, network},
    db::Db,
};

/// So many in a window are mistakes; more are not.
const MOST: u32 = 100;
const WINDOW_SECS: u32 = 300;
/// More addresses than wait at a time; beyond that each is counted in the database again.
const ADDRESSES_MAX: usize = 10_000;

/// Addresses that have to wait, and until when.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<HashMap<String, i64>>);

impl Refusals {
    /// Seconds this address has to wait.
    pub(super) fn waiting(&self, client: IpAddr, now: Timestamp) -> Option<u64> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_empty() {
            return None;
        }
        let left = *waiting.get(&network(client))? - now.0;
        (left > 0).then(|| left.unsigned_abs().div_ceil(1000))
    }

    /// Counts one more; seconds to wait when that was too many.
    pub(super) async fn count(&self, db: &Db, client: IpAddr, now: Timestamp) -> Result<Option<u64>, Error> {
        let network = network(client);
        let wait = count_refused_token(db, &network, MOST, WINDOW_SECS, now).await?;
        if let Some(secs) = wait {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= ADDRESSES_MAX {
                waiting.retain(|_, until| *until > now.0);
            }
            if waiting.len() < ADDRESSES_MAX {
                waiting.insert(network, now.0.saturating_add_unsigned(secs.saturating_mul(1000)));
            }
        }
        Ok(wait)
    }
}
