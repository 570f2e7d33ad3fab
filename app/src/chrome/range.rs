//! The time range: presets and a range of one's own, all in the address.

use contract::{TimeRange, time::TimePoint};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    ui::{Icon, path},
    url::{range_params, use_here_with, use_range},
};

/// The ranges offered: seconds before now, and the name.
pub(super) const PRESETS: [(u64, &str); 6] = [
    (900, "Last 15 min"),
    (3600, "Last 1 h"),
    (10_800, "Last 3 h"),
    (21_600, "Last 6 h"),
    (86_400, "Last 24 h"),
    (604_800, "Last 7 d"),
];

/// The last so many seconds.
pub(super) fn last(secs: u64) -> TimeRange {
    TimeRange { from: TimePoint::Ago(secs), to: TimePoint::Ago(0) }
}

/// The range in words; instants in UTC.
pub fn label(range: TimeRange) -> String {
    let instant = |point: TimePoint| match point {
        TimePoint::Ago(0) => "now".to_owned(),
        TimePoint::Ago(secs) => format!("{} ago", length(secs)),
        TimePoint::At(at) => {
            let t = at.to_datetime();
            format!("{:02}-{:02} {}", u8::from(t.month()), t.day(), at.hh_mm())
        }
    };
    match (range.from, range.to) {
        (TimePoint::Ago(secs), TimePoint::Ago(0)) => PRESETS
            .into_iter()
            .find(|(preset, _)| *preset == secs)
            .map_or_else(|| format!("Last {}", length(secs)), |(_, name)| name.to_owned()),
        (TimePoint::At(from), TimePoint::At(to)) if from.to_datetime().date() == to.to_datetime().date() => {
            format!("{} – {} UTC", instant(range.from), to.hh_mm())
        }
        (from, to) => format!("{} – {}", instant(from), instant(to)),
    }
}

/// A length of time in its largest whole unit.
fn length(secs: u64) -> String {
    for (unit, size) in [("d", 86_400), ("h", 3600), ("min", 60)] {
        if secs >= size && secs.is_multiple_of(size) {
            return format!("{} {unit}", secs / size);
        }
    }
    format!("{secs} s")
}

/// The menu in the top bar.
#[component]
pub(super) fn RangeMenu() -> AnyView {
    let (range, here, query) = (use_range(), use_here_with(), use_query_map());
    let presets = PRESETS
        .into_iter()
        .map(|(secs, name)| {
            let chosen = move || range.get() == last(secs);
            let href = move || {
                let [from, to] = range_params(last(secs));
                here(&[(from.0, from.1.as_deref()), (to.0, to.1.as_deref()), ("live", None), ("at", None)])
            };
            view! {
                <a class="item num" href=href aria-current=move || chosen().then_some("true")>
                    {name}
                    {move || chosen().then(|| view! { <Icon d=path::TICK class="icon tick" /> })}
                </a>
            }
        })
        .collect_view();
    // What else stands in the address must survive the form.
    let kept = move || {
        query
            .read()
            .clone()
            .into_iter()
            .filter(|(name, _)| !matches!(name.as_ref(), "from" | "to" | "live" | "at"))
            .map(|(name, value)| view! { <input type="hidden" name=name.into_owned() value=value /> })
            .collect_view()
    };
    view! {
        <details class="menu range">
            <summary class="btn num" aria-label=move || format!("Time range: {}", label(range.get()))>
                {move || label(range.get())}
                <Icon d=path::CHEVRON class="icon chev" />
            </summary>
            <div class="sheet">
                {presets}
                <hr />
                <form class="row" method="get">
                    {kept}
                    <label>
                        <span class="sr-only">"From"</span>
                        <input
                            class="field mono"
                            name="from"
                            autocomplete="off"
                            prop:value=move || range.get().from.to_string()
                            value=range.get_untracked().from.to_string()
                        />
                    </label>
                    <label>
                        <span class="sr-only">"To"</span>
                        <input
                            class="field mono"
                            name="to"
                            autocomplete="off"
                            prop:value=move || range.get().to.to_string()
                            value=range.get_untracked().to.to_string()
                        />
                    </label>
                    <button class="btn small">"Apply"</button>
                </form>
                <div class="cap">"now-90m, or 2026-01-31T12:00:00Z. Times are UTC."</div>
            </div>
        </details>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_names() {
        for (range, name) in [
            ("now-1h..now", "Last 1 h"),
            ("now-90m..now", "Last 90 min"),
            ("now-2h..now-1h", "2 h ago – 1 h ago"),
            ("2026-01-02T10:00:00Z..2026-01-02T11:30:00Z", "01-02 10:00 – 11:30 UTC"),
            ("2026-01-02T10:00:00Z..2026-01-03T11:30:00Z", "01-02 10:00 – 01-03 11:30"),
        ] {
            assert_eq!(label(range.parse().unwrap()), name);
        }
    }
}
