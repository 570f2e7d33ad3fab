//! What becomes of a caller's matcher on a label that is enforced: kept, dropped because ours says as much, or refused.

use promql_parser::label::{MatchOp, Matcher as Printed};

use super::matcher::{Matcher, Rule};
use super::refused::Refused;

/// How a caller's matcher and ours go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Together {
    /// Both stand: the caller narrows.
    Both,
    /// Ours implies the caller's.
    OursSuffices,
    /// No series satisfies both.
    Never,
}

/// Compares `theirs` with `ours` on the same label. A regular expression of the caller's is tried on our values but
/// always kept, because the store's engine has the last word on it.
pub(super) fn together(theirs: &Printed, ours: &Matcher) -> Result<Together, Refused> {
    let same = ours.has(theirs);
    if ours.is_reserved() && !same {
        return Err(Refused::Reserved { label: ours.label().to_owned(), matcher: theirs.to_string() });
    }
    if same {
        return Ok(Together::OursSuffices);
    }
    let literal = match theirs.op {
        MatchOp::Equal | MatchOp::NotEqual => true,
        MatchOp::Re(_) | MatchOp::NotRe(_) => false,
    };
    Ok(match ours.rule() {
        Rule::Equal(value) if !theirs.is_match(value) => Together::Never,
        Rule::Equal(_) if literal => Together::OursSuffices,
        Rule::Equal(_) => Together::Both,
        Rule::OneOf(values) if values.iter().any(|value| theirs.is_match(value)) => Together::Both,
        Rule::OneOf(_) => Together::Never,
        Rule::NoneOf(values) => match &theirs.op {
            MatchOp::Equal if values.contains(&theirs.value) => Together::Never,
            // The other copy of the same selector: exactly the values this one excludes.
            MatchOp::Re(_) if ours.printed().iter().any(|own| own.value == theirs.value) => Together::Never,
            MatchOp::Equal | MatchOp::NotEqual | MatchOp::Re(_) | MatchOp::NotRe(_) => Together::Both,
        },
        // Nothing stays nothing, whatever is added.
        Rule::Nothing => Together::Both,
    })
}
