//! The panel of the selected node: a verdict, charts, versions, neighbours, transport security.

use charts::{SeriesStyle, sparkarea};
use contract::topology::{Edge, Graph, Node, NodeDetail, SeriesSet, VersionRow};
use leptos::prelude::*;
use mesh::{
    format::{bytes_rate, duration, ms, percent, rate},
    topology::{
        NodeKind,
        drawing::{edge_rate, state_class},
    },
};

use super::{
    board::{Board, find, selected, use_board},
    table::node_link,
    words::{self, mtls, mtls_over, state, verdict},
};
use crate::platform::UiError;

/// The panel; nothing when no node is selected.
#[component]
pub fn SidePanel() -> AnyView {
    let board = use_board();
    (move || {
        let sel = board.view.with(|view| view.sel.clone())?;
        let node = board.graph.with(|graph| selected(graph, &sel).cloned());
        let panel = board.panel.get();
        let (detail, error) = match panel.data.filter(|_| panel.sel.as_ref() == Some(&sel)) {
            Some(Ok(detail)) => (Some(detail), None),
            Some(Err(error)) => (None, Some(error)),
            None => (None, None),
        };
        Some(match node {
            Some(node) => known(board, &node, detail, error),
            None => gone(board, &sel),
        })
    })
    .into_any()
}

fn close(board: Board) -> AnyView {
    let href = board.href(|view| view.sel = None);
    view! { <a class="btn quiet small" href=href data-noscroll="" aria-label="Close the panel">"×"</a> }.into_any()
}

/// The selection of the URL is not in the graph.
fn gone(board: Board, sel: &str) -> AnyView {
    let name = sel.rsplit(['/', ':']).next().unwrap_or(sel).to_owned();
    view! {
        <aside class="card topo-panel" aria-label="Selected node">
            <header><h2>{name}</h2><span class="end">{close(board)}</span></header>
            <div class="body">
                <p class="muted">"It is not in this graph: it has no traffic in this window, or it does not exist."</p>
            </div>
        </aside>
    }
    .into_any()
}

fn known(board: Board, node: &Node, detail: Option<NodeDetail>, error: Option<UiError>) -> AnyView {
    let class = state_class(node.health.status);
    let dot = if class == "unk" { "dot unknown".to_owned() } else { format!("dot {class}") };
    let said = verdict(node, detail.as_ref());
    let sides = board.graph.with(|graph| Sides::of(graph, node));
    let focus = contract::topology::Focus::of(node);
    let narrow = focus.map(|focus| {
        let on = board.view.with(|view| view.focus.as_ref() == Some(&focus));
        let href = board.href(|view| view.focus = if on { None } else { Some(focus) });
        let name = if on { "Show everything" } else { "Only its neighbours" };
        view! { <a class="btn" href=href data-noscroll="">{name}</a> }
    });
    let where_it_is = match node.kind {
        NodeKind::Unknown | NodeKind::External => None,
        NodeKind::Workload
        | NodeKind::App
        | NodeKind::VersionedApp
        | NodeKind::Service
        | NodeKind::ServiceEntry
        | NodeKind::Box => Some(
            [node.namespace.as_str(), node.cluster.as_str()]
                .into_iter()
                .filter(|part| !part.is_empty() && *part != "unknown")
                .collect::<Vec<_>>()
                .join(" · "),
        ),
    };
    view! {
        <aside class="card topo-panel" aria-label=format!("Selected: {}", words::name(node))>
            <header>
                <span class=dot></span>
                <h2>{words::name(node)}</h2>
                <span class="faint">{where_it_is}</span>
                <span class="end">
                    <span class=format!("tag {class}")>{state(node.health.status)}</span>
                    {close(board)}
                </span>
            </header>
            <div class="body">
                <p class="muted topo-said">{said}</p>
                {error.map(|error| view! { <p class="topo-wrong" role="status">"Charts: " {error.to_string()}</p> })}
                {detail.as_ref().map(charts)}
                {detail.as_ref().map(|detail| versions(&detail.versions))}
                {neighbours(board, "Callers", &sides.callers)}
                {neighbours(board, "Calls", &sides.callees)}
                {security(&sides, detail.as_ref())}
                <div class="actions">{narrow}</div>
                {detail.map(|detail| detail.warnings.into_iter().map(|text| view! { <p class="faint">{text}</p> }).collect_view())}
            </div>
        </aside>
    }
    .into_any()
}

