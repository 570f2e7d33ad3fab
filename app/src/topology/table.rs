//! The graph without a drawing: two sortable tables, and for small screens a list of the worst.

use leptos::prelude::*;
use mesh::{
    format::{ms, percent, rate},
    topology::{
        NodeKind,
        drawing::{edge_rate, state_class},
    },
};

use super::{
    board::{Board, use_board},
    facts::sel_of,
    rows::{CallRow, Column, ServiceRow, calls, services},
    view::Shape,
    words::{self, count, mtls, state},
};

/// How many lines the list of the worst has.
const WORST: usize = 40;

/// Both tables.
#[component]
pub fn Tables() -> AnyView {
    let board = use_board();
    let sort = Memo::new(move |_| board.view.with(|view| Column::read(&view.sort)));
    let service_rows =
        move || board.graph.with(|graph| board.sieve.with(|sieve| services(graph, &|id| sieve.shows(id), sort.get())));
    let call_rows =
        move || board.graph.with(|graph| board.sieve.with(|sieve| calls(graph, &|id| sieve.shows(id), sort.get())));
    let head = move |column: Column, name: &'static str, right: bool| {
        let order = move || match sort.get() {
            (own, down) if own == column => Some(if down { "descending" } else { "ascending" }),
            _ => None,
        };
        view! {
            <th scope="col" class:r=right aria-sort=order>
                <a href=move || board.href(|view| view.sort = column.word_after(sort.get())) data-noscroll="">
                    {name}
                </a>
            </th>
        }
        .into_any()
    };
    view! {
        <section class="card topo-table" id="services">
            <header><h2>"Services"</h2></header>
            <div class="body flush">
                <table>
                    <thead>
                        <tr>
                            {head(Column::Name, "Service", false)} {head(Column::Place, "Namespace", false)}
                            {head(Column::State, "State", false)} {head(Column::Rate, "Requests", true)}
                            {head(Column::Errors, "Failing", true)} {head(Column::P95, "p95", true)}
                            {head(Column::Mtls, "mTLS in", true)} <th scope="col" class="r">"Callers"</th>
                            <th scope="col" class="r">"Calls"</th>
                        </tr>
                    </thead>
                    <tbody>{move || service_rows().into_iter().map(|row| service_row(board, row)).collect_view()}</tbody>
                </table>
            </div>
        </section>
        <section class="card topo-table" id="calls">
            <header><h2>"Calls"</h2></header>
            <div class="body flush">
                <table>
                    <thead>
                        <tr>
                            {head(Column::Name, "From", false)} {head(Column::Place, "To", false)}
                            {head(Column::State, "State", false)} <th scope="col">"Protocol"</th>
                            {head(Column::Rate, "Rate", true)} {head(Column::Errors, "Failing", true)}
                            {head(Column::P95, "p95", true)} {head(Column::Mtls, "mTLS", true)}
                            <th scope="col" class="r">"of the caller's"</th>
                        </tr>
                    </thead>
                    <tbody>{move || call_rows().into_iter().map(|row| call_row(board, row)).collect_view()}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

/// A node's name that opens its panel.
pub(super) fn node_link(board: Board, node: &contract::topology::Node) -> AnyView {
    let sel = board.graph.with(|graph| sel_of(graph, node));
    view! { <a class="topo-open" href=board.href(|view| view.sel = Some(sel)) data-noscroll="">{words::name(node)}</a> }
        .into_any()
}

/// A state as mark and word.
pub(super) fn state_cell(status: mesh::topology::HealthStatus) -> AnyView {
    let class = match state_class(status) {
        "unk" => "dot unknown".to_owned(),
        class => format!("dot {class}"),
    };
    view! { <span class=class></span> " " {state(status)} }.into_any()
}

fn or_dash(value: Option<String>) -> String {
    value.unwrap_or_else(|| "–".to_owned())
}

fn service_row(board: Board, row: ServiceRow) -> AnyView {
    let ServiceRow { node, rate: per_s, errors, p95, mtls: safe, callers, callees } = row;
    let bad = errors.is_some_and(|share| share > 0.0);
    let (safe, safe_class) = mtls(safe);
    view! {
        <tr>
            <th scope="row">{node_link(board, &node)}</th>
            <td class="muted">{node.namespace.clone()}</td>
            <td>{state_cell(node.health.status)}</td>
            <td class="r num">{if per_s > 0.0 { rate(per_s) } else { "–".to_owned() }}</td>
            <td class=move || if bad { format!("r num is-{}", state_class(node.health.status)) } else { "r num".to_owned() }>
                {or_dash(errors.map(percent))}
            </td>
            <td class="r num">{or_dash(p95.map(ms))}</td>
            <td class=format!("r num {safe_class}")>{if callers > 0 { safe } else { "–".to_owned() }}</td>
            <td class="r num">{callers}</td>
            <td class="r num">{callees}</td>
        </tr>
    }
    .into_any()
}

fn call_row(board: Board, row: CallRow) -> AnyView {
    let CallRow { edge, ends: [from, to] } = row;
    let (safe, safe_class) = mtls(edge.mtls.percent);
    let bad =
        if edge.percent_error > 0.0 { format!("r num is-{}", state_class(edge.health)) } else { "r num".to_owned() };
    view! {
        <tr>
            <th scope="row">{node_link(board, &from)}</th>
            <td>{node_link(board, &to)}</td>
            <td>{state_cell(edge.health)}</td>
            <td class="muted">{words::protocol(edge.protocol)}</td>
            <td class="r num">{edge_rate(&edge)}</td>
            <td class=bad>{percent(edge.percent_error)}</td>
            <td class="r num">{or_dash(edge.latency_ms.p95.map(ms))}</td>
            <td class=format!("r num {safe_class}")>{safe}</td>
            <td class="r num">{percent(edge.percent_of_source)}</td>
        </tr>
    }
    .into_any()
}

/// The worst first, for screens too small for the drawing.
#[component]
pub fn Worst() -> AnyView {
    let board = use_board();
    let rows = move || {
        let sort = (Column::State, false);
        let mut rows = board.graph.with(|graph| board.sieve.with(|sieve| services(graph, &|id| sieve.shows(id), sort)));
        rows.truncate(WORST);
        rows
    };
    let line = move |row: ServiceRow| {
        let said = match row.errors {
            Some(share) if share > 0.0 => format!("{} of {} fail", percent(share), rate(row.rate)),
            Some(_) => rate(row.rate),
            None if row.node.rates.tcp_in > 0.0 => mesh::format::bytes_rate(row.node.rates.tcp_in),
            None => count(row.callees, "call"),
        };
        let p95 = row.p95.map(|p95| format!(" · p95 {}", ms(p95)));
        view! {
            <li>
                <span class="topo-worst-name">{node_link(board, &row.node)}</span>
                <span class="topo-worst-state">{state_cell(row.node.health.status)}</span>
                <span class="muted num">{said} {p95}</span>
            </li>
        }
    };
    let rest = move || {
        let all = board.graph.with(|graph| graph.nodes.iter().filter(|node| node.kind != NodeKind::Box).count());
        (all > WORST).then(|| {
            let href = board.href(|view| view.shape = Shape::Table);
            view! { <a class="btn" href=href>{format!("All {all}")}</a> }
        })
    };
    view! {
        <section class="card topo-worst">
            <header>
                <h2>"Worst first"</h2>
                <span class="end">
                    {rest} " "
                    <a class="btn small" href=move || board.href(|view| view.shape = Shape::Graph)>"Show the graph"</a>
                </span>
            </header>
            <ul class="body">{move || rows().into_iter().map(line).collect_view()}</ul>
        </section>
    }
    .into_any()
}
