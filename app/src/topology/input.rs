//! What the pointer does to the drawing. One listener per kind of event on the whole drawing; which node is meant follows
//! from the element that was hit. The keyboard is [`super::keys`]'s.

use leptos::{
    ev::{MouseEvent, PointerEvent, SubmitEvent, WheelEvent},
    prelude::*,
};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::board::Board;

/// A pointer that moved less than this, pixels, has clicked.
const CLICK_PX: f64 = 4.0;

/// A pointer that is down: id, place, and where it came down, pixels of the window.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Finger {
    id: i32,
    at: (f64, f64),
    start: (f64, f64),
}

/// The state of pointers. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Input {
    board: Board,
    fingers: StoredValue<Vec<Finger>>,
    dragged: StoredValue<bool>,
}

impl Input {
    /// For one drawing.
    pub fn new(board: Board) -> Self {
        Self { board, fingers: StoredValue::new(Vec::new()), dragged: StoredValue::new(false) }
    }

    /// A pointer comes down.
    pub fn down(self, event: &PointerEvent) {
        if event.button() != 0 || within(event, ".topo-svg").is_none() {
            return;
        }
        let at = (f64::from(event.client_x()), f64::from(event.client_y()));
        self.dragged.set_value(false);
        self.fingers.update_value(|fingers| {
            fingers.retain(|finger| finger.id != event.pointer_id());
            fingers.push(Finger { id: event.pointer_id(), at, start: at });
        });
    }

    /// A pointer moves: one drags, two pinch.
    pub fn moved(self, event: &PointerEvent) {
        let to = (f64::from(event.client_x()), f64::from(event.client_y()));
        let before = self.fingers.get_value();
        let Some(place) = before.iter().position(|finger| finger.id == event.pointer_id()) else { return };
        let mut after = before.clone();
        after[place].at = to;
        let unit = self.unit();
        match (before.as_slice(), after.as_slice()) {
            ([one], _) => {
                let far = (to.0 - one.start.0).hypot(to.1 - one.start.1) > CLICK_PX;
                if far || self.dragged.get_value() {
                    if !self.dragged.get_value() {
                        self.dragged.set_value(true);
                        self.capture(event.pointer_id());
                    }
                    let by = ((to.0 - one.at.0) * unit, (to.1 - one.at.1) * unit);
                    self.board.camera.update(|camera| *camera = camera.moved(by.0, by.1));
                } else {
                    return;
                }
            }
            ([a, b], [c, d]) => {
                self.dragged.set_value(true);
                let apart = |a: &Finger, b: &Finger| (a.at.0 - b.at.0).hypot(a.at.1 - b.at.1).max(1.0);
                let middle = self.point(f64::midpoint(c.at.0, d.at.0), f64::midpoint(c.at.1, d.at.1));
                self.board.camera.update(|camera| *camera = camera.zoomed(apart(c, d) / apart(a, b), middle));
            }
            _ => {}
        }
        self.fingers.set_value(after);
    }

    /// A pointer goes up.
    pub fn up(self, event: &PointerEvent) {
        self.fingers.update_value(|fingers| fingers.retain(|finger| finger.id != event.pointer_id()));
        // Where the handle came back to its old place, the browser tells of no change.
        if self.board.is_scrubbing() {
            self.scrub(event, false);
        }
    }

    /// A pointer comes over something: a node lights up with its neighbours.
    pub fn over(self, event: &PointerEvent) {
        let node = if event.pointer_type() == "touch" { None } else { node_at(event) };
        if self.board.hover.get_untracked() != node {
            self.board.hover.set(node);
        }
    }

    /// The wheel turns.
    pub fn wheel(self, event: &WheelEvent) {
        if within(event, ".topo-svg").is_none() {
            return;
        }
        event.prevent_default();
        let lines = if event.delta_mode() == WheelEvent::DOM_DELTA_LINE { 16.0 } else { 1.0 };
        let factor = (-event.delta_y() * lines * 0.0015).exp().clamp(0.5, 2.0);
        let at = self.point(f64::from(event.client_x()), f64::from(event.client_y()));
        self.board.camera.update(|camera| *camera = camera.zoomed(factor, at));
    }

