//! The home page: what hurts, what changed, and how the stores are. Rules stand in `verdict` and `changes`, the questions
//! to the store in `gather`; no HTML and no SQL here.

mod changes;
mod checks;
pub(crate) mod gather;
mod service;
mod verdict;

pub(crate) use gather::Baseline;
