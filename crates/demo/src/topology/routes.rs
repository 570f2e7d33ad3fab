//! What every service does per route: how long it works, whom it calls and how much it answers; and what visitors do.

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
const MISSING: f64 = (PRODUCT_IDS - CATALOGUE_SIZE) as f64 / PRODUCT_IDS as f64;

const fn call(to: &'static str, method: &'static str, path: &'static str, share: f64) -> Call {
    Call { to, method, path, share, must: true, only: None }
}

const fn optional(call: Call) -> Call {
    Call { must: false, ..call }
}

const fn only(version: &'static str, call: Call) -> Call {
    Call { only: Some(version), ..call }
}

const fn on(app: &'static str, method: &'static str, path: &'static str, ms: f64, reply_bytes: u32) -> Route {
    let work = Latency { median_ms: ms, sigma: 0.35 };
    Route { app, method, path, work, reply_bytes, request_bytes: 0, missing: 0.0, calls: &[] }
}

const fn calling(route: Route, calls: &'static [Call]) -> Route {
    Route { calls, ..route }
}

const fn taking(route: Route, request_bytes: u32) -> Route {
    Route { request_bytes, ..route }
}

const fn by_id(route: Route) -> Route {
    Route { missing: MISSING, ..route }
}

static ROUTES: [Route; 27] = [
    calling(on("storefront", "GET", "/", 4.0, 5200), &[call("catalog", "GET", "/products", 1.0)]),
    calling(
        on("storefront", "GET", "/products/{id}", 5.0, 7400),
        &[call("catalog", "GET", "/products/{id}", 1.0), optional(call("reviews", "GET", "/reviews/{id}", 1.0))],
    ),
    taking(calling(on("storefront", "POST", "/cart/{id}", 3.0, 240), &[call("cart", "POST", "/items/{id}", 1.0)]), 90),
    calling(on("storefront", "GET", "/cart/{id}", 3.0, 1900), &[call("cart", "GET", "/items/{id}", 1.0)]),
    taking(
        calling(on("storefront", "POST", "/checkout/{id}", 4.0, 620), &[call("checkout", "POST", "/orders/{id}", 1.0)]),
        310,
    ),
    calling(
        on("catalog", "GET", "/products", 6.0, 4800),
        &[
            call("cache", "QUERY", "GET page:front", 0.9),
            call("postgres", "QUERY", "select id, name, price from product order by rank limit 24", 0.3),
        ],
    ),
    by_id(calling(
        on("catalog", "GET", "/products/{id}", 4.0, 1800),
        &[
            call("cache", "QUERY", "GET product:{id}", 1.0),
            call("postgres", "QUERY", "select id, name, price, body from product where id = {id}", 0.25),
        ],
    )),
    taking(
        calling(on("cart", "POST", "/items/{id}", 2.0, 160), &[call("cache", "QUERY", "SET cart:{id} 640", 1.0)]),
        90,
    ),
    calling(on("cart", "GET", "/items/{id}", 2.0, 900), &[call("cache", "QUERY", "GET cart:{id}", 1.0)]),
    taking(
        calling(
            on("checkout", "POST", "/orders/{id}", 8.0, 520),
            &[
                call("cart", "GET", "/items/{id}", 1.0),
                call("shipping", "POST", "/quotes/{id}", 1.0),
                call("payments", "RPC", "/obstack.demo.Payments/Charge", 1.0),
                optional(call("email", "POST", "/messages/{id}", 1.0)),
            ],
        ),
        310,
    ),
    taking(
        calling(
            on("payments", "RPC", "/obstack.demo.Payments/Charge", 40.0, 48),
            &[
                call("bank.example", "POST", "/authorizations", 1.0),
                call("postgres", "QUERY", "insert into charge (order_id, cents) values ({id}, 4200)", 1.0),
            ],
        ),
        36,
    ),
    taking(on("bank.example", "POST", "/authorizations", 22.0, 180), 140),
    taking(
        calling(
            on("shipping", "POST", "/quotes/{id}", 9.0, 330),
            &[optional(call("legacy", "GET", "/rates/{id}", 0.5))],
        ),
        120,
    ),
    on("legacy", "GET", "/rates/{id}", 18.0, 260),
    calling(
        on("reviews", "GET", "/reviews/{id}", 7.0, 2600),
        &[
            call("postgres", "QUERY", "select stars, body from review where product_id = {id} limit 20", 0.4),
            only("v2", optional(call("ratings", "RPC", "/obstack.demo.Ratings/Get", 1.0))),
        ],
    ),
    taking(
        calling(
            on("ratings", "RPC", "/obstack.demo.Ratings/Get", 3.0, 16),
            &[call("cache", "QUERY", "GET rating:{id}", 1.0)],
        ),
        8,
    ),
    taking(on("email", "POST", "/messages/{id}", 14.0, 60), 480),
    on("postgres", "QUERY", "select", 3.0, 2100),
    taking(on("postgres", "QUERY", "insert", 5.0, 90), 0),
    on("cache", "QUERY", "GET", 0.4, 700),
    on("cache", "QUERY", "SET", 0.4, 5),
    taking(
        calling(on("llm-app", "POST", "/chat", 12.0, 900), &[call("model-stub", "POST", "/v1/chat/completions", 1.0)]),
        260,
    ),
    taking(on("model-stub", "POST", "/v1/chat/completions", 620.0, 700), 220),
    on("sample-app", "GET", "/", 3.0, 120),
    on("sample-app", "GET", "/info", 2.0, 210),
    on("sample-app", "GET", "/health", 0.5, 30),
    on("sample-app", "GET", "/ready", 0.5, 30),
];

static FORWARDS: [Forward; 3] = [
    Forward { gateway: "istio-ingress", prefix: "/", to: "storefront", strip: false },
    Forward { gateway: "api-gateway", prefix: "/chat", to: "llm-app", strip: false },
    Forward { gateway: "api-gateway", prefix: "/sample", to: "sample-app", strip: true },
];

const fn journey(gateway: &'static str, method: &'static str, path: &'static str, share: f64) -> Journey {
    Journey { gateway, method, path, share }
}

static JOURNEYS: [Journey; 8] = [
    journey("istio-ingress", "GET", "/", 0.30),
    journey("istio-ingress", "GET", "/products/{id}", 0.36),
    journey("istio-ingress", "POST", "/cart/{id}", 0.13),
    journey("istio-ingress", "GET", "/cart/{id}", 0.09),
    journey("istio-ingress", "POST", "/checkout/{id}", 0.12),
    journey("api-gateway", "GET", "/sample/", 0.60),
    journey("api-gateway", "GET", "/sample/info", 0.15),
    journey("api-gateway", "POST", "/chat", 0.25),
];

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
