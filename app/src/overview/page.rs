//! The page as a whole: its data and the order of its parts.

use contract::overview::OverviewQuery;
use leptos::prelude::*;
use leptos_meta::Title;

use super::api::{OverviewArgs, overview_page};
use crate::{
    ui::Loaded,
    url::{use_range, use_tenant},
};

/// `/t/{tenant}`.
#[component]
pub fn OverviewPage() -> AnyView {
    let (tenant, range) = (use_tenant(), use_range());
    let page = Resource::new(
        move || OverviewArgs { tenant: tenant.clone(), query: OverviewQuery { range: range.get() } },
        overview_page,
    );
    view! {
        <Title text="Overview · Obstack" />
        <Loaded resource=page view=|page| view! { <p>{page.at.to_string()}</p> }.into_any() />
    }
    .into_any()
}
