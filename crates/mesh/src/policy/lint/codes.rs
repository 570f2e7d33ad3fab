//! The catalogue of codes. Every code has a page `docs/policy/<code>.md` that is written from here.

mod analyzers;
mod ours;

use crate::policy::finding::Severity;

/// What findings need to know of a code.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    /// The code.
    pub code: &'static str,
    /// Its usual severity.
    pub severity: Severity,
    /// What to do.
    pub remedy: &'static str,
}

/// What only its page says.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// What it is about, as a heading.
    pub title: &'static str,
    /// What happens, in a sentence or two.
    pub why: &'static str,
}

const ERROR: Severity = Severity::Error;
const WARNING: Severity = Severity::Warning;
const INFO: Severity = Severity::Info;

/// Makes two tables out of one list, so that the browser, which shows findings and no pages, does not carry the latter.
macro_rules! catalogue {
    ($(($code:literal, $severity:expr, $title:literal, $why:literal, $remedy:literal $(,)?)),* $(,)?) => {
        pub const CODES: &[Code] = &[$(Code { code: $code, severity: $severity, remedy: $remedy }),*];
        pub const MEANINGS: &[Meaning] = &[$(Meaning { title: $title, why: $why }),*];
    };
}
use catalogue;

/// All codes with their meanings, in order.
pub fn all() -> impl Iterator<Item = (&'static Code, &'static Meaning)> {
    let (codes, meanings) = ([ours::CODES, analyzers::CODES], [ours::MEANINGS, analyzers::MEANINGS]);
    codes.into_iter().flatten().zip(meanings.into_iter().flatten())
}

/// The entry of a code.
pub fn find(code: &str) -> Option<&'static Code> {
    [ours::CODES, analyzers::CODES].into_iter().flatten().find(|entry| entry.code == code)
}

/// The page of a code.
pub fn page(entry: &Code, meaning: &Meaning) -> String {
    format!(
        "# {}: {}\n\nSeverity: {}\n\n{}\n\n## Remedy\n\n{}\n\nRule numbers are those of [the rules](rules.md).\n",
        entry.code,
        meaning.title,
        entry.severity.name(),
        meaning.why,
        entry.remedy
    )
}
