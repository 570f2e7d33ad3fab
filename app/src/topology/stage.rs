//! The drawing: boxes, edges, labels and nodes as SVG. Nodes are links, so that it works without scripts; what pointer
//! and keyboard do is [`super::input`]'s.

use std::collections::{BTreeMap, BTreeSet};

use contract::topology::BoxBy;
use leptos::{prelude::*, svg};
use mesh::topology::drawing::{Drawing, EdgeDrawing, Label, NodeDrawing};

use super::{
    board::{Board, selected, use_board},
    facts::{Facts, facts},
    input::Input,
    keys,
    words::{graph_sentence, on_edge},
};

/// The arrowheads, one per colour.
const HEADS: [(&str, &str); 5] = [
    ("ok", "topo-head-ok"),
    ("warn", "topo-head-warn"),
    ("crit", "topo-head-crit"),
    ("tcp", "topo-head-tcp"),
    ("unk", "topo-head-unk"),
];

/// The drawing with its buttons.
#[component]
pub fn Stage() -> AnyView {
    let board = use_board();
    let shapes = Memo::new(move |_| {
        let text = board.view.with(|view| view.edges);
        board.graph.with(|graph| {
            let drawing = |layout| Drawing::new(graph, layout, &|edge| on_edge(edge, text));
            graph.layout.as_ref().map(drawing).unwrap_or_default()
        })
    });
    let lit = board.lit();
    let facts = Memo::new(move |_| board.graph.with(facts));
    let marked = Marked {
        lit,
        selected: Memo::new(move |_| {
            let sel = board.view.with(|view| view.sel.clone())?;
            board.graph.with(|graph| selected(graph, &sel).map(|node| node.id.clone()))
        }),
        tab_stop: Memo::new(move |_| match board.cursor.get() {
            Some(id) => Some(id),
            None => board.tracked_map().entry().map(str::to_owned),
        }),
    };
    let svg_ref = NodeRef::<svg::Svg>::new();
    let input = Input::new(board, svg_ref);
    let ids = |pick: fn(&Drawing) -> Vec<String>| Memo::new(move |_| shapes.with(pick));
    let boxes = ids(|shapes| shapes.boxes.iter().map(|own| own.id.clone()).collect());
    let edges = ids(|shapes| shapes.edges.iter().map(|own| own.id.clone()).collect());
    let nodes = ids(|shapes| shapes.nodes.iter().map(|own| own.id.clone()).collect());
    view! {
        <div class="topo-scroll">
        <svg
            node_ref=svg_ref
            class=move || {
                let size = if board.whole.get() { String::new() } else { board.frame.get().class() };
                format!("topo-svg {size}{}", if board.awake.get() { " is-awake" } else { "" })
            }
            viewBox=move || board.frame.get().view_box()
            preserveAspectRatio="xMidYMid meet"
            role="group"
            aria-label=move || board.graph.with(graph_sentence)
            on:pointerdown=move |event| input.down(&event)
            on:pointermove=move |event| input.moved(&event)
            on:pointerup=move |event| input.up(&event)
            on:pointercancel=move |event| input.up(&event)
            on:pointerover=move |event| input.over(&event)
            on:pointerleave=move |_| board.hover.set(None)
            on:wheel=move |event| input.wheel(&event)
            on:click=move |event| input.click(&event)
            on:dblclick=move |event| input.double_click(&event)
            on:keydown=move |event| keys::walk(board, svg_ref, &event)
            on:focusin=move |event| keys::focused(board, &event)
        >
            <defs>
                {HEADS
                    .map(|(class, id)| {
                        view! {
                            <marker
                                id=id
                                class=class
                                viewBox="0 0 8 8"
                                refX="7"
                                refY="4"
                                markerWidth="6"
                                markerHeight="6"
                                orient="auto"
                                markerUnits="userSpaceOnUse"
                            >
                                <path d="M0 1 7 4 0 7z" />
                            </marker>
                        }
                    })}
            </defs>
            <g transform=move || board.camera.get().transform()>
                <g class="topo-boxes">
                    <For each=move || boxes.get() key=String::clone let:id>
                        {one_box(shapes, id)}
                    </For>
                </g>
                <g class="topo-edges" aria-hidden="true">
                    <For each=move || edges.get() key=String::clone let:id>
                        {one_edge(board, shapes, lit, id)}
                    </For>
                </g>
                <g class="topo-nodes">
                    <For each=move || nodes.get() key=String::clone let:id>
                        {one_node(board, shapes, facts, marked, id)}
                    </For>
                </g>
            </g>
        </svg>
        </div>
        <div class="topo-zoom" role="group" aria-label="Zoom">
            <button type="button" class="btn" aria-label="Zoom in" on:click=move |_| board.zoom(1.25)>"+"</button>
            <button type="button" class="btn" aria-label="Zoom out" on:click=move |_| board.zoom(0.8)>"−"</button>
            <button type="button" class="btn" on:click=move |_| board.fit()>"Fit"</button>
        </div>
    }
    .into_any()
}

