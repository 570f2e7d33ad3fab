//! How much work a question may cost, counted in steps and not in time, so that the same question has the same answer on
//! every machine. Whoever works says so; whoever finds nothing left says that it does not know.

use std::cell::Cell;

/// What is left for one question, in steps. A step is about what comparing one rule with one request takes.
#[derive(Debug)]
pub struct Effort(Cell<u64>);

impl Effort {
    /// So many steps.
    pub fn new(steps: u64) -> Self {
        Self(Cell::new(steps))
    }

    /// As many as it takes; each part of the work has limits of its own.
    pub fn unlimited() -> Self {
        Self::new(u64::MAX)
    }

    /// Takes steps; false, now and ever after, when there are not enough.
    pub fn spend(&self, steps: usize) -> bool {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        let left = self.0.get().checked_sub(steps);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Whether nothing is left.
    pub fn is_spent(&self) -> bool {
        self.0.get() == 0
    }
}
