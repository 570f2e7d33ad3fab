//! The keyboard: `g` and a letter goes, `t` and a key moves the time, `?` lists everything. Keys typed into a field are
//! the field's.

use std::time::Duration;

use contract::{TimeRange, Timestamp, time::TimePoint};
use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::KeyboardEvent;

use super::frame::{Frame, Over, PAGES};
use crate::ui::ChartTables;
use crate::url::{range_params, use_here_with, use_link, use_range};

/// A key and what it does, for the sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyLine {
    /// The keys, separated by blanks.
    pub keys: &'static str,
    /// What they do.
    pub does: &'static str,
}

/// The keys of the page shown.
#[derive(Clone, Copy)]
pub struct PageKeys(RwSignal<&'static [KeyLine]>);

impl Default for PageKeys {
    fn default() -> Self {
        Self(RwSignal::new(&[]))
    }
}

/// Lists a page's own keys on the sheet while the page is shown.
pub fn use_page_keys(lines: &'static [KeyLine]) {
    let Some(PageKeys(page)) = use_context() else { return };
    Effect::new(move |_| page.set(lines));
    on_cleanup(move || page.set(&[]));
}

const EVERYWHERE: &[KeyLine] = &[
    KeyLine { keys: "⌘K", does: "Search or jump" },
    KeyLine { keys: "/", does: "Find on the page" },
    KeyLine { keys: "?", does: "This sheet" },
    KeyLine { keys: "d", does: "Charts as tables, too" },
    KeyLine { keys: "y", does: "Freeze the time and copy the link" },
    KeyLine { keys: "Esc", does: "Close" },
];

const TIME: &[KeyLine] = &[
    KeyLine { keys: "t z", does: "Twice as long" },
    KeyLine { keys: "t ←", does: "Half a range back" },
    KeyLine { keys: "t →", does: "Half a range on" },
    KeyLine { keys: "t a", does: "Freeze to fixed times" },
    KeyLine { keys: "t c", does: "Copy the range" },
    KeyLine { keys: "t v", does: "Paste a range" },
    KeyLine { keys: "t l", does: "Follow new data, or stop" },
];

/// What the time keys make of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shift {
    Out,
    Back,
    On,
    Freeze,
}

/// The range after a time key.
fn shifted(range: TimeRange, shift: Shift, now: Timestamp) -> TimeRange {
    let (from, to) = range.resolve(now);
    let half = to.0.saturating_sub(from.0) / 2;
    let fixed =
        |from: i64, to: i64| TimeRange { from: TimePoint::At(Timestamp(from)), to: TimePoint::At(Timestamp(to)) };
    match (shift, range.from, range.to) {
        (Shift::Out, TimePoint::Ago(secs), TimePoint::Ago(0)) => {
            TimeRange { from: TimePoint::Ago(secs.saturating_mul(2).min(TimeRange::MAX_SECS)), to: TimePoint::Ago(0) }
        }
        (Shift::Out, _, _) => fixed(from.0 - half, (to.0 + half).min(now.0)),
        (Shift::Back, _, _) => fixed(from.0 - half, to.0 - half),
        (Shift::On, _, _) => {
            let by = half.min(now.0.saturating_sub(to.0)).max(0);
            fixed(from.0 + by, to.0 + by)
        }
        (Shift::Freeze, _, _) => fixed(from.0, to.0),
    }
}

