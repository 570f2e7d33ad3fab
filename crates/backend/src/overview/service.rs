//! Puts the page together. A part that cannot be read becomes a warning; only without any graph there is no page.

use std::sync::Arc;

use async_trait::async_trait;
use contract::{
    ApiError, Timestamp,
    overview::{EmptyCheck, Overview, OverviewPage, OverviewQuery, Severity},
    topology::{Boxes, DurationSecs, Graph, GraphType, SeriesSet, TopologyQuery},
};

use super::{Baseline, changes, checks, gather, verdict};
use crate::{
    Backend, Error, Scope,
    ask::{Ask, Window},
    portal::Scoped,
    scope::Permission,
};

/// Points of the charts and of the spark lines.
const CHART_POINTS: usize = 120;
const SPARK_POINTS: usize = 48;
/// How long a baseline of the past day is good for, seconds.
const BASELINE_SECS: i64 = 300;

#[async_trait]
impl Overview for Scoped {
    #[tracing::instrument(name = "overview.page", skip_all, fields(tenant.id = %self.scope.slug()))]
    async fn page(&self, query: OverviewQuery) -> Result<OverviewPage, ApiError> {
        Ok(self.backend.overview_page(&self.scope, query).await?)
    }

    #[tracing::instrument(name = "overview.empty_checks", skip_all, fields(tenant.id = %self.scope.slug()))]
    async fn empty_checks(&self) -> Result<Vec<EmptyCheck>, ApiError> {
        self.scope.require(Permission::ViewMesh)?;
        let backend = &self.backend;
        let ask = backend.stores().ask(&self.scope)?;
        Ok(checks::run(&ask, &backend.stores().metrics_health(&self.scope), backend.clock().now()).await)
    }
}

impl Backend {
    /// The overview of a scope, shared by all who look at the same range in the same round.
    pub(crate) async fn overview_page(
        self: &Arc<Self>,
        scope: &Scope,
        query: OverviewQuery,
    ) -> Result<OverviewPage, Error> {
        scope.require(Permission::ViewMesh)?;
        let key = (scope.seen(), query.clone());
        let aged =
            self.caches().overview.get(&key, self.rounds().current(), || self.gather_overview(scope, query)).await?;
        let mut page = aged.value.as_ref().clone();
        // The strip and the faults are never stale: they are known here and now.
        page.stores = self.store_status(scope)?;
        if let Some(error) = aged.stale_because {
            page.age_ms = u64::try_from(aged.age.as_millis()).unwrap_or(u64::MAX).max(1);
            page.partial = true;
            page.warnings.insert(0, ApiError::from(error).detail);
        }
        Ok(page)
    }

