//! The page as a whole: its data and the order of its parts. What is drawn is [`Markup`] made by pure functions; the
//! browser applies what differs.

use std::{fmt::Write, sync::Arc};

use contract::{Timestamp, topology::SeriesSet};
use leptos::{html, prelude::*};
use leptos_meta::Title;

use super::{
    board::{Board, use_board, use_view},
    input::Input,
    keys,
    load::{Asked, First, load},
    markup::{Markup, when},
    patch::{mark, move_camera, patch, show_selected},
    stage::Scene,
    view::{Shape, View},
};
use crate::{
    json::data,
    live::Status,
    ui::{EmptyState, ErrorState, Loaded, StaleStrip},
    url::use_tenant,
};

/// `/t/{tenant}/topology`.
#[component]
pub fn TopologyPage() -> AnyView {
    let tenant = use_tenant();
    let view = use_view();
    // Once the page stands, the board fetches by itself, so that nothing that is drawn is made anew.
    let standing = RwSignal::new(false);
    let asked = Memo::new({
        let tenant = tenant.clone();
        move |before: Option<&Asked>| match before {
            Some(before) if standing.get_untracked() => {
                view.track();
                before.clone()
            }
            Some(_) | None => view.with(|view| Asked::new(&tenant, view)),
        }
    });
    let first = data(move || asked.get(), load);
    let draw = Arc::new(move |first: First| {
        Board::provide(tenant.clone(), view, first);
        Effect::new(move |_| standing.set(true));
        view! { <Whole /> }.into_any()
    });
    view! {
        <Title text="Topology · Obstack" />
        <Loaded resource=first view=draw />
    }
    .into_any()
}

/// Everything, once there is data.
#[component]
fn Whole() -> AnyView {
    let board = use_board();
    keys::listen(board);
    let input = Input::new(board);
    let class = move || {
        let (shape, panel) = board.view.with(|view| (view.shape, view.sel.is_some()));
        let shape = match shape {
            Shape::Fitting => "topo",
            Shape::Graph => "topo is-graph",
            Shape::Table => "topo is-table",
        };
        let old = board.trouble.with(Option::is_some);
        let awake = when(board.awake.get(), " is-awake");
        format!(
            "{shape}{awake}{}{}{}",
            when(panel, " has-panel"),
            when(old, " is-old"),
            when(board.busy.get(), " is-busy")
        )
    };
    let (head_ref, main_ref) = (NodeRef::<html::Div>::new(), NodeRef::<html::Div>::new());
    let head = Memo::new(move |_| board.markup(|scene, board, m| board.tenant.with_value(|own| scene.toolbar(m, own))));
    let main = Memo::new(move |_| board.markup(draw_main));
    let (first_head, first_main) = (head.get_untracked(), main.get_untracked());
    Effect::new(move |before: Option<Arc<str>>| {
        let html = head.get();
        if let (Some(before), Some(element)) = (before, head_ref.get())
            && before != html
        {
            patch(&element, &html);
        }
        html
    });
    let lit = board.lit();
    Effect::new(move |before: Option<Arc<str>>| {
        let html = main.get();
        let Some(element) = main_ref.get() else { return html };
        if before.is_some_and(|before| before != html) {
            patch(&element, &html);
        }
        mark(&element, lit.get().as_ref(), &board.picked.get(), board.tab_stop().as_deref());
        html
    });
    Effect::new(move |_| move_camera(board.camera.get()));
    let sel = Memo::new(move |_| board.view.with(|view| view.sel.clone()));
    Effect::new(move |_| {
        if sel.with(Option::is_some) {
            // The panel has to have its place first.
            request_animation_frame(move || {
                if let Some(element) = main_ref.get_untracked() {
                    show_selected(&element);
                }
            });
        }
    });
    view! {
        <div
            class=class
            on:click=move |event| input.click(&event)
            on:dblclick=move |event| input.double_click(&event)
            on:submit=move |event| input.submit(&event)
            on:input=move |event| input.scrub(&event, true)
            on:change=move |event| input.scrub(&event, false)
            on:pointerdown=move |event| input.down(&event)
            on:pointermove=move |event| input.moved(&event)
            on:pointerup=move |event| input.up(&event)
            on:pointercancel=move |event| input.up(&event)
            on:pointerover=move |event| input.over(&event)
            on:pointerleave=move |_| board.hover.set(None)
            on:wheel=move |event| input.wheel(&event)
            on:keydown=move |event| keys::walk(board, &event)
            on:focusin=move |event| keys::focused(board, &event)
        >
            <div class="topo-head" node_ref=head_ref inner_html=first_head.to_string()></div>
            <Strips />
            <div class="topo-main" node_ref=main_ref inner_html=first_main.to_string()></div>
            <NothingHere />
        </div>
    }
    .into_any()
}

/// Drawing or tables, and the panel; nothing where there is no node.
fn draw_main(scene: &Scene<'_>, board: Board, m: &mut Markup) {
    if scene.graph.nodes.is_empty() {
        return;
    }
    if scene.view.shape == Shape::Table {
        scene.tables(m);
    } else {
        m.open("section", &[("class", "card topo-stage"), ("data-key", "stage"), ("aria-label", "Service graph")]);
        scene.draw(m);
        m.open("div", &[("class", "topo-zoom"), ("role", "group"), ("aria-label", "Zoom")]);
        for (act, label, name) in [("in", "Zoom in", "+"), ("out", "Zoom out", "−"), ("fit", "Fit", "Fit")] {
            m.leaf("button", &[("type", "button"), ("class", "btn"), ("data-act", act), ("aria-label", label)], name);
        }
        m.close("div");
        foot(scene, board, m);
        m.close("section");
        scene.worst(m);
    }
    board.panel.with(|panel| scene.panel(m, panel));
}

