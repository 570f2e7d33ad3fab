//! Two charts: the latency of the service that hurts most, and the requests of all.

use charts::{Mark, SeriesStyle, Unit};
use contract::{
    overview::{OverviewPage, Phrase, Severity},
    topology::SeriesSet,
};
use leptos::prelude::*;

use crate::{
    ui::{Chart, Legend, Pen},
    url::use_link,
};

const HURT: &[Pen] = &[
    Pen { name: "usual", label: "a day before", style: SeriesStyle::Usual, area: false },
    Pen { name: "p50", label: "p50", style: SeriesStyle::A, area: false },
    Pen { name: "p95", label: "p95", style: SeriesStyle::Crit, area: false },
];

/// The same where nothing hurts: red is kept for what does.
const CALM: &[Pen] = &[
    Pen { name: "usual", label: "a day before", style: SeriesStyle::Usual, area: false },
    Pen { name: "p50", label: "p50", style: SeriesStyle::C, area: false },
    Pen { name: "p95", label: "p95", style: SeriesStyle::A, area: false },
];

const REQUESTS: &[Pen] = &[
    Pen { name: "before", label: "a day before", style: SeriesStyle::Usual, area: false },
    Pen { name: "requests", label: "requests", style: SeriesStyle::A, area: true },
    Pen { name: "failed", label: "failed", style: SeriesStyle::Crit, area: true },
];

/// At most so many marks, the latest: more would cover the lines.
const MARKS: usize = 2;

/// Both charts in one card.
#[component]
pub(super) fn Trends(page: Memo<OverviewPage>) -> impl IntoView {
    let link = use_link();
    let worst = Memo::new(move |_| page.with(|page| page.worst.clone()));
    let hurts = Memo::new(move |_| {
        page.with(|page| {
            page.services.first().is_some_and(|first| matches!(first.severity, Severity::Warn | Severity::Crit))
        })
    });
    let latency = set_of(page, |page| &page.latency);
    let requests = set_of(page, |page| &page.requests);
    let marks = Signal::derive(move || page.with(marks));
    let latency_title = Signal::derive(move || format!("{} latency", worst.get().unwrap_or_default()));
    let focus = move || page.with(|page| page.services.first().map(|first| first.focus.clone()).unwrap_or_default());
    let top = move || {
        let pens = if hurts.get() { HURT } else { CALM };
        worst.get().map(|app| {
            view! {
                <header>
                    <h2>
                        <a href=move || link("/topology", &[("sel", &focus())])>{app}</a>
                    </h2>
                    <span class="faint">"latency"</span>
                    <Legend set=latency pens />
                </header>
                <div class="body">
                    <Chart title=latency_title set=latency pens unit=Unit::Millis marks />
                </div>
            }
        })
    };
    view! {
        <section class="card trends" aria-label="Trends">
            {top}
            <header>
                <h2>"All services"</h2>
                <span class="faint">"requests per second"</span>
                <Legend set=requests pens=REQUESTS />
            </header>
            <div class="body">
                <Chart title="requests per second of all services".to_owned() set=requests pens=REQUESTS unit=Unit::PerSecond />
            </div>
        </section>
    }
}

fn set_of(page: Memo<OverviewPage>, part: fn(&OverviewPage) -> &SeriesSet) -> Signal<SeriesSet> {
    Signal::derive(move || page.with(|page| part(page).clone()))
}

/// What changed about the worst service, as vertical lines in its chart.
fn marks(page: &OverviewPage) -> Vec<Mark> {
    let Some(worst) = &page.worst else { return Vec::new() };
    page.changes
        .iter()
        .filter_map(|change| {
            let words: String = change
                .sentence
                .iter()
                .map(|phrase| match phrase {
                    Phrase::Text(text) | Phrase::Strong(text) | Phrase::Node { text, .. } => text.as_str(),
                })
                .collect();
            words.contains(worst.as_str()).then(|| Mark { at_ms: change.at.0, label: short(&words) })
        })
        .take(MARKS)
        .collect()
}

/// The first words, as many as fit beside a line.
fn short(sentence: &str) -> String {
    const LENGTH: usize = 16;
    let words = sentence.trim_end_matches('.');
    if words.chars().count() <= LENGTH {
        return words.to_owned();
    }
    let mut text = String::new();
    for word in words.split(' ') {
        if text.chars().count() + word.chars().count() + 1 > LENGTH {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text.push('…');
    text
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn marks_keep_whole_words() {
        assert_eq!(short("payments v2."), "payments v2");
        assert_eq!(short("payments v2 began to take traffic"), "payments v2…");
    }
}
