//! The line above the drawing: graph or table, find box, menus, counts. Links and forms that load the page work without
//! scripts; with them the router and the handlers here answer in place.

use contract::topology::{BoxBy, Boxes, Focus, GraphType};
use leptos::{ev::SubmitEvent, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    board::{Board, use_board},
    view::{EdgeText, GRAPH_TYPES, GROUPINGS, Shape, View, WINDOWS, name_of},
    words::count,
};
use crate::ui::{Icon, path};

/// The line above the drawing.
#[component]
pub fn Toolbar() -> AnyView {
    let board = use_board();
    let shape = move |shape: Shape| {
        let on = move || board.view.with(|view| (view.shape == Shape::Table) == (shape == Shape::Table));
        let name = if shape == Shape::Table { "Table" } else { "Graph" };
        view! {
            <a
                class="btn"
                class:is-on=on
                href=move || board.href(|view| view.shape = shape)
                aria-current=move || on().then_some("true")
                data-noscroll=""
            >
                {name}
            </a>
        }
    };
    view! {
        <div class="topo-bar">
            {shape(Shape::Fitting)}
            {shape(Shape::Table)}
            <FindBox />
            {menu(Signal::derive(move || format!("Group: {}", board.view.with(View::box_name))), board, groupings)}
            {menu(
                Signal::derive(move || format!("Edges: {}", board.view.with(|view| name_of(&EdgeText::ALL, &view.edges)))),
                board,
                edge_texts,
            )}
            <a
                class="btn"
                class:is-on=move || board.view.with(|view| view.errors)
                href=move || board.href(|view| view.errors = !view.errors)
                aria-current=move || board.view.with(|view| view.errors).then_some("true")
                data-noscroll=""
            >
                "Errors only"
                <kbd>"e"</kbd>
            </a>
            {more(board)}
            <Counts />
        </div>
        <Chips />
    }
    .into_any()
}

fn groupings(board: Board) -> Vec<AnyView> {
    let line = |(by, _, name): &(&[BoxBy], &str, &'static str)| {
        let boxes = Boxes(by.to_vec());
        item(board, name, |view| view.boxes == boxes, |view| view.boxes.clone_from(&boxes))
    };
    GROUPINGS.iter().map(line).collect()
}

fn edge_texts(board: Board) -> Vec<AnyView> {
    EdgeText::ALL
        .iter()
        .map(|(text, _, name)| item(board, name, |view| view.edges == *text, |view| view.edges = *text))
        .collect()
}

/// A menu of links below a button.
fn menu(title: Signal<String>, board: Board, items: fn(Board) -> Vec<AnyView>) -> AnyView {
    view! {
        <details class="menu">
            <summary class="btn">{title} <Icon d=path::CHEVRON class="icon chev" /></summary>
            <div class="sheet">{move || items(board)}</div>
        </details>
    }
    .into_any()
}

/// One line of a menu.
fn item(board: Board, name: &'static str, is_on: impl Fn(&View) -> bool, change: impl FnOnce(&mut View)) -> AnyView {
    let on = board.view.with(is_on);
    view! {
        <a class="item" href=board.href(change) aria-current=on.then_some("true") data-noscroll="">
            {name}
            {on.then(|| view! { <Icon d=path::TICK class="icon tick" /> })}
        </a>
    }
    .into_any()
}

/// What does not fit: granularity, window, idle ones, the hide box, the exports.
fn more(board: Board) -> AnyView {
    let exports = move || {
        let at = board.graph.with(|graph| graph.at.parse().unwrap_or_default());
        let query = board.view.with(|view| view.export_query(at));
        let tenant = board.tenant.get_value();
        [("svg", "Picture (SVG)"), ("dot", "Graphviz (DOT)"), ("csv", "Table (CSV)")]
            .map(|(kind, name)| {
                let href = format!("/api/v1/t/{tenant}/topology.{kind}?{query}");
                view! { <a class="item" href=href rel="external" download="">{name}</a> }.into_any()
            })
            .into_iter()
            .collect::<Vec<_>>()
    };
    view! {
        <details class="menu">
            <summary class="btn">"More " <Icon d=path::CHEVRON class="icon chev" /></summary>
            <div class="sheet topo-more">
                <p class="cap">"One node per"</p>
                {move || {
                    GRAPH_TYPES
                        .iter()
                        .map(|(kind, _, name)| item(board, name, |view| view.graph == *kind, |view| view.graph = *kind))
                        .collect_view()
                }}
                <hr />
                <p class="cap">"Rates over"</p>
                {move || {
                    WINDOWS
                        .iter()
                        .map(|(secs, name)| {
                            item(board, name, |view| view.duration == *secs, |view| view.duration = *secs)
                        })
                        .collect_view()
                }}
                <hr />
                {move || item(board, "Show idle nodes and edges", |view| view.idle, |view| view.idle = !view.idle)}
                <HideBox />
                <hr />
                <p class="cap">"Export"</p>
                {exports}
            </div>
        </details>
    }
    .into_any()
}

