use super::*;
use crate::topology::{Edge, EdgeMtls, Graph, Health, HealthStatus, Node, NodeKind, Protocol};

fn mk_node(id: &str, name: &str, status: HealthStatus) -> Node {
    Node {
        id: id.to_owned(),
        kind: NodeKind::Workload,
        cluster: "east".to_owned(),
        namespace: "shop".to_owned(),
        workload: Some(name.to_owned()),
        app: None,
        version: None,
        service: None,
        parent: None,
        dest_services: Vec::new(),
        rates: Default::default(),
        health: Health { status, reasons: Vec::new() },
        flags: Vec::new(),
    }
}

/// Names that bite: markup, quotes, a formula, a line break.
fn mk_graph() -> Graph {
    let mut around = mk_node("box", "", HealthStatus::Na);
    (around.kind, around.workload) = (NodeKind::Box, None);
    let mut inside = mk_node("a", "<b>&\"x\"'", HealthStatus::Healthy);
    inside.parent = Some("box".to_owned());
    Graph {
        nodes: vec![
            inside,
            mk_node("b", "=cmd|' /C calc'!A0", HealthStatus::Failure),
            around,
            mk_node("c", "two\nlines, \"quoted\"", HealthStatus::Degraded),
            mk_node("d", "-1", HealthStatus::Na),
        ],
        edges: vec![Edge {
            id: "e".to_owned(),
            source: "a".to_owned(),
            target: "b".to_owned(),
            protocol: Protocol::Http,
            rate: 41.25,
            rates: Default::default(),
            percent_of_source: 100.0,
            percent_error: 8.2,
            responses: Default::default(),
            latency_ms: Default::default(),
            bytes_per_s: 0.0,
            mtls: EdgeMtls { percent: Some(50.0), ..EdgeMtls::default() },
            reporters: Default::default(),
            health: HealthStatus::Failure,
            waypoint: None,
        }],
        ..Graph::default()
    }
}

#[test]
fn the_picture_stands_alone_and_is_escaped() {
    let svg = svg(&mk_graph(), Theme::Auto);
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 "));
    assert!(svg.ends_with("</svg>\n"));
    assert!(svg.contains("&lt;b&gt;&amp;&quot;x&quot;&#39;"));
    assert!(!svg.contains("<b>"));
    assert!(svg.contains("41/s · 8.2 %"));
    // Nothing is loaded from anywhere.
    for reference in ["href", "url(http", "@import", "<script", "<image"] {
        assert!(!svg.contains(reference), "{reference}");
    }
}

#[test]
fn states_differ_in_shape() {
    let svg = svg(&mk_graph(), Theme::Dark);
    assert!(svg.contains("<circle class=\"mark ok\""));
    assert!(svg.contains("<path class=\"mark warn\""));
    assert!(svg.contains("<rect class=\"mark crit\""));
    assert!(svg.contains("<circle class=\"mark unk\""));
    assert!(svg.contains("class=\"lock\""));
}

#[test]
fn themes_choose_colours() {
    let graph = mk_graph();
    let dark = "--bg:#0b0d10";
    assert!(!svg(&graph, Theme::Light).contains(dark));
    assert!(svg(&graph, Theme::Dark).contains(dark));
    let auto = svg(&graph, Theme::Auto);
    assert!(auto.contains("@media(prefers-color-scheme:dark)") && auto.contains(dark) && auto.contains("--bg:#fafaf8"));
}

#[test]
fn tags_are_closed() {
    let svg = svg(&mk_graph(), Theme::Auto);
    let mut open: Vec<&str> = Vec::new();
    for tag in svg.split('<').skip(1) {
        let tag = tag.split('>').next().expect("tags end");
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).expect("tags have names");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
}

#[test]
fn graphviz_source_is_quoted_and_boxed() {
    let dot = dot(&mk_graph());
    assert!(dot.starts_with("digraph mesh {\n") && dot.ends_with("}\n"));
    assert!(
        dot.contains("  subgraph \"cluster_box\" {\n    label=\"shop\";\n    \"a\" [label=\"<b>&\\\"x\\\"'\\nshop\"")
    );
    assert!(dot.contains("\"a\" -> \"b\" [label=\"41/s · 8.2 %\", color=\"#b0123b\""));
    assert!(dot.contains("style=dashed];"));
    assert_eq!(dot.matches('{').count(), dot.matches('}').count());
}

#[test]
fn tables_are_safe_to_open() {
    let csv = csv(&mk_graph());
    let head = csv.split("\r\n").next().expect("a head line");
    assert_eq!(head.split(',').count(), 27);
    assert!(csv.contains("east,shop,\"<b>&\"\"x\"\"'\",,workload,healthy,east,shop,\"'=cmd|' /C calc'!A0\",,workload,failure,http,41.25,100,8.2,"));
    // Nodes without edges are there too; a number is no formula.
    assert!(csv.contains("\"two\nlines, \"\"quoted\"\"\""));
    assert!(csv.contains("east,shop,-1,,workload,na,,,"));
    assert!(csv.ends_with(",,\r\n"));
}

#[test]
fn formulas_are_disarmed_and_numbers_are_not() {
    for (name, cell) in [
        ("=1+1", "\"'=1+1\""),
        ("+a", "\"'+a\""),
        ("-a", "\"'-a\""),
        ("@sum", "\"'@sum\""),
        ("\tx", "\"'\tx\""),
        ("-inf", "\"'-inf\""),
        ("-1.5", "-1.5"),
        ("+3", "+3"),
        ("a=b", "a=b"),
    ] {
        let graph = Graph { nodes: vec![mk_node("n", name, HealthStatus::Na)], ..Graph::default() };
        assert!(csv(&graph).contains(&format!("east,shop,{cell},")), "{name:?}");
    }
}

#[test]
fn only_the_moving_picture_moves() {
    let graph = mk_graph();
    assert!(!svg(&graph, Theme::Light).contains("animate"));
    let moving = moving_svg(&graph, Theme::Light);
    assert!(moving.contains("<animateMotion") && moving.contains("prefers-reduced-motion"));
    assert_eq!(moving.matches("<circle class=\"dot").count(), moving.matches("</circle>").count());
}
