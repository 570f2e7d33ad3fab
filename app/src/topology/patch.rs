//! Brings a piece of the page in line with new markup by changing only what differs, so that focus, selection, open
//! menus and scroll positions stay. Children with a `data-key` are the same where their keys are. Browser only.

use std::collections::BTreeSet;

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlInputElement, Node};

use super::camera::Camera;

/// Attributes that belong to the reader and not to the markup: whether a menu is open, where the keyboard enters.
const READERS: [&str; 2] = ["open", "tabindex"];

/// Air around a node that was scrolled into sight, pixels.
const AIR: f64 = 24.0;

/// Scrolls the drawing as little as needed to show the node of the panel, which narrows the drawing when it opens.
pub fn show_selected(root: &Element) {
    let part = |selector| root.query_selector(selector).ok().flatten();
    let (Some(node), Some(scroll)) = (part(".topo-node.is-selected"), part(".topo-scroll")) else { return };
    let (node, frame) = (node.get_bounding_client_rect(), scroll.get_bounding_client_rect());
    let by = |first: f64, last: f64, start: f64, end: f64| (first - AIR - start).min(0.0) + (last + AIR - end).max(0.0);
    let across = by(node.left(), node.right(), frame.left(), frame.right());
    let down = by(node.top(), node.bottom(), frame.top(), frame.bottom());
    scroll.set_scroll_left(scroll.scroll_left() + across as i32);
    scroll.set_scroll_top(scroll.scroll_top() + down as i32);
}

/// Makes the children of `element` what `html` says.
pub fn patch(element: &Element, html: &str) {
    // Cloning without children, and giving those to the clone, keeps the namespace and touches nothing on the page.
    let Ok(fresh) = element.clone_node() else { return };
    let fresh: Element = fresh.unchecked_into();
    fresh.set_inner_html(html);
    children(element, &fresh);
}

fn children(old: &Node, new: &Node) {
    let mut place = old.first_child();
    let mut next_new = new.first_child();
    while let Some(wanted) = next_new {
        next_new = wanted.next_sibling();
        let fitting = match key(&wanted) {
            Some(wanted_key) => from(place.clone()).find(|own| key(own).as_deref() == Some(&wanted_key)),
            None => place.clone().filter(|own| key(own).is_none() && own.node_name() == wanted.node_name()),
        };
        // Inserting and removing among children of one parent cannot fail.
        match fitting {
            Some(own) => {
                if Some(&own) == place.as_ref() {
                    place = own.next_sibling();
                } else {
                    let _ = old.insert_before(&own, place.as_ref());
                }
                one(&own, &wanted);
            }
            None => {
                let _ = old.insert_before(&wanted, place.as_ref());
            }
        }
    }
    while let Some(rest) = place {
        place = rest.next_sibling();
        let _ = old.remove_child(&rest);
    }
}

/// This node and its later siblings.
fn from(first: Option<Node>) -> impl Iterator<Item = Node> {
    std::iter::successors(first, Node::next_sibling)
}

fn key(node: &Node) -> Option<String> {
    node.dyn_ref::<Element>()?.get_attribute("data-key")
}

fn one(old: &Node, new: &Node) {
    if old.is_equal_node(Some(new)) {
        return;
    }
    let (Some(own), Some(wanted)) = (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) else {
        old.set_node_value(new.node_value().as_deref());
        return;
    };
    attributes(own, wanted);
    children(old, new);
}

fn attributes(old: &Element, new: &Element) {
    for name in names(old).filter(|name| !READERS.contains(&name.as_str()) && !new.has_attribute(name)) {
        // Only a name that is no name fails, and these come from the parser.
        let _ = old.remove_attribute(&name);
    }
    for name in names(new) {
        let value = new.get_attribute(&name);
        if value != old.get_attribute(&name) {
            let value = value.unwrap_or_default();
            let _ = old.set_attribute(&name, &value);
            // What was typed stands above the attribute; a new one means that the address has changed.
            if let Some(field) = old.dyn_ref::<HtmlInputElement>().filter(|_| name == "value") {
                field.set_value(&value);
            }
        }
    }
}

fn names(element: &Element) -> impl Iterator<Item = String> {
    element.get_attribute_names().iter().filter_map(|name| name.as_string()).collect::<Vec<_>>().into_iter()
}

/// Marks in the drawing what stands out and what was picked, and lets the keyboard enter at one node. Not part of the
/// markup: it changes with every move of the pointer.
pub fn mark(main: &Element, lit: Option<&BTreeSet<String>>, picked: &[String], tab_stop: Option<&str>) {
    for element in all(main, "[data-key].topo-node, [data-key].topo-edge") {
        let key = element.get_attribute("data-key").unwrap_or_default();
        let far = lit.is_some_and(|lit| !lit.contains(&key));
        let classes = element.class_list();
        for (on, class) in [(far, "is-far"), (picked.contains(&key), "is-picked")] {
            // Only a class that is no class fails.
            let _ = classes.toggle_with_force(class, on);
        }
        if let Some(link) = element.first_element_child().filter(|link| link.has_attribute("data-node")) {
            let _ = link.set_attribute("tabindex", if tab_stop == Some(&key) { "0" } else { "-1" });
        }
    }
}

/// Moves the drawing.
pub fn move_camera(camera: Camera) {
    if let Ok(Some(world)) = document().query_selector(".topo-world") {
        let _ = match camera.transform() {
            Some(transform) => world.set_attribute("transform", &transform),
            None => world.remove_attribute("transform"),
        };
    }
}

/// The elements below `root` that a selector fits.
pub fn all(root: &Element, selector: &str) -> impl Iterator<Item = Element> {
    let list = root.query_selector_all(selector).ok();
    let count = list.as_ref().map_or(0, web_sys::NodeList::length);
    (0..count).filter_map(move |i| list.as_ref()?.get(i)?.dyn_into().ok())
}
