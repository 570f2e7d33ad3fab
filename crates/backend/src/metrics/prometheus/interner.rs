//! Label names and values of one answer, each kept once. Neighbouring series share most of theirs, so the pair at the
//! same place of the series before is compared first; only what differs is looked up.

use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

/// The multiply-and-rotate hash of Firefox: fast on short strings. What is hashed here comes from our own store, and a
/// bad distribution only costs time within the size limit of one answer.
#[derive(Default)]
pub(super) struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x51_7c_c1_b7_27_22_0a_95);
    }
}

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            self.add(chunk.try_into().map_or(0, u64::from_le_bytes));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.add(u64::from_le_bytes(last) ^ ((rest.len() as u64) << 56));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(u64::from(byte));
    }
}

/// Strings of one answer and the pairs of the series before.
#[derive(Default)]
pub(super) struct Interner {
    known: HashSet<Arc<str>, BuildHasherDefault<Quick>>,
    before: Vec<(Arc<str>, Arc<str>)>,
}

impl Interner {
    fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let new: Arc<str> = Arc::from(text);
        self.known.insert(new.clone());
        new
    }

    /// The shared name that stands at this place of the series.
    pub(super) fn name(&mut self, place: usize, name: &str) -> Arc<str> {
        match self.before.get(place) {
            Some((known, _)) if known.as_ref() == name => known.clone(),
            Some(_) | None => self.intern(name),
        }
    }

    /// The shared value that stands at this place of the series.
    pub(super) fn value(&mut self, place: usize, value: &str) -> Arc<str> {
        match self.before.get(place) {
            Some((_, known)) if known.as_ref() == value => known.clone(),
            Some(_) | None => self.intern(value),
        }
    }

    /// Remembers a pair for the next series.
    pub(super) fn remember(&mut self, place: usize, pair: &(Arc<str>, Arc<str>)) {
        match self.before.get_mut(place) {
            Some(known) => {
                if !Arc::ptr_eq(&known.0, &pair.0) {
                    known.0 = pair.0.clone();
                }
                if !Arc::ptr_eq(&known.1, &pair.1) {
                    known.1 = pair.1.clone();
                }
            }
            None => self.before.push(pair.clone()),
        }
    }
}
