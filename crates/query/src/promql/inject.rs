//! Walks a syntax tree and puts the matchers on every selector in it. With several disjoint sets of matchers it joins
//! confined copies with `or`, at the smallest place where that is exact.

use promql_parser::label::Matcher as Printed;
use promql_parser::parser::token::{T_LOR, TokenType};
use promql_parser::parser::{
    BinModifier, BinaryExpr, Call, Expr, MatrixSelector, ParenExpr, VectorMatchCardinality, VectorSelector,
};

use super::conflict::{Together, together};
use super::limits::MAX_SELECTORS;
use super::matcher::Matcher;
use super::parse::children;
use super::refused::Refused;

/// Functions that read a sample's own time, which only a selector has: joined around the call, not inside it.
const OF_SAMPLE_TIME: [&str; 2] = ["timestamp", "start_timestamp"];
/// Functions whose answer depends on how the selector is written, so that joined copies would answer differently.
const OF_SELECTOR_TEXT: [(&str, &str); 2] = [("absent", "absent()"), ("absent_over_time", "absent_over_time()")];

/// Puts one of several disjoint sets of matchers on each copy of a selector.
pub(super) struct Injector<'a> {
    arms: &'a [Vec<Matcher>],
    selectors: usize,
}

impl<'a> Injector<'a> {
    /// `arms` must be disjoint and not empty.
    pub(super) fn new(arms: &'a [Vec<Matcher>]) -> Self {
        Self { arms, selectors: 0 }
    }

    /// `expr` with the matchers on every selector.
    pub(super) fn rewrite(&mut self, expr: Expr) -> Result<Expr, Refused> {
        match expr {
            Expr::VectorSelector(selector) => {
                Ok(joined(self.copies(&selector)?.into_iter().map(Expr::VectorSelector).collect()))
            }
            Expr::MatrixSelector(MatrixSelector { vs, range }) => match one(self.copies(&vs)?) {
                Some(vs) => Ok(Expr::MatrixSelector(MatrixSelector { vs, range })),
                None => Err(Refused::NotJoinable { what: "a range outside a function" }),
            },
            Expr::Call(call) => self.call(call),
            Expr::Extension(_) => Err(Refused::Syntax("unknown kind of expression".to_owned())),
            mut other @ (Expr::Aggregate(_)
            | Expr::Unary(_)
            | Expr::Binary(_)
            | Expr::Paren(_)
            | Expr::Subquery(_)
            | Expr::NumberLiteral(_)
            | Expr::StringLiteral(_)) => {
                for child in children(&mut other) {
                    self.rewrite_in_place(child)?;
                }
                Ok(other)
            }
        }
    }

    fn rewrite_in_place(&mut self, expr: &mut Expr) -> Result<(), Refused> {
        let taken = std::mem::replace(expr, Expr::from(0.0));
        *expr = self.rewrite(taken)?;
        Ok(())
    }

    fn call(&mut self, mut call: Call) -> Result<Expr, Refused> {
        let name = call.func.name;
        if name == "info" {
            return self.info(call);
        }
        let of_time = OF_SAMPLE_TIME.contains(&name);
        let own = call.args.args.iter().position(|arg| match bare(arg) {
            Expr::MatrixSelector(_) => true,
            Expr::VectorSelector(_) => of_time,
            _ => false,
        });
        let of_text = OF_SELECTOR_TEXT.iter().find(|(function, _)| *function == name);
        let before = self.selectors;
        for (index, arg) in call.args.args.iter_mut().enumerate() {
            if Some(index) != own {
                if let (Some((_, what)), Expr::VectorSelector(selector)) = (of_text, bare(arg)) {
                    self.only_copy(selector, what)?;
                }
                self.rewrite_in_place(arg)?;
            }
        }
        let Some(own) = own else { return Ok(Expr::Call(call)) };
        let others = self.selectors - before;
        let copies: Vec<Expr> = match bare(&call.args.args[own]) {
            Expr::MatrixSelector(MatrixSelector { vs, range }) => {
                let with_range = |vs| Expr::MatrixSelector(MatrixSelector { vs, range: *range });
                self.copies(vs)?.into_iter().map(with_range).collect()
            }
            Expr::VectorSelector(selector) => self.copies(selector)?.into_iter().map(Expr::VectorSelector).collect(),
            _ => return Err(Refused::Syntax("unknown kind of argument".to_owned())),
        };
        if let (Some((_, what)), 2..) = (of_text, copies.len()) {
            return Err(Refused::NotJoinable { what });
        }
        // The other arguments are repeated with each copy.
        self.count(others * copies.len().saturating_sub(1))?;
        let calls = copies.into_iter().map(|copy| {
            let mut call = call.clone();
            *call.args.args[own] = copy;
            Expr::Call(call)
        });
        Ok(joined(calls.collect()))
    }

