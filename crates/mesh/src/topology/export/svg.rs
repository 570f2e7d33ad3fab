//! A picture that stands alone: its style is inside, nothing is loaded, and state shows by shape as well as by colour.

use std::fmt::Write as _;

use crate::topology::{
    Graph, LayoutMemory, Rect,
    drawing::{Drawing, EdgeDrawing, NodeDrawing, edge_text},
    layout,
};

/// Which colours an exported picture has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// For light surroundings.
    Light,
    /// For dark surroundings.
    Dark,
    /// What the reader's system prefers.
    #[default]
    Auto,
}

const LIGHT: &str = "--bg:#fafaf8;--surface:#fff;--sunken:#f3f2ef;--line:#e7e5e0;--strong:#cfccc4;--text:#1a1917;\
    --muted:#66635c;--ok:#0f766e;--warn:#b45f06;--crit:#b0123b;--unk:#64748b;--tcp:#2f6fde;--warn-weak:#fcf0dd;\
    --crit-weak:#fbe6eb";
const DARK: &str = "--bg:#0b0d10;--surface:#111418;--sunken:#0d1013;--line:#20252c;--strong:#363e49;--text:#e9ebee;\
    --muted:#a0a8b3;--ok:#2dd4bf;--warn:#f7b955;--crit:#ff6b7f;--unk:#8390a2;--tcp:#7fb0ff;--warn-weak:#2e2310;\
    --crit-weak:#331620";
const RULES: &str = "text{font-family:Inter,system-ui,sans-serif}.bg{fill:var(--bg)}\
    .box{fill:var(--sunken);stroke:var(--line)}.title{font-size:11px;fill:var(--muted)}\
    .node{fill:var(--surface);stroke:var(--strong)}.node.warn{fill:var(--warn-weak);stroke:var(--warn)}\
    .node.crit{fill:var(--crit-weak);stroke:var(--crit)}.node.outside{stroke-dasharray:3 3}\
    .name{font-size:12px;font-weight:550;fill:var(--text)}.line{font-size:10px;fill:var(--muted)}\
    .mark.ok{fill:var(--ok)}.mark.warn{fill:var(--warn)}.mark.crit{fill:var(--crit)}\
    .mark.unk{fill:none;stroke:var(--unk);stroke-width:1.5}\
    .edge{fill:none;stroke:var(--unk);opacity:.6}.edge.ok{stroke:var(--ok)}.edge.tcp{stroke:var(--tcp)}\
    .edge.warn{stroke:var(--warn);opacity:.95}.edge.crit{stroke:var(--crit);opacity:.95}.edge.plain{stroke-dasharray:5 4}\
    .w1{stroke-width:1}.w2{stroke-width:1.6}.w3{stroke-width:2}.w4{stroke-width:2.4}.w5{stroke-width:2.8}.w6{stroke-width:3.2}\
    .head.ok{fill:var(--ok)}.head.warn{fill:var(--warn)}.head.crit{fill:var(--crit)}.head.tcp{fill:var(--tcp)}\
    .head.unk{fill:var(--unk)}.lock{fill:none;stroke:var(--warn);stroke-width:1.3}\
    .label{font-size:10.5px;text-anchor:middle;fill:var(--muted);stroke:var(--surface);stroke-width:4px;paint-order:stroke}\
    .label.warn{fill:var(--warn)}.label.crit{fill:var(--crit)}";

/// What a moving picture has beside [`RULES`]. Nothing moves for readers who do not want it to.
const MOVING: &str = ".dot{fill:var(--unk)}.dot.ok{fill:var(--ok)}.dot.warn{fill:var(--warn)}.dot.crit{fill:var(--crit)}\
    .dot.tcp{fill:var(--tcp)}@media(prefers-reduced-motion:reduce){.dot{display:none}}";
/// A dot needs so long from one end of an edge to the other, seconds.
const TRAVEL_SECS: f64 = 2.8;

/// Draws the graph with its layout, or with a fresh one when it has none.
pub fn svg(graph: &Graph, theme: Theme) -> String {
    draw(graph, theme, false)
}

/// Like [`svg`], with dots that travel along the edges, more of them where there is more traffic. It moves without a script.
pub fn moving_svg(graph: &Graph, theme: Theme) -> String {
    draw(graph, theme, true)
}

