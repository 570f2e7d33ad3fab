//! The bytes of a series' name and of samples that are not in chunks yet.

use std::collections::BTreeMap;

use mesh::Labels;

use super::{
    chunk::{put, take, unzigzag, zigzag},
    registry::Id,
};

/// A series' name and labels: texts with their lengths, the name first.
pub(super) fn series(name: &str, labels: &Labels) -> Vec<u8> {
    let mut out = Vec::new();
    put_text(&mut out, name);
    for (name, value) in labels.iter() {
        put_text(&mut out, name);
        put_text(&mut out, value);
    }
    out
}

/// The inverse of [`series`]; none when the bytes are damaged.
pub(super) fn read_series(mut bytes: &[u8]) -> Option<(String, Labels)> {
    let name = take_text(&mut bytes)?.to_owned();
    let mut pairs = Vec::new();
    while !bytes.is_empty() {
        pairs.push((take_text(&mut bytes)?, take_text(&mut bytes)?));
    }
    Some((name, Labels::from_pairs(pairs)))
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(take(bytes)?).ok()?;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

/// Samples by series; neighbours of similar number and time take little.
pub(super) fn samples(series: &BTreeMap<Id, Vec<(i64, f64)>>) -> Vec<u8> {
    let (mut out, mut last_id, mut last_at) = (Vec::new(), 0, 0);
    for (&id, samples) in series {
        for &(at, value) in samples {
            put(&mut out, zigzag(i64::from(id) - last_id));
            put(&mut out, zigzag(at - last_at));
            // The low bits of whole numbers are zero; turned round they take few bytes.
            put(&mut out, value.to_bits().swap_bytes());
            (last_id, last_at) = (i64::from(id), at);
        }
    }
    out
}

/// Reads samples up to the first that makes no sense.
pub(super) fn read_samples(mut bytes: &[u8], mut each: impl FnMut(Id, i64, f64)) {
    let (mut id, mut at) = (0_i64, 0_i64);
    while !bytes.is_empty() {
        let mut next = || {
            id = id.checked_add(unzigzag(take(&mut bytes)?))?;
            at = at.checked_add(unzigzag(take(&mut bytes)?))?;
            Some((Id::try_from(id).ok()?, f64::from_bits(take(&mut bytes)?.swap_bytes())))
        };
        match next() {
            Some((id, value)) => each(id, at, value),
            None => return tracing::error!("recent samples cannot be read"),
        }
    }
}