    async fn gather_overview(self: &Arc<Self>, scope: &Scope, query: OverviewQuery) -> Result<OverviewPage, Error> {
        let now = self.clock().now();
        let (from, to) = query.range.resolve(now);
        let scrape = self.stores().scrape_secs(scope);
        let recent_secs = (4 * scrape).max(60);
        let ask = self.stores().ask(scope)?;
        let graph = self.current_apps(scope, to, recent_secs, query.range.is_live()).await?;
        let (chart, sparks) = (Window::new(from, to, CHART_POINTS), Window::new(from, to, SPARK_POINTS));
        let range_secs = to.0.saturating_sub(from.0).unsigned_abs() / 1000;

        let mut warnings = graph.warnings.clone();
        let (latency_now, latency, usual, requests, denied, versions, certificates) = tokio::join!(
            gather::latency_now(&ask, to, recent_secs),
            gather::latency_by_app(&ask, sparks, scrape),
            self.baseline(scope, &ask, to),
            gather::requests(&ask, chart, scrape),
            gather::denied(&ask, to, range_secs),
            gather::versions(&ask, chart, scrape),
            gather::certificates(&ask, to),
        );
        let latency_now = kept(latency_now, "latencies", &mut warnings);
        let latency = kept(latency, "spark lines", &mut warnings);
        let usual = kept(usual, "usual latencies", &mut warnings);
        let requests = kept(requests, "requests", &mut warnings);
        let denied = kept(denied, "denied requests", &mut warnings);
        let versions = kept(versions, "changes", &mut warnings);
        let certificates = kept(certificates, "certificates", &mut warnings);

        let mut services = verdict::services(&graph, &latency_now, &usual);
        for pain in &mut services {
            pain.spark = latency.get(&(pain.namespace.clone(), pain.app.clone())).cloned().unwrap_or_default();
        }
        let stats = verdict::stats(&graph, &services, denied, Some(&certificates));
        let worst = services.iter().find(|pain| pain.p95_ms.is_some()).or(services.first());
        let worst_key = worst.map(|pain| (pain.namespace.clone(), pain.app.clone()));
        let worst_name = worst.map(|pain| pain.app.clone());
        let (worst_latency, since) = match &worst_key {
            Some(app) => {
                let set = kept(
                    gather::latency_of(&ask, app, chart, scrape).await,
                    "the chart of the worst service",
                    &mut warnings,
                );
                let since = usual.get(app).zip(set.series.iter().find(|series| series.name == "p95"));
                let since =
                    since.and_then(|(usual, p95)| verdict::slow_since(&p95.values, *usual, |place| chart.at(place)));
                (set, since)
            }
            None => (SeriesSet::default(), None),
        };
        let faults = self.demo_faults(scope);
        let mut verdict = verdict::verdict(&services, &stats, &certificates, since);
        let quiet = stats.requests_per_s <= 0.0;
        if quiet {
            verdict.severity = Severity::Unknown;
            verdict.sentence =
                vec![contract::overview::Phrase::Text("No traffic is reported for your namespaces.".to_owned())];
        }
        let empty_checks =
            if quiet { checks::run(&ask, &self.stores().metrics_health(scope), now).await } else { Vec::new() };
        Ok(OverviewPage {
            at: now,
            age_ms: 0,
            partial: graph.partial || !warnings.is_empty(),
            warnings,
            verdict,
            stats,
            services,
            changes: changes::changes(&versions, &faults, |place| chart.at(place)),
            stores: Vec::new(),
            worst: worst_name,
            latency: worst_latency,
            requests,
            empty_checks,
        })
    }

    /// The graph of apps over the last minute or so.
    async fn current_apps(
        self: &Arc<Self>,
        scope: &Scope,
        to: Timestamp,
        secs: u64,
        live: bool,
    ) -> Result<Graph, Error> {
        let query = TopologyQuery {
            graph: GraphType::App,
            duration: DurationSecs(secs),
            at: (!live).then_some(to),
            box_by: Boxes(Vec::new()),
            ..TopologyQuery::default()
        };
        let graph = self.graph(scope, query).await?;
        // A stale graph would make a page that looks new: fail instead, and the page's own last answer is shown with its age.
        if graph.age_ms > 0 {
            return Err(Error::upstream(self.stores().metrics_name(scope), "it does not answer"));
        }
        Ok(graph)
    }

    /// The usual latencies, asked for at most every five minutes per tenant.
    async fn baseline(&self, scope: &Scope, ask: &Ask, now: Timestamp) -> Result<Baseline, Error> {
        let round = u64::try_from(now.as_secs().div_euclid(BASELINE_SECS)).unwrap_or(0);
        let aged = self.caches().baseline.get(&scope.seen(), round, || gather::baseline(ask, now)).await?;
        Ok(aged.value.as_ref().clone())
    }
}

/// The value, or nothing and a warning that names the part.
fn kept<T: Default>(part: Result<T, Error>, name: &str, warnings: &mut Vec<String>) -> T {
    part.unwrap_or_else(|error| {
        let detail = ApiError::from(error).detail;
        warnings.push(format!("Not shown: {name}. {detail}"));
        T::default()
    })
}
