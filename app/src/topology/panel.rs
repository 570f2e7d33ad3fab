//! The panel of the selected node: a verdict, charts, versions, neighbours, transport security. Pure.

use charts::{SeriesStyle, sparkarea};
use contract::topology::{Edge, Focus, Node, NodeDetail, SeriesSet, VersionRow};
use mesh::{
    format::{bytes_rate, duration, ms, percent, rate},
    topology::drawing::{edge_rate, state_class},
};

use super::{
    board::Panel,
    lookup::selected,
    markup::Markup,
    stage::Scene,
    table::{dash, dot, figure, sides},
    words::{self, mtls, mtls_over, state, verdict},
};

impl Scene<'_> {
    /// The panel; nothing when no node is selected.
    pub fn panel(&self, m: &mut Markup, panel: &Panel) {
        let Some(sel) = &self.view.sel else { return };
        let data = panel.data.as_ref().filter(|_| panel.sel.as_ref() == Some(sel));
        let node = selected(self.graph, sel);
        let name = node.map_or_else(|| sel.rsplit(['/', ':']).next().unwrap_or(sel).to_owned(), words::name);
        m.open(
            "aside",
            &[("class", "card topo-panel"), ("data-key", sel), ("aria-label", &format!("Selected: {name}"))],
        );
        match node {
            Some(node) => self.known(m, node, data),
            None => {
                m.open("header", &[]).leaf("h2", &[], &name).open("span", &[("class", "end")]);
                self.close(m);
                m.close("span").close("header").open("div", &[("class", "body")]);
                m.cell(
                    "p",
                    "muted",
                    "It is not in this graph: it has no traffic in this window, or it does not exist.",
                );
                m.close("div");
            }
        }
        m.close("aside");
    }

    fn close(&self, m: &mut Markup) {
        let href = (self.href)(&self.view.with(|view| view.sel = None));
        let attributes =
            [("class", "btn quiet small"), ("href", &*href), ("data-noscroll", ""), ("aria-label", "Close the panel")];
        m.leaf("a", &attributes, "×");
    }

    fn known(&self, m: &mut Markup, node: &Node, data: Option<&Result<NodeDetail, crate::platform::UiError>>) {
        let detail = data.and_then(|data| data.as_ref().ok());
        let place = [node.namespace.as_str(), node.cluster.as_str()];
        let place: Vec<&str> = place.into_iter().filter(|part| !matches!(*part, "" | "unknown")).collect();
        m.open("header", &[]).cell("span", &dot(node.health.status), "").leaf("h2", &[], &words::name(node));
        m.cell("span", "faint", &place.join(" · ")).open("span", &[("class", "end")]);
        m.cell("span", &format!("tag {}", state_class(node.health.status)), state(node.health.status));
        self.close(m);
        m.close("span").close("header").open("div", &[("class", "body")]);
        m.cell("p", "muted topo-said", &verdict(node, detail));
        if let Some(Err(error)) = data {
            m.leaf("p", &[("class", "topo-wrong"), ("role", "status")], &format!("Charts: {error}"));
        }
        if let Some(detail) = detail {
            charts(m, detail);
            versions(m, &detail.versions);
        }
        let (callers, callees) = (sides(self.graph, &node.id, true), sides(self.graph, &node.id, false));
        self.neighbours(m, "Callers", &callers);
        self.neighbours(m, "Calls", &callees);
        m.open("dl", &[("class", "topo-facts")]);
        if let Some(certificate) = detail.and_then(|detail| detail.certificate.as_ref()) {
            let left = duration(certificate.expires_in_secs.unsigned_abs() as f64);
            let (text, class) = if certificate.expires_in_secs < 0 {
                (format!("expired {left} ago"), "num is-crit")
            } else if certificate.missed_rotation {
                (format!("rotation missed, {left} left"), "num is-warn")
            } else {
                (format!("{left} left"), "num")
            };
            fact(m, "Certificate", &text, class);
        }
        way(m, "mTLS in", "from", &callers);
        way(m, "mTLS out", "to", &callees);
        identity(m, &callers, &callees);
        m.close("dl");
        if let Some(focus) = Focus::of(node) {
            let on = self.view.focus.as_ref() == Some(&focus);
            let href = (self.href)(&self.view.with(|view| view.focus = if on { None } else { Some(focus) }));
            m.open("div", &[("class", "actions")]);
            let name = if on { "Show everything" } else { "Only its neighbours" };
            m.leaf("a", &[("class", "btn"), ("href", &href), ("data-noscroll", "")], name).close("div");
        }
        for warning in detail.iter().flat_map(|detail| &detail.warnings) {
            m.cell("p", "faint", warning);
        }
        m.close("div");
    }

    fn neighbours(&self, m: &mut Markup, title: &str, sides: &[(&Node, &Edge)]) {
        if sides.is_empty() {
            return;
        }
        table_head(m, "topo-small is-five", &[title, "rate", "errors", "p95", "mTLS"]);
        for (node, edge) in sides {
            // Where nobody knows, a dash has to do: the column is narrow.
            let (safe, safe_class) = edge.mtls.percent.map_or((dash(), ""), |share| mtls(Some(share)));
            m.open("tr", &[("data-key", &edge.id)]).open("th", &[("scope", "row")]);
            self.link(m, node);
            if sides.iter().filter(|(other, _)| other.label() == node.label()).count() > 1 {
                m.cell("span", "faint", &format!(" {}", node.cluster));
            }
            m.close("th").cell("td", "r num", &edge_rate(edge));
            m.cell("td", &figure(edge.percent_error > 0.0, edge.health), &percent(edge.percent_error));
            m.cell("td", "r num", &edge.latency_ms.p95.map_or_else(dash, ms));
            m.cell("td", &format!("r num {safe_class}"), &safe).close("tr");
        }
        m.close("tbody").close("table");
    }
}

