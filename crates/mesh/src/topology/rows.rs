//! The answers of the planned queries, as plain rows.

use super::Part;
use crate::Labels;

/// One series' labels and its value at the asked instant.
pub type Sample = (Labels, f64);

/// Rows by part. Missing parts count as empty: a graph can be built from whatever arrived.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    parts: Vec<(Part, Vec<Sample>)>,
}

impl Rows {
    /// Adds the answer of one query. Order does not matter, and the answers of both sides may overlap.
    pub fn add(&mut self, part: Part, samples: Vec<Sample>) {
        self.parts.push((part, samples));
    }

    /// All rows of a part.
    pub fn of(&self, part: Part) -> impl Iterator<Item = &Sample> {
        self.parts.iter().filter(move |(own, _)| *own == part).flat_map(|(_, samples)| samples)
    }

    /// Number of rows in all parts.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|(_, samples)| samples.len()).sum()
    }

    /// True when there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
