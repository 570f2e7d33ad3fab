//! Why a query was not let through, in words for the person who wrote it.

/// A query that was refused. The text may be shown to the caller: it names only what the caller sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No expression at all.
    #[error("the query is empty")]
    Empty,
    /// Longer than [`super::limits::MAX_BYTES`].
    #[error("the query has {bytes} bytes; at most {max} are accepted")]
    TooLong {
        /// What was sent.
        bytes: usize,
        /// What is accepted.
        max: usize,
    },
    /// Nested deeper than [`super::limits::MAX_NESTING`].
    #[error("the query nests deeper than {max} levels")]
    TooDeep {
        /// What is accepted.
        max: usize,
    },
    /// More operators than [`super::limits::MAX_OPERATORS`].
    #[error("the query has more than {max} operators")]
    TooManyOperators {
        /// What is accepted.
        max: usize,
    },
    /// Regular expressions above [`super::limits::MAX_REGEX_COST`].
    #[error("the regular expressions of the query are too large; use fewer repetitions")]
    RegexTooLarge,
    /// A duration or offset no clock can hold.
    #[error("the duration {text:?} is out of range")]
    DurationOutOfRange {
        /// As written.
        text: String,
    },
    /// Not PromQL as this portal reads it.
    #[error("the query cannot be read: {0}")]
    Syntax(String),
    /// It was read, but printing it again would not mean the same (a time before 1970, a fraction of a millisecond).
    #[error("the query uses a value that cannot be passed on exactly")]
    NotRepresentable,
    /// `{a="x" or b="y"}`.
    #[error("`or` between the matchers of one selector is not accepted; join two selectors with `or`")]
    SelectorOr,
    /// A matcher on the label that separates tenants.
    #[error("the label {label:?} is set by the portal; remove {matcher} from the query")]
    Reserved {
        /// The label.
        label: String,
        /// The caller's matcher.
        matcher: String,
    },
    /// A matcher that nothing visible to the caller can satisfy.
    #[error("{matcher} selects nothing you may see")]
    Conflict {
        /// The caller's matcher.
        matcher: String,
    },
    /// `info(v)` adds every label of a series that the store selects by itself.
    #[error("`info` needs a second argument that names the labels to add, such as info(v, {{version=~\".+\"}})")]
    InfoWithoutLabels,
    /// A construct that cannot be joined over several sets of clusters and namespaces.
    #[error("{what} cannot be answered over clusters with different namespaces; ask for one cluster")]
    NotJoinable {
        /// The construct.
        what: &'static str,
    },
    /// Confining it would make it larger than a store accepts.
    #[error("the query has too many selectors for the clusters you may see; ask for one cluster")]
    TooManySelectors,
    /// Something else than a plain selector where only selectors are allowed.
    #[error("{0:?} is not a series selector")]
    NotASelector(String),
    /// The caller of this crate gave no matcher: nothing would be confined.
    #[error("no tenant to confine the query to")]
    NothingToEnforce,
}
