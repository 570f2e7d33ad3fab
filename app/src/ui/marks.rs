//! State as shape, word and colour together.

use contract::overview::Severity;
use leptos::prelude::*;

/// The class of a mark or tag.
pub fn severity_class(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok",
        Severity::Warn => "warn",
        Severity::Crit => "crit",
        Severity::Unknown => "unknown",
    }
}

/// The word for it.
pub fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Ok => "ok",
        Severity::Warn => "warning",
        Severity::Crit => "critical",
        Severity::Unknown => "unknown",
    }
}

/// A mark: circle, diamond, square or hollow circle, with its word for screen readers.
#[component]
pub fn Dot(
    /// What it shows.
    #[prop(into)]
    severity: Signal<Severity>,
    /// Beside a headline.
    #[prop(optional)]
    big: bool,
) -> impl IntoView {
    let size = if big { " big" } else { "" };
    view! {
        <span class=move || format!("dot {}{size}", severity_class(severity.get()))>
            <span class="sr-only">{move || severity_word(severity.get())}</span>
        </span>
    }
}
