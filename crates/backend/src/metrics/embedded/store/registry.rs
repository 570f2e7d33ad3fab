//! Which series there are: identity to number and back, and which of them a selector names.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use mesh::Labels;
use promql_parser::label::Matcher;

use super::{HOUR_MS, hour_of};

/// Number of a series; never used again for another one while it has samples.
pub(super) type Id = u32;

/// The first and the last hour of which a series has samples, milliseconds.
pub(super) type Span = (i64, i64);

/// The shortest span around both.
pub(super) fn joined(a: Span, b: Span) -> Span {
    (a.0.min(b.0), a.1.max(b.1))
}

/// A series.
pub(super) struct Series {
    pub(super) name: Arc<str>,
    /// Without the name.
    pub(super) labels: Labels,
    /// None before its first sample.
    span: Option<Span>,
}

impl Series {
    /// The first and the last hour within `[from, to)` of which it may have samples; empty when the first is later.
    pub(super) fn hours(&self, from: i64, to: i64) -> Span {
        self.span.map_or((1, 0), |(first, last)| (first.max(hour_of(from)), last.min(hour_of(to.saturating_sub(1)))))
    }
}

/// Which series: a metric name, matchers, or both.
#[derive(Clone, Debug, Default)]
pub(in crate::metrics::embedded) struct Selection {
    pub(in crate::metrics::embedded) name: Option<String>,
    /// On labels, also on `__name__`.
    pub(in crate::metrics::embedded) matchers: Vec<Matcher>,
}

/// All series.
#[derive(Default)]
pub(super) struct Registry {
    series: BTreeMap<Id, Series>,
    by_identity: HashMap<(Arc<str>, Labels), Id>,
    by_name: BTreeMap<Arc<str>, Vec<Id>>,
    texts: HashSet<Arc<str>>,
    next: Id,
    newest_hour: Option<i64>,
}

impl Registry {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.series.len()
    }

    /// The newest hour of which any series has samples.
    pub(super) fn newest_hour(&self) -> Option<i64> {
        self.newest_hour
    }

    fn share(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return known.clone();
        }
        let new: Arc<str> = Arc::from(text);
        self.texts.insert(new.clone());
        new
    }

    /// The number of a series.
    pub(super) fn find(&self, name: &Arc<str>, labels: &Labels) -> Option<Id> {
        self.by_identity.get(&(name.clone(), labels.clone())).copied()
    }

    /// Takes a new series in and gives it a number.
    pub(super) fn create(&mut self, name: &str, labels: &Labels) -> Id {
        let id = self.next;
        self.insert(id, name, labels);
        id
    }

    /// Takes a series in under the number it had before.
    pub(super) fn insert(&mut self, id: Id, name: &str, labels: &Labels) {
        let name = self.share(name);
        let pairs: Vec<_> = labels.iter().map(|(name, value)| (self.share(name), self.share(value))).collect();
        let labels = Labels::new(pairs);
        self.next = self.next.max(id.saturating_add(1));
        self.by_identity.insert((name.clone(), labels.clone()), id);
        self.by_name.entry(name.clone()).or_default().push(id);
        self.series.insert(id, Series { name, labels, span: None });
    }

    /// Remembers that a series has samples in these hours.
    pub(super) fn saw(&mut self, id: Id, span: Span) {
        self.newest_hour = self.newest_hour.max(Some(span.1));
        if let Some(series) = self.series.get_mut(&id) {
            series.span = Some(series.span.map_or(span, |known| joined(known, span)));
        }
    }

    pub(super) fn get(&self, id: Id) -> Option<&Series> {
        self.series.get(&id)
    }

    /// Series without samples from this hour on.
    pub(super) fn ended_before(&self, hour: i64) -> Vec<Id> {
        let ended = self.series.iter().filter(|(_, series)| series.span.is_none_or(|(_, last)| last < hour));
        ended.map(|(id, _)| *id).collect()
    }

    /// Forgets series.
    pub(super) fn remove(&mut self, gone: &[Id]) {
        if gone.is_empty() {
            return;
        }
        for id in gone {
            if let Some(Series { name, labels, .. }) = self.series.remove(id) {
                self.by_identity.remove(&(name, labels));
            }
        }
        let series = &self.series;
        self.by_name.retain(|_, ids| {
            ids.retain(|id| series.contains_key(id));
            !ids.is_empty()
        });
        // Held by the set alone: nobody uses it any more.
        self.texts.retain(|text| Arc::strong_count(text) > 1);
    }

    /// The series a selector names that have samples within `[from, to)`, as far as whole hours tell.
    pub(super) fn select<'a>(
        &'a self,
        selection: &'a Selection,
        from: i64,
        to: i64,
    ) -> impl Iterator<Item = (Id, &'a Series)> {
        let (named, all) = match &selection.name {
            Some(name) => (self.by_name.get(name.as_str()), None),
            None => (None, Some(self.series.iter().map(|(id, series)| (*id, series)))),
        };
        let named = named.into_iter().flatten().filter_map(|id| Some((*id, self.series.get(id)?)));
        named.chain(all.into_iter().flatten()).filter(move |(_, series)| {
            let alive = series.span.is_some_and(|(first, last)| first < to && from < last.saturating_add(HOUR_MS));
            alive
                && selection.matchers.iter().all(|matcher| {
                    let value =
                        if matcher.name == "__name__" { &*series.name } else { series.labels.get(&matcher.name) };
                    matcher.is_match(value)
                })
        })
    }
}