fn draw(graph: &Graph, theme: Theme, moving: bool) -> String {
    let fresh;
    let places = match &graph.layout {
        Some(places) => places,
        None => {
            fresh = layout(graph, &mut LayoutMemory::default());
            &fresh
        }
    };
    let drawing = Drawing::new(graph, places, &edge_text);
    let colours = match theme {
        Theme::Light => format!(":root{{{LIGHT}}}"),
        Theme::Dark => format!(":root{{{DARK}}}"),
        Theme::Auto => format!(":root{{{LIGHT}}}@media(prefers-color-scheme:dark){{:root{{{DARK}}}}}"),
    };
    let mut out = String::with_capacity(4096 + graph.edges.len() * 300 + graph.nodes.len() * 300);
    let [width, height] = drawing.size.map(|side| side.max(64.0));
    put(
        &mut out,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\"><title>Mesh topology"
        ),
    );
    if !graph.at.is_empty() {
        put(&mut out, format_args!(" at {}", Escaped(&graph.at)));
    }
    put(&mut out, format_args!("</title><style>{colours}{RULES}{}</style><defs>", if moving { MOVING } else { "" }));
    for state in ["ok", "warn", "crit", "tcp", "unk"] {
        put(
            &mut out,
            format_args!(
                "<marker id=\"head-{state}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
             orient=\"auto\" markerUnits=\"userSpaceOnUse\"><path class=\"head {state}\" d=\"M0 1 7 4 0 7z\"/></marker>"
            ),
        );
    }
    out.push_str("</defs>");
    put(&mut out, format_args!("<rect class=\"bg\" width=\"{width}\" height=\"{height}\"/>"));
    for one in &drawing.boxes {
        let Rect { x, y, w, h } = one.at;
        put(
            &mut out,
            format_args!(
                "<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"12\"/>\
             <text class=\"title\" x=\"{}\" y=\"{}\">{}</text>",
                x + 14.0,
                y + 19.0,
                Escaped(&one.title)
            ),
        );
    }
    for edge in &drawing.edges {
        line(&mut out, edge);
    }
    if moving {
        drawing.edges.iter().filter(|edge| edge.label.is_some()).for_each(|edge| dots(&mut out, edge));
    }
    for node in &drawing.nodes {
        shape(&mut out, node);
    }
    for edge in &drawing.edges {
        label(&mut out, edge);
    }
    out.push_str("</svg>\n");
    out
}

fn line(out: &mut String, edge: &EdgeDrawing) {
    let EdgeDrawing { path, state, width, .. } = edge;
    let plain = if edge.plain { " plain" } else { "" };
    put(
        out,
        format_args!("<path class=\"edge {state} w{width}{plain}\" d=\"{path}\" marker-end=\"url(#head-{state})\"/>"),
    );
}

fn dots(out: &mut String, edge: &EdgeDrawing) {
    let EdgeDrawing { path, state, width, .. } = edge;
    for dot in 0..*width {
        let begun = TRAVEL_SECS * f64::from(dot) / f64::from(*width);
        put(
            out,
            format_args!(
                "<circle class=\"dot {state}\" r=\"2.2\"><animateMotion dur=\"{TRAVEL_SECS}s\" begin=\"-{begun:.2}s\" \
             repeatCount=\"indefinite\" path=\"{path}\"/></circle>"
            ),
        );
    }
}

fn label(out: &mut String, edge: &EdgeDrawing) {
    if let Some([x, y]) = edge.lock {
        put(
            out,
            format_args!(
                "<path class=\"lock\" transform=\"translate({:.1} {:.1})\" d=\"M0 4h8v6h-8zM2 4V2.5a2 2 0 0 1 3.6-1.2\">\
             <title>not all of it under mutual TLS</title></path>",
                x - 4.0,
                y - 13.0
            ),
        );
    }
    if let Some(label) = &edge.label {
        let class = if matches!(edge.state, "warn" | "crit") { edge.state } else { "" };
        let [x, y] = label.at;
        put(out, format_args!("<text class=\"label {class}\" x=\"{x}\" y=\"{y}\">{}</text>", Escaped(&label.text)));
    }
}

fn shape(out: &mut String, node: &NodeDrawing) {
    let Rect { x, y, w, h } = node.at;
    let state = node.state;
    let outside = if node.outside { " outside" } else { "" };
    put(
        out,
        format_args!(
            "<rect class=\"node {state}{outside}\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"8\"/>"
        ),
    );
    let (mx, my) = (x + 14.0, y + h / 2.0);
    match state {
        "crit" => put(
            out,
            format_args!("<rect class=\"mark crit\" x=\"{}\" y=\"{}\" width=\"8\" height=\"8\"/>", mx - 4.0, my - 4.0),
        ),
        "warn" => put(out, format_args!("<path class=\"mark warn\" d=\"M{mx} {}l4.5 8h-9z\"/>", my - 4.5)),
        "unk" => put(out, format_args!("<circle class=\"mark unk\" cx=\"{mx}\" cy=\"{my}\" r=\"3.5\"/>")),
        _ => put(out, format_args!("<circle class=\"mark ok\" cx=\"{mx}\" cy=\"{my}\" r=\"3.5\"/>")),
    }
    put(
        out,
        format_args!("<text class=\"name\" x=\"{}\" y=\"{}\">{}", x + 25.0, y + h / 2.0 - 1.5, Escaped(&node.name)),
    );
    if let Some(full) = &node.full_name {
        put(out, format_args!("<title>{}</title>", Escaped(full)));
    }
    put(
        out,
        format_args!(
            "</text><text class=\"line\" x=\"{}\" y=\"{}\">{}</text>",
            x + 25.0,
            y + h / 2.0 + 10.5,
            Escaped(&node.second_line(&node.line))
        ),
    );
}

fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("strings take all");
}

/// Text as it may stand between tags or in an attribute. Control characters, which XML cannot hold, become spaces.
pub(super) struct Escaped<'a>(pub &'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other if other.is_control() || matches!(other, '\u{fffe}' | '\u{ffff}') => f.write_char(' ')?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}