type Lit = Memo<Option<BTreeSet<String>>>;

/// What is marked in the drawing, by node id.
#[derive(Clone, Copy)]
struct Marked {
    /// What stands out, if anything does.
    lit: Lit,
    /// The node of the panel.
    selected: Memo<Option<String>>,
    /// Where the keyboard enters.
    tab_stop: Memo<Option<String>>,
}

fn one_box(shapes: Memo<Drawing>, id: String) -> AnyView {
    let shape = Memo::new(move |_| shapes.with(|shapes| shapes.boxes.iter().find(|own| own.id == id).cloned()));
    let rect = move || shape.with(|shape| shape.as_ref().map(|shape| shape.at).unwrap_or_default());
    view! {
        <g>
            <rect
                rx="14"
                x=move || units(rect().x)
                y=move || units(rect().y)
                width=move || units(rect().w)
                height=move || units(rect().h)
            />
            <text x=move || units(rect().x + 14.0) y=move || units(rect().y + 20.0)>
                {move || shape.with(|shape| shape.as_ref().map(|shape| shape.title.clone()))}
            </text>
        </g>
    }
    .into_any()
}

fn one_edge(board: Board, shapes: Memo<Drawing>, lit: Lit, id: String) -> AnyView {
    let key = StoredValue::new(id);
    let shape: Memo<Option<EdgeDrawing>> = Memo::new(move |_| {
        shapes.with(|shapes| {
            let at = key.with_value(|id| shapes.edges.binary_search_by(|own| own.id.cmp(id)));
            at.ok().map(|at| shapes.edges[at].clone())
        })
    });
    let part = move |pick: fn(&EdgeDrawing) -> String| shape.with(|shape| shape.as_ref().map(pick));
    let label = move |pick: fn(&Label) -> String| {
        shape.with(|shape| shape.as_ref().and_then(|shape| shape.label.as_ref()).map(pick))
    };
    let class = move || {
        let dim = outside(lit, key);
        let gone = key.with_value(|id| board.sieve.with(|sieve| !sieve.shows(id)));
        let state =
            part(|shape| format!("{} w{}{}", look(shape), shape.width, if shape.plain { " plain" } else { "" }));
        let state = state.unwrap_or_default();
        format!("topo-edge {state}{}{}", if gone { " is-gone" } else { "" }, if dim { " is-far" } else { "" })
    };
    view! {
        <g class=class>
            <path
                d=move || part(|shape| shape.path.clone())
                marker-end=move || part(|shape| format!("url(#topo-head-{})", look(shape)))
            />
            {move || {
                shape
                    .with(|shape| shape.as_ref().and_then(|shape| shape.lock))
                    .map(|[x, y]| {
                        view! {
                            <g class="topo-lock" transform=format!("translate({:.1} {:.1})", x - 4.0, y - 13.0)>
                                <rect x="0" y="4" width="8" height="6" rx="1" />
                                <path d="M2 4V2.5a2 2 0 0 1 3.6-1.2" />
                            </g>
                        }
                    })
            }}
            <text x=move || label(|label| units(label.at[0])) y=move || label(|label| units(label.at[1]))>
                {move || label(|label| label.text.clone())}
            </text>
        </g>
    }
    .into_any()
}

