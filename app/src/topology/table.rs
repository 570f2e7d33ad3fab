//! The graph without a drawing: two sortable tables, and for small screens a list of the worst. Pure.

use contract::topology::{Graph, Node};
use mesh::{
    format::{bytes_rate, ms, percent, rate},
    order::in_order,
    topology::{
        HealthStatus,
        drawing::{edge_rate, state_class},
    },
};

use super::{
    facts::sel_of,
    markup::{Markup, when},
    rows::{CallRow, Column, ServiceRow, calls, services},
    stage::Scene,
    view::Shape,
    words::{self, count, mtls, protocol, state},
};

/// How many lines the list of the worst has.
const WORST: usize = 40;

/// Heads of the services: column, name, right-aligned.
const SERVICES: [(Option<Column>, &str, bool); 9] = [
    (Some(Column::Name), "Service", false),
    (Some(Column::Place), "Namespace", false),
    (Some(Column::State), "State", false),
    (Some(Column::Rate), "Requests", true),
    (Some(Column::Errors), "Failing", true),
    (Some(Column::P95), "p95", true),
    (Some(Column::Mtls), "mTLS in", true),
    (None, "Callers", true),
    (None, "Calls", true),
];

/// Heads of the calls.
const CALLS: [(Option<Column>, &str, bool); 9] = [
    (Some(Column::Name), "From", false),
    (Some(Column::Place), "To", false),
    (Some(Column::State), "State", false),
    (None, "Protocol", false),
    (Some(Column::Rate), "Rate", true),
    (Some(Column::Errors), "Failing", true),
    (Some(Column::P95), "p95", true),
    (Some(Column::Mtls), "mTLS", true),
    (None, "of the caller's", true),
];

