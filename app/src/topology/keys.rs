//! What the keyboard does: walking over the drawing, and the letters of the page.

use leptos::{
    ev::{FocusEvent, KeyboardEvent},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::{
    board::Board,
    input::{drawing, node_at},
    patch::all,
    view::{EdgeText, Shape},
    walk::Step,
};
use crate::chrome::{KeyLine, use_page_keys};

/// The keys of the page, for the sheet.
const LINES: &[KeyLine] = &[
    KeyLine { keys: "← → ↑ ↓", does: "Walk along the edges" },
    KeyLine { keys: "Tab", does: "Next one in trouble" },
    KeyLine { keys: "Enter", does: "Open the node" },
    KeyLine { keys: "Esc", does: "Back" },
    KeyLine { keys: "e", does: "Errors only" },
    KeyLine { keys: "l", does: "Labels on the edges" },
    KeyLine { keys: "v", does: "Table or graph" },
    KeyLine { keys: "f", does: "Fit" },
    KeyLine { keys: "+ -", does: "Zoom" },
];

/// Listens for the letters of the page for as long as the caller's owner lives, and lists them on the sheet of keys.
pub fn listen(board: Board) {
    use_page_keys(LINES);
    Effect::new(move |_| {
        let keys = window_event_listener(leptos::ev::keydown, move |event| page_key(board, &event));
        on_cleanup(move || keys.remove());
    });
}

/// The keyboard has come to a node: bring it into sight.
pub fn focused(board: Board, event: &FocusEvent) {
    let Some(id) = node_at(event) else { return };
    let layout_of =
        |graph: &contract::topology::Graph| graph.layout.as_ref().and_then(|layout| layout.nodes.get(&id)).copied();
    if let Some(at) = board.graph.with_untracked(layout_of) {
        let frame = board.frame.get_untracked();
        board.camera.update(|camera| *camera = camera.showing((at.x + at.w / 2.0, at.y + at.h / 2.0), frame));
    }
    board.cursor.set(Some(id));
}

/// A key on a node: arrows walk along the edges, Tab to the next one in trouble. Enter opens, as on any link.
pub fn walk(board: Board, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let Some(here) = node_at(event) else { return };
    let map = board.map();
    let key = event.key();
    let to = match key.as_str() {
        "Tab" => map.next_worst(Some(&here), event.shift_key()),
        "ArrowLeft" => map.step(&here, Step::Left),
        "ArrowRight" => map.step(&here, Step::Right),
        "ArrowUp" => map.step(&here, Step::Up),
        "ArrowDown" => map.step(&here, Step::Down),
        "Home" => map.entry(),
        _ => return,
    };
    let Some(to) = to else {
        // At the end Tab leaves the drawing; an arrow must still not scroll the page.
        if key != "Tab" {
            event.prevent_default();
        }
        return;
    };
    event.prevent_default();
    board.cursor.set(Some(to.to_owned()));
    focus_on(to);
}

/// A key anywhere on the page, unless something is being typed.
fn page_key(board: Board, event: &KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() || typing(event) {
        return;
    }
    match event.key().as_str() {
        "+" | "=" => board.zoom(1.25),
        "-" => board.zoom(0.8),
        "f" => board.fit(),
        "e" => board.go(true, |view| view.errors = !view.errors),
        "l" => board.go(true, |view| {
            view.edges = if view.edges == EdgeText::Off { EdgeText::Rate } else { EdgeText::Off };
        }),
        "v" => board.go(false, |view| {
            view.shape = if view.shape == Shape::Table { Shape::Fitting } else { Shape::Table };
        }),
        "Escape" => {
            if !board.picked.with_untracked(Vec::is_empty) {
                board.picked.set(Vec::new());
            } else if board.view.with_untracked(|view| view.sel.is_some()) {
                board.go(false, |view| view.sel = None);
            } else if board.view.with_untracked(|view| view.focus.is_some()) {
                board.go(false, |view| view.focus = None);
            } else {
                return;
            }
        }
        _ => return,
    }
    event.prevent_default();
}

fn focus_on(id: &str) {
    let Some(drawing) = drawing() else { return };
    let link = all(&drawing, "a[data-node]").find(|link| link.get_attribute("data-node").as_deref() == Some(id));
    if let Some(link) = link {
        focus_element(link);
    }
}

/// True while somebody types into a field, where letters are letters.
fn typing(event: &web_sys::Event) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|element| {
        element.closest("input, textarea, select, dialog, [contenteditable]").is_ok_and(|hit| hit.is_some())
    })
}

/// `focus()` is the same function on HTML and SVG elements, but bound for HTML only.
fn focus_element(element: Element) {
    // The field or link is in the page, so it can take the focus; if it cannot, nothing is lost.
    let _ = element.unchecked_into::<web_sys::HtmlElement>().focus();
}
