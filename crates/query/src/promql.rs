//! Tenant enforcement for PromQL: parse, add the matchers to every selector, print again. The text of the caller never
//! travels; what leaves is rebuilt from the syntax tree. What is not understood is refused.

mod conflict;
mod inject;
pub mod limits;
mod matcher;
mod parse;
mod refused;
mod selectors;
#[cfg(test)]
mod tests;

use std::fmt;

pub use matcher::{BadMatcher, Matcher, TenantLabel};
pub use refused::Refused;
pub use selectors::{confine_selectors, label_matchers};

use crate::enforced::Enforced;
use crate::scope::{MeshScope, Side};
use inject::Injector;

/// The text of a PromQL expression, as this crate printed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PromQl(String);

impl PromQl {
    /// The expression.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PromQl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `expr` as asked by someone who sees `scope` of the mesh, where `side` says which end of a measurement counts and
/// `tenancy` is the label that separates tenants in a shared store.
///
/// A scope that no single set of matchers can express (different namespaces in different clusters) becomes several
/// disjoint sets. Each selector is then replaced by the `or` of its confined copies, joined around the smallest
/// enclosing call where a range or a sample's own timestamp is read:
/// `rate(m[5m])` → `(rate(m{A}[5m]) or rate(m{B}[5m]))`. This is exact, not an approximation: the copies differ in the
/// cluster or namespace label of every series, so `or` (which compares labels without the name) drops none, and
/// functions over ranges work series by series. Where that does not hold (`absent`, `absent_over_time`, `info`, a bare
/// range) the query is refused instead of answered differently.
///
/// A scope that sees nothing yields a query that finds nothing.
pub fn confine(
    expr: &str,
    scope: &MeshScope,
    side: Side,
    tenancy: Option<&TenantLabel>,
) -> Result<Enforced<PromQl>, Refused> {
    let arms = matcher::arms_of(scope, side, tenancy);
    rebuild(expr, &arms)
}

/// [`confine`] to `side` without the series that the same question confined to `seen` reads already; none when no series
/// is left. For two questions whose answers are put together, as both ends of a call: the store then reads each series
/// once. Exact where the answer is grouped by the labels of `seen`, so that no group is cut in two. Where one set of
/// matchers cannot say what is seen, everything is read again.
pub fn confine_beyond(
    expr: &str,
    scope: &MeshScope,
    side: Side,
    seen: Side,
    tenancy: Option<&TenantLabel>,
) -> Result<Option<Enforced<PromQl>>, Refused> {
    let arms = matcher::arms_beyond(scope, side, seen, tenancy);
    if arms.is_empty() { Ok(None) } else { rebuild(expr, &arms).map(Some) }
}

/// `expr` with each of `matchers` on every selector: plain label tenancy, as for a store reached through us.
/// Refuses an empty list, which would confine nothing.
pub fn enforce(expr: &str, matchers: &[Matcher]) -> Result<Enforced<PromQl>, Refused> {
    if matchers.is_empty() {
        return Err(Refused::NothingToEnforce);
    }
    rebuild(expr, &[matchers.to_vec()])
}

fn rebuild(expr: &str, arms: &[Vec<Matcher>]) -> Result<Enforced<PromQl>, Refused> {
    let parsed = parse::parse(expr)?;
    let confined = Injector::new(arms).rewrite(parsed)?;
    Ok(Enforced::new(PromQl(confined.to_string())))
}
