//! The line above the drawing: graph or table, find box, menus, counts. Links and forms, so that it works without
//! scripts; with them the router and [`super::input`] answer in place. Pure.

use contract::{
    TenantSlug,
    topology::{Boxes, GraphType},
};

use super::{
    markup::{Markup, when},
    stage::Scene,
    view::{EdgeText, GRAPH_TYPES, GROUPINGS, Shape, View, WINDOWS, name_of},
    words::count,
};
use crate::ui::path;

impl Scene<'_> {
    /// The line, and below it what narrows the view.
    pub fn toolbar(&self, m: &mut Markup, tenant: &TenantSlug) {
        m.open("div", &[("class", "topo-bar")]);
        for (shape, name) in [(Shape::Fitting, "Graph"), (Shape::Table, "Table")] {
            let on = (self.view.shape == Shape::Table) == (shape == Shape::Table);
            self.button(m, name, on, "", |view| view.shape = shape);
        }
        self.find_box(m);
        self.menu(m, &format!("Group: {}", self.view.box_name()), |m| {
            for (by, _, name) in GROUPINGS {
                let boxes = Boxes(by.to_vec());
                self.item(m, name, self.view.boxes == boxes, |view| view.boxes = boxes);
            }
        });
        self.menu(m, &format!("Edges: {}", name_of(&EdgeText::ALL, &self.view.edges)), |m| {
            for (text, _, name) in EdgeText::ALL {
                self.item(m, name, self.view.edges == text, |view| view.edges = text);
            }
        });
        self.button(m, "Errors only", self.view.errors, "e", |view| view.errors = !view.errors);
        self.menu(m, "More", |m| self.more(m, tenant));
        m.leaf("span", &[("class", "topo-counts faint num"), ("role", "status")], &self.counts());
        m.close("div");
        self.chips(m);
    }

    fn button(&self, m: &mut Markup, name: &str, on: bool, key: &str, change: impl FnOnce(&mut View)) {
        let href = (self.href)(&self.view.with(change));
        let class = if on { "btn is-on" } else { "btn" };
        m.open("a", &[("class", class), ("href", &href), ("data-noscroll", ""), (when(on, "aria-current"), "true")]);
        m.text(name);
        if !key.is_empty() {
            m.leaf("kbd", &[], key);
        }
        m.close("a");
    }

    fn menu(&self, m: &mut Markup, title: &str, items: impl FnOnce(&mut Markup)) {
        m.open("details", &[("class", "menu")]).open("summary", &[("class", "btn")]).text(title).text(" ");
        icon(m, "icon chev", path::CHEVRON);
        m.close("summary").open("div", &[("class", "sheet")]);
        items(m);
        m.close("div").close("details");
    }

    fn item(&self, m: &mut Markup, name: &str, on: bool, change: impl FnOnce(&mut View)) {
        let href = (self.href)(&self.view.with(change));
        m.open("a", &[("class", "item"), ("href", &href), ("data-noscroll", ""), (when(on, "aria-current"), "true")]);
        m.text(name);
        if on {
            icon(m, "icon tick", path::TICK);
        }
        m.close("a");
    }

    /// What does not fit: granularity, window, idle ones, the hide box, the exports.
    fn more(&self, m: &mut Markup, tenant: &TenantSlug) {
        m.cell("p", "cap", "One node per");
        for (kind, _, name) in GRAPH_TYPES {
            self.item(m, name, self.view.graph == kind, |view| view.graph = kind);
        }
        m.open("hr", &[]).cell("p", "cap", "Rates over");
        for (secs, name) in WINDOWS {
            self.item(m, name, self.view.duration == secs, |view| view.duration = secs);
        }
        m.open("hr", &[]);
        self.item(m, "Show idle nodes and edges", self.view.idle, |view| view.idle = !view.idle);
        m.open("form", &[("class", "topo-hide"), ("method", "get"), ("data-field", "hide")]);
        self.kept(m, "hide");
        m.open("label", &[]).cell("span", "cap", "Hide");
        self.field(m, "hide", "field mono", "idle", &self.view.hide, self.sieve.hide_error.as_deref());
        m.close("label").close("form").open("hr", &[]).cell("p", "cap", "Export");
        let query = self.view.export_query(self.graph.at.parse().unwrap_or_default());
        for (kind, name) in [("svg", "Picture (SVG)"), ("dot", "Graphviz (DOT)"), ("csv", "Table (CSV)")] {
            let href = format!("/api/v1/t/{tenant}/topology.{kind}?{query}");
            m.leaf("a", &[("class", "item"), ("href", &href), ("rel", "external"), ("download", "")], name);
        }
    }

    fn find_box(&self, m: &mut Markup) {
        let form = [("class", "topo-find"), ("role", "search"), ("method", "get"), ("data-field", "find")];
        m.open("form", &form);
        self.kept(m, "find");
        self.field(m, "find", "mono", "Find: ns:shop err>1%", &self.view.find, self.sieve.find_error.as_deref());
        m.leaf("kbd", &[], "/").close("form");
    }

    /// A field for an expression, and what is wrong with the one in it.
    fn field(&self, m: &mut Markup, name: &str, class: &str, hint: &str, value: &str, wrong: Option<&str>) {
        let id = format!("topo-{name}-wrong");
        let find = name == "find";
        m.open(
            "input",
            &[
                ("class", class),
                ("name", name),
                ("type", if find { "search" } else { "text" }),
                (when(find, "data-find"), ""),
                (when(find, "aria-label"), "Find nodes and edges"),
                ("placeholder", hint),
                ("value", value),
                ("autocomplete", "off"),
                ("spellcheck", "false"),
                (when(wrong.is_some(), "aria-invalid"), "true"),
                (when(wrong.is_some(), "aria-describedby"), &id),
            ],
        );
        m.leaf("span", &[("class", "topo-wrong"), ("id", &id), ("role", "status")], wrong.unwrap_or_default());
    }

    /// Keeps the other choices when the form is sent without scripts.
    fn kept(&self, m: &mut Markup, but: &str) {
        for (name, value) in self.view.pairs().iter().filter(|(name, _)| *name != but) {
            m.open("input", &[("type", "hidden"), ("name", name), ("value", value)]);
        }
    }

    /// How much there is.
    fn counts(&self) -> String {
        let noun = match self.view.graph {
            GraphType::App | GraphType::Service => "service",
            GraphType::VersionedApp => "version",
            GraphType::Workload => "workload",
        };
        let all = format!("{} · {}", count(self.sieve.nodes, noun), count(self.sieve.edges, "edge"));
        match &self.sieve.found {
            Some(found) => format!("{} found · {all}", found.len()),
            None => all,
        }
    }

    /// What narrows the view beside the boxes, each with a way out.
    fn chips(&self, m: &mut Markup) {
        let view = self.view;
        let mut chips = Vec::new();
        if let Some(focus) = &view.focus {
            chips.push((format!("Only {} and neighbours", focus.name()), view.with(|view| view.focus = None)));
        }
        if !view.namespaces.is_empty() {
            let text = format!("Namespaces: {}", view.namespaces.0.join(", "));
            chips.push((text, view.with(|view| view.namespaces.0.clear())));
        }
        if !view.clusters.is_empty() {
            let text = format!("Clusters: {}", view.clusters.0.join(", "));
            chips.push((text, view.with(|view| view.clusters.0.clear())));
        }
        if !view.hide.is_empty() {
            chips.push((format!("Hidden: {}", view.hide), view.with(|view| view.hide.clear())));
        }
        if chips.is_empty() {
            return;
        }
        m.open("div", &[("class", "topo-chips")]);
        for (text, without) in chips {
            let href = (self.href)(&without);
            let label = format!("{text}: take away");
            let chip = [("class", "tag topo-chip"), ("href", &*href), ("data-noscroll", ""), ("aria-label", &label)];
            m.open("a", &chip).text(&text).leaf("span", &[("aria-hidden", "true")], "×").close("a");
        }
        m.close("div");
    }
}

fn icon(m: &mut Markup, class: &str, d: &str) {
    m.open("svg", &[("class", class), ("viewBox", "0 0 16 16"), ("aria-hidden", "true")]);
    m.leaf("path", &[("d", d)], "").close("svg");
}
