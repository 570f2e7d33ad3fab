//! The state of the page: what the URL asks for, the graph that is there, and what the pointer and the keyboard do to it.
//! Everything else of the page reads from here. Data arrives here and nowhere else.

use std::{collections::BTreeSet, sync::Arc};

use contract::{
    TenantSlug, Timestamp,
    live::{Push, PushKind, Subscribe, Topic},
    overview::EmptyCheck,
    topology::{Focus, Graph, GraphDelta, NodeDetail, SeriesSet},
};
use leptos::{prelude::*, task::spawn_local};
use leptos_router::{
    NavigateOptions,
    hooks::{use_navigate, use_query_map},
};

use super::{
    api::{
        EmptyArgs, GraphArgs, NodeArgs, StripArgs, topology_empty_checks, topology_graph, topology_node, topology_strip,
    },
    camera::{Camera, Frame},
    facts::sel_of,
    filter::{Sieve, sieve},
    load::{Asked, First},
    lookup::{find, focus_of, neighbours, selected, with_edges},
    markup::Markup,
    stage::Scene,
    view::View,
    walk::Map,
};
use crate::{
    json,
    live::{Head, Status, follow},
    platform::{UiError, now},
};

/// While a view that should be live is not connected, it is fetched this often, milliseconds.
const POLL_MS: u64 = 15_000;

/// The charts of the panel are fetched again at most this often, milliseconds.
const DETAIL_EVERY_MS: i64 = 15_000;

/// The strip below the drawing is fetched again this often, milliseconds.
const STRIP_MS: u64 = 60_000;

/// The panel of a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// The selection it belongs to, as in the URL.
    pub sel: Option<String>,
    /// Charts; none while they are on their way, or where the node has none.
    pub data: Option<Result<NodeDetail, UiError>>,
}

/// The state of the page. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Board {
    /// The tenant.
    pub tenant: StoredValue<TenantSlug>,
    /// What the URL asks for.
    pub view: Memo<View>,
    /// The graph that is there.
    pub graph: RwSignal<Graph>,
    /// The open panel.
    pub panel: RwSignal<Panel>,
    /// Why the graph is empty.
    pub checks: RwSignal<Vec<EmptyCheck>>,
    /// Requests over the range, to choose an instant by; none before the page is awake.
    pub strip: RwSignal<Option<SeriesSet>>,
    /// Why the latest fetch failed; the graph is an older one then.
    pub trouble: RwSignal<Option<UiError>>,
    /// True while a fetch is under way.
    pub busy: RwSignal<bool>,
    /// How the live connection goes.
    pub status: Signal<Status>,
    /// What the find and hide boxes and `errors only` leave.
    pub sieve: Memo<Sieve>,
    /// Node under the pointer.
    pub hover: RwSignal<Option<String>>,
    /// Nodes picked to see the ways between them; at most two.
    pub picked: RwSignal<Vec<String>>,
    /// Node the keyboard stands on.
    pub cursor: RwSignal<Option<String>>,
    /// True in the browser, once the page answers to it.
    pub awake: RwSignal<bool>,
    /// Where the drawing stands.
    pub camera: RwSignal<Camera>,
    /// The view box around the drawing.
    pub frame: Memo<Frame>,
    /// The whole drawing at once, however small it gets.
    pub whole: RwSignal<bool>,
    /// The handle of the strip is being moved.
    scrubbing: RwSignal<bool>,
    /// The place it has come to while another one is on its way.
    next: StoredValue<Option<usize>>,
    go: StoredValue<Box<dyn Fn(String, bool) + Send + Sync>>,
    /// Number of the latest fetch.
    turn: StoredValue<u64>,
}

/// The view the URL asks for.
pub fn use_view() -> Memo<View> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| View::parse(&|name| query.get(name))))
}

/// The state of the page. Only below [`Board::provide`].
pub fn use_board() -> Board {
    expect_context()
}