/// The edges of a node with the nodes at their other ends, busiest first.
struct Sides {
    callers: Vec<(Node, Edge)>,
    callees: Vec<(Node, Edge)>,
}

impl Sides {
    fn of(graph: &Graph, node: &Node) -> Self {
        let collect = |own: fn(&Edge) -> &String, other: fn(&Edge) -> &String| {
            let mut sides: Vec<(Node, Edge)> = graph
                .edges
                .iter()
                .filter(|edge| *own(edge) == node.id)
                .filter_map(|edge| Some((find(graph, other(edge))?.clone(), edge.clone())))
                .collect();
            sides.sort_by(|a, b| (a.1.protocol.cmp(&b.1.protocol)).then(b.1.rate.total_cmp(&a.1.rate)));
            sides
        };
        Self {
            callers: collect(|edge| &edge.target, |edge| &edge.source),
            callees: collect(|edge| &edge.source, |edge| &edge.target),
        }
    }
}

/// Requests, errors and p95 as lines with their last value.
fn charts(detail: &NodeDetail) -> AnyView {
    let last = |set: &SeriesSet, name: &str| {
        set.series
            .iter()
            .find(|series| series.name == name)
            .and_then(|series| series.values.iter().rev().flatten().next().copied())
    };
    let errors = last(&detail.errors, "errors");
    let p95 = last(&detail.latency, "p95");
    let slow = detail
        .latency
        .series
        .iter()
        .find(|series| series.name == "p95")
        .is_some_and(|series| words::jump(&detail.latency, series, 20.0).is_some());
    let failing = errors.is_some_and(|share| share >= 1.0);
    let mut lines = Vec::new();
    if let Some(value) = last(&detail.requests, "requests") {
        lines.push(line("Requests", &detail.requests, "requests", false, rate(value)));
        lines.push(line("Errors", &detail.errors, "errors", failing, percent(errors.unwrap_or(0.0))));
        lines.push(line("p95", &detail.latency, "p95", slow, p95.map_or_else(|| "–".to_owned(), ms)));
    }
    for (name, title) in [("in", "TCP in"), ("out", "TCP out")] {
        if let Some(value) = last(&detail.tcp, name) {
            lines.push(line(title, &detail.tcp, name, false, bytes_rate(value)));
        }
    }
    view! { <div class="topo-red">{lines}</div> }.into_any()
}

fn line(title: &'static str, set: &SeriesSet, name: &str, bad: bool, value: String) -> AnyView {
    let said = format!("{title} since {} UTC, now {value}", set.start.hh_mm());
    let values: &[Option<f64>] =
        set.series.iter().find(|series| series.name == name).map_or(&[], |series| &series.values);
    let svg = sparkarea(150, 26, values, if bad { SeriesStyle::Crit } else { SeriesStyle::A }, &said);
    view! {
        <span class="muted">{title}</span>
        <span class="topo-spark" inner_html=svg></span>
        <b class="num">{value}</b>
    }
    .into_any()
}

