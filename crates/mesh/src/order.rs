//! Putting things in order for people. Every sort of another type costs the browser kilobytes, so there is one for all; and
//! collecting into a map or set sorts, too, which is why those of the browser are extended instead.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

/// The places `0..len` in order; equal ones as they were.
pub fn in_order(len: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_by(|a, b| order(*a, *b));
    places
}

/// Puts items in order; equal ones stay as they were.
pub fn sort<T>(items: &mut [T], order: &dyn Fn(&T, &T) -> Ordering) {
    let mut target = vec![0; items.len()];
    for (place, item) in in_order(items.len(), &|a, b| order(&items[a], &items[b])).into_iter().enumerate() {
        target[item] = place;
    }
    for at in 0..items.len() {
        while target[at] != at {
            let to = target[at];
            items.swap(at, to);
            target.swap(at, to);
        }
    }
}

/// Each of them once, in order.
pub fn distinct<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    sort(&mut items, &Ord::cmp);
    items.dedup();
    items
}

/// A set of these.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut set = BTreeSet::new();
    set.extend(items);
    set
}

/// A map of these.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut map = BTreeMap::new();
    map.extend(pairs);
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_is_stable_and_moves_every_item_to_its_place() {
        let mut items = vec![(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd'), (1, 'e')];
        sort(&mut items, &|a, b| a.0.cmp(&b.0));
        assert_eq!(items, [(0, 'd'), (1, 'b'), (1, 'e'), (2, 'a'), (2, 'c')]);
    }
}