/// Listens to the keyboard while the frame stands. Draws the letter it waits after.
#[component]
pub(super) fn Keyboard() -> impl IntoView {
    let Frame { over, .. } = expect_context();
    let (range, here, link, navigate) = (use_range(), use_here_with(), use_link(), use_navigate());
    let ChartTables(tables) = expect_context();
    let leader = RwSignal::new(None::<char>);
    let go = move |to: String| navigate(&to, NavigateOptions::default());
    let goto_range = {
        let go = go.clone();
        move |range: TimeRange| {
            let [from, to] = range_params(range);
            go(here(&[(from.0, from.1.as_deref()), (to.0, to.1.as_deref()), ("at", None)]));
        }
    };
    let now = || Timestamp(js_sys::Date::now() as i64);

    // Whether the key was ours.
    let press = move |event: &KeyboardEvent| -> bool {
        let key = event.key();
        if (event.meta_key() || event.ctrl_key()) && key.eq_ignore_ascii_case("k") {
            over.set(if over.get_untracked() == Over::Palette { Over::Nothing } else { Over::Palette });
            return true;
        }
        if event.meta_key()
            || event.ctrl_key()
            || event.alt_key()
            || over.get_untracked() != Over::Nothing
            || typing(event)
        {
            return false;
        }
        let current = range.get_untracked();
        match (leader.get_untracked(), key.as_str()) {
            (Some('g'), key) => {
                leader.set(None);
                let page = PAGES.into_iter().find(|page| key.chars().eq([page.key]));
                if let Some(page) = page {
                    go(link(page.path, &[]));
                }
                page.is_some()
            }
            (Some(_), key) => {
                leader.set(None);
                match key {
                    "z" => goto_range(shifted(current, Shift::Out, now())),
                    "ArrowLeft" => goto_range(shifted(current, Shift::Back, now())),
                    "ArrowRight" => goto_range(shifted(current, Shift::On, now())),
                    "a" => goto_range(shifted(current, Shift::Freeze, now())),
                    "c" => copy(&current.to_string()),
                    "v" => paste(goto_range.clone()),
                    "l" if current.is_live() => {
                        let paused = here(&[]).contains("live=0");
                        go(here(&[("live", (!paused).then_some("0"))]));
                    }
                    "l" => goto_range(TimeRange::default()),
                    _ => return false,
                }
                true
            }
            (None, "g" | "t") => {
                leader.set(key.chars().next());
                set_timeout(move || leader.set(None), Duration::from_millis(1500));
                true
            }
            (None, "d") => {
                tables.update(|open| *open = !*open);
                true
            }
            (None, "?") => {
                over.set(Over::Keys);
                true
            }
            (None, "/") => {
                match find_box() {
                    Some(find) => {
                        let _ = find.focus();
                    }
                    None => over.set(Over::Palette),
                }
                true
            }
            (None, "y") => {
                let frozen = shifted(current, Shift::Freeze, now());
                goto_range(frozen);
                let [from, to] = range_params(frozen);
                let address = here(&[(from.0, from.1.as_deref()), (to.0, to.1.as_deref()), ("at", None)]);
                copy(&format!("{}{address}", window().location().origin().unwrap_or_default()));
                true
            }
            (None, _) => false,
        }
    };

    // In the capture phase, so that the second key of a pair does not also reach the page's own keys.
    Effect::new(move |_| {
        let press = press.clone();
        let on_key = Closure::<dyn Fn(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            if press(&event) {
                event.prevent_default();
                event.stop_immediate_propagation();
            }
        });
        let target = window();
        let listener: js_sys::Function = on_key.into_js_value().unchecked_into();
        let added = target.add_event_listener_with_callback_and_bool("keydown", &listener, true);
        let listener = StoredValue::new_local((target, listener));
        if added.is_ok() {
            Owner::on_cleanup(move || {
                listener.with_value(|(target, listener)| {
                    let _ = target.remove_event_listener_with_callback_and_bool("keydown", listener, true);
                });
            });
        }
    });
    Effect::new(move |_| {
        let listener = window_event_listener(leptos::ev::click, |event| close_menus(&event));
        on_cleanup(move || listener.remove());
    });

    move || {
        leader.get().map(|leader| {
            let words = if leader == 'g' { "g: h overview, t topology" } else { "t: z ← → a c v l" };
            view! { <div class="leader" role="status">{words}</div> }
        })
    }
}

/// Text is being typed into something.
fn typing(event: &KeyboardEvent) -> bool {
    event.target().and_then(|target| target.dyn_into::<web_sys::HtmlElement>().ok()).is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT") || element.is_content_editable()
    })
}

/// The page's own search field: the element with `data-find`.
fn find_box() -> Option<web_sys::HtmlElement> {
    document().query_selector("[data-find]").ok()??.dyn_into().ok()
}

fn copy(text: &str) {
    // The promise is not waited for: a browser that refuses says so itself.
    let _ = window().navigator().clipboard().write_text(text);
}

