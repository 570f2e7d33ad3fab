//! A PromQL query, rewritten so that tsink evaluates it as Prometheus would:
//! - every selector becomes an alias that [`super::view`] resolves through the series index (tsink would compile each
//!   regular expression once per series, and take a selector of equalities for the name of one series);
//! - an alias knows whether its metric name survives to the result, where tsink keeps names that Prometheus drops;
//! - operands stand in parentheses, where tsink binds `-a ^ b` differently;
//! - `on` and `ignoring` of one-to-one matches become the aggregation that drops the labels tsink would keep;
//! - a sum of rates becomes an alias too, of the sum itself ([`super::sums`]);
//! - `start()` and `end()` become instants, because a range is evaluated step by step.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use contract::Timestamp;
use promql_parser::{
    label::{MatchOp, Matcher, Matchers},
    parser::{
        self, AggregateExpr, AtModifier, BinaryExpr, Call, Expr, Function, FunctionArgs, LabelModifier, MatrixSelector,
        Offset, ParenExpr, StringLiteral, SubqueryExpr, UnaryExpr, VectorMatchCardinality, VectorSelector,
        token::{T_EQL_REGEX, T_SUM, TokenType},
        value::ValueType,
    },
};

use super::{
    store::Selection,
    sums::{Sum, sum_of},
};
use crate::Error;

const ALIAS: &str = "__obstack_";
const NAME: &str = "__name__";
/// How far an instant selector looks back, as Prometheus does by default.
const LOOKBACK_MS: i64 = 5 * 60 * 1000;

/// Distance of the points of a subquery that does not say it.
const SUBQUERY_STEP_MS: i64 = 60_000;
/// Most points of a subquery, those around it counted in: as many as a range may have.
const MOST_TIMES: i64 = 11_000;

/// A selector behind an alias.
#[derive(Clone, Debug)]
pub(super) struct Selector {
    /// What it selects.
    pub(super) selection: Selection,
    /// The name is part of the result.
    keeps_name: bool,
    /// How far before and after the instant of evaluation it reads, milliseconds.
    pub(super) reach: (i64, i64),
    /// Not its series are wanted but their sums.
    pub(super) sum: Option<Sum>,
}

/// What to do about the name of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// Prometheus drops it here.
    None,
    /// This name.
    Name(&'a str),
    /// The label `__name__`, if the result has one.
    AsLabelled,
}

/// A query ready for tsink.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    expr: Expr,
    selectors: Vec<Selector>,
    /// The query groups, matches or rewrites the label `__name__`, so series carry it as a label.
    names_as_labels: bool,
    /// Sums by their text, so that one that stands in several places is made once.
    sums: BTreeMap<String, VectorSelector>,
}

/// What the way from the root to a node means for it.
#[derive(Clone, Copy)]
struct Way {
    keeps_name: bool,
    before_ms: i64,
    after_ms: i64,
    /// How many times a subquery around it has it evaluated; 1 outside of all.
    times: i64,
}

impl Way {
    fn dropping(self) -> Self {
        Self { keeps_name: false, ..self }
    }
}