impl Scene<'_> {
    /// Both tables.
    pub fn tables(&self, m: &mut Markup) {
        let sort = Column::read(&self.view.sort);
        let shows = |id: &str| self.sieve.shows(id);
        m.open("div", &[("class", "topo-tables")]);
        self.head(m, "Services", &SERVICES, sort);
        for row in services(self.graph, &shows, sort) {
            self.service_row(m, &row);
        }
        m.close("tbody").close("table").close("div").close("section");
        self.head(m, "Calls", &CALLS, sort);
        for row in calls(self.graph, &shows, sort) {
            self.call_row(m, &row);
        }
        m.close("tbody").close("table").close("div").close("section").close("div");
    }

    fn head(&self, m: &mut Markup, title: &str, columns: &[(Option<Column>, &str, bool)], sort: (Column, bool)) {
        m.open("section", &[("class", "card topo-table")]);
        m.open("header", &[]).leaf("h2", &[], title).close("header");
        m.open("div", &[("class", "body flush")]);
        m.open("table", &[]).open("thead", &[]).open("tr", &[]);
        for (column, name, right) in columns {
            let order = if sort.1 { "descending" } else { "ascending" };
            let current = *column == Some(sort.0);
            m.open("th", &[("scope", "col"), (when(*right, "class"), "r"), (when(current, "aria-sort"), order)]);
            match column {
                Some(column) => {
                    let href = (self.href)(&self.view.with(|view| view.sort = column.word_after(sort)));
                    m.leaf("a", &[("href", &href), ("data-noscroll", "")], name);
                }
                None => {
                    m.text(name);
                }
            }
            m.close("th");
        }
        m.close("tr").close("thead").open("tbody", &[]);
    }

    fn service_row(&self, m: &mut Markup, row: &ServiceRow) {
        let node = &row.node;
        let bad = row.errors.is_some_and(|share| share > 0.0);
        let (safe, safe_class) = mtls(row.mtls);
        m.open("tr", &[("data-key", &node.id)]);
        m.open("th", &[("scope", "row")]);
        self.link(m, node);
        m.close("th").cell("td", "muted", &node.namespace).open("td", &[]);
        state_mark(m, node.health.status);
        m.close("td").cell("td", "r num", &if row.rate > 0.0 { rate(row.rate) } else { dash() });
        m.cell("td", &figure(bad, node.health.status), &row.errors.map_or_else(dash, percent));
        m.cell("td", "r num", &row.p95.map_or_else(dash, ms));
        m.cell("td", &format!("r num {safe_class}"), &if row.callers > 0 { safe } else { dash() });
        m.cell("td", "r num", &row.callers.to_string()).cell("td", "r num", &row.callees.to_string()).close("tr");
    }

    fn call_row(&self, m: &mut Markup, row: &CallRow) {
        let CallRow { edge, ends: [from, to] } = row;
        let (safe, safe_class) = mtls(edge.mtls.percent);
        m.open("tr", &[("data-key", &edge.id)]);
        m.open("th", &[("scope", "row")]);
        self.link(m, from);
        m.close("th").open("td", &[]);
        self.link(m, to);
        m.close("td").open("td", &[]);
        state_mark(m, edge.health);
        m.close("td").cell("td", "muted", protocol(edge.protocol)).cell("td", "r num", &edge_rate(edge));
        m.cell("td", &figure(edge.percent_error > 0.0, edge.health), &percent(edge.percent_error));
        m.cell("td", "r num", &edge.latency_ms.p95.map_or_else(dash, ms));
        m.cell("td", &format!("r num {safe_class}"), &safe);
        m.cell("td", "r num", &percent(edge.percent_of_source)).close("tr");
    }

    /// A node's name that opens its panel.
    pub fn link(&self, m: &mut Markup, node: &Node) {
        let href = (self.href)(&self.view.with(|view| view.sel = Some(sel_of(self.graph, node))));
        m.leaf("a", &[("class", "topo-open"), ("href", &href), ("data-noscroll", "")], &words::name(node));
    }

    /// The worst first, for screens too small for the drawing.
    pub fn worst(&self, m: &mut Markup) {
        let mut rows = services(self.graph, &|id| self.sieve.shows(id), (Column::State, false));
        let all = rows.len();
        rows.truncate(WORST);
        let shape = |shape: Shape| (self.href)(&self.view.with(|view| view.shape = shape));
        m.open("section", &[("class", "card topo-worst")]);
        m.open("header", &[]).leaf("h2", &[], "Worst first").open("span", &[("class", "end")]);
        if all > WORST {
            m.leaf("a", &[("class", "btn small"), ("href", &shape(Shape::Table))], &format!("All {all}")).text(" ");
        }
        m.leaf("a", &[("class", "btn small"), ("href", &shape(Shape::Graph))], "Show the graph");
        m.close("span").close("header").open("ul", &[("class", "body")]);
        for row in rows {
            let mut said = match row.errors {
                Some(share) if share > 0.0 => format!("{} of {} fail", percent(share), rate(row.rate)),
                Some(_) => rate(row.rate),
                None if row.node.rates.tcp_in > 0.0 => bytes_rate(row.node.rates.tcp_in),
                None => count(row.callees, "call"),
            };
            if let Some(p95) = row.p95 {
                said.push_str(&format!(" · p95 {}", ms(p95)));
            }
            m.open("li", &[("data-key", &row.node.id)]).open("span", &[("class", "topo-worst-name")]);
            self.link(m, &row.node);
            m.close("span").open("span", &[("class", "topo-worst-state")]);
            state_mark(m, row.node.health.status);
            m.close("span").cell("span", "muted num", &said).close("li");
        }
        m.close("ul").close("section");
    }
}

/// A state as mark and word.
fn state_mark(m: &mut Markup, status: HealthStatus) {
    m.cell("span", &dot(status), "").text(" ").text(state(status));
}

/// Classes of the mark of a state.
pub fn dot(status: HealthStatus) -> String {
    match state_class(status) {
        "unk" => "dot unknown".to_owned(),
        class => format!("dot {class}"),
    }
}

/// Classes of a figure that is coloured when it is bad.
pub fn figure(bad: bool, status: HealthStatus) -> String {
    if bad { format!("r num is-{}", state_class(status)) } else { "r num".to_owned() }
}

/// Stands for what is not known.
pub fn dash() -> String {
    "–".to_owned()
}

/// The nodes of both ends of all edges of a node, busiest first.
pub fn sides<'a>(graph: &'a Graph, id: &str, incoming: bool) -> Vec<(&'a Node, &'a contract::topology::Edge)> {
    let sides: Vec<_> = graph
        .edges
        .iter()
        .filter(|edge| if incoming { edge.target == id } else { edge.source == id })
        .filter_map(|edge| {
            Some((super::lookup::find(graph, if incoming { &edge.source } else { &edge.target })?, edge))
        })
        .collect();
    let order = in_order(sides.len(), &|a, b| {
        let (a, b): (&contract::topology::Edge, &contract::topology::Edge) = (sides[a].1, sides[b].1);
        a.protocol.cmp(&b.protocol).then(b.rate.total_cmp(&a.rate))
    });
    order.into_iter().map(|place| sides[place]).collect()
}
