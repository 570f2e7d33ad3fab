//! What stands in the address bar: tenant, time range, live mode. Every visible choice lives there, defaults are left out.

use contract::{TenantSlug, TimeRange, time::TimePoint};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

/// The tenant of the page, put into context by the frame around all tenant pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageTenant(pub TenantSlug);

/// The tenant of the page. Only to be called below [`crate::chrome::TenantFrame`].
pub fn use_tenant() -> TenantSlug {
    let PageTenant(tenant) = expect_context();
    tenant
}

/// One parameter of the query string.
pub fn use_param(name: &'static str) -> Memo<Option<String>> {
    let query = use_query_map();
    Memo::new(move |_| query.with(|query| query.get(name)).filter(|value| !value.is_empty()))
}

/// The time range of the page: `?from=now-1h&to=now`, the last hour when absent or unreadable.
pub fn use_range() -> Memo<TimeRange> {
    let (from, to) = (use_param("from"), use_param("to"));
    Memo::new(move |_| {
        let read = |text: Option<String>, default: TimePoint| match text {
            Some(text) => text.parse().unwrap_or(default),
            None => default,
        };
        let default = TimeRange::default();
        TimeRange { from: read(from.get(), default.from), to: read(to.get(), default.to) }
    })
}

/// Whether new data is to arrive by itself: when the range ends now, unless `?live=0`.
pub fn use_live_mode() -> Memo<bool> {
    let (range, live) = (use_range(), use_param("live"));
    Memo::new(move |_| range.get().is_live() && live.get().as_deref() != Some("0"))
}

/// The query string of the page with some parameters set (`Some`) or taken out (`None`); starts with `?` or is empty.
pub fn use_query_with() -> impl Fn(&[(&str, Option<&str>)]) -> String + Copy + Send + Sync + 'static {
    let query = use_query_map();
    move |changes| {
        query.with(|query| {
            let mut query = query.clone();
            for (name, value) in changes {
                match value {
                    Some(value) => {
                        query.replace((*name).to_owned(), (*value).to_owned());
                    }
                    None => {
                        query.remove(name);
                    }
                }
            }
            query.to_query_string()
        })
    }
}

/// Makes links to other pages of the tenant that keep the time: `link("/topology", &[("focus", "app:shop/cart")])`.
pub fn use_link() -> impl Fn(&str, &[(&str, &str)]) -> String + Copy + Send + Sync + 'static {
    let query = use_query_map();
    let tenant = StoredValue::new(use_tenant());
    move |path, extra| {
        let mut kept = leptos_router::params::ParamsMap::new();
        query.with(|query| {
            for name in ["from", "to", "live"] {
                if let Some(value) = query.get(name) {
                    kept.replace(name.to_owned(), value);
                }
            }
        });
        for (name, value) in extra {
            kept.replace((*name).to_owned(), (*value).to_owned());
        }
        tenant.with_value(|tenant| format!("/t/{tenant}{path}{}", kept.to_query_string()))
    }
}

/// Path and query of the page, for `return` fields.
pub fn use_here() -> impl Fn() -> String + Copy + Send + Sync + 'static {
    let location = use_location();
    let (path, search) = (location.pathname, location.search);
    move || {
        let search = search.get();
        if search.is_empty() { path.get() } else { format!("{}?{}", path.get(), search.trim_start_matches('?')) }
    }
}