impl Board {
    /// Makes the state from the first data and keeps it fresh from then on.
    pub fn provide(tenant: TenantSlug, view: Memo<View>, first: First) -> Self {
        let graph = RwSignal::new(first.graph);
        let scrubbing = RwSignal::new(false);
        let wanted = {
            let tenant = tenant.clone();
            // While somebody looks through the past, nothing of the present may be put into what is shown.
            Memo::new(move |_| view.with(|view| (view.follows() && !scrubbing.get(), Asked::new(&tenant, view).graph)))
        };
        let subscribe = Signal::derive(move || match wanted.get() {
            (true, args) => {
                Subscribe { subscribe: vec![Topic::Topology], topology: Some(args.query), ..Subscribe::default() }
            }
            (false, _) => Subscribe::default(),
        });
        let trouble = RwSignal::new(None);
        let status = follow(Topic::Topology, subscribe, move |head, text| {
            let taken = take(graph, head, text);
            if taken && trouble.with_untracked(Option::is_some) {
                trouble.set(None);
            }
            taken
        });
        let navigate = use_navigate();
        let board = Self {
            tenant: StoredValue::new(tenant),
            view,
            graph,
            panel: RwSignal::new(Panel { sel: view.with_untracked(|view| view.sel.clone()), data: first.detail }),
            checks: RwSignal::new(first.checks),
            strip: RwSignal::new(None),
            scrubbing,
            next: StoredValue::new(None),
            trouble,
            busy: RwSignal::new(false),
            status,
            sieve: Memo::new(move |_| graph.with(|graph| view.with(|view| sieve(graph, view)))),
            hover: RwSignal::new(None),
            picked: RwSignal::new(Vec::new()),
            cursor: RwSignal::new(None),
            awake: RwSignal::new(false),
            camera: RwSignal::new(Camera::default()),
            whole: RwSignal::new(false),
            frame: Memo::new(move |_| {
                let size = |graph: &Graph| graph.layout.as_ref().map(|layout| (layout.width, layout.height));
                let (width, height) = graph.with(size).unwrap_or_default();
                Frame::around(width, height)
            }),
            turn: StoredValue::new(0),
            go: StoredValue::new(Box::new(move |href, replace| {
                navigate(&href, NavigateOptions { scroll: false, replace, ..NavigateOptions::default() });
            })),
        };
        provide_context(board);
        board.keep_fresh(wanted);
        board
    }

    /// Fetches when the URL asks for something else, and now and then where pushes should come and do not.
    fn keep_fresh(self, wanted: Memo<(bool, GraphArgs)>) {
        Effect::new(move |before: Option<GraphArgs>| {
            let (_, args) = wanted.get();
            if before.is_some_and(|before| before != args) {
                self.fetch(args.clone());
            }
            args
        });
        let charted = Memo::new(move |_| self.view.with(|view| (view.sel.clone(), view.range)));
        Effect::new(move |before: Option<()>| {
            let (sel, _) = charted.get();
            if before.is_some() {
                self.fetch_detail(sel);
            }
        });
        let empty = Memo::new(move |_| self.graph.with(|graph| graph.nodes.is_empty()));
        Effect::new(move |_| {
            if empty.get() && self.checks.with_untracked(Vec::is_empty) {
                self.explain();
            }
        });
        // The charts follow the graph, but not at its pace.
        Effect::new(move |last: Option<i64>| {
            self.graph.track();
            let (last, present) = (last.unwrap_or_else(|| now().0), now().0);
            if present - last < DETAIL_EVERY_MS {
                return last;
            }
            self.fetch_detail(self.view.with_untracked(|view| view.sel.clone()));
            present
        });
        let range = Memo::new(move |_| self.view.with(|view| view.range));
        Effect::new(move |_| self.fetch_strip(range.get()));
        Effect::new(move |_| {
            let again = move || {
                if self.view.with_untracked(View::follows) {
                    self.fetch_strip(range.get_untracked());
                }
            };
            let strip = set_interval_with_handle(again, std::time::Duration::from_millis(STRIP_MS));
            on_cleanup(move || drop(strip.map(|strip| strip.clear())));
        });
        Effect::new(move |_| {
            self.awake.set(true);
            let poll = set_interval_with_handle(
                move || {
                    let (follows, args) = wanted.get_untracked();
                    if follows && self.status.get_untracked() == Status::Reconnecting {
                        self.fetch(args);
                    }
                },
                std::time::Duration::from_millis(POLL_MS),
            );
            on_cleanup(move || {
                if let Ok(poll) = poll {
                    poll.clear();
                }
            });
        });
    }

