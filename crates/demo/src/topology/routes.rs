//! What a service does per route: how long it works, whom it calls and how much it answers; and what visitors do.
//! The entries themselves are in `catalogue`.

use super::catalogue::{FORWARDS, JOURNEYS, ROUTES};

/// A log-normal time of work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Latency {
    /// Median, milliseconds.
    pub median_ms: f64,
    /// Standard deviation of its logarithm.
    pub sigma: f64,
}

/// One call a route makes while it works.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Call {
    /// Service called.
    pub to: &'static str,
    /// HTTP method, `RPC` for gRPC, `QUERY` for the stores.
    pub method: &'static str,
    /// Path; `{id}` is replaced by the caller's id. For stores the command.
    pub path: &'static str,
    /// How often, of the times it could.
    pub share: f64,
    /// True when the route fails with it.
    pub must: bool,
    /// Only this version of the caller makes it.
    pub only: Option<&'static str>,
}

/// What a service does on one path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Route {
    /// Service.
    pub app: &'static str,
    /// HTTP method, `RPC` or `QUERY`.
    pub method: &'static str,
    /// Path, with `{id}` for a variable segment.
    pub path: &'static str,
    /// Its own work, without its calls.
    pub work: Latency,
    /// Size of the answer's body, bytes.
    pub reply_bytes: u32,
    /// Size of the request's body, bytes.
    pub request_bytes: u32,
    /// Share of ids that do not exist, answered with 404.
    pub missing: f64,
    /// Calls, one after the other.
    pub calls: &'static [Call],
}

/// One thing visitors do at a gateway.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Journey {
    /// Gateway.
    pub gateway: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path with `{id}`.
    pub path: &'static str,
    /// Share of the gateway's traffic.
    pub share: f64,
}

/// Which service a gateway sends a path to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forward {
    /// Gateway.
    pub gateway: &'static str,
    /// Path prefix.
    pub prefix: &'static str,
    /// Service behind it.
    pub to: &'static str,
    /// True when the prefix is cut off before the request is sent on.
    pub strip: bool,
}

/// Products that exist: ids 1 to this.
pub const CATALOGUE_SIZE: u32 = 400;
/// Ids visitors ask for: 1 to this, so that one in a hundred is not found.
pub const PRODUCT_IDS: u32 = 404;

/// All routes.
pub fn routes() -> &'static [Route] {
    &ROUTES
}

/// All journeys.
pub fn journeys() -> &'static [Journey] {
    &JOURNEYS
}

/// All forwards.
pub fn forwards() -> &'static [Forward] {
    &FORWARDS
}

/// The route that answers, and the id in the path. For stores the first word of the command is looked up.
pub fn route(app: &str, method: &str, path: &str) -> Option<(&'static Route, Option<u32>)> {
    ROUTES.iter().filter(|r| r.app == app && r.method == method).find_map(|r| {
        if method == "QUERY" {
            return (path.split(' ').next() == Some(r.path)).then_some((r, None));
        }
        match r.path.strip_suffix("{id}") {
            Some(prefix) => path
                .strip_prefix(prefix)?
                .parse()
                .ok()
                .or_else(|| path.ends_with("{id}").then_some(0))
                .map(|id| (r, Some(id))),
            None => (r.path == path).then_some((r, None)),
        }
    })
}

/// Whether a product of this id exists.
pub fn known_id(id: u32) -> bool {
    id <= CATALOGUE_SIZE
}

/// Where a gateway sends this path, and the path it sends.
pub fn forward<'a>(gateway: &str, path: &'a str) -> Option<(&'static Forward, &'a str)> {
    let forward = FORWARDS.iter().find(|f| f.gateway == gateway && path.starts_with(f.prefix))?;
    let path = if forward.strip { path.strip_prefix(forward.prefix)? } else { path };
    Some((forward, if path.is_empty() { "/" } else { path }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::service;

    #[test]
    fn every_call_and_journey_leads_to_a_route() {
        for r in routes() {
            assert!(service(r.app).next().is_some(), "{} is no service", r.app);
            for c in r.calls {
                assert!(route(c.to, c.method, c.path).is_some(), "{} {} {}", c.to, c.method, c.path);
            }
        }
        for j in journeys() {
            let (f, path) = forward(j.gateway, j.path).unwrap();
            assert!(route(f.to, j.method, path).is_some(), "{} {}", f.to, path);
        }
    }

    #[test]
    fn ids_are_read_from_the_path() {
        let (r, id) = route("catalog", "GET", "/products/17").unwrap();
        assert_eq!((r.path, id), ("/products/{id}", Some(17)));
        assert_eq!(route("catalog", "GET", "/products/x"), None);
        assert_eq!(route("catalog", "GET", "/products").unwrap().1, None);
    }

    #[test]
    fn journeys_of_a_gateway_make_a_whole() {
        for gateway in ["istio-ingress", "api-gateway"] {
            let sum: f64 = journeys().iter().filter(|j| j.gateway == gateway).map(|j| j.share).sum();
            assert!((sum - 1.0).abs() < 1e-9, "{gateway}: {sum}");
        }
    }
}
