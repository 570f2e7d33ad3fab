//! The drawing: boxes, edges, labels and nodes as SVG. Nodes are links, so that it works without scripts. Pure; what
//! pointer and keyboard do is [`super::input`]'s and [`super::keys`]'s.

use contract::topology::{BoxBy, Graph};
use mesh::topology::{
    Rect,
    drawing::{Drawing, EdgeDrawing, NodeDrawing},
};

use super::{
    camera::{Camera, Frame},
    facts::{Facts, facts},
    filter::Sieve,
    markup::{Markup, when},
    view::View,
    words::{graph_sentence, on_edge},
};

/// What a drawing shows.
pub struct Scene<'a> {
    /// The graph with its layout.
    pub graph: &'a Graph,
    /// The choices.
    pub view: &'a View,
    /// What is left out, and what was found.
    pub sieve: &'a Sieve,
    /// Id of the node of the panel.
    pub selected: Option<&'a str>,
    /// Where the drawing stands.
    pub camera: Camera,
    /// All of it at once, however small.
    pub whole: bool,
    /// The address of the page in another view.
    pub href: &'a dyn Fn(&View) -> String,
}

impl Scene<'_> {
    /// Draws.
    pub fn draw(&self, m: &mut Markup) {
        let text = |edge: &_| on_edge(edge, self.view.edges);
        let Some(layout) = &self.graph.layout else { return };
        let drawing = Drawing::new(self.graph, layout, &text);
        let facts = facts(self.graph);
        let frame = Frame::around(layout.width, layout.height);
        let class = if self.whole { "topo-svg".to_owned() } else { format!("topo-svg {}", frame.class()) };
        m.open("div", &[("class", "topo-scroll")]);
        m.open(
            "svg",
            &[
                ("class", &class),
                ("viewBox", &frame.view_box()),
                ("preserveAspectRatio", "xMidYMid meet"),
                ("role", "group"),
                ("aria-label", &graph_sentence(self.graph)),
            ],
        );
        m.open("defs", &[]);
        for state in ["ok", "warn", "crit", "tcp", "unk"] {
            let id = format!("topo-head-{state}");
            m.open(
                "marker",
                &[
                    ("id", &id),
                    ("class", state),
                    ("viewBox", "0 0 8 8"),
                    ("refX", "7"),
                    ("refY", "4"),
                    ("markerWidth", "6"),
                    ("markerHeight", "6"),
                    ("orient", "auto"),
                    ("markerUnits", "userSpaceOnUse"),
                ],
            );
            m.leaf("path", &[("d", "M0 1 7 4 0 7z")], "").close("marker");
        }
        m.close("defs");
        let transform = self.camera.transform().unwrap_or_default();
        m.open("g", &[("class", "topo-world"), (when(!transform.is_empty(), "transform"), &transform)]);
        m.open("g", &[("class", "topo-boxes")]);
        for one in &drawing.boxes {
            let Rect { x, y, w, h } = one.at;
            m.open("g", &[("data-key", &one.id)]);
            m.leaf("rect", &[("x", &n(x)), ("y", &n(y)), ("width", &n(w)), ("height", &n(h)), ("rx", "14")], "");
            m.leaf("text", &[("x", &n(x + 14.0)), ("y", &n(y + 20.0))], &one.title).close("g");
        }
        m.close("g").open("g", &[("class", "topo-edges"), ("aria-hidden", "true")]);
        for edge in &drawing.edges {
            self.edge(m, edge);
        }
        m.close("g").open("g", &[("class", "topo-labels"), ("aria-hidden", "true")]);
        for edge in &drawing.edges {
            self.label(m, edge);
        }
        m.close("g").open("g", &[("class", "topo-nodes")]);
        for node in &drawing.nodes {
            self.node(m, node, facts.get(&node.id).unwrap_or(&Facts::default()));
        }
        m.close("g").close("g").close("svg").close("div");
    }

    /// Classes for what is left out and for what does not stand out.
    fn shown(&self, id: &str) -> String {
        let gone = !self.sieve.shows(id);
        let far = self.sieve.found.as_ref().is_some_and(|found| !found.contains(id));
        format!("{}{}", when(gone, " is-gone"), when(far, " is-far"))
    }

    fn edge(&self, m: &mut Markup, edge: &EdgeDrawing) {
        let look = look(edge);
        let class = format!("topo-edge {look} w{}{}{}", edge.width, when(edge.plain, " plain"), self.shown(&edge.id));
        m.open("g", &[("class", &class), ("data-key", &edge.id)]);
        m.leaf("path", &[("d", &edge.path), ("marker-end", &format!("url(#topo-head-{look})"))], "");
        if let Some([x, y]) = edge.lock {
            let place = format!("translate({} {})", n(x - 4.0), n(y - 13.0));
            m.open("g", &[("class", "topo-lock"), ("transform", &place)]);
            m.leaf("rect", &[("y", "4"), ("width", "8"), ("height", "6"), ("rx", "1")], "");
            m.leaf("path", &[("d", "M2 4V2.5a2 2 0 0 1 3.6-1.2")], "").close("g");
        }
        m.close("g");
    }

    /// The text of an edge, above all edges.
    fn label(&self, m: &mut Markup, edge: &EdgeDrawing) {
        let Some(label) = &edge.label else { return };
        let class = format!("topo-edge {}{}", look(edge), self.shown(&edge.id));
        m.open("g", &[("class", &class), ("data-key", &edge.id)]);
        m.leaf("text", &[("x", &n(label.at[0])), ("y", &n(label.at[1]))], &label.text).close("g");
    }

    fn node(&self, m: &mut Markup, node: &NodeDrawing, facts: &Facts) {
        let Rect { x, y, w, h } = node.at;
        let selected = self.selected == Some(node.id.as_str());
        let (outside, chosen) = (when(node.outside, " outside"), when(selected, " is-selected"));
        let class = format!("topo-node {}{outside}{}{chosen}", node.state, self.shown(&node.id));
        let href = (self.href)(&self.view.with(|view| view.sel = Some(facts.sel.clone())));
        let in_its_box = self.view.boxes.0.contains(&BoxBy::Namespace);
        let line = match (&facts.latency, &node.cluster) {
            (Some(p95), None) if in_its_box => format!("p95 {p95}"),
            (Some(p95), Some(_)) if in_its_box => node.second_line(p95),
            (Some(_) | None, _) => node.second_line(&node.line),
        };
        m.open(
            "g",
            &[("class", &class), ("data-key", &node.id), ("transform", &format!("translate({} {})", n(x), n(y)))],
        );
        m.open(
            "a",
            &[
                ("href", &href),
                ("data-node", &node.id),
                ("data-noscroll", ""),
                ("aria-label", &facts.sentence),
                (when(selected, "aria-current"), "true"),
            ],
        );
        let ring = [("class", "topo-ring"), ("x", "-6"), ("y", "-6"), ("rx", "12")];
        m.leaf("rect", &[ring.as_slice(), &[("width", &n(w + 12.0)), ("height", &n(h + 12.0))]].concat(), "");
        m.leaf("rect", &[("class", "topo-card"), ("width", &n(w)), ("height", &n(h)), ("rx", "8")], "");
        let middle = format!("translate(14 {})", n(h / 2.0));
        m.leaf("path", &[("class", "topo-mark"), ("transform", &middle), ("d", mark(node.state))], "");
        m.leaf("text", &[("class", "topo-name"), ("x", "25"), ("y", &n(h / 2.0 - 1.5))], &node.name);
        m.leaf("text", &[("class", "topo-line"), ("x", "25"), ("y", &n(h / 2.0 + 10.5))], &line);
        if let Some(full) = &node.full_name {
            m.leaf("title", &[], full);
        }
        m.close("a").close("g");
    }
}

/// The colour of an edge: what is well but not safe is no green.
fn look(edge: &EdgeDrawing) -> &'static str {
    if edge.plain && matches!(edge.state, "ok" | "tcp") { "unk" } else { edge.state }
}

/// The shape of a state, so that it is told without colour: circle, triangle, square, ring.
fn mark(state: &str) -> &'static str {
    match state {
        "crit" => "M-4-4h8v8h-8z",
        "warn" => "M0-4.5l4.5 8h-9z",
        _ => "M-3.5 0a3.5 3.5 0 1 0 7 0 3.5 3.5 0 1 0-7 0",
    }
}

/// A length with at most one digit behind the point.
fn n(value: f64) -> String {
    mesh::format::trimmed(value, 1)
}