impl Plan {
    /// Reads a query.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no PromQL or what the embedded store cannot evaluate.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let mut expr = parser::parse(text).map_err(|why| Error::invalid("/query", why))?;
        let mut plan = Self {
            expr: Expr::from(0.0),
            selectors: Vec::new(),
            names_as_labels: mentions_name(&expr),
            sums: BTreeMap::new(),
        };
        plan.rewrite(&mut expr, Way { keeps_name: true, before_ms: 0, after_ms: 0, times: 1 })?;
        plan.expr = expr;
        Ok(plan)
    }

    /// The text to evaluate within this range.
    pub(super) fn text(&self, (from, to): (Timestamp, Timestamp)) -> String {
        let mut expr = self.expr.clone();
        visit(&mut expr, &mut |expr| {
            let at = match expr {
                Expr::VectorSelector(selector) => &mut selector.at,
                Expr::MatrixSelector(selector) => &mut selector.vs.at,
                Expr::Subquery(subquery) => &mut subquery.at,
                Expr::Aggregate(_)
                | Expr::Unary(_)
                | Expr::Binary(_)
                | Expr::Paren(_)
                | Expr::NumberLiteral(_)
                | Expr::StringLiteral(_)
                | Expr::Call(_)
                | Expr::Extension(_) => return,
            };
            match at {
                Some(AtModifier::Start) => *at = Some(instant(from)),
                Some(AtModifier::End) => *at = Some(instant(to)),
                Some(AtModifier::At(_)) | None => {}
            }
        });
        expr.to_string()
    }

    /// The selectors, by the number in their alias.
    pub(super) fn selectors(&self) -> &[Selector] {
        &self.selectors
    }

    /// True when series must carry their name as a label.
    pub(super) fn names_as_labels(&self) -> bool {
        self.names_as_labels
    }

    /// The metric name to show for one of tsink's results.
    pub(super) fn shown_name<'a>(&'a self, metric: &'a str) -> Shown<'a> {
        match read_alias(metric).and_then(|(number, real)| Some((self.selectors.get(number)?, real))) {
            Some((selector, _)) if !selector.keeps_name => Shown::None,
            Some(_) if self.names_as_labels => Shown::AsLabelled,
            Some((selector, real)) => Shown::Name(selector.selection.name.as_deref().unwrap_or(real)),
            None if metric.is_empty() => Shown::AsLabelled,
            None => Shown::Name(metric),
        }
    }

    fn alias(&mut self, selector: &mut VectorSelector, range_ms: i64, way: Way) -> Result<(), Error> {
        let selection = of_selector(selector)?;
        let offset_ms = match &selector.offset {
            Some(Offset::Pos(by)) => millis(by),
            Some(Offset::Neg(by)) => -millis(by),
            None => 0,
        };
        let reach = (way.before_ms + range_ms + offset_ms.max(0), way.after_ms + (-offset_ms).max(0));
        let number = self.selectors.len();
        if selection.name.is_some() {
            selector.name = Some(format!("{ALIAS}{number}_"));
            selector.matchers = Matchers::empty();
        } else {
            // tsink asks for the metrics that match, then for each of them.
            let pattern = format!("{ALIAS}{number}_.+");
            let matcher = Matcher::new_matcher(T_EQL_REGEX, NAME.to_owned(), pattern).map_err(Error::internal)?;
            selector.matchers = Matchers::one(matcher);
        }
        self.selectors.push(Selector { selection, keeps_name: way.keeps_name, reach, sum: None });
        Ok(())
    }

    /// Puts an alias in the place of a sum of rates; false when the expression is none.
    fn alias_sum(&mut self, expr: &mut Expr, way: Way) -> Result<bool, Error> {
        let Some((sum, mut selector)) = sum_of(expr).filter(|(_, selector)| selector.name.is_some()) else {
            return Ok(false);
        };
        // A subquery of tsink's tells series apart by their name too, and an alias is one.
        if self.names_as_labels || way.times > 1 {
            return Ok(false);
        }
        let text = format!("{} {} {expr}", way.before_ms, way.after_ms);
        if let Some(known) = self.sums.get(&text) {
            *expr = Expr::VectorSelector(known.clone());
            return Ok(true);
        }
        self.alias(&mut selector, sum.range_ms, way.dropping())?;
        if let Some(made) = self.selectors.last_mut() {
            made.sum = Some(sum);
        }
        self.sums.insert(text, selector.clone());
        *expr = Expr::VectorSelector(selector);
        Ok(true)
    }

    fn rewrite(&mut self, expr: &mut Expr, way: Way) -> Result<(), Error> {
        if self.alias_sum(expr, way)? {
            return Ok(());
        }
        match expr {
            Expr::VectorSelector(selector) => self.alias(selector, LOOKBACK_MS, way)?,
            Expr::MatrixSelector(MatrixSelector { vs, range }) => self.alias(vs, millis(range), way)?,
            Expr::Subquery(SubqueryExpr { expr, offset, range, step, .. }) => {
                let step_ms = step.as_ref().map_or(SUBQUERY_STEP_MS, millis).max(1);
                let times = way.times.saturating_mul(millis(range) / step_ms + 1);
                if times > MOST_TIMES {
                    let what = format!("A subquery would be evaluated {times} times; {MOST_TIMES} is the most.");
                    return Err(Error::invalid("/query", what));
                }
                let (back, ahead) = match offset {
                    Some(Offset::Pos(by)) => (millis(by), 0),
                    Some(Offset::Neg(by)) => (0, millis(by)),
                    None => (0, 0),
                };
                let way = Way {
                    before_ms: way.before_ms + millis(range) + back,
                    after_ms: way.after_ms + ahead,
                    times: times.max(2),
                    ..way
                };
                self.rewrite(expr, way)?;
            }
            Expr::Paren(ParenExpr { expr }) => self.rewrite(expr, way)?,
            Expr::Unary(UnaryExpr { expr }) => {
                self.rewrite(expr, way.dropping())?;
                enclose(expr);
            }
            Expr::Aggregate(AggregateExpr { op, expr, param, .. }) => {
                if let Some(param) = param {
                    self.rewrite(param, way.dropping())?;
                }
                let selects = matches!(op.to_string().as_str(), "topk" | "bottomk" | "limitk" | "limit_ratio");
                self.rewrite(expr, if selects { way } else { way.dropping() })?;
            }
            Expr::Call(call) => self.rewrite_call(call, way)?,
            Expr::Binary(binary) => {
                self.rewrite_binary(binary, way)?;
                if let Some(grouping) = dropped_labels(binary) {
                    let keeps_name = binary.op.is_comparison_operator() && !binary.return_bool();
                    let inner = std::mem::replace(expr, Expr::from(0.0));
                    *expr = match grouping {
                        LabelModifier::Exclude(names) if keeps_name => {
                            names.labels.iter().map(String::as_str).fold(inner, without_label)
                        }
                        grouping => Expr::Aggregate(AggregateExpr {
                            op: TokenType::new(T_SUM),
                            expr: Box::new(inner),
                            param: None,
                            modifier: Some(grouping),
                        }),
                    };
                }
            }
            Expr::StringLiteral(text) if !text.val.is_ascii() => {
                return Err(Error::invalid(
                    "/query",
                    "The embedded store reads only ASCII in texts outside selectors.",
                ));
            }
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => {}
        }
        Ok(())
    }

    fn rewrite_call(&mut self, Call { func, args }: &mut Call, way: Way) -> Result<(), Error> {
        if matches!(func.name, "absent" | "absent_over_time") {
            // Its labels come from the matchers, so the selector stays as it is.
            return args.args.iter_mut().try_for_each(|arg| guard(arg));
        }
        let keeps = matches!(
            func.name,
            "last_over_time"
                | "first_over_time"
                | "sort"
                | "sort_desc"
                | "sort_by_label"
                | "sort_by_label_desc"
                | "label_replace"
                | "label_join"
                | "info"
        );
        let way = if keeps { way } else { way.dropping() };
        args.args.iter_mut().try_for_each(|arg| self.rewrite(arg, way))
    }

    fn rewrite_binary(&mut self, binary: &mut BinaryExpr, way: Way) -> Result<(), Error> {
        let op = binary.op.to_string();
        let on = binary.is_matching_on();
        let vectors = binary.lhs.value_type() == ValueType::Vector && binary.rhs.value_type() == ValueType::Vector;
        let (left, right) = match op.as_str() {
            "and" | "unless" => (way, way.dropping()),
            "or" => (way, way),
            "==" | "!=" | "<" | ">" | "<=" | ">=" if !(binary.return_bool() || vectors && on) => (way, way),
            _ => (way.dropping(), way.dropping()),
        };
        self.rewrite(&mut binary.lhs, left)?;
        self.rewrite(&mut binary.rhs, right)?;
        enclose(&mut binary.lhs);
        enclose(&mut binary.rhs);
        Ok(())
    }
}