    /// Fetches the graph; of several under way only the latest counts.
    pub fn fetch(self, args: GraphArgs) {
        self.busy.set(true);
        self.turn.update_value(|turn| *turn += 1);
        let turn = self.turn.get_value();
        spawn_local(async move {
            let answer = topology_graph(args).await;
            // The page may be gone, or ask for something else by now.
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(graph) => {
                    self.trouble.set(None);
                    self.graph.set(graph);
                }
                Err(error) => self.trouble.set(Some(error)),
            }
            let next = self.next.try_update_value(Option::take).flatten();
            if let Some(place) = next.filter(|_| self.scrubbing.get_untracked()) {
                self.look_at(place, true);
            }
        });
    }

    /// Fetches the strip. Without one the page is as good; so a failure says nothing.
    fn fetch_strip(self, range: contract::TimeRange) {
        let args = StripArgs { tenant: self.tenant.get_value(), range };
        spawn_local(async move {
            if let Ok(set) = topology_strip(args).await
                && self.view.try_with_untracked(|view| view.range == range) == Some(true)
            {
                self.strip.set(Some(set));
            }
        });
    }

    /// Looks at another instant: the one of this place of the strip, the present at its end. While the handle moves, the
    /// address stays.
    pub fn look_at(self, place: usize, moving: bool) {
        let Some((at, last)) = self.strip.with_untracked(|set| {
            let set = set.as_ref()?;
            let last = set.series.first()?.values.len().checked_sub(1)?;
            Some((Timestamp(set.start.0 + (place as u64 * set.step_secs * 1000) as i64), place >= last))
        }) else {
            return;
        };
        let at = (!last).then_some(at);
        self.scrubbing.set(moving);
        let view = self.view.with_untracked(|view| view.with(|view| view.at = at));
        let show = || self.fetch(self.tenant.with_value(|tenant| Asked::new(tenant, &view).graph));
        match moving {
            // One at a time: what the handle has passed by meanwhile nobody needs to see.
            true if self.busy.get_untracked() => self.next.set_value(Some(place)),
            true => show(),
            // Where the address stays, nobody else fetches what belongs to it.
            false if self.view.with_untracked(|view| view.at == at) => show(),
            false => self.go(false, move |view| view.at = at),
        }
    }

    /// The handle is being moved.
    pub fn is_scrubbing(self) -> bool {
        self.scrubbing.get_untracked()
    }

    /// Asks why there is nothing, whenever there is nothing.
    fn explain(self) {
        let args = EmptyArgs { tenant: self.tenant.get_value() };
        spawn_local(async move {
            if let Ok(checks) = topology_empty_checks(args).await {
                self.checks.try_set(checks);
            }
        });
    }

    /// Fetches the charts of a selection. The old ones of the same node stay until the new ones are there.
    fn fetch_detail(self, sel: Option<String>) {
        let focus = sel.as_ref().and_then(|sel| self.graph.with_untracked(|graph| focus_of(graph, sel)));
        if self.panel.with_untracked(|panel| panel.sel != sel) {
            self.panel.set(Panel { sel: sel.clone(), data: None });
        }
        let Some(focus) = focus else { return };
        let range = self.view.with_untracked(|view| view.range);
        let args = NodeArgs { tenant: self.tenant.get_value(), focus, range };
        spawn_local(async move {
            let data = Some(topology_node(args).await);
            if self.view.try_with_untracked(|view| view.sel == sel && view.range == range) == Some(true) {
                self.panel.set(Panel { sel, data });
            }
        });
    }

    /// The address of this page in another view.
    pub fn href(self, change: impl FnOnce(&mut View)) -> String {
        let view = self.view.with(|view| view.with(change));
        self.tenant.with_value(|tenant| format!("/t/{tenant}/topology{}", view.search()))
    }

    /// Goes to another view of this page; the back button leads back unless `replace`.
    pub fn go(self, replace: bool, change: impl FnOnce(&mut View)) {
        let view = self.view.with_untracked(|view| view.with(change));
        let href = self.tenant.with_value(|tenant| format!("/t/{tenant}/topology{}", view.search()));
        self.go.with_value(|go| go(href, replace));
    }

    /// Opens the panel of a node.
    pub fn open(self, id: &str) {
        let sel = self.graph.with_untracked(|graph| find(graph, id).map(|node| sel_of(graph, node)));
        // The second click of a double click is no step of its own.
        if sel != self.view.with_untracked(|view| view.sel.clone()) {
            self.go(false, move |view| view.sel = sel);
        }
    }

    /// Narrows the graph to a node and its neighbours.
    pub fn focus(self, id: &str) {
        let focus = self.graph.with_untracked(|graph| find(graph, id).and_then(Focus::of));
        if focus.is_some() {
            self.go(false, move |view| view.focus = focus);
        }
    }

    /// Enlarges around the middle.
    pub fn zoom(self, factor: f64) {
        let Frame { x, y, w, h } = self.frame.get_untracked();
        self.camera.update(|camera| *camera = camera.zoomed(factor, (x + w / 2.0, y + h / 2.0)));
    }

    /// Back to rest; from there, between the whole drawing and one that can be read.
    pub fn fit(self) {
        if self.camera.get_untracked() == Camera::default() {
            self.whole.update(|whole| *whole = !*whole);
        }
        self.camera.set(Camera::default());
    }

    /// Picks a node to see the ways between two; a third one starts again.
    pub fn pick(self, id: &str) {
        self.picked.update(|picked| {
            if picked.len() > 1 {
                picked.clear();
            }
            match picked.iter().position(|own| own == id) {
                Some(at) => drop(picked.remove(at)),
                None => picked.push(id.to_owned()),
            }
        });
    }

    /// The map for the keyboard, of what is visible now.
    pub fn map(self) -> Map {
        self.graph.with_untracked(|graph| self.sieve.with_untracked(|sieve| Map::new(graph, &|id| sieve.shows(id))))
    }

    /// Ids of nodes and edges that stand out; none when nothing does. Ways between two picked nodes come first, then what
    /// is under the pointer with its neighbours, then what the find box found.
    pub fn lit(self) -> Memo<Option<BTreeSet<String>>> {
        Memo::new(move |_| {
            let picked = self.picked.get();
            let hover = self.hover.get();
            self.graph.with(|graph| match (picked.as_slice(), hover) {
                ([a, b], _) => Some(with_edges(graph, self.tracked_map().between(a, b).into_iter())),
                ([a], _) => Some(BTreeSet::from([a.clone()])),
                (_, Some(id)) => Some(neighbours(graph, &id)),
                (_, None) => self.sieve.with(|sieve| sieve.found.clone()),
            })
        })
    }

    /// Where the keyboard enters the drawing: where it was, or at the worst node.
    pub fn tab_stop(self) -> Option<String> {
        self.cursor.get().or_else(|| self.tracked_map().entry().map(str::to_owned))
    }

    /// Writes markup from the state, read anew when that changes. The camera is moved by other means, so it is not
    /// followed.
    pub fn markup(self, write: fn(&Scene<'_>, Self, &mut Markup)) -> Arc<str> {
        let mut m = Markup::default();
        let (camera, whole) = (self.camera.get_untracked(), self.whole.get());
        let tenant = self.tenant.get_value();
        let href = move |view: &View| format!("/t/{tenant}/topology{}", view.search());
        self.graph.with(|graph| {
            self.view.with(|view| {
                let selected = view.sel.as_ref().and_then(|sel| selected(graph, sel)).map(|node| node.id.as_str());
                let draw = |sieve: &Sieve| {
                    write(&Scene { graph, view, sieve, selected, camera, whole, href: &href }, self, &mut m);
                };
                self.sieve.with(draw);
            });
        });
        m.finish().into()
    }

    /// The same map, read anew when the graph or the boxes change.
    fn tracked_map(self) -> Map {
        self.graph.with(|graph| self.sieve.with(|sieve| Map::new(graph, &|id| sieve.shows(id))))
    }
}

/// Applies a push to the graph; false when it does not fit.
fn take(graph: RwSignal<Graph>, head: Head, text: &str) -> bool {
    match head.kind {
        PushKind::Snapshot => match json::read::<Push<Graph>>(text) {
            Ok(push) => graph.try_set(push.data).is_none(),
            Err(_) => false,
        },
        PushKind::Delta => match json::read::<Push<GraphDelta>>(text) {
            Ok(push) => graph.try_update(|graph| push.data.apply(graph)).is_some(),
            Err(_) => false,
        },
    }
}
