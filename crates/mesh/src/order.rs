//! Putting things in order for people. Every sort of another type costs the browser kilobytes, so there is one for all; and
//! collecting into a map or set sorts, too, which is why those of the browser are extended instead.

use std::cmp::Ordering;

/// The places `0..len` in order; equal ones as they were.
pub fn in_order(len: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    places.sort_by(|a, b| order(*a, *b));
    places
}
