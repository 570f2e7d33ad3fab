//! Label sets of time series, cheap to share: names and values are interned by whoever parses an answer.

use std::sync::Arc;

/// A label set, sorted by name. A missing label and an empty one are the same, as in Prometheus.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Labels(Box<[(Arc<str>, Arc<str>)]>);

impl Labels {
    /// From pairs in any order; of equal names the last one counts, empty values are dropped.
    pub fn new(pairs: impl IntoIterator<Item = (Arc<str>, Arc<str>)>) -> Self {
        let mut all: Vec<_> = pairs.into_iter().collect();
        if !all.is_sorted_by(|a, b| a.0 < b.0) {
            all.sort_by(|a, b| a.0.cmp(&b.0));
            all.reverse();
            all.dedup_by(|later, earlier| later.0 == earlier.0);
            all.reverse();
        }
        all.retain(|(_, value)| !value.is_empty());
        Self(all.into())
    }

    /// From plain text pairs.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::new(pairs.into_iter().map(|(name, value)| (Arc::from(name), Arc::from(value))))
    }

    /// The value, empty when the label is missing.
    pub fn get(&self, name: &str) -> &str {
        self.find(name).map_or("", |value| value)
    }

    /// The shared value, if the label is there.
    pub fn find(&self, name: &str) -> Option<&Arc<str>> {
        self.0.binary_search_by(|(own, _)| own.as_ref().cmp(name)).ok().map(|place| &self.0[place].1)
    }

    /// All pairs by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_label_is_an_empty_one_and_the_last_value_counts() {
        let labels = Labels::from_pairs([("b", "1"), ("a", "x"), ("b", "2"), ("c", "")]);
        assert_eq!(labels.iter().collect::<Vec<_>>(), [("a", "x"), ("b", "2")]);
        assert_eq!(labels.get("c"), "");
        assert_eq!(labels, Labels::from_pairs([("a", "x"), ("b", "2")]));
    }
}
