//! The graph: planned, confined, asked for in parallel, built off the async threads, laid out, shared.

use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use contract::{
    ApiError, TimeRange,
    topology::{BoxBy, Boxes, DurationSecs, Focus, Graph, GraphType, NodeDetail, Topology, TopologyQuery},
};
use futures::future::join_all;
use mesh::topology::{self as graph, Part, Rows, View};
use query::Side;

use crate::{
    Backend, Error, Scope,
    portal::Scoped,
    scope::{Permission, Seen},
};

/// Longest window of the rates, seconds: a day.
const MAX_DURATION_SECS: u64 = 86_400;
/// So many rounds an answer about a fixed instant is kept: about a minute.
const ROUNDS_OF_AN_INSTANT: u64 = 12;
/// Most names in one parameter.
const MAX_NAMES: usize = 200;

#[async_trait]
impl Topology for Scoped {
    #[tracing::instrument(name = "topology.graph", skip_all, fields(tenant.id = %self.scope.slug()))]
    async fn graph(&self, query: TopologyQuery) -> Result<Graph, ApiError> {
        Ok(self.backend.graph(&self.scope, query).await?)
    }

    #[tracing::instrument(name = "topology.node", skip_all, fields(tenant.id = %self.scope.slug()))]
    async fn node(&self, focus: Focus, range: TimeRange) -> Result<NodeDetail, ApiError> {
        Ok(self.backend.node_detail(&self.scope, focus, range).await?)
    }
}

impl Backend {
    /// The graph of a scope, shared by all who look at the same view in the same round.
    pub(crate) async fn graph(self: &Arc<Self>, scope: &Scope, query: TopologyQuery) -> Result<Graph, Error> {
        scope.require(Permission::ViewMesh)?;
        let query = checked(query)?;
        let key = (scope.seen(), query);
        // What was at a fixed instant may still fill up with late samples, or a part of it was missing: it is asked for
        // again now and then, but not with every round.
        let round = self.rounds().current() / if key.1.at.is_some() { ROUNDS_OF_AN_INSTANT } else { 1 };
        let aged = self.caches().graphs.get(&key, round, || self.gather_graph(scope, &key)).await?;
        let mut graph = aged.value.as_ref().clone();
        if let Some(error) = aged.stale_because {
            graph.age_ms = u64::try_from(aged.age.as_millis()).unwrap_or(u64::MAX).max(1);
            graph.partial = true;
            graph.warnings.insert(0, ApiError::from(error).detail);
        }
        Ok(graph)
    }

    /// The whole mesh of the demo, for the public landing page; nothing where no demo runs or its store does not answer.
    pub async fn demo_graph(self: &Arc<Self>) -> Option<Graph> {
        self.demo.as_ref()?;
        let query = TopologyQuery {
            graph: GraphType::App,
            duration: DurationSecs(60),
            box_by: Boxes(vec![BoxBy::Namespace]),
            layout: true,
            ..TopologyQuery::default()
        };
        self.graph(&Scope::of_demo(), query).await.ok()
    }

    async fn gather_graph(self: &Arc<Self>, scope: &Scope, key: &(Seen, TopologyQuery)) -> Result<Graph, Error> {
        let query = &key.1;
        let at = query.at.unwrap_or_else(|| self.clock().now());
        let ask = self.stores().ask(scope)?.narrowed(&query.namespaces.0, &query.clusters.0);
        let view = view_of(query);
        let planned = graph::plan(&view);
        let answers = join_all(planned.iter().map(|one| async {
            match one.beyond {
                Some(seen) => ask.instant_beyond(&one.promql, side_of(one.side), side_of(seen), at).await,
                None => ask.instant(&one.promql, side_of(one.side), at).await,
            }
        }));
        let answers = answers.await;
        let (mut rows, mut warnings, mut first_error) = (Rows::default(), Vec::new(), None);
        for (one, answer) in planned.iter().zip(answers) {
            match answer {
                Ok(answer) => {
                    warnings.extend(answer.warnings);
                    rows.add(
                        one.part,
                        answer.samples.into_iter().map(|sample| (sample.labels, sample.value)).collect(),
                    );
                }
                // Without requests there is no graph worth showing, whatever else arrived.
                Err(error) if one.part == Part::Requests => return Err(error),
                Err(error) => {
                    warnings.push(format!("Not shown: {}.", one.part.what()));
                    first_error.get_or_insert(error);
                }
            }
        }
        if let Some(error) = first_error {
            warnings.push(ApiError::from(error).detail);
        }
        warnings.dedup();
        let mesh_scope = scope.mesh().clone();
        let memory = query.layout.then(|| self.caches().layouts.of(key));
        let at_text = at.to_string();
        let (built, rows) = tokio::task::spawn_blocking(move || {
            let mut built = graph::build(&rows, &view, &|cluster, namespace| mesh_scope.sees(cluster, namespace));
            built.at = at_text;
            built.partial = built.partial || !warnings.is_empty();
            built.warnings.extend(warnings);
            if let Some(memory) = memory {
                let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
                built.layout = Some(graph::layout(&built, &mut memory));
            }
            (built, rows)
        })
        .await
        .map_err(Error::internal)?;
        // Taking apart 20,000 rows takes milliseconds; nobody has to wait for it.
        drop(tokio::task::spawn_blocking(move || drop(rows)));
        Ok(built)
    }
}

/// Bounds what a client may ask.
fn checked(query: TopologyQuery) -> Result<TopologyQuery, Error> {
    if !(1..=MAX_DURATION_SECS).contains(&query.duration.0) {
        return Err(Error::invalid("/duration", "choose a window between 1s and 1d"));
    }
    for (names, pointer) in [(&query.namespaces, "/namespaces"), (&query.clusters, "/clusters")] {
        if names.0.len() > MAX_NAMES || names.0.iter().any(|name| name.len() > 253) {
            return Err(Error::invalid(pointer, format!("name at most {MAX_NAMES}, each at most 253 characters long")));
        }
    }
    Ok(query)
}

fn side_of(side: graph::Side) -> Side {
    match side {
        graph::Side::Source => Side::Source,
        graph::Side::Destination => Side::Destination,
        graph::Side::DestinationService => Side::DestinationService,
    }
}

fn view_of(query: &TopologyQuery) -> View {
    View {
        graph: query.graph,
        http: query.http,
        grpc: query.grpc,
        tcp: query.tcp,
        ambient: query.ambient,
        duration_s: query.duration.0,
        idle_edges: query.idle_edges,
        idle_nodes: query.idle_nodes,
        service_nodes: query.service_nodes,
        boxes: query.box_by.0.clone(),
        focus: query.focus.clone().map(|focus| match focus {
            Focus::Workload { namespace, name } => graph::Focus::Workload { namespace, name },
            Focus::App { namespace, name } => graph::Focus::App { namespace, name },
            Focus::VersionedApp { namespace, name, version } => graph::Focus::VersionedApp { namespace, name, version },
            Focus::Service { namespace, name } => graph::Focus::Service { namespace, name },
        }),
        namespaces: query.namespaces.0.clone(),
        clusters: query.clusters.0.clone(),
    }
}