fn one_node(board: Board, shapes: Memo<Drawing>, facts: Memo<BTreeMap<String, Facts>>, marked: Marked, id: String) -> AnyView {
    let key = StoredValue::new(id);
    let shape: Memo<Option<NodeDrawing>> = Memo::new(move |_| {
        shapes.with(|shapes| {
            let at = key.with_value(|id| shapes.nodes.binary_search_by(|own| own.id.cmp(id)));
            at.ok().map(|at| shapes.nodes[at].clone())
        })
    });
    let part = move |pick: fn(&NodeDrawing) -> String| shape.with(|shape| shape.as_ref().map(pick));
    let own = Memo::new(move |_| key.with_value(|id| facts.with(|facts| facts.get(id).cloned().unwrap_or_default())));
    let is_selected = Memo::new(move |_| key.with_value(|id| marked.selected.with(|selected| selected.as_ref() == Some(id))));
    // Inside a box with the namespace's name, its latency says more than the namespace again.
    let line = move || {
        let line = part(|shape| shape.line.clone());
        if !board.view.with(|view| view.boxes.0.contains(&BoxBy::Namespace)) {
            return line;
        }
        own.with(|own| own.latency.clone()).or(line)
    };
    let class = move || {
        let gone = key.with_value(|id| board.sieve.with(|sieve| !sieve.shows(id)));
        let picked = key.with_value(|id| board.picked.with(|picked| picked.contains(id)));
        let mut class = String::from("topo-node");
        shape.with(|shape| {
            if let Some(shape) = shape {
                class.push(' ');
                class.push_str(shape.state);
                if shape.outside {
                    class.push_str(" outside");
                }
            }
        });
        for (on, name) in [
            (gone, " is-gone"),
            (outside(marked.lit, key), " is-far"),
            (is_selected.get(), " is-selected"),
            (picked, " is-picked"),
        ] {
            if on {
                class.push_str(name);
            }
        }
        class
    };
    let href = move || board.href(|view| view.sel = Some(own.with(|own| own.sel.clone())));
    // Without scripts every node can be reached with Tab; with them one can, and the arrows lead on from there.
    let tab_index = move || {
        let here = key.with_value(|id| marked.tab_stop.with(|stop| stop.as_ref() == Some(id)));
        board.awake.get().then_some(if here { "0" } else { "-1" })
    };
    let at = move || shape.with(|shape| shape.as_ref().map(|shape| shape.at).unwrap_or_default());
    view! {
        <g class=class transform=move || format!("translate({} {})", units(at().x), units(at().y))>
            <a
                href=href
                data-node=key.get_value()
                data-noscroll=""
                tabindex=tab_index
                aria-label=move || own.with(|own| own.sentence.clone())
                aria-current=move || is_selected.get().then_some("true")
            >
                <rect class="topo-ring" x="-6" y="-6" width=move || units(at().w + 12.0) height=move || units(at().h + 12.0) rx="12" />
                <rect class="topo-card" width=move || units(at().w) height=move || units(at().h) rx="8" />
                <path
                    class="topo-mark"
                    transform=move || format!("translate(14 {})", units(at().h / 2.0))
                    d=move || mark(shape.with(|shape| shape.as_ref().map_or("unk", |shape| shape.state)))
                />
                <text class="topo-name" x="25" y=move || units(at().h / 2.0 - 1.5)>
                    {move || part(|shape| shape.name.clone())}
                </text>
                <text class="topo-line" x="25" y=move || units(at().h / 2.0 + 10.5)>
                    {line}
                </text>
                <title>{move || part(|shape| shape.full_name.clone().unwrap_or_default())}</title>
            </a>
        </g>
    }
    .into_any()
}

/// The colour of an edge: what is well but not safe is no green.
fn look(shape: &EdgeDrawing) -> &'static str {
    if shape.plain && matches!(shape.state, "ok" | "tcp") { "unk" } else { shape.state }
}

/// True when something stands out and this does not.
fn outside(lit: Lit, key: StoredValue<String>) -> bool {
    lit.with(|lit| lit.as_ref().is_some_and(|lit| key.with_value(|id| !lit.contains(id))))
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
fn units(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}