fn paste(then: impl Fn(TimeRange) + 'static) {
    let text = window().navigator().clipboard().read_text();
    leptos::task::spawn_local(async move {
        let Ok(text) = wasm_bindgen_futures::JsFuture::from(text).await else { return };
        if let Some(Ok(range)) = text.as_string().map(|text| text.trim().parse::<TimeRange>()) {
            then(range);
        }
    });
}

/// A click outside of an open menu closes it, and so does a choice in it.
fn close_menus(event: &web_sys::MouseEvent) {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok()) else { return };
    let Ok(open) = document().query_selector_all("details.menu[open]") else { return };
    let chose = target.closest(".sheet a, .sheet button:not([data-stay])").is_ok_and(|found| found.is_some());
    for menu in (0..open.length()).filter_map(|index| open.get(index)?.dyn_into::<web_sys::Element>().ok()) {
        if chose || !menu.contains(Some(&target)) {
            let _ = menu.remove_attribute("open");
        }
    }
    // On narrow screens the sidebar is a popover: a page that was chosen closes it.
    if target.closest(".side a").is_ok_and(|found| found.is_some())
        && let Some(side) = document().get_element_by_id(super::sidebar::SIDE_ID)
    {
        let _ = js_sys::Reflect::get(&side, &"hidePopover".into())
            .and_then(JsCast::dyn_into::<js_sys::Function>)
            .and_then(|hide| hide.call0(&side));
    }
}

/// The sheet of keys.
#[component]
pub(super) fn KeySheet() -> AnyView {
    let Frame { over, .. } = expect_context();
    let PageKeys(page) = expect_context();
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(element) = dialog.get() else { return };
        if over.get() == Over::Keys {
            // Fails only where it is open already.
            let _ = element.show_modal();
        } else {
            element.close();
        }
    });
    let section = |title: &'static str, lines: &[KeyLine]| {
        let rows = lines
            .iter()
            .map(|line| {
                let keys = line.keys.split(' ').map(|key| view! { <kbd>{key}</kbd>" " }).collect_view();
                view! {
                    <div>
                        <dt>{line.does}</dt>
                        <dd>{keys}</dd>
                    </div>
                }
            })
            .collect_view();
        view! {
            <section>
                <h3>{title}</h3>
                <dl>{rows}</dl>
            </section>
        }
        .into_any()
    };
    // Made when it opens: it is not part of the page's first weight.
    let body = move || {
        (over.get() == Over::Keys).then(|| {
            let go: Vec<KeyLine> = PAGES
                .into_iter()
                .map(|page| KeyLine { keys: if page.key == 'h' { "g h" } else { "g t" }, does: page.title })
                .collect();
            let own = page.get();
            view! {
                {section("Everywhere", EVERYWHERE)}
                {section("Go to", &go)}
                {section("Time", TIME)}
                {(!own.is_empty()).then(|| section("This page", own))}
            }
        })
    };
    view! {
        <dialog class="over" node_ref=dialog aria-label="Keys" on:close=move |_| {
            if over.get_untracked() == Over::Keys {
                over.set(Over::Nothing);
            }
        }>
            <div class="over-head">
                "Keys"
                <button class="btn small" type="button" on:click=move |_| over.set(Over::Nothing)>
                    "Close"
                </button>
            </div>
            <div class="keys">{body}</div>
        </dialog>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_keys_move_the_range() {
        let now: Timestamp = "2026-01-02T12:00:00Z".parse().unwrap();
        let hour = TimeRange::default();
        for (range, shift, after) in [
            (hour, Shift::Out, "now-2h..now"),
            (hour, Shift::Back, "2026-01-02T10:30:00Z..2026-01-02T11:30:00Z"),
            (hour, Shift::On, "2026-01-02T11:00:00Z..2026-01-02T12:00:00Z"),
            (hour, Shift::Freeze, "2026-01-02T11:00:00Z..2026-01-02T12:00:00Z"),
            ("now-2h..now-1h".parse().unwrap(), Shift::Out, "2026-01-02T09:30:00Z..2026-01-02T11:30:00Z"),
        ] {
            assert_eq!(shifted(range, shift, now).to_string(), after, "{range} {shift:?}");
        }
    }
}
