//! The one door to the parser: limits first, then parsing, then proof that the printed text means what was read.

use std::panic::{AssertUnwindSafe, catch_unwind};

use promql_parser::label::Matcher;
use promql_parser::parser::{self, BinModifier, Expr, LabelModifier};

use super::limits;
use super::refused::Refused;

/// The syntax tree of `expr`, known to survive printing. A printer that loses something would change the question
/// unseen (a negative `@` is printed as 0), so the text is read back and compared.
pub(super) fn parse(expr: &str) -> Result<Expr, Refused> {
    limits::check(expr)?;
    let mut parsed = read(expr)?;
    normalise(&mut parsed);
    let mut again = read(&parsed.to_string()).map_err(|_| Refused::NotRepresentable)?;
    normalise(&mut again);
    if again == parsed { Ok(parsed) } else { Err(Refused::NotRepresentable) }
}

/// The direct parts of an expression, each of them: also the parameter of an aggregation, which the parser's own
/// visitor leaves out.
pub(super) fn children(expr: &mut Expr) -> Vec<&mut Expr> {
    match expr {
        Expr::Aggregate(inner) => {
            let mut parts = vec![&mut *inner.expr];
            parts.extend(inner.param.as_deref_mut());
            parts
        }
        Expr::Unary(inner) => vec![&mut inner.expr],
        Expr::Binary(inner) => vec![&mut inner.lhs, &mut inner.rhs],
        Expr::Paren(inner) => vec![&mut inner.expr],
        Expr::Subquery(inner) => vec![&mut inner.expr],
        Expr::Call(inner) => inner.args.args.iter_mut().map(|arg| &mut **arg).collect(),
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => Vec::new(),
    }
}

/// The parser panics on some literals (`up offset NaN`); the known ones are refused before, this catches the rest.
fn read(expr: &str) -> Result<Expr, Refused> {
    catch_unwind(AssertUnwindSafe(|| parser::parse(expr)))
        .map_err(|_| Refused::NotRepresentable)?
        .map_err(Refused::Syntax)
}

/// Drops `by ()` and `ignoring ()`, which mean nothing and are not printed, and sorts matchers as the printer does.
fn normalise(expr: &mut Expr) {
    match expr {
        Expr::VectorSelector(selector) => selector.matchers.matchers.sort_by_cached_key(Matcher::to_string),
        Expr::MatrixSelector(selector) => selector.vs.matchers.matchers.sort_by_cached_key(Matcher::to_string),
        Expr::Aggregate(inner) => {
            if matches!(&inner.modifier, Some(LabelModifier::Include(labels)) if labels.is_empty()) {
                inner.modifier = None;
            }
        }
        Expr::Binary(inner) => {
            if let Some(modifier) = &mut inner.modifier {
                if matches!(&modifier.matching, Some(LabelModifier::Exclude(labels)) if labels.is_empty()) {
                    modifier.matching = None;
                }
                if *modifier == BinModifier::default() {
                    inner.modifier = None;
                }
            }
        }
        Expr::Unary(_)
        | Expr::Paren(_)
        | Expr::Subquery(_)
        | Expr::Call(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::Extension(_) => {}
    }
    children(expr).into_iter().for_each(normalise);
}
