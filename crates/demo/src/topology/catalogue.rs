//! The catalogue itself: every route of every service, every forward of the gateways, every journey of the visitors.
//! The types and the look-ups are in `routes`.

use super::routes::{CATALOGUE_SIZE, Call, Forward, Journey, Latency, PRODUCT_IDS, Route};

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

const fn spread(sigma: f64, route: Route) -> Route {
    Route { work: Latency { sigma, ..route.work }, ..route }
}

const fn by_id(route: Route) -> Route {
    Route { missing: MISSING, ..route }
}

pub(super) static ROUTES: [Route; 27] = [
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
    // The spread of both comes from the models, which differ and write answers of different length.
    spread(
        0.6,
        taking(
            calling(
                on("llm-app", "POST", "/chat", 12.0, 900),
                &[call("model-stub", "POST", "/v1/chat/completions", 1.0)],
            ),
            260,
        ),
    ),
    spread(0.6, taking(on("model-stub", "POST", "/v1/chat/completions", 560.0, 700), 220)),
    on("sample-app", "GET", "/", 3.0, 120),
    on("sample-app", "GET", "/info", 2.0, 210),
    on("sample-app", "GET", "/health", 0.5, 30),
    on("sample-app", "GET", "/ready", 0.5, 30),
];

pub(super) static FORWARDS: [Forward; 3] = [
    Forward { gateway: "istio-ingress", prefix: "/", to: "storefront", strip: false },
    Forward { gateway: "api-gateway", prefix: "/chat", to: "llm-app", strip: false },
    Forward { gateway: "api-gateway", prefix: "/sample", to: "sample-app", strip: true },
];

const fn journey(gateway: &'static str, method: &'static str, path: &'static str, share: f64) -> Journey {
    Journey { gateway, method, path, share }
}

pub(super) static JOURNEYS: [Journey; 8] = [
    journey("istio-ingress", "GET", "/", 0.30),
    journey("istio-ingress", "GET", "/products/{id}", 0.36),
    journey("istio-ingress", "POST", "/cart/{id}", 0.13),
    journey("istio-ingress", "GET", "/cart/{id}", 0.09),
    journey("istio-ingress", "POST", "/checkout/{id}", 0.12),
    journey("api-gateway", "GET", "/sample/", 0.60),
    journey("api-gateway", "GET", "/sample/info", 0.15),
    journey("api-gateway", "POST", "/chat", 0.25),
];
