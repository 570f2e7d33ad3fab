//! Asking the tenant's metrics store: every expression is confined to the scope on its way out, so a slice cannot forget.

use std::sync::Arc;

use contract::Timestamp;
use query::{Enforced, MeshScope, PromQl, Refused, Side, TenantLabel, confine, confine_beyond, confine_selectors};

use crate::{
    Error,
    metrics::{Instant, MetricsStore, Ranged},
};

/// The metrics store of one tenant, seen through that tenant's mesh scope.
#[derive(Clone)]
pub struct Ask {
    store: Arc<dyn MetricsStore>,
    mesh: MeshScope,
    label: Option<TenantLabel>,
}

impl Ask {
    /// Questions to this store, confined to this part of the mesh and, where the store is shared by label, to that label.
    pub(crate) fn new(store: Arc<dyn MetricsStore>, mesh: MeshScope, label: Option<TenantLabel>) -> Self {
        Self { store, mesh, label }
    }

    /// The same store, seen through a narrower part of the mesh. It can never get wider.
    pub fn narrowed(&self, namespaces: &[String], clusters: &[String]) -> Self {
        Self { mesh: self.mesh.narrow(namespaces, clusters), ..self.clone() }
    }

    /// The part of the mesh that is visible.
    pub fn mesh(&self) -> &MeshScope {
        &self.mesh
    }

    /// The label that keeps tenants apart in the store, where one does.
    pub(crate) fn label_name(&self) -> Option<&str> {
        self.label.as_ref().map(|label| label.matcher().label())
    }

    /// What an expression becomes on its way out, or why it is refused.
    pub(crate) fn confined(&self, expr: &str, side: Side) -> Result<Enforced<PromQl>, Refused> {
        confine(expr, &self.mesh, side, self.label.as_ref())
    }

    /// The same for a selector of the endpoints that list series and labels.
    pub(crate) fn confined_selector(&self, selector: &str, side: Side) -> Result<Enforced<Vec<String>>, Refused> {
        confine_selectors(&[selector.to_owned()], &self.mesh, side, self.label.as_ref())
    }

    /// The value of what was confined before.
    pub(crate) async fn asked(&self, query: &Enforced<PromQl>, at: Timestamp) -> Result<Instant, Error> {
        self.store.query(query, at).await
    }

    /// The values of a label on series of confined selectors.
    pub(crate) async fn label_values(
        &self,
        name: &str,
        selectors: &Enforced<Vec<String>>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<String>, Error> {
        self.store.label_values(name, selectors, from, to).await
    }

    /// Value of an expression at an instant; `side` says which labels of its series carry the tenant's namespaces.
    pub async fn instant(&self, expr: &str, side: Side, at: Timestamp) -> Result<Instant, Error> {
        let query = confine(expr, &self.mesh, side, self.label.as_ref()).map_err(Error::internal)?;
        self.store.query(&query, at).await
    }

    /// Like [`Ask::instant`], without what the same question by the labels of `seen` answers already. The expression has
    /// to group by those labels.
    pub async fn instant_beyond(&self, expr: &str, side: Side, seen: Side, at: Timestamp) -> Result<Instant, Error> {
        match confine_beyond(expr, &self.mesh, side, seen, self.label.as_ref()).map_err(Error::internal)? {
            Some(query) => self.store.query(&query, at).await,
            None => Ok(Instant::default()),
        }
    }

    /// Values of an expression over a range.
    pub async fn range(&self, expr: &str, side: Side, window: Window) -> Result<Ranged, Error> {
        let query = confine(expr, &self.mesh, side, self.label.as_ref()).map_err(Error::internal)?;
        self.store.query_range(&query, window.from, window.to, window.step_secs).await
    }
}

/// A range with its step, aligned to multiples of the step so that neighbouring questions share their grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Timestamp,
    /// Last instant.
    pub to: Timestamp,
    /// Distance of two points, seconds.
    pub step_secs: u64,
}

impl Window {
    /// A window over `from..to` with at most `points` points at a step people read easily.
    pub fn new(from: Timestamp, to: Timestamp, points: usize) -> Self {
        let secs = to.0.saturating_sub(from.0).max(1000).unsigned_abs() / 1000;
        let step_secs = query::step_for(secs, points);
        let step = i64::try_from(step_secs.max(1)).unwrap_or(60) * 1000;
        Self { from: Timestamp(from.0.div_euclid(step) * step), to: Timestamp(to.0.div_euclid(step) * step), step_secs }
    }

    /// The same window so many seconds earlier.
    pub fn earlier(self, secs: u64) -> Self {
        Self { from: self.from.minus_secs(secs), to: self.to.minus_secs(secs), ..self }
    }

    /// How many points it has.
    pub fn points(self) -> usize {
        let secs = self.to.0.saturating_sub(self.from.0).max(0).unsigned_abs() / 1000;
        usize::try_from(secs / self.step_secs.max(1)).unwrap_or(0) + 1
    }

    /// Which point of the grid an instant is.
    fn place(self, at: Timestamp) -> Option<usize> {
        let secs = at.0.checked_sub(self.from.0).filter(|millis| *millis >= 0)?.unsigned_abs() / 1000;
        usize::try_from(secs / self.step_secs.max(1)).ok().filter(|place| *place < self.points())
    }

    /// The instant of a point.
    pub fn at(self, place: usize) -> Timestamp {
        let secs = u64::try_from(place).unwrap_or(0).saturating_mul(self.step_secs);
        Timestamp(self.from.0.saturating_add_unsigned(secs.saturating_mul(1000)))
    }

    /// Points of a series on this grid; steps without a finite value are gaps.
    pub fn grid(self, points: &[(Timestamp, f64)]) -> Vec<Option<f64>> {
        let mut values = vec![None; self.points()];
        for (at, value) in points {
            if let Some(place) = self.place(*at).filter(|_| value.is_finite()) {
                values[place] = Some(*value);
            }
        }
        values
    }
}

/// The window of a `rate()` in a chart, seconds: the usual five minutes, so that sparse series (coarse history, a slow
/// scraper) draw as lines, and more where the step or the scrape interval asks for it.
pub fn chart_window(step_secs: u64, scrape_secs: u64) -> u64 {
    query::rate_window(step_secs, scrape_secs).max(300)
}

/// A label value as PromQL writes it.
pub fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            other => text.push(other),
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        assert_eq!(quoted("a\"} or vector(1) #\\"), r#""a\"} or vector(1) #\\""#);
    }

    #[test]
    fn points_land_on_the_grid_and_gaps_stay_gaps() {
        let window = Window { from: Timestamp::from_secs(100), to: Timestamp::from_secs(130), step_secs: 10 };
        let points =
            [(Timestamp::from_secs(100), 1.0), (Timestamp::from_secs(120), f64::NAN), (Timestamp::from_secs(130), 4.0)];
        assert_eq!(window.grid(&points), [Some(1.0), None, None, Some(4.0)]);
        assert_eq!(window.at(3), Timestamp::from_secs(130));
    }
}
