//! Moving over the graph without a mouse, and ways between two nodes. Pure: the page decides what to do with the answer.

use contract::topology::Graph;
use mesh::{
    order::in_order,
    topology::{HealthStatus, NodeKind, Rect},
};

/// A direction of the arrow keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To a caller.
    Left,
    /// To a callee.
    Right,
    /// To the neighbour above, of the same column where there is one.
    Up,
    /// To the neighbour below, of the same column where there is one.
    Down,
}

/// A node as far as walking is concerned.
struct Stop {
    id: String,
    x: f64,
    y: f64,
}

/// The stops that can be walked to, and the edges between them.
pub struct Map {
    stops: Vec<Stop>,
    edges: Vec<(usize, usize, f64)>,
    trouble: Vec<usize>,
    entry: Option<usize>,
}

impl Map {
    /// The visible nodes (boxes are none) and edges of a graph.
    pub fn new(graph: &Graph, visible: &dyn Fn(&str) -> bool) -> Self {
        let place =
            |id: &str| graph.layout.as_ref().and_then(|layout| layout.nodes.get(id)).copied().unwrap_or_default();
        let mut stops = Vec::new();
        let mut rank = Vec::new();
        for node in graph.nodes.iter().filter(|node| node.kind != NodeKind::Box && visible(&node.id)) {
            let Rect { x, y, w, h } = place(&node.id);
            rank.push((health_rank(node.health.status), node.namespace.clone(), node.label().to_owned()));
            stops.push(Stop { id: node.id.clone(), x: x + w / 2.0, y: y + h / 2.0 });
        }
        let find = |id: &str| stops.iter().position(|stop| stop.id == id);
        let edges =
            graph.edges.iter().filter_map(|edge| Some((find(&edge.source)?, find(&edge.target)?, edge.rate))).collect();
        let worst_first = in_order(stops.len(), &|a, b| rank[a].cmp(&rank[b]));
        let entry = worst_first.first().copied();
        let sick = |at: &usize| rank[*at].0 < health_rank(HealthStatus::Healthy);
        let trouble = worst_first.into_iter().filter(sick).collect();
        Self { stops, edges, trouble, entry }
    }

    fn find(&self, id: &str) -> Option<usize> {
        self.stops.iter().position(|stop| stop.id == id)
    }

    /// Where an arrow key leads. Sideways: along the busiest edge to a callee or caller. Up and down: to the nearest node,
    /// the same column first.
    pub fn step(&self, from: &str, step: Step) -> Option<&str> {
        let here = self.find(from)?;
        let to = match step {
            Step::Right => {
                self.busiest(self.edges.iter().filter(|(s, t, _)| *s == here && *t != here).map(|e| (e.1, e.2)))
            }
            Step::Left => {
                self.busiest(self.edges.iter().filter(|(s, t, _)| *t == here && *s != here).map(|e| (e.0, e.2)))
            }
            Step::Up => self.in_column(here, -1.0),
            Step::Down => self.in_column(here, 1.0),
        }?;
        Some(&self.stops[to].id)
    }

    fn busiest(&self, ends: impl Iterator<Item = (usize, f64)>) -> Option<usize> {
        ends.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))).map(|(end, _)| end)
    }

    fn in_column(&self, here: usize, sign: f64) -> Option<usize> {
        let Stop { x, y, .. } = &self.stops[here];
        let distance = |stop: &Stop| (stop.y - y).abs() + 3.0 * (stop.x - x).abs();
        (0..self.stops.len())
            .filter(|other| (self.stops[*other].y - y) * sign > 1.0)
            .min_by(|a, b| distance(&self.stops[*a]).total_cmp(&distance(&self.stops[*b])))
    }

    /// The next node in the order of trouble, only unhealthy ones; none after the last, so that the keyboard is not
    /// trapped. From a healthy node, or from none, forward to the worst.
    pub fn next_worst(&self, from: Option<&str>, back: bool) -> Option<&str> {
        let here = from.and_then(|id| self.find(id)).and_then(|here| self.trouble.iter().position(|at| *at == here));
        let next = match (here, back) {
            (None, false) => 0,
            (None, true) => return None,
            (Some(at), false) => at + 1,
            (Some(at), true) => at.checked_sub(1)?,
        };
        self.trouble.get(next).map(|at| self.stops[*at].id.as_str())
    }

    /// Where the keyboard enters the graph: the worst node, or the first by name when all is well.
    pub fn entry(&self) -> Option<&str> {
        self.entry.map(|at| self.stops[at].id.as_str())
    }

    /// Ids of everything that lies on a way from `a` to `b`; on a way from `b` to `a` when nothing leads forth; empty
    /// when neither reaches the other.
    pub fn between(&self, a: &str, b: &str) -> Vec<&str> {
        let (Some(a), Some(b)) = (self.find(a), self.find(b)) else { return Vec::new() };
        for (from, to) in [(a, b), (b, a)] {
            let (forth, back) = (self.reach(from, false), self.reach(to, true));
            if forth[to] {
                return (0..self.stops.len())
                    .filter(|i| forth[*i] && back[*i])
                    .map(|i| self.stops[i].id.as_str())
                    .collect();
            }
        }
        Vec::new()
    }

    fn reach(&self, start: usize, against: bool) -> Vec<bool> {
        let mut seen = vec![false; self.stops.len()];
        let mut todo = vec![start];
        seen[start] = true;
        while let Some(here) = todo.pop() {
            for (source, target, _) in &self.edges {
                let (from, to) = if against { (*target, *source) } else { (*source, *target) };
                if from == here && !seen[to] {
                    seen[to] = true;
                    todo.push(to);
                }
            }
        }
        seen
    }
}

