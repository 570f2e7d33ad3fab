//! The top bar: where one is, search, time, live, account.

use leptos::prelude::*;

use super::{
    account::AccountMenu,
    frame::{Frame, Over, PAGES},
    range::RangeMenu,
    sidebar::SIDE_ID,
    stores::StoreWatch,
};
use crate::{
    live::Status,
    ui::{Icon, path},
    url::{login_url, use_here_with, use_live_mode, use_range},
};

/// The top bar.
#[component]
pub(super) fn TopBar() -> impl IntoView {
    let Frame { shell, page, over, .. } = expect_context();
    let namespaces = shell.with_value(|shell| shell.namespaces.join(", "));
    let title = move || page.get().map_or("Not found", |index| PAGES[index].title);
    view! {
        <header class="top">
            <button class="burger" type="button" popovertarget=SIDE_ID aria-label="Menu">
                <Icon d=path::BARS />
            </button>
            <h1>{title}</h1>
            <span class="crumb" title="Namespaces of this tenant">
                {namespaces}
            </span>
            <button
                class="search needs-js"
                type="button"
                aria-label="Search or jump to"
                aria-keyshortcuts="Meta+K Control+K"
                on:click=move |_| over.set(Over::Palette)
            >
                <Icon d=path::SEARCH />
                <span class="words">"Search or jump to"</span>
                <kbd aria-hidden="true">"⌘K"</kbd>
            </button>
            <RangeMenu />
            <LiveLamp />
            <AccountMenu />
        </header>
    }
}

/// Whether data arrives by itself, and the switch for it. A link, so that it works without scripts.
#[component]
fn LiveLamp() -> impl IntoView {
    let StoreWatch { status, at, .. } = expect_context();
    let (live, range, here) = (use_live_mode(), use_range(), use_here_with());
    let known = move || at.get().map(|at| format!(" · {}", at.hh_mm_ss())).unwrap_or_default();
    let (class, words) = (
        move || match (live.get(), status.get()) {
            (true, Status::Live) => "live is-on",
            (true, Status::Reconnecting | Status::Ended) => "live is-lost",
            (true, Status::Off | Status::Connecting | Status::Asleep) | (false, _) => "live",
        },
        move || match (live.get(), status.get()) {
            (false, _) if range.get().is_live() => "Paused".to_owned(),
            (false, _) => "Fixed range".to_owned(),
            (true, Status::Off | Status::Connecting | Status::Live) => "Live".to_owned(),
            (true, Status::Asleep) => "Asleep".to_owned(),
            (true, Status::Reconnecting) => format!("Reconnecting{}", known()),
            (true, Status::Ended) => format!("Signed out{} · sign in", known()),
        },
    );
    let href = move || match (live.get(), range.get().is_live()) {
        // The server may end a session while its page is open; the way back leads to this very page.
        (true, _) if status.get() == Status::Ended => login_url(&here(&[])),
        (true, _) => here(&[("live", Some("0"))]),
        (false, true) => here(&[("live", None), ("at", None)]),
        (false, false) => here(&[("live", None), ("at", None), ("from", None), ("to", None)]),
    };
    let title = move || if live.get() { "New data arrives by itself. Stop it" } else { "Follow new data" };
    view! {
        <a class=class href=href title=title aria-live="polite">
            <span class="words">{words}</span>
        </a>
    }
}
