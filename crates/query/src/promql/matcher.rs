//! The matchers this portal puts on selectors, made from values that were checked here. Never from text of a caller.

use std::collections::BTreeSet;

use promql_parser::label::{METRIC_NAME, MatchOp, Matcher as Printed};
use promql_parser::parser::token::{T_EQL_REGEX, T_NEQ_REGEX, TokenId};

use crate::scope::{Arm, Clusters, MeshScope, NamespaceRule, Side};

/// A matcher that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMatcher {
    /// Not `[a-zA-Z_][a-zA-Z0-9_]*`, or `__name__`.
    #[error("{0:?} is no label to separate tenants by")]
    Label(String),
    /// An empty value matches every series without the label.
    #[error("the value of {0:?} is empty, which would match series without the label")]
    EmptyValue(String),
}

/// What a label's value must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rule {
    /// This value.
    Equal(String),
    /// One of these, more than one.
    OneOf(BTreeSet<String>),
    /// None of these.
    NoneOf(BTreeSet<String>),
    /// No value satisfies it.
    Nothing,
}

/// A condition on one label that every selector of an enforced query carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Matcher {
    label: String,
    rule: Rule,
    reserved: bool,
    /// What is added to a selector: one matcher, or for [`Rule::Nothing`] two that contradict each other.
    printed: Vec<Printed>,
}

impl Matcher {
    /// The label has exactly this value.
    pub fn equal(label: &str, value: &str) -> Result<Self, BadMatcher> {
        Self::one_of(label, [value])
    }

    /// The label has one of these values; with no values, nothing matches.
    pub fn one_of<V: AsRef<str>>(label: &str, values: impl IntoIterator<Item = V>) -> Result<Self, BadMatcher> {
        check_label(label)?;
        let values: BTreeSet<String> = values.into_iter().map(|value| value.as_ref().to_owned()).collect();
        if values.contains("") {
            return Err(BadMatcher::EmptyValue(label.to_owned()));
        }
        Ok(Self::in_set(label, values))
    }

    /// Any matcher of the caller's on this label, other than exactly this one, is refused: for the label that separates
    /// tenants, which is not the caller's to ask about.
    #[must_use]
    pub fn reserved(mut self) -> Self {
        self.reserved = true;
        self
    }

    /// The label.
    pub fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn rule(&self) -> &Rule {
        &self.rule
    }

    pub(super) fn is_reserved(&self) -> bool {
        self.reserved
    }

    pub(super) fn printed(&self) -> &[Printed] {
        &self.printed
    }

    fn in_set(label: &str, values: BTreeSet<String>) -> Self {
        let rule = match (values.len(), values.first()) {
            (1, Some(value)) => Rule::Equal(value.clone()),
            (0, _) | (_, None) => Rule::Nothing,
            (_, Some(_)) => Rule::OneOf(values),
        };
        Self::of(label, rule)
    }

    fn none_of(label: &str, values: BTreeSet<String>) -> Self {
        Self::of(label, Rule::NoneOf(values))
    }

    fn of(label: &str, rule: Rule) -> Self {
        let alternatives = |values: &BTreeSet<String>| {
            let escaped: Vec<String> = values.iter().map(|value| escape_re2(value)).collect();
            escaped.join("|")
        };
        let printed = match &rule {
            Rule::Equal(value) => vec![Printed::new(MatchOp::Equal, label, value)],
            Rule::OneOf(values) => vec![Printed::new(regex_op(T_EQL_REGEX), label, &alternatives(values))],
            Rule::NoneOf(values) => vec![Printed::new(regex_op(T_NEQ_REGEX), label, &alternatives(values))],
            // Both a series with the label and one without it fail one of the two, in every store.
            Rule::Nothing => {
                vec![Printed::new(MatchOp::Equal, label, ""), Printed::new(MatchOp::NotEqual, label, "")]
            }
        };
        Self { label: label.to_owned(), rule, reserved: false, printed }
    }

    /// Whether a caller wrote exactly one of ours.
    pub(super) fn has(&self, theirs: &Printed) -> bool {
        self.printed.iter().any(|own| {
            own.value == theirs.value
                && own.name == theirs.name
                && std::mem::discriminant(&own.op) == std::mem::discriminant(&theirs.op)
        })
    }
}