/// The fields of the form that keep the other choices when it is sent without scripts.
fn kept(board: Board, but: &'static str) -> impl IntoView {
    move || {
        let pairs = board.view.with(View::pairs);
        pairs
            .into_iter()
            .filter(|(name, _)| *name != but)
            .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
            .collect_view()
    }
}

/// The text of a form's own field.
fn typed(event: &SubmitEvent, name: &str) -> Option<String> {
    let form: web_sys::Element = event.target()?.dyn_into().ok()?;
    let field = form.query_selector(&format!("input[name={name}]")).ok()??;
    Some(field.dyn_into::<web_sys::HtmlInputElement>().ok()?.value().trim().to_owned())
}

/// An expression and what is wrong with it.
#[component]
fn FindBox() -> impl IntoView {
    let board = use_board();
    let wrong = Memo::new(move |_| board.sieve.with(|sieve| sieve.find_error.clone()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(text) = typed(&event, "find") {
            board.go(false, |view| view.find = text);
        }
    };
    view! {
        <form class="topo-find" role="search" method="get" on:submit=submit>
            {kept(board, "find")}
            <input
                data-find=""
                class="mono"
                type="search"
                name="find"
                placeholder="Find: ns:shop err>1%"
                aria-label="Find nodes and edges"
                aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                aria-describedby="topo-find-wrong"
                autocomplete="off"
                spellcheck="false"
                value=move || board.view.with(|view| view.find.clone())
                prop:value=move || board.view.with(|view| view.find.clone())
            />
            <kbd>"/"</kbd>
            <p id="topo-find-wrong" class="topo-wrong" role="status">{move || wrong.get()}</p>
        </form>
    }
}

/// The same for what to leave out.
#[component]
fn HideBox() -> impl IntoView {
    let board = use_board();
    let wrong = Memo::new(move |_| board.sieve.with(|sieve| sieve.hide_error.clone()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(text) = typed(&event, "hide") {
            board.go(false, |view| view.hide = text);
        }
    };
    view! {
        <form class="topo-hide" method="get" on:submit=submit>
            {kept(board, "hide")}
            <label>
                <span class="cap">"Hide"</span>
                <input
                    class="field mono"
                    name="hide"
                    placeholder="idle"
                    aria-invalid=move || wrong.with(Option::is_some).then_some("true")
                    aria-describedby="topo-hide-wrong"
                    autocomplete="off"
                    spellcheck="false"
                    value=move || board.view.with(|view| view.hide.clone())
                    prop:value=move || board.view.with(|view| view.hide.clone())
                />
            </label>
            <p id="topo-hide-wrong" class="topo-wrong" role="status">{move || wrong.get()}</p>
        </form>
    }
}

/// How much there is.
#[component]
fn Counts() -> impl IntoView {
    let board = use_board();
    let said = move || {
        let noun = match board.view.with(|view| view.graph) {
            GraphType::App | GraphType::Service => "service",
            GraphType::VersionedApp => "version",
            GraphType::Workload => "workload",
        };
        board.sieve.with(|sieve| {
            let mut said = format!("{} · {}", count(sieve.nodes, noun), count(sieve.edges, "edge"));
            if let Some(found) = &sieve.found {
                said = format!("{} found · {said}", found.len());
            }
            said
        })
    };
    view! { <span class="topo-counts faint num" role="status">{said}</span> }
}

/// What narrows the view beside the boxes, each with a way out.
#[component]
fn Chips() -> impl IntoView {
    let board = use_board();
    let chip = move |text: String, href: String| {
        let label = format!("{text}: take away");
        view! {
            <a class="tag topo-chip" href=href data-noscroll="" aria-label=label>
                {text}
                <span aria-hidden="true">"×"</span>
            </a>
        }
        .into_any()
    };
    move || {
        let view = board.view.get();
        let mut chips = Vec::new();
        if let Some(focus) = &view.focus {
            chips.push(chip(
                format!("Only {} and neighbours", Focus::name(focus)),
                board.href(|view| view.focus = None),
            ));
        }
        if !view.namespaces.is_empty() {
            let text = format!("Namespaces: {}", view.namespaces.0.join(", "));
            chips.push(chip(text, board.href(|view| view.namespaces.0.clear())));
        }
        if !view.clusters.is_empty() {
            let text = format!("Clusters: {}", view.clusters.0.join(", "));
            chips.push(chip(text, board.href(|view| view.clusters.0.clear())));
        }
        if !view.hide.is_empty() {
            chips.push(chip(format!("Hidden: {}", view.hide), board.href(|view| view.hide.clear())));
        }
        (!chips.is_empty()).then(|| view! { <div class="topo-chips">{chips}</div> })
    }
}