    /// `info(v, {labels})` makes the store select info series by itself, by the second argument alone. Without one it
    /// would read every tenant's; adding one would change which labels are copied, so the caller must say.
    fn info(&mut self, mut call: Call) -> Result<Expr, Refused> {
        if self.arms.iter().all(Vec::is_empty) {
            return Ok(Expr::Call(call));
        }
        let [base, labels] = call.args.args.as_mut_slice() else { return Err(Refused::InfoWithoutLabels) };
        self.rewrite_in_place(base)?;
        let Expr::VectorSelector(selector) = &mut **labels else { return Err(Refused::InfoWithoutLabels) };
        *selector = self.only_copy(selector, "info()")?;
        Ok(Expr::Call(call))
    }

    fn only_copy(&mut self, selector: &VectorSelector, what: &'static str) -> Result<VectorSelector, Refused> {
        one(self.copies(selector)?).ok_or(Refused::NotJoinable { what })
    }

    /// The confined copies of a selector, one for each set of matchers it can satisfy; never none.
    pub(super) fn copies(&mut self, selector: &VectorSelector) -> Result<Vec<VectorSelector>, Refused> {
        if !selector.matchers.or_matchers.is_empty() {
            return Err(Refused::SelectorOr);
        }
        let mut copies = Vec::new();
        let mut never = None;
        for arm in self.arms {
            match confined(&selector.matchers.matchers, arm)? {
                Ok(matchers) => {
                    let mut copy = selector.clone();
                    copy.matchers.matchers = matchers;
                    copies.push(copy);
                }
                Err(theirs) => never = Some(theirs),
            }
        }
        self.count(copies.len())?;
        match (copies.is_empty(), never) {
            (false, _) | (true, None) => Ok(copies),
            (true, Some(matcher)) => Err(Refused::Conflict { matcher }),
        }
    }

    fn count(&mut self, more: usize) -> Result<(), Refused> {
        self.selectors += more;
        if self.selectors > MAX_SELECTORS { Err(Refused::TooManySelectors) } else { Ok(()) }
    }
}

/// The caller's matchers with ours, or the one of the caller's that no series of this set satisfies.
fn confined(theirs: &[Printed], ours: &[Matcher]) -> Result<Result<Vec<Printed>, String>, Refused> {
    let mut all = Vec::with_capacity(theirs.len() + ours.len());
    for matcher in theirs {
        let mut keep = true;
        for own in ours.iter().filter(|own| own.label() == matcher.name) {
            match together(matcher, own)? {
                Together::Both => {}
                Together::OursSuffices => keep = false,
                Together::Never => return Ok(Err(matcher.to_string())),
            }
        }
        if keep {
            all.push(matcher.clone());
        }
    }
    all.extend(ours.iter().flat_map(Matcher::printed).cloned());
    Ok(Ok(all))
}

/// `(a or b)`; a single expression stays as it is. Many are joined in halves, so that the depth of the tree grows with
/// the logarithm of their number and no reader runs out of stack.
fn joined(mut copies: Vec<Expr>) -> Expr {
    let right = copies.split_off(copies.len().div_ceil(2));
    if right.is_empty() {
        return copies.pop().expect("a selector has at least one confined copy, or it was refused");
    }
    let union = Expr::Binary(BinaryExpr {
        op: TokenType::new(T_LOR),
        lhs: Box::new(joined(copies)),
        rhs: Box::new(joined(right)),
        modifier: Some(BinModifier::default().with_card(VectorMatchCardinality::ManyToMany)),
    });
    Expr::Paren(ParenExpr { expr: Box::new(union) })
}

fn one(mut copies: Vec<VectorSelector>) -> Option<VectorSelector> {
    if copies.len() == 1 { copies.pop() } else { None }
}

/// The expression inside any number of parentheses.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(inner) => bare(&inner.expr),
        other => other,
    }
}