/// Worst first.
pub fn health_rank(status: HealthStatus) -> u8 {
    match status {
        HealthStatus::Failure => 0,
        HealthStatus::Degraded => 1,
        HealthStatus::NotReady => 2,
        HealthStatus::Healthy => 3,
        HealthStatus::Na => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::tests::{mk_graph, node_id};

    fn map(graph: &Graph) -> Map {
        Map::new(graph, &|_| true)
    }

    fn label<'a>(graph: &'a Graph, id: Option<&str>) -> Option<&'a str> {
        graph.nodes.iter().find(|node| Some(node.id.as_str()) == id).map(|node| node.label())
    }

    #[test]
    fn arrows_follow_the_busiest_edge_and_the_column() {
        let graph = mk_graph();
        let map = map(&graph);
        let step = |from: &str, step| label(&graph, map.step(&node_id(from), step));
        assert_eq!(step("storefront", Step::Right), Some("catalog"), "188/s beats 97/s");
        assert_eq!(step("payments", Step::Left), Some("checkout"));
        assert_eq!(step("payments", Step::Right), Some("bank.example"));
        assert_eq!(step("bank.example", Step::Right), None);
        assert_eq!(step("checkout", Step::Up), Some("cart"));
        assert_eq!(step("checkout", Step::Down), Some("reviews"));
        assert_eq!(step("reviews", Step::Down), Some("ratings"), "the column ends, so the nearest one below");
        assert_eq!(step("ratings", Step::Down), None, "nothing is below it");
    }

    #[test]
    fn tab_goes_through_the_unhealthy_ones_worst_first_and_then_leaves() {
        let graph = mk_graph();
        let map = map(&graph);
        let first = map.next_worst(None, false).unwrap().to_owned();
        assert_eq!(label(&graph, Some(&first)), Some("payments"));
        let second = map.next_worst(Some(&first), false).unwrap().to_owned();
        assert_eq!(label(&graph, Some(&second)), Some("checkout"));
        let third = map.next_worst(Some(&second), false).unwrap().to_owned();
        assert_eq!(label(&graph, Some(&third)), Some("reviews"));
        assert_eq!(map.next_worst(Some(&third), false), None);
        assert_eq!(map.next_worst(Some(&first), true), None);
        assert_eq!(map.next_worst(Some(&second), true), Some(first.as_str()));
        assert_eq!(
            map.next_worst(Some(&node_id("catalog")), false),
            Some(first.as_str()),
            "from a healthy one to the worst"
        );
    }

    #[test]
    fn ways_between_two_nodes_are_found_in_either_order() {
        let graph = mk_graph();
        let map = map(&graph);
        let mut names: Vec<_> = map
            .between(&node_id("storefront"), &node_id("payments"))
            .iter()
            .map(|id| label(&graph, Some(*id)).unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["checkout", "payments", "storefront"]);
        assert_eq!(map.between(&node_id("payments"), &node_id("storefront")).len(), 3);
        assert!(map.between(&node_id("catalog"), &node_id("payments")).is_empty());
        assert!(map.between("nobody", &node_id("payments")).is_empty());
    }

    #[test]
    fn hidden_nodes_are_not_walked_to() {
        let graph = mk_graph();
        let payments = node_id("payments");
        let map = Map::new(&graph, &|id| id != payments);
        assert_eq!(label(&graph, map.step(&node_id("checkout"), Step::Right)), Some("shipping"));
        assert_eq!(label(&graph, map.next_worst(None, false)), Some("checkout"));
    }
}