fn versions(rows: &[VersionRow]) -> Option<AnyView> {
    if rows.is_empty() {
        return None;
    }
    let best = rows.iter().filter_map(|row| row.p95_ms).min_by(f64::total_cmp).unwrap_or(f64::MAX);
    let lines = rows
        .iter()
        .map(|row| {
            let errors = if row.error_percent >= 1.0 { "r num is-crit" } else { "r num" };
            let slow = row.p95_ms.is_some_and(|p95| p95 >= 3.0 * best && p95 >= best + 20.0);
            view! {
                <tr>
                    <th scope="row">{row.version.clone()}</th>
                    <td class="r num">{percent(row.share)}</td>
                    <td class=errors>{percent(row.error_percent)}</td>
                    <td class=if slow { "r num is-crit" } else { "r num" }>{row.p95_ms.map_or_else(|| "–".to_owned(), ms)}</td>
                </tr>
            }
        })
        .collect_view();
    Some(
        view! {
            <table class="topo-small">
                <thead>
                    <tr>
                        <th scope="col">"Version"</th>
                        <th scope="col" class="r">"share"</th>
                        <th scope="col" class="r">"errors"</th>
                        <th scope="col" class="r">"p95"</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn neighbours(board: Board, title: &'static str, sides: &[(Node, Edge)]) -> Option<AnyView> {
    if sides.is_empty() {
        return None;
    }
    let lines = sides
        .iter()
        .map(|(node, edge)| {
            let errors = if edge.percent_error > 0.0 {
                format!("r num is-{}", state_class(edge.health))
            } else {
                "r num".to_owned()
            };
            let (safe, safe_class) = mtls(edge.mtls.percent);
            view! {
                <tr>
                    <th scope="row">{node_link(board, node)}</th>
                    <td class="r num">{edge_rate(edge)}</td>
                    <td class=errors>{percent(edge.percent_error)}</td>
                    <td class="r num">{edge.latency_ms.p95.map_or_else(|| "–".to_owned(), ms)}</td>
                    <td class=format!("r num {safe_class}")>{safe}</td>
                </tr>
            }
        })
        .collect_view();
    Some(
        view! {
            <table class="topo-small is-five">
                <thead>
                    <tr>
                        <th scope="col">{title}</th>
                        <th scope="col" class="r">"rate"</th>
                        <th scope="col" class="r">"errors"</th>
                        <th scope="col" class="r">"p95"</th>
                        <th scope="col" class="r">"mTLS"</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        }
        .into_any(),
    )
}

/// Certificate, mutual TLS both ways, and who it says it is.
fn security(sides: &Sides, detail: Option<&NodeDetail>) -> AnyView {
    let certificate = detail.and_then(|detail| detail.certificate.clone()).map(|certificate| {
        let left = duration(certificate.expires_in_secs.unsigned_abs() as f64);
        let (text, class) = if certificate.expires_in_secs < 0 {
            (format!("expired {left} ago"), "num is-crit")
        } else if certificate.missed_rotation {
            (format!("rotation missed, {left} left"), "num is-warn")
        } else {
            (format!("{left} left"), "num")
        };
        fact("Certificate", text, class)
    });
    let way = |title: &'static str, preposition: &str, edges: &[(Node, Edge)]| {
        if edges.is_empty() {
            return None;
        }
        let plain: Vec<&str> = edges
            .iter()
            .filter(|(_, edge)| edge.mtls.percent.is_some_and(|share| share <= 0.0))
            .map(|(node, _)| node.label())
            .collect();
        Some(if plain.is_empty() {
            let (text, class) = mtls(mtls_over(edges.iter().map(|(_, edge)| edge)));
            fact(title, text, class)
        } else {
            fact(title, format!("plaintext {preposition} {}", plain.join(", ")), "is-warn")
        })
    };
    let mut principals: Vec<String> = sides
        .callers
        .iter()
        .flat_map(|(_, edge)| edge.mtls.destination_principals.clone())
        .chain(sides.callees.iter().flat_map(|(_, edge)| edge.mtls.source_principals.clone()))
        .collect();
    principals.sort_unstable();
    principals.dedup();
    let identity = (!principals.is_empty()).then(|| {
        let lines =
            principals.into_iter().map(|name| view! { <span class="mono">{name}</span> }.into_any()).collect_view();
        view! { <div class="topo-ids"><dt class="muted">"Identity"</dt><dd>{lines}</dd></div> }
    });
    view! {
        <dl class="topo-facts">
            {certificate}
            {way("mTLS in", "from", &sides.callers)}
            {way("mTLS out", "to", &sides.callees)}
            {identity}
        </dl>
    }
    .into_any()
}

fn fact(title: &'static str, text: String, class: &'static str) -> AnyView {
    view! { <div><dt class="muted">{title}</dt><dd class=class>{text}</dd></div> }.into_any()
}
