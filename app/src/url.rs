//! What stands in the address bar: tenant, time range, live mode. Every visible choice lives there, defaults are left out.

use contract::{TenantSlug, TimeRange, time::TimePoint};
use leptos::prelude::*;
use leptos_router::{
    hooks::{use_location, use_query_map},
    params::ParamsMap,
};

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

/// Whether new data is to arrive by itself: when the range ends now, unless `?live=0`, and no instant is looked at
/// (`?at=…`).
pub fn use_live_mode() -> Memo<bool> {
    let (range, live, at) = (use_range(), use_param("live"), use_param("at"));
    Memo::new(move |_| range.get().is_live() && live.get().as_deref() != Some("0") && at.get().is_none())
}

/// The address of the page with some parameters set (`Some`) or taken out (`None`).
pub fn use_here_with() -> impl Fn(&[(&str, Option<&str>)]) -> String + Copy + Send + Sync + 'static {
    let (query, path) = (use_query_map(), use_location().pathname);
    move |changes| {
        let mut query = query.get();
        for (name, value) in changes {
            query.remove(name);
            if let Some(value) = value {
                query.insert((*name).to_owned(), (*value).to_owned());
            }
        }
        format!("{}{}", path.get(), query_string(&query))
    }
}

/// The parameters that show `range`: absent ends are the default ones.
pub fn range_params(range: TimeRange) -> [(&'static str, Option<String>); 2] {
    let default = TimeRange::default();
    [
        ("from", (range.from != default.from || range.to != default.to).then(|| range.from.to_string())),
        ("to", (range.to != default.to).then(|| range.to.to_string())),
    ]
}

/// Makes links to other pages of the tenant that keep the time: `link("/topology", &[("focus", "app:shop/cart")])`.
pub fn use_link() -> impl Fn(&str, &[(&str, &str)]) -> String + Copy + Send + Sync + 'static {
    let query = use_query_map();
    let tenant = StoredValue::new(use_tenant());
    move |path, extra| {
        let mut kept = ParamsMap::new();
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
        tenant.with_value(|tenant| format!("/t/{tenant}{path}{}", query_string(&kept)))
    }
}

/// Path and query of the page, for links that come back to it.
pub fn use_here() -> impl Fn() -> String + Copy + Send + Sync + 'static {
    let here = use_here_with();
    move || here(&[])
}

/// Where to sign in again and come back to `here`.
pub fn login_url(here: &str) -> String {
    let mut query = ParamsMap::new();
    query.insert("return", here.to_owned());
    format!("/login{}", query_string(&query))
}

/// The parameters as they stand in an address, with the question mark; empty without any. The router's own way differs
/// between server and browser and escapes more than it must.
pub(crate) fn query_string(query: &ParamsMap) -> String {
    let mut text = String::new();
    for (name, value) in query.clone() {
        text.push(if text.is_empty() { '?' } else { '&' });
        escape(&name, &mut text);
        text.push('=');
        escape(&value, &mut text);
    }
    text
}

/// A value as it stands in a query.
pub fn encode(value: &str) -> String {
    let mut text = String::new();
    escape(value, &mut text);
    text
}

/// Everything but letters, digits and the signs that mean nothing in a query is written as `%XX`.
fn escape(part: &str, text: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:/,*".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push('%');
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_escape_what_has_a_meaning() {
        assert_eq!(login_url("/t/acme?from=now-6h&q=a b"), "/login?return=/t/acme%3Ffrom%3Dnow-6h%26q%3Da%20b");
        assert_eq!(query_string(&ParamsMap::new()), "");
        let query: ParamsMap = [("sel", "app:shop/käse".to_owned())].into_iter().collect();
        assert_eq!(query_string(&query), "?sel=app:shop/k%C3%A4se");
    }

    #[test]
    fn the_default_range_needs_no_parameters() {
        assert_eq!(range_params(TimeRange::default()), [("from", None), ("to", None)]);
        let six = "now-6h..now".parse().unwrap();
        assert_eq!(range_params(six), [("from", Some("now-6h".to_owned())), ("to", None)]);
    }
}