    /// A click: on a node it opens its panel, with Shift it picks an end of a way; beside all nodes it closes.
    pub fn click(self, event: &MouseEvent) {
        if let Some(button) = within(event, "[data-act]") {
            match button.get_attribute("data-act").as_deref() {
                Some("in") => self.board.zoom(1.25),
                Some("out") => self.board.zoom(0.8),
                _ => self.board.fit(),
            }
            return;
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() || within(event, ".topo-svg").is_none() {
            return;
        }
        event.prevent_default();
        if self.dragged.get_value() {
            return;
        }
        match node_at(event) {
            Some(id) if event.shift_key() => self.board.pick(&id),
            Some(id) => {
                self.board.cursor.set(Some(id.clone()));
                self.board.open(&id);
            }
            None => self.board.picked.set(Vec::new()),
        }
    }

    /// A double click narrows the graph to the node, or enlarges beside all nodes.
    pub fn double_click(self, event: &MouseEvent) {
        if within(event, ".topo-svg").is_none() {
            return;
        }
        event.prevent_default();
        match node_at(event) {
            Some(id) => self.board.focus(&id),
            None => {
                let at = self.point(f64::from(event.client_x()), f64::from(event.client_y()));
                self.board.camera.update(|camera| *camera = camera.zoomed(1.5, at));
            }
        }
    }

    /// An expression was entered.
    pub fn submit(self, event: &SubmitEvent) {
        let Some(form) = within(event, "form[data-field]") else { return };
        let name = form.get_attribute("data-field").unwrap_or_default();
        let field = form.query_selector("input:not([type=hidden])").ok().flatten();
        let Some(field) = field.and_then(|field| field.dyn_into::<web_sys::HtmlInputElement>().ok()) else { return };
        event.prevent_default();
        let text = field.value().trim().to_owned();
        self.board.go(false, |view| if name == "hide" { view.hide = text } else { view.find = text });
    }

    /// The handle of the strip moves, or was let go.
    pub fn scrub(self, event: &web_sys::Event, moving: bool) {
        let handle =
            within(event, ".topo-time input").and_then(|found| found.dyn_into::<web_sys::HtmlInputElement>().ok());
        if let Some(place) = handle.and_then(|handle| handle.value().parse().ok()) {
            self.board.look_at(place, moving);
        }
    }

    fn capture(self, pointer: i32) {
        if let Some(svg) = drawing() {
            // Fails when the pointer is already gone, and then nothing is to be captured.
            let _ = svg.set_pointer_capture(pointer);
        }
    }

    fn unit(self) -> f64 {
        let (_, width, height) = self.size();
        self.board.frame.get_untracked().unit(width, height)
    }

    fn point(self, x: f64, y: f64) -> (f64, f64) {
        let (corner, width, height) = self.size();
        self.board.frame.get_untracked().point((x - corner.0, y - corner.1), width, height)
    }

    fn size(self) -> ((f64, f64), f64, f64) {
        drawing().map_or(((0.0, 0.0), 1.0, 1.0), |svg| {
            let rect = svg.get_bounding_client_rect();
            ((rect.left(), rect.top()), rect.width(), rect.height())
        })
    }
}

/// The element around what an event hit.
fn within(event: &web_sys::Event, selector: &str) -> Option<Element> {
    let hit: Element = event.target()?.dyn_into().ok()?;
    hit.closest(selector).ok()?
}

/// The node an event hit.
pub(super) fn node_at(event: &web_sys::Event) -> Option<String> {
    within(event, "a[data-node]")?.get_attribute("data-node")
}

/// The drawing.
pub(super) fn drawing() -> Option<Element> {
    document().query_selector(".topo-svg").ok()?
}