/// Below the drawing: when the data was gathered, over what window, and how it goes on.
fn foot(scene: &Scene<'_>, board: Board, m: &mut Markup) {
    let (graph, view) = (scene.graph, scene.view);
    let at = graph.at.parse::<Timestamp>().unwrap_or_default();
    let goes = match (view.follows(), board.status.get()) {
        (false, _) | (true, Status::Live | Status::Off) => "",
        (true, Status::Connecting) => " · connecting",
        (true, Status::Asleep) => " · asleep",
        (true, Status::Reconnecting) => " · reconnecting",
        (true, Status::Ended) => " · signed out",
    };
    let window = mesh::format::duration(graph.duration_s as f64);
    m.open("footer", &[("class", "topo-foot faint num")]);
    m.leaf("span", &[], &format!("As of {} UTC, rates over {window}{goes}", at.hh_mm_ss()));
    let ways = match board.picked.with(Vec::len) {
        0 => "",
        1 => "Shift-click a second node to see the ways between",
        _ => "Ways between two nodes · Esc",
    };
    m.cell("span", "topo-ways", ways);
    board.strip.with(|set| {
        if let Some(set) = set {
            strip(m, set, view.at);
        }
    });
    if view.at.is_some() {
        let href = (scene.href)(&view.with(|view| view.at = None));
        m.leaf("a", &[("class", "btn small"), ("href", &href), ("data-noscroll", "")], "Now");
    } else if view.range.is_live() {
        let href = (scene.href)(&view.with(|view| view.live = !view.live));
        let name = if view.live { "Pause" } else { "Resume" };
        m.leaf("a", &[("class", "btn small"), ("href", &href), ("data-noscroll", "")], name);
    }
    m.close("footer");
}

/// The requests of the range with a handle: to look at the mesh as it was.
fn strip(m: &mut Markup, set: &SeriesSet, at: Option<Timestamp>) {
    let Some(values) = set.series.iter().find(|series| series.name == "requests").map(|series| &series.values) else {
        return;
    };
    let Some(last) = values.len().checked_sub(1).filter(|last| *last > 0) else { return };
    let most = values.iter().flatten().copied().fold(1e-9, f64::max);
    let mut path = String::new();
    let mut pen = "M";
    for (place, value) in values.iter().enumerate() {
        match value {
            Some(value) => {
                let _ = write!(path, "{pen}{place} {:.1}", 23.0 - value / most * 20.0);
                pen = "L";
            }
            None => pen = "M",
        }
    }
    let step_ms = (set.step_secs as i64).max(1) * 1000;
    let place = at.map_or(last as i64, |at| ((at.0 - set.start.0) / step_ms).clamp(0, last as i64));
    let said = at.map_or("now".to_owned(), |at| format!("{} UTC", at.hh_mm()));
    m.open("div", &[("class", "topo-time"), ("data-key", "time")]).cell("span", "", &set.start.hh_mm());
    m.open("div", &[]);
    let frame = format!("0 0 {last} 24");
    m.open("svg", &[("viewBox", &frame), ("preserveAspectRatio", "none"), ("aria-hidden", "true")]);
    m.leaf("path", &[("d", &path)], "").close("svg");
    m.open(
        "input",
        &[
            ("type", "range"),
            ("min", "0"),
            ("max", &last.to_string()),
            ("value", &place.to_string()),
            ("aria-label", "Instant to look at"),
            ("aria-valuetext", &said),
        ],
    );
    m.close("div").cell("span", "", &said).close("div");
}

/// What is old, missing or over.
#[component]
fn Strips() -> AnyView {
    let board = use_board();
    let at = Signal::derive(move || board.graph.with(|graph| graph.at.parse().unwrap_or_default()));
    let age_ms = Signal::derive(move || board.graph.with(|graph| graph.age_ms));
    let warnings = Signal::derive(move || board.graph.with(|graph| graph.warnings.clone()));
    let retry = Callback::new(move |()| {
        let tenant = board.tenant.get_value();
        board.fetch(board.view.with_untracked(|view| Asked::new(&tenant, view)).graph);
    });
    view! {
        <StaleStrip at age_ms warnings />
        {move || board.trouble.get().map(|error| view! { <ErrorState error retry /> })}
    }
    .into_any()
}

/// No node at all: why.
#[component]
fn NothingHere() -> AnyView {
    let board = use_board();
    let empty = Memo::new(move |_| board.graph.with(|graph| graph.nodes.is_empty()));
    (move || {
        let checks = board.checks.get();
        empty.get().then(|| {
            let narrowed = board.view.with(|view| {
                view.focus.is_some()
                    || !view.namespaces.is_empty()
                    || !view.clusters.is_empty()
                    || !view.range.is_live()
            });
            let title = if narrowed { "Nothing matches this view" } else { "No traffic to draw" };
            let mut m = Markup::default();
            let mut button = |class: &str, name: &str, href: String| {
                m.leaf("a", &[("class", class), ("href", &href), ("data-noscroll", "")], name);
            };
            if narrowed {
                button("btn pri", "Show everything", board.href(|view| *view = View::default()));
            }
            button("btn", "Look at a whole hour", board.href(|view| view.duration = Some(3600)));
            button("btn", "Show idle nodes", board.href(|view| view.idle = true));
            view! { <EmptyState title checks><span class="topo-ways-on" inner_html=m.finish()></span></EmptyState> }
        })
    })
    .into_any()
}
