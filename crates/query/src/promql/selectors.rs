//! The same enforcement for the endpoints that take series selectors (`match[]`) instead of an expression.

use promql_parser::label::{METRIC_NAME, MatchOp, Matcher as Printed, Matchers};
use promql_parser::parser::{Expr, VectorSelector};

use super::inject::Injector;
use super::matcher::{Matcher, TenantLabel, arms_of};
use super::parse;
use super::refused::Refused;
use crate::enforced::Enforced;
use crate::scope::{MeshScope, Side};

/// The `match[]` of a series or label request, with each of `matchers` on every selector. Without a selector of the
/// caller's the answer is ours alone, never an empty list, which a store reads as "everything".
pub fn label_matchers(selectors: &[String], matchers: &[Matcher]) -> Result<Enforced<Vec<String>>, Refused> {
    if matchers.is_empty() {
        return Err(Refused::NothingToEnforce);
    }
    rebuild(selectors, &[matchers.to_vec()])
}

/// The `match[]` of a series or label request for someone who sees `scope`. A store joins several `match[]`, so
/// different namespaces in different clusters become several selectors here.
pub fn confine_selectors(
    selectors: &[String],
    scope: &MeshScope,
    side: Side,
    tenancy: Option<&TenantLabel>,
) -> Result<Enforced<Vec<String>>, Refused> {
    rebuild(selectors, &arms_of(scope, side, tenancy))
}

fn rebuild(selectors: &[String], arms: &[Vec<Matcher>]) -> Result<Enforced<Vec<String>>, Refused> {
    let mut injector = Injector::new(arms);
    let mut printed = Vec::new();
    for text in selectors {
        let Expr::VectorSelector(selector) = parse::parse(text)? else {
            return Err(Refused::NotASelector(text.clone()));
        };
        if selector.offset.is_some() || selector.at.is_some() {
            return Err(Refused::NotASelector(text.clone()));
        }
        printed.extend(injector.copies(&selector)?.iter().map(VectorSelector::to_string));
    }
    if selectors.is_empty() {
        let mut anything = VectorSelector::default();
        if arms.iter().any(Vec::is_empty) {
            anything.matchers = Matchers::one(Printed::new(MatchOp::NotEqual, METRIC_NAME, ""));
        }
        printed.extend(injector.copies(&anything)?.iter().map(VectorSelector::to_string));
    }
    Ok(Enforced::new(printed))
}
