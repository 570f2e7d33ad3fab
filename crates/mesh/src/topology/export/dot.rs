//! Graphviz source, boxes as clusters.

use std::fmt::Write as _;

use crate::topology::{
    Graph, Node, NodeKind,
    drawing::{edge_class, edge_text, edge_width, is_outside, second_line, state_class},
    index::Index,
};

/// Deeper nesting than cluster, namespace and app never comes out of a build; torn input ends here.
const MAX_DEPTH: usize = 8;

/// Writes the graph for `dot`.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from(
        "digraph mesh {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"Inter,sans-serif\", fontsize=11];\n  \
         edge [fontname=\"Inter,sans-serif\", fontsize=9];\n",
    );
    let index = Index::new(graph);
    let top = |node: &&Node| node.parent.as_deref().is_none_or(|parent| index.node(parent).is_none());
    for node in graph.nodes.iter().filter(top) {
        member(&mut out, graph, node, 1);
    }
    for edge in &graph.edges {
        if index.ends(edge).is_none() {
            continue;
        }
        let style = if edge.mtls.percent.is_some_and(|share| share >= 100.0) { "solid" } else { "dashed" };
        line(
            &mut out,
            1,
            format_args!(
                "{} -> {} [label={}, color={}, penwidth={}, style={style}];",
                Quoted(&edge.source),
                Quoted(&edge.target),
                Quoted(&edge_text(edge)),
                Quoted(colour(edge_class(edge))),
                1.0 + f64::from(edge_width(edge)) * 0.3,
            ),
        );
    }
    out.push_str("}\n");
    out
}

fn member(out: &mut String, graph: &Graph, node: &Node, depth: usize) {
    if node.kind != NodeKind::Box {
        let label = format!("{}\n{}", node.label(), second_line(node));
        let style = if is_outside(node) { "rounded,dashed" } else { "rounded" };
        line(
            out,
            depth,
            format_args!(
                "{} [label={}, color={}, style={}];",
                Quoted(&node.id),
                Quoted(&label),
                Quoted(colour(state_class(node.health.status))),
                Quoted(style),
            ),
        );
    } else if depth <= MAX_DEPTH {
        line(out, depth, format_args!("subgraph {} {{", Quoted(&format!("cluster_{}", node.id))));
        line(out, depth + 1, format_args!("label={};", Quoted(node.label())));
        for inner in graph.nodes.iter().filter(|inner| inner.parent.as_deref() == Some(&node.id)) {
            member(out, graph, inner, depth + 1);
        }
        line(out, depth, format_args!("}}"));
    }
}

fn colour(class: &str) -> &'static str {
    match class {
        "ok" => "#0f766e",
        "warn" => "#b45f06",
        "crit" => "#b0123b",
        "tcp" => "#2f6fde",
        _ => "#64748b",
    }
}

fn line(out: &mut String, depth: usize, text: std::fmt::Arguments<'_>) {
    for _ in 0..depth {
        out.push_str("  ");
    }
    out.write_fmt(text).expect("strings take all");
    out.push('\n');
}

/// A double-quoted string of the DOT language.
struct Quoted<'a>(&'a str);

impl std::fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                other if other.is_control() => f.write_char(' ')?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('"')
    }
}
