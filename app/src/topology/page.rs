//! The page as a whole: its data and the order of its parts.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    board::{Asked, Board, First, load, use_view},
    keys,
    panel::SidePanel,
    stage::Stage,
    table::{Tables, Worst},
    toolbar::Toolbar,
    view::{Shape, View},
};
use crate::{
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
    let first = Resource::new(move || asked.get(), load);
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
    let board = super::board::use_board();
    keys::listen(board);
    let empty = Memo::new(move |_| board.graph.with(|graph| graph.nodes.is_empty()));
    let class = move || {
        let shape = board.view.with(|view| view.shape);
        let mut class = String::from(match shape {
            Shape::Fitting => "topo",
            Shape::Graph => "topo is-graph",
            Shape::Table => "topo is-table",
        });
        for (on, name) in [
            (board.view.with(|view| view.sel.is_some()), " has-panel"),
            (board.trouble.with(Option::is_some), " is-old"),
        ] {
            if on {
                class.push_str(name);
            }
        }
        class
    };
    let is_table = Memo::new(move |_| board.view.with(|view| view.shape == Shape::Table));
    let main = move || {
        if empty.get() {
            return view! { <NothingHere /> }.into_any();
        }
        if is_table.get() {
            return view! { <div class="topo-tables"><Tables /></div> }.into_any();
        }
        view! {
            <section class="card topo-stage" aria-label="Service graph">
                <Stage />
                <Foot />
            </section>
            <Worst />
        }
        .into_any()
    };
    view! {
        <div class=class>
            <Toolbar />
            <Strips />
            <div class="topo-main">{main} <SidePanel /></div>
        </div>
    }
    .into_any()
}

/// What is old, missing or over.
#[component]
fn Strips() -> AnyView {
    let board = super::board::use_board();
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

/// Below the drawing: when the data was gathered, over what window, and how it goes on.
#[component]
fn Foot() -> AnyView {
    let board = super::board::use_board();
    let known = move || {
        let (at, window) =
            board.graph.with(|graph| (graph.at.parse::<contract::Timestamp>().unwrap_or_default(), graph.duration_s));
        format!("As of {} UTC, rates over {}", at.hh_mm_ss(), mesh::format::duration(window as f64))
    };
    let goes = move || match (board.view.with(View::follows), board.status.get()) {
        (false, _) => "",
        (true, Status::Live | Status::Off) => "",
        (true, Status::Connecting) => " · connecting",
        (true, Status::Asleep) => " · asleep",
        (true, Status::Reconnecting) => " · reconnecting",
        (true, Status::Ended) => " · signed out",
    };
    let pause = move || {
        let view = board.view.get();
        view.range.is_live().then(|| {
            let href = board.href(|view| view.live = !view.live);
            view! { <a class="btn small" href=href data-noscroll="">{if view.live { "Pause" } else { "Resume" }}</a> }
        })
    };
    view! {
        <footer class="topo-foot faint num">
            <span>{known} {goes}</span>
            <span class="topo-ways needs-js">
                {move || match board.picked.with(Vec::len) {
                    0 => "",
                    1 => "Shift-click a second node to see the ways between",
                    _ => "Ways between two nodes · Esc",
                }}
            </span>
            {pause}
        </footer>
    }
    .into_any()
}

/// No node at all.
#[component]
fn NothingHere() -> AnyView {
    let board = super::board::use_board();
    (move || {
        let checks = board.checks.get();
        let narrowed = board.view.with(|view| {
            view.focus.is_some() || !view.namespaces.is_empty() || !view.clusters.is_empty() || !view.range.is_live()
        });
        let title = if narrowed { "Nothing matches this view" } else { "No traffic to draw" };
        let all = board.href(|view| *view = View::default());
        let longer = board.href(|view| view.duration = Some(3600));
        let idle = board.href(|view| view.idle = true);
        view! {
            <EmptyState title checks>
                {narrowed.then(|| view! { <a class="btn pri" href=all>"Show everything"</a> })}
                <a class="btn" href=longer>"Look at a whole hour"</a>
                <a class="btn" href=idle>"Show idle nodes"</a>
            </EmptyState>
        }
    })
    .into_any()
}
