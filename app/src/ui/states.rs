//! The states every page owes: waiting, empty, stale, denied, failed, signed out.

use contract::{
    ErrorCode, Timestamp,
    overview::{EmptyCheck, Severity},
};
use leptos::prelude::*;

use super::Dot;
use crate::{
    platform::UiError,
    url::{login_url, use_here},
};

/// Grey places for what is on its way. Stays invisible for the first 150 ms.
#[component]
pub fn Skeleton() -> impl IntoView {
    view! {
        <div class="skeleton" aria-hidden="true">
            <div></div>
            <div></div>
            <div></div>
        </div>
    }
}

/// Why something cannot be shown and what to do about it.
#[component]
pub fn ErrorState(
    /// What happened.
    error: UiError,
    /// Fetches again.
    retry: Callback<()>,
) -> AnyView {
    let here = use_here();
    let error = error.0;
    let (title, severity) = match error.code {
        ErrorCode::Unauthenticated => ("Your session has ended", Severity::Unknown),
        ErrorCode::Denied => ("You may not see this", Severity::Unknown),
        ErrorCode::NotFound => ("This does not exist", Severity::Unknown),
        ErrorCode::Invalid => ("This address cannot be read", Severity::Warn),
        ErrorCode::PreconditionRequired | ErrorCode::PreconditionFailed | ErrorCode::Conflict => {
            ("This changed in the meantime", Severity::Warn)
        }
        ErrorCode::RateLimited => ("Too many requests", Severity::Warn),
        ErrorCode::StoreUnavailable => ("A store is unreachable", Severity::Crit),
        ErrorCode::StoreTimeout => ("A store does not answer", Severity::Crit),
        ErrorCode::Internal => ("Something went wrong", Severity::Crit),
    };
    let again = move || {
        let click = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            retry.run(());
        };
        view! { <a class="btn" href=here rel="external" on:click=click>"Try again"</a> }.into_any()
    };
    let way_out = match error.code {
        ErrorCode::Unauthenticated => view! {
            <a class="btn pri" rel="external" href=move || login_url(&here())>"Sign in again"</a>
            <span class="faint">"You come back to this page as it is."</span>
        }
        .into_any(),
        ErrorCode::Denied => {
            view! { <span class="faint">"An admin of this tenant can give you the role."</span> }.into_any()
        }
        ErrorCode::NotFound | ErrorCode::Invalid => {
            view! { <a class="btn" href="/" rel="external">"Start page"</a> }.into_any()
        }
        ErrorCode::Conflict
        | ErrorCode::PreconditionRequired
        | ErrorCode::PreconditionFailed
        | ErrorCode::RateLimited
        | ErrorCode::StoreUnavailable
        | ErrorCode::StoreTimeout
        | ErrorCode::Internal => again(),
    };
    view! {
        <section class="card state" role="alert">
            <h2><Dot severity big=true />{title}</h2>
            <p>{error.detail}</p>
            {error.store.map(|store| view! { <p>"Store: "<b>{store}</b></p> })}
            {error.retry_after.map(|secs| view! { <p>{format!("Try again in {secs} s.")}</p> })}
            {(!error.errors.is_empty())
                .then(|| {
                    let lines = error
                        .errors
                        .into_iter()
                        .map(|field| view! { <li><span class="mono">{field.pointer}</span>" "{field.detail}</li> })
                        .collect_view();
                    view! { <ul class="muted">{lines}</ul> }
                })}
            <div class="actions">{way_out}</div>
            {error.request_id.map(|id| view! { <span class="ref">{format!("request {id}")}</span> })}
        </section>
    }
    .into_any()
}

/// Why there is nothing to see: the checks that were made and what came out.
#[component]
pub fn EmptyState(
    /// What is missing.
    #[prop(into)]
    title: String,
    /// The checks.
    checks: Vec<EmptyCheck>,
    /// Further ways on.
    #[prop(optional)]
    children: Option<Children>,
) -> AnyView {
    let failed = checks.iter().filter(|check| check.passed == Some(false)).count();
    let said = match (checks.len(), failed) {
        (0, _) => "Nothing was checked.".to_owned(),
        (all, 0) => format!("{all} checks were made and none of them explains it; traffic may simply not have begun."),
        (all, 1) => format!("{all} checks were made; one of them tells why."),
        (all, some) => format!("{all} checks were made; {some} of them tell why."),
    };
    let rows = checks
        .into_iter()
        .map(|check| {
            let severity = match check.passed {
                Some(true) => Severity::Ok,
                Some(false) => Severity::Crit,
                None => Severity::Unknown,
            };
            view! {
                <li>
                    <Dot severity />
                    <b>{check.question}</b>
                    <p>{check.finding}</p>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="card state">
            <h2>{title}</h2>
            <p>{said}</p>
            <ul class="checks">{rows}</ul>
            <div class="actions">{children.map(|children| children())}</div>
        </section>
    }
    .into_any()
}

/// Above a page whose data is old or incomplete: how old, what is missing. Nothing when it is fresh and whole.
#[component]
pub fn StaleStrip(
    /// When the data was gathered.
    #[prop(into)]
    at: Signal<Timestamp>,
    /// Age of the data, milliseconds; 0 when fresh.
    #[prop(into)]
    age_ms: Signal<u64>,
    /// What is missing.
    #[prop(into)]
    warnings: Signal<Vec<String>>,
) -> impl IntoView {
    move || {
        let (age, warnings) = (age_ms.get(), warnings.get());
        (age > 0 || !warnings.is_empty()).then(|| {
            let from = at.get();
            let said = if age > 0 {
                format!("Showing what was known at {} UTC, {} ago.", from.hh_mm_ss(), mesh::format::ms(age as f64))
            } else {
                "Some of this is missing.".to_owned()
            };
            let rest = warnings.join(" ");
            view! {
                <div class="strip" role="status">
                    <Dot severity=Severity::Warn />
                    <span>{said}</span>
                    <span class="faint">{rest}</span>
                </div>
            }
        })
    }
}
