//! Answers that several people ask for at the same time: computed once, shared, and kept as the last good answer for
//! when a store is down. Keys carry the tenant; nothing here decides who may see what.

use std::{
    collections::HashMap,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::Error;

/// An answer unused for so long is dropped.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// How many answers are kept at most; the ones unused for longest go first.
const CAPACITY: usize = 512;

/// An answer and how old it is.
pub struct Aged<V> {
    /// The answer.
    pub value: Arc<V>,
    /// Zero when it was computed for this round.
    pub age: Duration,
    /// Why it is not fresh, when it is the last good one instead of a new one.
    pub stale_because: Option<Error>,
}

struct Kept<V> {
    value: Arc<V>,
    at: Instant,
    round: u64,
}

struct Entry<V> {
    used: Mutex<Instant>,
    /// Held while computing, so that everybody else who wants the same waits for the one answer.
    slot: tokio::sync::Mutex<Option<Kept<V>>>,
}

/// A map of answers with one computation at a time per key.
pub struct Cache<K, V> {
    entries: Mutex<HashMap<K, Arc<Entry<V>>>>,
}

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self { entries: Mutex::new(HashMap::new()) }
    }
}

impl<K: Clone + Eq + Hash, V> Cache<K, V> {
    fn entry(&self, key: &K) -> Arc<Entry<V>> {
        let now = Instant::now();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY && !entries.contains_key(key) {
            let last_use = |entry: &Entry<V>| *entry.used.lock().unwrap_or_else(PoisonError::into_inner);
            entries.retain(|_, entry| now.duration_since(last_use(entry)) < IDLE);
            if entries.len() >= CAPACITY
                && let Some(oldest) =
                    entries.iter().min_by_key(|(_, entry)| last_use(entry)).map(|(key, _)| key.clone())
            {
                entries.remove(&oldest);
            }
        }
        let entry = entries
            .entry(key.clone())
            .or_insert_with(|| Arc::new(Entry { used: Mutex::new(now), slot: tokio::sync::Mutex::new(None) }));
        *entry.used.lock().unwrap_or_else(PoisonError::into_inner) = now;
        entry.clone()
    }

    /// The answer of this `round` (a counter that moves when new data arrived), or a new one. When computing fails, the
    /// last good answer is given with its age and the reason; without one, the error.
    pub async fn get<F>(&self, key: &K, round: u64, compute: impl FnOnce() -> F) -> Result<Aged<V>, Error>
    where
        F: Future<Output = Result<V, Error>>,
    {
        let entry = self.entry(key);
        let mut slot = entry.slot.lock().await;
        if let Some(kept) = slot.as_ref().filter(|kept| kept.round == round) {
            return Ok(Aged { value: kept.value.clone(), age: Duration::ZERO, stale_because: None });
        }
        match compute().await {
            Ok(value) => {
                let value = Arc::new(value);
                *slot = Some(Kept { value: value.clone(), at: Instant::now(), round });
                Ok(Aged { value, age: Duration::ZERO, stale_because: None })
            }
            Err(error) => match slot.as_ref() {
                Some(kept) if error.is_failure() => {
                    Ok(Aged { value: kept.value.clone(), age: kept.at.elapsed(), stale_because: Some(error) })
                }
                Some(_) | None => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test]
    async fn one_round_is_computed_once_for_everybody() {
        let (cache, runs) = (Cache::<u8, u8>::default(), AtomicUsize::new(0));
        let ask = |round| {
            cache.get(&1, round, || async {
                tokio::task::yield_now().await;
                runs.fetch_add(1, Ordering::SeqCst);
                Ok(7)
            })
        };
        let (a, b, c) = tokio::join!(ask(1), ask(1), ask(1));
        assert_eq!([*a.unwrap().value, *b.unwrap().value, *c.unwrap().value], [7, 7, 7]);
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        ask(2).await.unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_failing_store_leaves_the_last_good_answer_with_its_reason() {
        let cache = Cache::<u8, u8>::default();
        let down = || async { Err(Error::upstream("prom", "it refuses connections")) };
        assert!(cache.get(&1, 1, down).await.is_err(), "nothing was good yet");
        cache.get(&1, 1, || async { Ok(7) }).await.unwrap();
        let stale = cache.get(&1, 2, down).await.unwrap();
        assert_eq!(*stale.value, 7);
        assert!(stale.stale_because.is_some());
        assert!(
            cache.get(&1, 3, || async { Err(Error::Denied { why: String::new() }) }).await.is_err(),
            "a refusal is no outage"
        );
    }

    #[tokio::test]
    async fn the_number_of_answers_is_bounded() {
        let cache = Cache::<usize, usize>::default();
        for key in 0..CAPACITY * 2 {
            cache.get(&key, 1, || async { Ok(key) }).await.unwrap();
        }
        assert!(cache.entries.lock().unwrap().len() <= CAPACITY);
    }
}
