//! What the find box, the hide box and `errors only` make of the graph. Nothing moves: what is left out leaves its place
//! empty. Pure.

use std::collections::BTreeSet;

use contract::topology::Graph;
use mesh::topology::{Find, HealthStatus, NodeKind};

use super::view::View;

/// What is left of the graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sieve {
    /// Ids of nodes and edges that are not shown.
    pub gone: BTreeSet<String>,
    /// Ids the find box found; none when it is empty or wrong.
    pub found: Option<BTreeSet<String>>,
    /// What is wrong with the find expression.
    pub find_error: Option<String>,
    /// What is wrong with the hide expression.
    pub hide_error: Option<String>,
    /// Nodes shown, boxes not counted.
    pub nodes: usize,
    /// Edges shown.
    pub edges: usize,
}

impl Sieve {
    /// True when this node or edge is to be shown.
    pub fn shows(&self, id: &str) -> bool {
        !self.gone.contains(id)
    }
}

/// Applies the boxes and the switch of a view to a graph.
pub fn sieve(graph: &Graph, view: &View) -> Sieve {
    let mut sieve = Sieve::default();
    let mut found = match matching(graph, &view.find) {
        Ok(found) => found,
        Err(why) => {
            sieve.find_error = Some(why);
            None
        }
    };
    match matching(graph, &view.hide) {
        Ok(hidden) => sieve.gone = hidden.unwrap_or_default(),
        Err(why) => sieve.hide_error = Some(why),
    }
    if view.errors {
        let sick = sick(graph);
        let ids = graph.nodes.iter().filter(|node| node.kind != NodeKind::Box).map(|node| &node.id);
        let ids = ids.chain(graph.edges.iter().map(|edge| &edge.id));
        sieve.gone.extend(ids.filter(|id| !sick.contains(*id)).cloned());
    }
    for edge in &graph.edges {
        if sieve.gone.contains(&edge.source) || sieve.gone.contains(&edge.target) {
            sieve.gone.insert(edge.id.clone());
        }
    }
    if let Some(found) = &mut found {
        found.retain(|id| !sieve.gone.contains(id));
    }
    let boxes = |kind| kind == NodeKind::Box;
    sieve.nodes = graph.nodes.iter().filter(|node| !boxes(node.kind) && sieve.shows(&node.id)).count();
    sieve.edges = graph.edges.iter().filter(|edge| sieve.shows(&edge.id)).count();
    sieve.found = found;
    sieve
}

/// Whatever is not well, and the ends of the edges that are not.
fn sick(graph: &Graph) -> BTreeSet<String> {
    let bad = |status| matches!(status, HealthStatus::Failure | HealthStatus::Degraded | HealthStatus::NotReady);
    let mut sick = BTreeSet::new();
    sick.extend(graph.nodes.iter().filter(|node| bad(node.health.status)).map(|node| node.id.clone()));
    for edge in graph.edges.iter().filter(|edge| bad(edge.health)) {
        sick.extend([edge.id.clone(), edge.source.clone(), edge.target.clone()]);
    }
    sick
}

/// Ids that match an expression; none for an empty one.
fn matching(graph: &Graph, text: &str) -> Result<Option<BTreeSet<String>>, String> {
    let find = Find::parse(text).map_err(|error| error.to_string())?;
    if find.is_empty() {
        return Ok(None);
    }
    let mut found = find.search(graph);
    found.nodes.append(&mut found.edges);
    Ok(Some(found.nodes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::tests::{mk_graph, node_id};

    fn with(change: impl FnOnce(&mut View)) -> Sieve {
        let mut view = View::default();
        change(&mut view);
        sieve(&mk_graph(), &view)
    }

    #[test]
    fn everything_shows_by_default() {
        let all = with(|_| {});
        assert_eq!((all.nodes, all.edges, all.found), (12, 11, None));
    }

    #[test]
    fn errors_only_leaves_the_sick_and_the_ends_of_sick_edges() {
        let sick = with(|view| view.errors = true);
        for name in ["payments", "checkout", "reviews", "storefront"] {
            assert!(sick.shows(&node_id(name)), "{name}");
        }
        assert!(!sick.shows(&node_id("catalog")));
        assert_eq!((sick.nodes, sick.edges), (4, 3));
        assert!(sick.shows(&node_id("box-shop")), "boxes stay");
    }

    #[test]
    fn what_is_hidden_takes_its_edges_along_and_is_not_found() {
        let hidden = with(|view| {
            view.hide = "name:payments".into();
            view.find = "name:payments".into();
        });
        assert_eq!((hidden.nodes, hidden.edges), (11, 9));
        assert_eq!(hidden.found, Some(BTreeSet::new()));
    }

    #[test]
    fn the_find_box_finds_and_says_what_it_cannot_read() {
        let found = with(|view| view.find = "err>5%".into()).found.unwrap();
        assert!(found.contains(&node_id("payments")) && !found.contains(&node_id("cart")), "{found:?}");
        let wrong = with(|view| view.find = "err>".into());
        assert_eq!(wrong.found, None);
        assert!(wrong.find_error.is_some_and(|why| why.starts_with("column ")));
    }
}
