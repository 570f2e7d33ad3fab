//! The row of numbers. Every number is a link that keeps the time.

use contract::overview::{OverviewPage, Stats};
use leptos::prelude::*;

use crate::url::use_link;

/// One number.
struct Stat {
    label: &'static str,
    value: String,
    unit: String,
    class: &'static str,
    /// Parameters of the topology that show what it counts.
    leads: &'static [(&'static str, &'static str)],
}

/// The share as number and sign apart, so that the sign can stand in grey.
fn share(percent: Option<f64>) -> String {
    percent.map_or_else(|| "–".to_owned(), mesh::format::percent)
}

fn numbers(stats: &Stats, range: &str) -> [Stat; 6] {
    let failing = stats.failing_percent.unwrap_or(0.0);
    let unit = |text: &str| text.to_owned();
    let hurt = |count: usize, good: &str| if count == 0 { good.to_owned() } else { format!("{count} need care") };
    [
        Stat {
            label: "Requests",
            value: mesh::format::count(stats.requests_per_s),
            unit: unit("per s"),
            class: "",
            leads: &[],
        },
        Stat {
            label: "Failing",
            value: share(stats.failing_percent),
            unit: unit("of calls"),
            class: if failing >= 1.0 {
                "is-crit"
            } else if failing >= 0.1 {
                "is-warn"
            } else {
                ""
            },
            leads: &[("errors", "1")],
        },
        Stat {
            label: "mTLS",
            value: share(stats.mtls_percent),
            unit: unit("of requests"),
            class: "",
            leads: &[("edges", "mtls")],
        },
        Stat {
            label: "Denied",
            value: mesh::format::count(stats.denied),
            unit: range.to_owned(),
            class: "",
            leads: &[("errors", "1")],
        },
        Stat {
            label: "Services",
            value: stats.services.to_string(),
            unit: hurt(stats.services_hurt, "all healthy"),
            class: "",
            leads: &[("view", "table")],
        },
        Stat {
            label: "Certificates",
            value: stats.certificates.map_or_else(|| "–".to_owned(), |count| count.to_string()),
            unit: stats
                .certificates
                .map_or_else(|| "no metric".to_owned(), |_| hurt(stats.certificates_hurt, "all in time")),
            class: "",
            leads: &[],
        },
    ]
}

/// The row.
#[component]
pub(super) fn StatRow(page: Memo<OverviewPage>) -> impl IntoView {
    let link = use_link();
    let range = crate::url::use_range();
    let row = move || {
        let words = crate::chrome::range_label(range.get()).to_ascii_lowercase();
        let words = words.as_str();
        page.with(|page| numbers(&page.stats, words))
            .map(|stat| {
                view! {
                    <a class="stat" href=move || link("/topology", stat.leads)>
                        <span class="label">{stat.label}</span>
                        <span class=format!("value num {}", stat.class)>{stat.value} " " <small>{stat.unit}</small></span>
                    </a>
                }
            })
            .into_iter()
            .collect_view()
    };
    view! {
        <section class="stats" aria-label="Numbers">
            {row}
        </section>
    }
}
