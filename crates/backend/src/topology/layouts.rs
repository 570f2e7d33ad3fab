//! Remembers where nodes stood, per tenant and view, so that a refresh does not shuffle the picture.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use mesh::topology::LayoutMemory;

/// How many views are remembered; the ones unused for longest are forgotten.
const CAPACITY: usize = 256;

/// A view of a tenant whose places are remembered.
pub(crate) type Key = (crate::scope::Seen, contract::topology::TopologyQuery);

/// A view's memory and when it was used last.
type Remembered = (Instant, Arc<Mutex<LayoutMemory>>);

/// The memories.
#[derive(Default)]
pub(crate) struct Layouts(Mutex<HashMap<Key, Remembered>>);

impl Layouts {
    /// The memory of a view, a new one when it was never seen.
    pub fn of(&self, key: &Key) -> Arc<Mutex<LayoutMemory>> {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= CAPACITY
            && !all.contains_key(key)
            && let Some(oldest) = all.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone())
        {
            all.remove(&oldest);
        }
        let (used, memory) = all.entry(key.clone()).or_insert_with(|| (now, Arc::default()));
        *used = now;
        memory.clone()
    }
}
