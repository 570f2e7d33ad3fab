//! Services, worst first, against what is usual for them.

use charts::SeriesStyle;
use contract::overview::{OverviewPage, ServicePain, Severity};
use leptos::prelude::*;

use crate::{
    ui::{Dot, Spark},
    url::use_link,
};

/// Rows shown; the topology's table has all.
const ROWS: usize = 12;

/// The table.
#[component]
pub(super) fn Pain(page: Memo<OverviewPage>) -> impl IntoView {
    let link = use_link();
    let shown = move || page.with(|page| format!("{} of {}", page.services.len().min(ROWS), page.services.len()));
    let rows = move || {
        let services: Vec<ServicePain> = page.with(|page| page.services.iter().take(ROWS).cloned().collect());
        services.into_iter().map(row).collect_view()
    };
    view! {
        <section class="card" aria-label="Services by pain">
            <header>
                <h2>"Services by pain"</h2>
                <span class="faint">"against their own day"</span>
                <a class="faint num end" href=move || link("/topology", &[("view", "table")])>
                    {shown}
                </a>
            </header>
            <div class="body flush">
                <table class="pain">
                    <thead>
                        <tr>
                            <th>"Service"</th>
                            <th class="spark">
                                <span class="sr-only">"Latency over the range"</span>
                            </th>
                            <th class="r">"req/s"</th>
                            <th class="r">"latency"</th>
                            <th class="r wide">"usual"</th>
                            <th class="r">"errors"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn row(service: ServicePain) -> AnyView {
    let link = use_link();
    let focus = service.focus;
    let state = match service.severity {
        Severity::Ok => "",
        Severity::Warn => "is-warn",
        Severity::Crit => "is-crit",
        Severity::Unknown => "is-unknown",
    };
    // The colour stands on the number that is out of the usual, not on the whole row.
    let slow = if service.times_usual.is_some_and(|times| times >= 1.5) { state } else { "" };
    let failing = if service.error_percent >= 1.0 { state } else { "" };
    let latency = service.p95_ms.map(|ms| {
        let text = mesh::format::ms(ms);
        view! { <span class="unit wide">"p95 "</span>{text} }
    });
    let usual = service.times_usual.map_or_else(|| "–".to_owned(), |times| format!("{times:.1}×"));
    let style = match service.severity {
        Severity::Ok | Severity::Unknown => SeriesStyle::E,
        Severity::Warn => SeriesStyle::Warn,
        Severity::Crit => SeriesStyle::Crit,
    };
    view! {
        <tr>
            <td>
                <Dot severity=service.severity />
                <a href=move || link("/topology", &[("sel", &focus)])>
                    <b>{service.app}</b>
                    " "
                    <span class="faint">{service.namespace}</span>
                </a>
            </td>
            <td class="spark">
                <Spark values=service.spark style />
            </td>
            <td class="r num">{mesh::format::count(service.requests_per_s)}</td>
            <td class="r num">{latency}</td>
            <td class=format!("r num wide {slow}")>{usual}</td>
            <td class=format!("r num {failing}")>{mesh::format::percent(service.error_percent)}</td>
        </tr>
    }
    .into_any()
}