/// An operator for printing. The parser's type holds a compiled expression; only the text is ever read from ours, so
/// the alternatives, which may be hundreds of namespaces, are not compiled.
fn regex_op(token: TokenId) -> MatchOp {
    let empty = Printed::new_matcher(token, String::new(), String::new());
    empty.expect("the empty regular expression compiles").op
}

/// The label that separates tenants in a store several of them share. Reserved: callers may not mention it.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantLabel(Matcher);

impl TenantLabel {
    /// Series of the tenant carry `label` with exactly `value`.
    pub fn new(label: &str, value: &str) -> Result<Self, BadMatcher> {
        Ok(Self(Matcher::equal(label, value)?.reserved()))
    }

    /// The matcher, for [`super::enforce`].
    pub fn matcher(&self) -> &Matcher {
        &self.0
    }
}

/// The disjoint sets of matchers that together are `scope`, each with the tenant's own.
pub(super) fn arms_of(scope: &MeshScope, side: Side, tenancy: Option<&TenantLabel>) -> Vec<Vec<Matcher>> {
    let own: Vec<Matcher> = tenancy.map(|tenant| tenant.matcher().clone()).into_iter().collect();
    let mut arms = Vec::new();
    for arm in scope.arms() {
        let mut matchers = own.clone();
        match arm.clusters {
            Clusters::Any => {}
            Clusters::These(names) => matchers.push(Matcher::in_set(side.cluster_label(), names)),
        }
        match arm.namespaces {
            NamespaceRule::Any => {}
            NamespaceRule::In(names) => matchers.push(Matcher::in_set(side.namespace_label(), names)),
            NamespaceRule::NotIn(names) => matchers.push(Matcher::none_of(side.namespace_label(), names)),
        }
        arms.push(matchers);
    }
    if arms.is_empty() {
        let mut matchers = own;
        matchers.push(Matcher::of(side.namespace_label(), Rule::Nothing));
        arms.push(matchers);
    }
    arms
}

/// The sets of [`arms_of`] without what lies in `scope` by the labels of `seen`; none when nothing is left. Where several
/// sets of matchers would be needed to say what is seen, all is kept.
pub(super) fn arms_beyond(
    scope: &MeshScope,
    side: Side,
    seen: Side,
    tenancy: Option<&TenantLabel>,
) -> Vec<Vec<Matcher>> {
    let arms = arms_of(scope, side, tenancy);
    let Ok([one]) = <[Arm; 1]>::try_from(scope.arms()) else { return arms };
    let elsewhere = match (one.clusters, one.namespaces) {
        (Clusters::Any, NamespaceRule::Any) => return Vec::new(),
        (Clusters::Any, NamespaceRule::In(names)) => vec![vec![Matcher::none_of(seen.namespace_label(), names)]],
        (Clusters::These(clusters), NamespaceRule::Any) => {
            vec![vec![Matcher::none_of(seen.cluster_label(), clusters)]]
        }
        (Clusters::These(clusters), NamespaceRule::In(names)) => vec![
            vec![Matcher::none_of(seen.cluster_label(), clusters.clone())],
            vec![Matcher::in_set(seen.cluster_label(), clusters), Matcher::none_of(seen.namespace_label(), names)],
        ],
        // Stands only beside another arm.
        (_, NamespaceRule::NotIn(_)) => return arms,
    };
    let with = |arm: &Vec<Matcher>, more: &Vec<Matcher>| arm.iter().chain(more).cloned().collect();
    arms.iter().flat_map(|arm| elsewhere.iter().map(move |more| with(arm, more))).collect()
}

fn check_label(label: &str) -> Result<(), BadMatcher> {
    let mut bytes = label.bytes();
    let starts_well = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    if starts_well && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && label != METRIC_NAME {
        Ok(())
    } else {
        Err(BadMatcher::Label(label.to_owned()))
    }
}

/// `value` as a regular expression of RE2 that matches nothing else: the characters Go's `regexp.QuoteMeta` escapes.
fn escape_re2(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len() + 8);
    for char in value.chars() {
        if r"\.+*?()|[]{}^$".contains(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}