/// The labels Prometheus leaves in the result of a one-to-one match and tsink does not.
fn dropped_labels(binary: &BinaryExpr) -> Option<LabelModifier> {
    let modifier = binary.modifier.as_ref()?;
    let vectors = binary.lhs.value_type() == ValueType::Vector && binary.rhs.value_type() == ValueType::Vector;
    let one_to_one = modifier.card == VectorMatchCardinality::OneToOne;
    let matching = modifier.matching.clone()?;
    (vectors && one_to_one && (matching.is_include() || !matching.labels().is_empty())).then_some(matching)
}

/// `label_replace(expr, "name", "", "name", ".*")`: drops one label and keeps the metric name, as a sum would not.
fn without_label(expr: Expr, name: &str) -> Expr {
    let text = |val: &str| Expr::StringLiteral(StringLiteral { val: val.to_owned() });
    let args = [text(name), text(""), text(name), text(".*")];
    let args = args.into_iter().fold(FunctionArgs::new_args(expr), FunctionArgs::append_args);
    let types = [vec![ValueType::Vector], vec![ValueType::String; 4]].concat();
    Expr::Call(Call { func: Function::new("label_replace", types, 0, ValueType::Vector, false), args })
}

/// Puts an operand into parentheses, so that precedence cannot matter.
fn enclose(expr: &mut Box<Expr>) {
    let bare = match expr.as_ref() {
        Expr::Binary(_) | Expr::Unary(_) => true,
        Expr::NumberLiteral(number) => number.val < 0.0,
        Expr::Aggregate(_)
        | Expr::Paren(_)
        | Expr::Subquery(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Call(_)
        | Expr::Extension(_) => false,
    };
    if bare {
        let inner = std::mem::replace(expr.as_mut(), Expr::from(0.0));
        **expr = Expr::Paren(ParenExpr { expr: Box::new(inner) });
    }
}

/// Selectors that go to tsink as they are must not rely on what it reads differently.
fn guard(expr: &mut Expr) -> Result<(), Error> {
    let mut outcome = Ok(());
    visit(expr, &mut |expr| {
        let ascii = match expr {
            Expr::VectorSelector(selector) => selector.to_string().is_ascii(),
            Expr::MatrixSelector(selector) => selector.to_string().is_ascii(),
            Expr::StringLiteral(text) => text.val.is_ascii(),
            Expr::Aggregate(_)
            | Expr::Unary(_)
            | Expr::Binary(_)
            | Expr::Paren(_)
            | Expr::Subquery(_)
            | Expr::NumberLiteral(_)
            | Expr::Call(_)
            | Expr::Extension(_) => true,
        };
        if !ascii {
            outcome = Err(Error::invalid("/query", "The embedded store reads only ASCII here."));
        }
    });
    outcome
}

/// True when a label called `__name__` is grouped by, matched on or rewritten.
fn mentions_name(expr: &Expr) -> bool {
    let mut found = false;
    visit(&mut expr.clone(), &mut |expr| {
        let labels = |modifier: &Option<LabelModifier>| {
            modifier.as_ref().is_some_and(|modifier| modifier.labels().labels.iter().any(|label| label == NAME))
        };
        found |= match expr {
            Expr::Aggregate(aggregate) => labels(&aggregate.modifier),
            Expr::Binary(binary) => binary.modifier.as_ref().is_some_and(|modifier| labels(&modifier.matching)),
            Expr::StringLiteral(text) => text.val == NAME,
            Expr::Unary(_)
            | Expr::Paren(_)
            | Expr::Subquery(_)
            | Expr::NumberLiteral(_)
            | Expr::VectorSelector(_)
            | Expr::MatrixSelector(_)
            | Expr::Call(_)
            | Expr::Extension(_) => false,
        };
    });
    found
}

/// Calls `each` on every node, parents first.
fn visit(expr: &mut Expr, each: &mut impl FnMut(&mut Expr)) {
    each(expr);
    match expr {
        Expr::Aggregate(AggregateExpr { expr, param, .. }) => {
            if let Some(param) = param {
                visit(param, each);
            }
            visit(expr, each);
        }
        Expr::Unary(UnaryExpr { expr })
        | Expr::Paren(ParenExpr { expr })
        | Expr::Subquery(SubqueryExpr { expr, .. }) => {
            visit(expr, each);
        }
        Expr::Binary(BinaryExpr { lhs, rhs, .. }) => {
            visit(lhs, each);
            visit(rhs, each);
        }
        Expr::Call(Call { args, .. }) => args.args.iter_mut().for_each(|arg| visit(arg, each)),
        Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::VectorSelector(_)
        | Expr::MatrixSelector(_)
        | Expr::Extension(_) => {}
    }
}

/// The selection a bare selector (`up{job="x"}`) stands for.
pub(super) fn selection(text: &str) -> Result<Selection, Error> {
    match parser::parse(text).map_err(|why| Error::invalid("/match", why))? {
        Expr::VectorSelector(selector) => of_selector(&selector),
        Expr::Aggregate(_)
        | Expr::Unary(_)
        | Expr::Binary(_)
        | Expr::Paren(_)
        | Expr::Subquery(_)
        | Expr::NumberLiteral(_)
        | Expr::StringLiteral(_)
        | Expr::MatrixSelector(_)
        | Expr::Call(_)
        | Expr::Extension(_) => Err(Error::invalid("/match", "Write a selector, up{job=\"x\"}.")),
    }
}

fn of_selector(selector: &VectorSelector) -> Result<Selection, Error> {
    if !selector.matchers.or_matchers.is_empty() {
        return Err(Error::invalid("/query", "The embedded store does not know `or` between matchers."));
    }
    let mut selection = Selection { name: selector.name.clone(), matchers: Vec::new() };
    for matcher in &selector.matchers.matchers {
        match matcher {
            Matcher { op: MatchOp::Equal, name, value } if name == NAME && selection.name.is_none() => {
                selection.name = Some(value.clone());
            }
            matcher => selection.matchers.push(matcher.clone()),
        }
    }
    Ok(selection)
}

/// The number and the real name in an alias.
pub(super) fn read_alias(metric: &str) -> Option<(usize, &str)> {
    let (number, real) = metric.strip_prefix(ALIAS)?.split_once('_')?;
    Some((number.parse().ok()?, real))
}

/// The alias of a metric behind a selector without a fixed name.
pub(super) fn alias_of(number: usize, real: &str) -> String {
    format!("{ALIAS}{number}_{real}")
}

/// Message of tsink for people: aliases mean nothing to them.
pub(super) fn without_aliases(message: &str) -> String {
    message.split(ALIAS).enumerate().fold(String::new(), |mut whole, (place, part)| {
        let part = if place == 0 {
            part
        } else {
            part.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('_')
        };
        whole.push_str(part);
        whole
    })
}

pub(super) fn millis(duration: &Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 8).min(i64::MAX / 8)
}

fn instant(at: Timestamp) -> AtModifier {
    let millis = u64::try_from(at.0).unwrap_or(0);
    AtModifier::At(SystemTime::UNIX_EPOCH + Duration::from_millis(millis))
}