fn table_head(m: &mut Markup, class: &str, names: &[&str]) {
    m.open("table", &[("class", class)]).open("thead", &[]).open("tr", &[]);
    for (place, name) in names.iter().enumerate() {
        let right = if place > 0 { "class" } else { "" };
        m.leaf("th", &[("scope", "col"), (right, "r")], name);
    }
    m.close("tr").close("thead").open("tbody", &[]);
}

/// The latest value of a series.
fn last(set: &SeriesSet, name: &str) -> Option<f64> {
    let series = set.series.iter().find(|series| series.name == name)?;
    series.values.iter().rev().flatten().next().copied()
}

/// Requests, errors and p95 as lines with their last value.
fn charts(m: &mut Markup, detail: &NodeDetail) {
    m.open("div", &[("class", "topo-red")]);
    if let Some(value) = last(&detail.requests, "requests") {
        let errors = last(&detail.errors, "errors").unwrap_or(0.0);
        let p95 = detail.latency.series.iter().find(|series| series.name == "p95");
        let slow = p95.is_some_and(|series| words::jump(&detail.latency, series, 20.0).is_some());
        line(m, "Requests", &detail.requests, "requests", false, &rate(value));
        line(m, "Errors", &detail.errors, "errors", errors >= 1.0, &percent(errors));
        let value = last(&detail.latency, "p95").map_or_else(dash, ms);
        line(m, "p95", &detail.latency, "p95", slow, &value);
    }
    for (name, title) in [("in", "TCP in"), ("out", "TCP out")] {
        if let Some(value) = last(&detail.tcp, name) {
            line(m, title, &detail.tcp, name, false, &bytes_rate(value));
        }
    }
    m.close("div");
}

fn line(m: &mut Markup, title: &str, set: &SeriesSet, name: &str, bad: bool, value: &str) {
    let values = set.series.iter().find(|series| series.name == name).map_or(&[][..], |series| &series.values);
    let said = format!("{title} since {} UTC, now {value}", set.start.hh_mm());
    let style = if bad { SeriesStyle::Crit } else { SeriesStyle::A };
    m.cell("span", "muted", title).open("span", &[("class", "topo-spark")]);
    m.picture(&sparkarea(150, 26, values, style, &said)).close("span").cell("b", "num", value);
}

fn versions(m: &mut Markup, rows: &[VersionRow]) {
    if rows.is_empty() {
        return;
    }
    let best = rows.iter().filter_map(|row| row.p95_ms).min_by(f64::total_cmp).unwrap_or(f64::MAX);
    let class = |bad: bool| if bad { "r num is-crit" } else { "r num" };
    table_head(m, "topo-small", &["Version", "share", "errors", "p95"]);
    for row in rows {
        let slow = row.p95_ms.is_some_and(|p95| p95 >= 3.0 * best && p95 >= best + 20.0);
        m.open("tr", &[("data-key", &row.version)]).leaf("th", &[("scope", "row")], &row.version);
        m.cell("td", "r num", &percent(row.share)).cell(
            "td",
            class(row.error_percent >= 1.0),
            &percent(row.error_percent),
        );
        m.cell("td", class(slow), &row.p95_ms.map_or_else(dash, ms)).close("tr");
    }
    m.close("tbody").close("table");
}

/// Mutual TLS of one direction.
fn way(m: &mut Markup, title: &str, preposition: &str, edges: &[(&Node, &Edge)]) {
    if edges.is_empty() {
        return;
    }
    let plain = edges.iter().filter(|(_, edge)| edge.mtls.percent.is_some_and(|share| share <= 0.0));
    let plain: Vec<&str> = plain.map(|(node, _)| node.label()).collect();
    if plain.is_empty() {
        let (text, class) = mtls(mtls_over(edges.iter().map(|(_, edge)| *edge)));
        fact(m, title, &text, class);
    } else {
        fact(m, title, &format!("plaintext {preposition} {}", plain.join(", ")), "is-warn");
    }
}

/// Who the node says it is.
fn identity(m: &mut Markup, callers: &[(&Node, &Edge)], callees: &[(&Node, &Edge)]) {
    let as_server = callers.iter().flat_map(|(_, edge)| &edge.mtls.destination_principals);
    let as_client = callees.iter().flat_map(|(_, edge)| &edge.mtls.source_principals);
    let mut names: Vec<&String> = as_server.chain(as_client).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return;
    }
    m.open("div", &[("class", "topo-ids")]).cell("dt", "muted", "Identity").open("dd", &[]);
    for name in names {
        m.cell("span", "mono", name);
    }
    m.close("dd").close("div");
}

fn fact(m: &mut Markup, title: &str, text: &str, class: &str) {
    m.open("div", &[]).cell("dt", "muted", title).cell("dd", class, text).close("div");
}
