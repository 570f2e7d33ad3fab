//! The matchers this portal puts on selectors, made from values that were checked here. Never from text of a caller.

use std::collections::BTreeSet;

use promql_parser::label::{METRIC_NAME, MatchOp, Matcher as Printed};
use promql_parser::parser::token::{T_EQL_REGEX, T_NEQ_REGEX};

use super::refused::Refused;
use crate::scope::{Clusters, MeshScope, NamespaceRule, Side};

/// A matcher that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMatcher {
    /// Not `[a-zA-Z_][a-zA-Z0-9_]*`, or `__name__`.
    #[error("{0:?} is no label to separate tenants by")]
    Label(String),
    /// An empty value matches every series without the label.
    #[error("the value of {0:?} is empty, which would match series without the label")]
    EmptyValue(String),
    /// The store's regular expressions would be too large.
    #[error("too many values for {0:?}")]
    TooMany(String),
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
        let rule = match (values.len(), values.first()) {
            (1, Some(value)) => Rule::Equal(value.clone()),
            (0, _) | (_, None) => Rule::Nothing,
            (_, Some(_)) => Rule::OneOf(values),
        };
        Self::of(label, rule)
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

    fn of(label: &str, rule: Rule) -> Result<Self, BadMatcher> {
        let regex = |token, values: &BTreeSet<String>| {
            let alternatives: Vec<String> = values.iter().map(|value| escape_re2(value)).collect();
            Printed::new_matcher(token, label.to_owned(), alternatives.join("|"))
                .map_err(|_| BadMatcher::TooMany(label.to_owned()))
        };
        let printed = match &rule {
            Rule::Equal(value) => vec![Printed::new(MatchOp::Equal, label, value)],
            Rule::OneOf(values) => vec![regex(T_EQL_REGEX, values)?],
            Rule::NoneOf(values) => vec![regex(T_NEQ_REGEX, values)?],
            // Both a series with the label and one without it fail one of the two, in every store.
            Rule::Nothing => {
                vec![Printed::new(MatchOp::Equal, label, ""), Printed::new(MatchOp::NotEqual, label, "")]
            }
        };
        Ok(Self { label: label.to_owned(), rule, reserved: false, printed })
    }
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
pub(super) fn arms_of(
    scope: &MeshScope,
    side: Side,
    tenancy: Option<&TenantLabel>,
) -> Result<Vec<Vec<Matcher>>, Refused> {
    let too_many = |_: BadMatcher| Refused::TooManySelectors;
    let own: Vec<Matcher> = tenancy.map(|tenant| tenant.matcher().clone()).into_iter().collect();
    let mut arms = Vec::new();
    for arm in scope.arms() {
        let mut matchers = own.clone();
        match &arm.clusters {
            Clusters::Any => {}
            Clusters::These(names) => {
                matchers.push(Matcher::one_of(side.cluster_label(), names).map_err(too_many)?);
            }
        }
        match arm.namespaces {
            NamespaceRule::Any => {}
            NamespaceRule::In(names) => {
                matchers.push(Matcher::one_of(side.namespace_label(), names).map_err(too_many)?);
            }
            NamespaceRule::NotIn(names) => {
                matchers.push(Matcher::of(side.namespace_label(), Rule::NoneOf(names)).map_err(too_many)?);
            }
        }
        arms.push(matchers);
    }
    if arms.is_empty() {
        let mut matchers = own;
        matchers.push(Matcher::of(side.namespace_label(), Rule::Nothing).map_err(too_many)?);
        arms.push(matchers);
    }
    Ok(arms)
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
