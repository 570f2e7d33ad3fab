use super::*;
use crate::topology::{HealthStatus, LayoutMemory, NodeFlag, Protocol, layout};

fn mk_node(id: &str, kind: NodeKind) -> Node {
    Node {
        id: id.to_owned(),
        kind,
        cluster: "east".to_owned(),
        namespace: "shop".to_owned(),
        workload: Some(id.to_owned()),
        app: None,
        version: None,
        service: None,
        parent: None,
        dest_services: Vec::new(),
        rates: Default::default(),
        health: Default::default(),
        flags: Vec::new(),
    }
}

fn mk_edge(source: &str, target: &str, protocol: Protocol, rate: f64) -> Edge {
    Edge {
        id: format!("{source}>{target} {protocol:?}"),
        source: source.to_owned(),
        target: target.to_owned(),
        protocol,
        rate,
        rates: Default::default(),
        percent_of_source: 0.0,
        percent_error: 0.0,
        responses: Default::default(),
        latency_ms: Default::default(),
        bytes_per_s: 0.0,
        mtls: Default::default(),
        reporters: Default::default(),
        health: HealthStatus::Healthy,
        waypoint: None,
    }
}

#[test]
fn lines_are_level_at_their_points() {
    assert_eq!(path(&[[0.0, 0.0], [10.0, 0.0]]), "M0 0H10");
    assert_eq!(path(&[[0.0, 0.0], [10.0, 20.0]]), "M0 0C5 0 5 20 10 20");
    assert_eq!(path(&[[10.0, 20.0], [0.0, 0.0]]), "M10 20C5 20 5 0 0 0");
    assert_eq!(path(&[[0.0, 9.0], [0.0, 0.0], [8.0, 0.0], [8.0, 9.0]]), "M0 9C0 0 8 0 8 9");
    assert_eq!(path(&[]), "");
}

#[test]
fn points_lie_on_the_line() {
    let points = [[0.0, 0.0], [10.0, 0.0], [20.0, 10.0]];
    assert_eq!(point_at(&points, 0.0), [0.0, 0.0]);
    assert_eq!(point_at(&points, 1.0), [20.0, 10.0]);
    assert_eq!(point_at(&[[0.0, 0.0], [10.0, 20.0]], 0.5), [5.0, 10.0]);
}

#[test]
fn texts_and_classes_follow_traffic() {
    let mut edge = mk_edge("a", "b", Protocol::Http, 41.2);
    assert_eq!((edge_text(&edge).as_str(), edge_class(&edge), edge_width(&edge)), ("41/s", "ok", 4));
    edge.percent_error = 8.2;
    edge.health = HealthStatus::Degraded;
    assert_eq!((edge_text(&edge).as_str(), edge_class(&edge)), ("41/s · 8.2 %", "warn"));
    let tcp = Edge { health: HealthStatus::Na, ..mk_edge("a", "b", Protocol::Tcp, 1.4e6) };
    assert_eq!((edge_text(&tcp).as_str(), edge_class(&tcp), edge_width(&tcp)), ("1.4 MB/s", "tcp", 2));
    let idle = Edge { health: HealthStatus::Na, ..mk_edge("a", "b", Protocol::Http, 0.0) };
    assert_eq!((edge_text(&idle).as_str(), edge_class(&idle), edge_width(&idle)), ("", "unk", 1));
}

#[test]
fn second_lines_say_what_a_node_is() {
    let line = |change: &dyn Fn(&mut Node)| {
        let mut node = mk_node("a", NodeKind::Workload);
        change(&mut node);
        second_line(&node).to_owned()
    };
    assert_eq!(line(&|_| {}), "shop");
    assert_eq!(line(&|node| node.version = Some("v2".to_owned())), "v2");
    assert_eq!(line(&|node| node.rates.tcp_in = 1.0), "tcp");
    assert_eq!(line(&|node| node.flags = vec![NodeFlag::Gateway]), "gateway");
    assert_eq!(line(&|node| node.kind = NodeKind::ServiceEntry), "external");
    assert_eq!(line(&|node| node.kind = NodeKind::External), "not yours");
}

#[test]
fn twins_in_two_clusters_name_theirs() {
    let mut graph = Graph { nodes: vec![mk_node("a", NodeKind::Workload); 2], ..Graph::default() };
    graph.nodes[1].id = "b".to_owned();
    graph.nodes[1].cluster = "west".to_owned();
    graph.nodes.push(mk_node("c", NodeKind::Workload));
    let places = layout(&graph, &mut LayoutMemory::default());
    let drawing = Drawing::new(&graph, &places, &edge_text);
    let lines: Vec<String> = drawing.nodes.iter().map(|node| node.second_line(&node.line)).collect();
    assert_eq!(lines, ["east · shop", "west · shop", "shop"]);
}

#[test]
fn long_names_are_cut_to_their_node() {
    assert_eq!(cut("payments", 108.0), "payments");
    let short = cut("a-service-with-a-name-that-never-ends", 196.0);
    assert!(short.ends_with('…') && short.chars().count() <= 24, "{short}");
    assert_eq!(cut("äöüß", 0.0), "äö…");
}

#[test]
fn labels_stand_off_nodes_and_off_each_other() {
    let mut graph = Graph::default();
    for n in 0..12 {
        graph.nodes.push(mk_node(&format!("n{n:02}"), NodeKind::Workload));
    }
    for (a, b) in
        [(0, 1), (0, 2), (0, 3), (0, 4), (1, 5), (2, 5), (3, 5), (4, 5), (5, 6), (0, 6), (6, 7), (7, 8), (5, 9)]
    {
        for protocol in [Protocol::Http, Protocol::Tcp] {
            graph.edges.push(mk_edge(&format!("n{a:02}"), &format!("n{b:02}"), protocol, 188.0));
        }
    }
    let places = layout(&graph, &mut LayoutMemory::default());
    let labels = labels(&graph, &places, &edge_text);
    assert_eq!(labels.len(), graph.edges.len());
    let area = |label: &Label| {
        let half = label.text.chars().count() as f64 * 2.9;
        [label.at[0] - half, label.at[1] - 9.0, label.at[0] + half, label.at[1] + 2.0]
    };
    let meet = |a: [f64; 4], b: [f64; 4]| a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
    let all: Vec<[f64; 4]> = labels.values().map(area).collect();
    for (at, own) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|other| !meet(*own, *other)), "two labels at {own:?}");
        for rect in places.nodes.values() {
            assert!(!meet(*own, [rect.x, rect.y, rect.x + rect.w, rect.y + rect.h]), "a label on a node at {own:?}");
        }
    }
}

#[test]
fn the_drawing_paints_outer_boxes_first() {
    let mut graph = Graph { nodes: vec![mk_node("a", NodeKind::Workload)], ..Graph::default() };
    graph.nodes[0].parent = Some("inner".to_owned());
    let mut inner = mk_node("inner", NodeKind::Box);
    inner.parent = Some("zouter".to_owned());
    graph.nodes.extend([inner, mk_node("zouter", NodeKind::Box)]);
    let places = layout(&graph, &mut LayoutMemory::default());
    let drawing = Drawing::new(&graph, &places, &edge_text);
    let boxes: Vec<(&str, usize)> = drawing.boxes.iter().map(|one| (one.id.as_str(), one.depth)).collect();
    assert_eq!(boxes, [("zouter", 0), ("inner", 1)]);
    assert_eq!(drawing.nodes[0].state, "unk");
}
