use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::topology::{Edge, Node, NodeKind, Protocol, Rect};

fn mk_node(id: &str, parent: Option<&str>, kind: NodeKind) -> Node {
    Node {
        id: id.to_owned(),
        kind,
        cluster: "east".to_owned(),
        namespace: id.to_owned(),
        workload: (kind == NodeKind::Workload).then(|| id.to_owned()),
        app: None,
        version: None,
        service: None,
        parent: parent.map(str::to_owned),
        dest_services: Vec::new(),
        rates: Default::default(),
        health: Default::default(),
        flags: Vec::new(),
    }
}

fn mk_edge(source: &str, target: &str, protocol: Protocol) -> Edge {
    Edge {
        id: format!("{source}>{target} {protocol:?}"),
        source: source.to_owned(),
        target: target.to_owned(),
        protocol,
        rate: 1.0,
        rates: Default::default(),
        percent_of_source: 0.0,
        percent_error: 0.0,
        responses: Default::default(),
        latency_ms: Default::default(),
        bytes_per_s: 0.0,
        mtls: Default::default(),
        reporters: Default::default(),
        health: Default::default(),
        waypoint: None,
    }
}

/// Nodes as `name` or `name@box`, boxes as `box` or `box@box`, edges as `a>b`.
fn mk_graph(nodes: &[&str], boxes: &[&str], edges: &[(&str, &str)]) -> Graph {
    let node = |text: &&str, kind| match text.split_once('@') {
        Some((id, parent)) => mk_node(id, Some(parent), kind),
        None => mk_node(text, None, kind),
    };
    let mut graph = Graph::default();
    graph.nodes.extend(boxes.iter().map(|text| node(text, NodeKind::Box)));
    graph.nodes.extend(nodes.iter().map(|text| node(text, NodeKind::Workload)));
    graph.edges.extend(edges.iter().map(|(a, b)| mk_edge(a, b, Protocol::Http)));
    graph.nodes.sort_by(|a, b| a.id.cmp(&b.id));
    graph.edges.sort_by(|a, b| a.id.cmp(&b.id));
    graph
}

fn fresh(graph: &Graph) -> Layout {
    layout(graph, &mut LayoutMemory::default())
}

fn apart(a: &Rect, b: &Rect) -> bool {
    a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y
}

fn within(inner: &Rect, outer: &Rect) -> bool {
    inner.x >= outer.x
        && inner.y >= outer.y
        && inner.x + inner.w <= outer.x + outer.w
        && inner.y + inner.h <= outer.y + outer.h
}

/// What must hold for any layout of any graph.
fn check(graph: &Graph, layout: &Layout) -> Result<(), TestCaseError> {
    prop_assert_eq!(layout.nodes.len(), graph.nodes.len());
    prop_assert_eq!(layout.edges.len(), graph.edges.len());
    let canvas = Rect { x: 0.0, y: 0.0, w: layout.width, h: layout.height };
    for node in &graph.nodes {
        let own = &layout.nodes[&node.id];
        prop_assert!(within(own, &canvas), "{} at {:?} leaves {:?}", node.id, own, canvas);
        if let Some(parent) = &node.parent {
            prop_assert!(within(own, &layout.nodes[parent]), "{} leaves its box", node.id);
        }
        for other in graph.nodes.iter().filter(|other| other.parent == node.parent && other.id != node.id) {
            prop_assert!(apart(own, &layout.nodes[&other.id]), "{} covers {}", node.id, other.id);
        }
    }
    for edge in &graph.edges {
        let points = &layout.edges[&edge.id];
        prop_assert!(points.len() >= 2);
        prop_assert!(points.iter().flatten().all(|value| value.is_finite()));
        let touches = |[x, y]: [f64; 2], id: &str| {
            let rect = &layout.nodes[id];
            let on = |value: f64, at: f64| (value - at).abs() < 0.6;
            y > rect.y - 0.6
                && y < rect.y + rect.h + 0.6
                && (on(x, rect.x) || on(x, rect.x + rect.w) || (on(y, rect.y) && x > rect.x && x < rect.x + rect.w))
        };
        prop_assert!(touches(points[0], &edge.source), "{} begins at {:?}", edge.id, points[0]);
        prop_assert!(touches(points[points.len() - 1], &edge.target), "{} ends elsewhere", edge.id);
    }
    Ok(())
}

#[test]
fn calls_run_from_left_to_right() {
    let graph = mk_graph(&["a", "b", "c", "d"], &[], &[("a", "b"), ("b", "c"), ("a", "c"), ("c", "d")]);
    let layout = fresh(&graph);
    let x: Vec<f64> = ["a", "b", "c", "d"].iter().map(|id| layout.nodes[*id].x).collect();
    assert!(x.is_sorted_by(|a, b| a + NODE_WIDTH < *b), "{x:?}");
    check(&graph, &layout).expect("a sound layout");
}

#[test]
fn lines_do_not_run_over_nodes() {
    // The long edge a → d must pass b and c.
    let graph = mk_graph(&["a", "b", "c", "d"], &[], &[("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]);
    let layout = fresh(&graph);
    let points = &layout.edges["a>d Http"];
    for id in ["b", "c"] {
        let rect = &layout.nodes[id];
        for pair in points.windows(2) {
            let over = pair[0][0] < rect.x + rect.w && pair[1][0] > rect.x;
            let hits = |y: f64| y > rect.y && y < rect.y + rect.h;
            assert!(!over || (!hits(pair[0][1]) && !hits(pair[1][1])), "{pair:?} runs over {id} at {rect:?}");
        }
    }
}

#[test]
fn cycles_loops_and_parallel_edges_are_drawn_apart() {
    let mut graph = mk_graph(&["a", "b"], &[], &[("a", "b"), ("b", "a"), ("a", "a")]);
    graph.edges.push(mk_edge("a", "b", Protocol::Tcp));
    graph.edges.push(mk_edge("a", "a", Protocol::Tcp));
    let layout = fresh(&graph);
    check(&graph, &layout).expect("a sound layout");
    let ways: BTreeSet<String> = layout.edges.values().map(|points| format!("{points:?}")).collect();
    assert_eq!(ways.len(), 5, "{ways:?}");
    let back = &layout.edges["b>a Http"];
    assert!(back[0][0] > back[back.len() - 1][0], "the way back leads left");
}

#[test]
fn boxes_nest_and_hold_their_members() {
    let graph = mk_graph(
        &["a@inner", "b@inner", "c@outer", "d", "e@other", "idle@outer"],
        &["outer", "inner@outer", "other"],
        &[("d", "a"), ("a", "b"), ("b", "c"), ("b", "e"), ("e", "a"), ("c", "d")],
    );
    check(&graph, &fresh(&graph)).expect("a sound layout");
}

#[test]
fn torn_graphs_are_laid_out_as_far_as_they_go() {
    let mut graph = mk_graph(&["a@gone", "b@a", "c@x"], &["x@y", "y@x", "empty"], &[("a", "b"), ("a", "nobody")]);
    let layout = fresh(&graph);
    assert_eq!(layout.nodes.len(), graph.nodes.len());
    assert_eq!(layout.edges.keys().collect::<Vec<_>>(), ["a>b Http"]);
    graph = Graph::default();
    let layout = fresh(&graph);
    assert!(layout.nodes.is_empty() && layout.width > 0.0);
}

#[test]
fn places_stay_while_nothing_new_comes() {
    let mut memory = LayoutMemory::default();
    let full = mk_graph(&["a", "b", "c", "d"], &[], &[("a", "b"), ("a", "c"), ("c", "d")]);
    let before = layout(&full, &mut memory);
    let fewer = mk_graph(&["a", "b", "c"], &[], &[("a", "c"), ("a", "b")]);
    let less = layout(&fewer, &mut memory);
    assert_eq!(less.nodes.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert!(less.nodes.iter().all(|(id, rect)| before.nodes[id] == *rect));
    assert!(less.edges.iter().all(|(id, points)| before.edges[id] == *points));
    assert_eq!(layout(&full, &mut memory), before, "what comes back finds its place");
}

#[test]
fn something_new_is_added_without_turning_everything_over() {
    let mut memory = LayoutMemory::default();
    let names = ["a", "b", "c", "d", "e", "f"];
    let edges = [("a", "b"), ("a", "c"), ("a", "d"), ("a", "e")];
    let before = layout(&mk_graph(&names[..5], &[], &edges), &mut memory);
    let after = layout(&mk_graph(&names, &[], &[&edges[..], &[("c", "f")]].concat()), &mut memory);
    let order = |layout: &Layout| {
        let mut ids = ["b", "c", "d", "e"];
        ids.sort_by(|a, b| layout.nodes[*a].y.total_cmp(&layout.nodes[*b].y));
        ids
    };
    assert_eq!(order(&before), order(&after));
    assert!(after.nodes.contains_key("f"));
}

#[test]
fn what_is_long_gone_is_forgotten_when_it_would_leave_a_hole() {
    let mut memory = LayoutMemory::default();
    let full = mk_graph(&["a", "b", "c", "d", "e"], &[], &[("a", "b"), ("b", "c"), ("c", "d"), ("d", "e")]);
    let wide = layout(&full, &mut memory).width;
    let small = mk_graph(&["a", "b"], &[], &[("a", "b")]);
    assert_eq!(layout(&small, &mut memory).width, wide);
    let narrow = (0..40).map(|_| layout(&small, &mut memory).width).last().expect("forty rounds");
    assert!(narrow < wide / 2.0, "{narrow} of {wide}");
}

#[test]
fn large_graphs_are_finished_too() {
    let names: Vec<String> = (0..600).map(|n| format!("n{n:03}")).collect();
    let nodes: Vec<&str> = names.iter().map(String::as_str).collect();
    let edges: Vec<(&str, &str)> = (0..1500).map(|n| (nodes[n * 7 % 600], nodes[n * n % 599])).collect();
    let mut graph = mk_graph(&nodes, &[], &edges);
    graph.edges.dedup_by(|a, b| a.id == b.id);
    assert_eq!(fresh(&graph).nodes.len(), 600);
}

/// Random graphs with cycles, loops, several protocols and nested boxes.
fn graphs() -> impl Strategy<Value = Graph> {
    let nodes = prop::collection::vec(0..6_usize, 1..28);
    let edges = prop::collection::vec((0..28_usize, 0..28_usize, 0..3_usize), 0..60);
    (nodes, edges).prop_map(|(parents, edges)| {
        let boxes = ["b0", "b1", "b2@b0", "b3@b0", "b4@b2"];
        let mut used: BTreeSet<usize> = parents.iter().copied().filter(|parent| *parent < 5).collect();
        // Boxes around used boxes are used; empty ones do not come out of a build.
        for (inner, outer) in [(4, 2), (2, 0), (3, 0)] {
            if used.contains(&inner) {
                used.insert(outer);
            }
        }
        let names: Vec<String> = parents
            .iter()
            .enumerate()
            .map(|(n, parent)| if *parent < 5 { format!("n{n:02}@b{parent}") } else { format!("n{n:02}") })
            .collect();
        let nodes: Vec<&str> = names.iter().map(String::as_str).collect();
        let boxes: Vec<&str> = used.iter().map(|at| boxes[*at]).collect();
        let mut graph = mk_graph(&nodes, &boxes, &[]);
        let mut seen = BTreeSet::new();
        for (a, b, protocol) in edges {
            let (a, b) = (a % parents.len(), b % parents.len());
            if seen.insert((a, b, protocol)) {
                let protocol = [Protocol::Http, Protocol::Grpc, Protocol::Tcp][protocol];
                graph.edges.push(mk_edge(&format!("n{a:02}"), &format!("n{b:02}"), protocol));
            }
        }
        graph
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_graph_gets_a_sound_layout(graph in graphs()) {
        check(&graph, &fresh(&graph))?;
    }

    #[test]
    fn the_same_graph_gets_the_same_layout(graph in graphs()) {
        let mut turned = graph.clone();
        turned.nodes.reverse();
        turned.edges.reverse();
        prop_assert_eq!(fresh(&graph), fresh(&turned));
    }

    #[test]
    fn a_row_of_refreshes_stays_sound(graphs in prop::collection::vec(graphs(), 1..5)) {
        let mut memory = LayoutMemory::default();
        for graph in graphs {
            let layout = layout(&graph, &mut memory);
            check(&graph, &layout)?;
        }
    }
}
