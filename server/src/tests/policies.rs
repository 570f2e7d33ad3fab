//! Policies tried out over HTTP: what comes back, who may ask, and what a hostile document does.

use std::time::{Duration, Instant};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use backend::PastSeries;
use mesh::policy::{
    ask::{self, STEPS},
    effort::Effort,
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Answer, ORIGIN, Portal};

const EXAMPLES: &str = include_str!("../../../crates/mesh/tests/policy/cases.yaml");

fn at(question: &str) -> String {
    format!("/api/v1/t/acme/policies/{question}")
}

/// Asks as somebody who is signed in.
async fn ask(portal: &Portal, cookie: &str, path: &str, kind: &str, document: impl Into<Body>) -> Answer {
    let mut request = Request::post(path).header(header::COOKIE, cookie).header(header::ORIGIN, ORIGIN);
    request = request.header("x-obstack-csrf", "1");
    if !kind.is_empty() {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    portal.send(request.body(document.into()).expect("a request")).await
}

/// An answer that must be the problem of the document: its errors.
fn complaints(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/problem+json");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let errors = answer.json()["errors"].as_array().expect("errors").clone();
    errors.iter().map(|error| (text(&error["pointer"]), text(&error["detail"]))).collect()
}

fn policy(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec: {spec}\n"
    )
}

#[sqlx::test(migrations = "../migrations")]
async fn the_examples_come_out_as_the_engine_says(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let vik = portal.login("vik@acme.test").await;
    let started = Instant::now();
    let answer = ask(&portal, &vik, &at("evaluate"), "application/yaml", EXAMPLES).await;
    println!("the examples over HTTP: {:?}, {} bytes", started.elapsed(), answer.body.len());
    assert_eq!((answer.status, answer.header(header::CONTENT_TYPE)), (StatusCode::OK, "application/json"));
    let found = answer.json();
    assert_eq!((&found["passed"], &found["failed"]), (&json!(61), &json!(0)));
    let count = |part: &str| found[part].as_array().map(Vec::len);
    assert_eq!([count("cases"), count("validation_cases"), count("normalization")], [Some(33), Some(12), Some(16)]);
    let wanted = ask::evaluate(EXAMPLES, &Effort::new(STEPS)).expect("readable");
    assert_eq!(found, serde_json::to_value(&wanted).expect("writable"));
    // What is the same in JSON gets the same answer.
    let case = json!({"format": 1, "cases": [{"id": "a", "policies": [], "workload": {"namespace": "shop"},
        "enforcement": "sidecar", "request": {"method": "GET", "host": "h", "path": "/"}}]});
    let pretty = serde_json::to_string_pretty(&case).expect("writable").replace("  ", "\t");
    for (kind, text) in [
        ("application/json", case.to_string()),
        ("application/json; charset=utf-8", pretty),
        ("text/plain", case.to_string()),
        ("text/yaml", case.to_string()),
        ("Application/X-YAML", case.to_string()),
    ] {
        let answer = ask(&portal, &vik, &at("evaluate"), kind, text).await;
        assert_eq!(answer.status, StatusCode::OK, "{kind}: {}", answer.text());
        assert_eq!(answer.json()["cases"][0]["got"], "ALLOW by default");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_examples_of_the_description_are_answered(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let vik = portal.login("vik@acme.test").await;
    let api: Value = serde_json::from_str(&crate::rest::openapi_json().expect("writable")).expect("JSON");
    for question in ["evaluate", "lint", "diff"] {
        let contents = &api["paths"][format!("/t/{{tenant}}/policies/{question}")]["post"]["requestBody"]["content"];
        let contents = contents.as_object().expect("by type");
        assert_eq!(contents.len(), 2);
        for (kind, content) in contents {
            let example = &content["example"];
            let text = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            let answer = ask(&portal, &vik, &at(question), kind, text).await;
            assert_eq!(answer.status, StatusCode::OK, "{question} {kind}: {}", answer.text());
            let found = answer.json();
            assert!(found.get("failed").is_none_or(|failed| *failed == 0), "{question} {kind}: {found}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn manifests_are_checked_and_compared(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let vik = portal.login("vik@acme.test").await;
    let wide = policy("p", "{rules: [{to: [{operation: {paths: ['/a*'], methods: [get]}}]}]}");
    let lint = json!({"manifests": wide, "analyze": true, "namespace": "shop", "ambient": false,
        "mesh": {"rootNamespace": "istio-system", "trustDomain": "cluster.local", "trustDomainAliases": [],
                 "pathNormalization": "BASE", "extensionProviders": {"ext": "http"}, "proxyVersion": "1.39.1", "features": {}}});
    let found = ask(&portal, &vik, &at("lint"), "application/json", lint.to_string()).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text());
    let finding = &found.json()["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["file"], &finding["line"]),
        (&json!("OB0404"), &json!("manifests"), &json!(4))
    );

    let mut diff = lint;
    diff.as_object_mut().expect("a map").retain(|key, _| key != "manifests" && key != "analyze");
    diff["before"] = json!({"p.yaml": wide});
    diff["after"] = json!(wide.replace("/a*", "/a"));
    let found = ask(&portal, &vik, &at("diff"), "application/json", diff.to_string()).await;
    assert_eq!(found.status, StatusCode::OK, "{}", found.text());
    let found = found.json();
    assert_eq!((&found["changed"], &found["proxies"][0]["relation"]), (&json!(1), &json!("stricter")));
    assert_eq!((found.get("traffic"), found.get("warnings")), (None, None));
}

#[sqlx::test(migrations = "../migrations")]
async fn what_cannot_be_read_is_told_by_pointer_and_line(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let vik = portal.login("vik@acme.test").await;
    let told = async |question: &str, document: &str| {
        complaints(&ask(&portal, &vik, &at(question), "application/yaml", document.to_owned()).await)
    };
    let cases =
        "format: 1\ncases:\n- id: a\n  policies: none\n  workload: {namespace: shop}\n  request: {methods: GET}\n";
    let errors = told("evaluate", cases).await;
    let pointers: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert!(pointers.contains(&"/cases/0/policies") && pointers.contains(&"/cases/0/request/methods"), "{errors:?}");
    assert!(
        errors.iter().any(|(_, detail)| detail == "line 6, column 13: unknown field `methods`. Did you mean `method`?"),
        "{errors:?}"
    );
    let errors = told("lint", "manifests: ''\nanalyse: true\n").await;
    assert_eq!(errors[0].0, "/analyse");
    let errors = told("diff", "before: ''\nafter: {'a/b.yaml': 'spec: ['}\n").await;
    assert_eq!(errors[0].0, "/after/a~1b.yaml");
    let errors = told("diff", "before: ''\nafter: ''\ntraffic: {duration: 10 minutes}\n").await;
    assert_eq!(errors[0].0, "/traffic/duration");
    for text in ["", "a: [", "- 1", "\u{0}"] {
        assert_eq!(told("lint", text).await.len(), 1, "{text:?}");
    }

    let with = async |kind: &str, body: Vec<u8>| complaints(&ask(&portal, &vik, &at("lint"), kind, body).await);
    for kind in ["", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", "json"] {
        assert!(with(kind, b"manifests: ''".to_vec()).await[0].1.contains("Content-Type"), "{kind}");
    }
    assert_eq!(with("text/plain", vec![0xff, 0xfe]).await[0].1, "The document is not UTF-8.");
}

#[sqlx::test(migrations = "../migrations")]
async fn hostile_documents_are_refused_and_the_server_lives(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let vik = portal.login("vik@acme.test").await;
    let told = async |document: String| {
        let started = Instant::now();
        let errors = complaints(&ask(&portal, &vik, &at("evaluate"), "text/yaml", document).await);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
        errors
    };
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..12 {
        let more = format!("*a{}, ", i - 1).repeat(10);
        bomb.push_str(&format!("a{i}: &a{i} [{more}]\n"));
    }
    assert!(!told(bomb).await.is_empty());
    for open in ["[", "{a: ", "- "] {
        let deep = told(open.repeat(100_000)).await;
        assert!(!deep.is_empty(), "{open}");
    }
    let many = told(format!("format: 1\n{}", (0..500).map(|i| format!("x{i}: 1\n")).collect::<String>())).await;
    assert_eq!((many.len(), many[49].1.as_str()), (50, "And 451 more errors."));
    let large = told(format!("format: 1\n# {}\n", "x".repeat(3 << 20))).await;
    assert_eq!(large[0].1, "The document is larger than 2 MiB. Send fewer policies or cases at once.");

    // Readable, and too much work.
    let cases: String = (0..4000)
        .map(|i| {
            format!(
                "- {{id: c{i}, policies: all, enforcement: sidecar, workload: {{namespace: shop}}, request: {{}}}}\n"
            )
        })
        .collect();
    let document = format!(
        "format: 1\npolicy_sets:\n  all:\n  - {{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {{name: p, namespace: shop}}, spec: {{rules: [{}]}}}}\ncases:\n{cases}",
        "{from: [{source: {principals: [td/ns/a/sa/*]}}], to: [{operation: {paths: [/a, /b, /c]}}]}, ".repeat(20)
    );
    assert!(document.len() < 2 << 20, "{}", document.len());
    let started = Instant::now();
    let errors = told(document).await;
    println!("too large a question is refused after {:?}", started.elapsed());
    assert!(errors[0].1.starts_with("The question is too large for one answer."), "{errors:?}");
    let fine = ask(&portal, &vik, &at("lint"), "text/yaml", "manifests: ''").await;
    assert_eq!(fine.status, StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_may_ask(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (ana, gus) = (portal.login("ana@acme.test").await, portal.login("gus@globex.test").await);
    let key = async |scopes: Value| {
        let body = json!({"name": scopes.to_string(), "role": "viewer", "scopes": scopes}).to_string();
        let made = portal.write(Method::POST, "/api/v1/t/acme/api-keys", &ana, &body, None).await;
        made.json()["secret"].as_str().expect("a key").to_owned()
    };
    let (with, without) = (key(json!(["policies:read"])).await, key(json!(["metrics:read"])).await);
    let both = key(json!(["policies:read", "metrics:read"])).await;
    for (question, document) in [
        ("evaluate", json!({"format": 1})),
        ("lint", json!({"manifests": ""})),
        ("diff", json!({"before": "", "after": ""})),
    ] {
        let (path, document) = (at(question), document.to_string());
        let foreign = ask(&portal, &gus, &path, "application/json", document.clone()).await;
        assert_eq!(foreign.status, StatusCode::NOT_FOUND, "{question}");
        let script = async |key: &str, path: &str| portal.script(Method::POST, path, key, &document, None).await;
        assert_eq!(script(&with, &path).await.status, StatusCode::OK, "{question}");
        assert_eq!(script(&with, &path.replace("acme", "globex")).await.status, StatusCode::NOT_FOUND, "{question}");
        let denied = script(&without, &path).await;
        assert_eq!(denied.status, StatusCode::FORBIDDEN, "{question}");
        assert!(denied.json()["detail"].as_str().expect("text").contains("policies:read"), "{}", denied.text());
        let nobody = portal.send(Request::post(&path).body(Body::from(document.clone())).expect("a request")).await;
        assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{question}");
        // Another site's page cannot ask in somebody's name.
        let forged = Request::post(&path).header(header::COOKIE, &ana).header(header::CONTENT_TYPE, "text/plain");
        let forged = portal.send(forged.body(Body::from(document.clone())).expect("a request")).await;
        assert_eq!(forged.status, StatusCode::FORBIDDEN, "{question}");
    }
    // Observed traffic is for whoever may see metrics.
    let traffic = json!({"before": "", "after": "", "traffic": {}}).to_string();
    let ask_traffic = async |key: &str| portal.script(Method::POST, &at("diff"), key, &traffic, None).await;
    let denied = ask_traffic(&with).await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    assert!(denied.text().contains("metrics:read"), "{}", denied.text());
    assert_eq!(ask_traffic(&both).await.status, StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_views_as_a_viewer_may_ask(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let begun = portal.ask(Method::POST, "/t/acme/view-as", Some(&ana)).await;
    assert!(begun.status.is_redirection(), "{}", begun.text());
    let cookie = begun.cookie().unwrap_or(ana);
    let refused = portal.write(Method::PUT, "/api/v1/t/acme/demo/faults/errors10", &cookie, "", None).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "nothing can be changed");
    let answer = ask(&portal, &cookie, &at("lint"), "text/yaml", "manifests: ''").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}

/// A document whose evaluation takes the engine a good while.
fn big() -> String {
    let principals: String = (0..40).map(|i| format!("td/ns/n{i}/sa/x, ")).collect();
    let rule = format!(
        "{{from: [{{source: {{principals: [{principals}]}}}}], to: [{{operation: {{paths: ['/a*', /b]}}}}]}}, "
    );
    let cases: String = (0..150)
        .map(|i| format!("- {{id: c{i}, policies: all, enforcement: sidecar, workload: {{namespace: shop}}, request: {{path: /a}}}}\n"))
        .collect();
    format!(
        "format: 1\npolicy_sets:\n  all:\n  - {{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {{name: p, namespace: shop}}, spec: {{rules: [{}]}}}}\ncases:\n{cases}",
        rule.repeat(8)
    )
}

#[sqlx::test(migrations = "../migrations")]
async fn big_questions_do_not_hold_up_others(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let vik = portal.login("vik@acme.test").await;
    let started = Instant::now();
    let evaluate = at("evaluate");
    let questions = async {
        let one = || ask(&portal, &vik, &evaluate, "text/yaml", big());
        tokio::join!(one(), one())
    };
    let others = async {
        let (mut slowest, mut count) = (Duration::ZERO, 0);
        for _ in 0..20 {
            let asked = Instant::now();
            assert_eq!(portal.get("/api/v1/t/acme/settings", Some(&vik)).await.status, StatusCode::FORBIDDEN);
            slowest = slowest.max(asked.elapsed());
            count += 1;
        }
        (slowest, started.elapsed(), count)
    };
    let ((one, two), (slowest, others_took, count)) = tokio::join!(questions, others);
    let took = started.elapsed();
    println!(
        "two big questions {took:?}, {} bytes each; {count} others {others_took:?}, slowest {slowest:?}",
        one.body.len()
    );
    for answer in [one, two] {
        assert!([StatusCode::OK, StatusCode::BAD_REQUEST].contains(&answer.status), "{}", answer.text());
    }
    assert!(others_took < took, "the others were answered while the big ones were being worked on");
}

/// Requests with a counter that grows by one a second.
fn calls(from: (&str, &str), to: (&str, &str), code: &str, now_ms: i64) -> PastSeries {
    let principal = format!("spiffe://cluster.local/ns/{}/sa/{}", from.0, from.1);
    let labels = [
        ("reporter", "destination"),
        ("source_cluster", "east"),
        ("source_workload", from.1),
        ("source_workload_namespace", from.0),
        ("source_principal", principal.as_str()),
        ("destination_cluster", "east"),
        ("destination_workload", to.1),
        ("destination_workload_namespace", to.0),
        ("destination_service_namespace", to.0),
        ("destination_app", to.1),
        ("destination_version", "v1"),
        ("destination_canonical_service", to.1),
        ("request_protocol", "http"),
        ("connection_security_policy", "mutual_tls"),
        ("response_code", code),
    ];
    PastSeries {
        name: "istio_requests_total".to_owned(),
        labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        points: (0..20_u32).map(|i| (now_ms - i64::from(20 - i) * 60_000, f64::from(i * 60))).collect(),
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_traffic_of_a_tenant_is_replayed_and_no_others(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let now = portal.backend.clock().now().0;
    let mut series = vec![
        calls(("shop", "web"), ("shop", "cart"), "200", now),
        calls(("shop", "batch"), ("shop", "cart"), "403", now),
        calls(("ai", "model"), ("shop", "cart"), "200", now),
        calls(("shop", "web"), ("ai", "model"), "200", now),
        calls(("platform", "robot"), ("ai", "model"), "200", now),
    ];
    // The same as connections, of which nothing is answered.
    let mut connections = calls(("shop", "batch"), ("shop", "queue"), "", now);
    connections.name = "istio_tcp_connections_opened_total".to_owned();
    connections.labels.retain(|(name, _)| name != "request_protocol" && name != "response_code");
    series.push(connections);
    portal.backend.backfill(series).await.expect("written");
    let allow = |name: &str, namespace: &str, principal: &str| {
        let spec = format!("{{rules: [{{from: [{{source: {{principals: [{principal}]}}}}]}}]}}");
        policy(name, &spec).replace("namespace: shop", &format!("namespace: {namespace}"))
    };
    let web = "cluster.local/ns/shop/sa/web";
    let document = json!({"before": "", "after": format!("{}---\n{}", allow("a", "shop", web), allow("b", "ai", web)),
        "traffic": {"duration": "10m"}})
    .to_string();
    let (vik, gus) = (portal.login("vik@acme.test").await, portal.login("gus@globex.test").await);
    let acme = ask(&portal, &vik, &at("diff"), "application/json", document.clone()).await;
    assert_eq!(acme.status, StatusCode::OK, "{}", acme.text());
    let found = acme.json();
    assert_eq!(found.get("warnings"), None, "{}", found["warnings"]);
    let traffic = &found["traffic"];
    assert_eq!((&traffic["flows"], &traffic["duration_s"]), (&json!(4), &json!(600)));
    assert_eq!((&traffic["newly_denied"]["flows"], &traffic["unchanged"]["flows"]), (&json!(3), &json!(1)));
    let rate = traffic["newly_denied"]["rate"].as_f64().expect("a number");
    assert!((2.9..3.1).contains(&rate), "{rate}");
    let denied = traffic["newly_denied"]["heaviest"].as_array().expect("flows").clone();
    let tcp = denied.iter().find(|flow| flow["protocol"] == "tcp").expect("a connection");
    assert_eq!((&tcp["destination"]["workload"], &tcp["denied_rate"]), (&json!("queue"), &json!(0.0)));
    let http = denied.iter().filter(|flow| flow["protocol"] == "http");
    let of = |hidden: bool| http.clone().find(|flow| flow["source"]["hidden"] == json!(hidden)).expect("there");
    assert_eq!(of(false)["source"]["workload"], "batch");
    assert_eq!(of(false)["rate"], of(false)["denied_rate"], "it is denied already");
    assert_eq!(of(false)["after"], json!({"verdict": "DENY", "decided_by": "no ALLOW matched"}));
    assert_eq!(of(true)["source"], json!({"namespace": "", "workload": "", "principal": "", "hidden": true}));
    for name in ["model", "robot", "platform", "ns/ai"] {
        assert!(!traffic.to_string().contains(name), "{name}: {traffic}");
    }

    let globex = ask(&portal, &gus, &at("diff").replace("acme", "globex"), "application/json", document).await.json();
    let traffic = &globex["traffic"];
    assert_eq!((&traffic["flows"], &traffic["newly_denied"]["flows"]), (&json!(2), &json!(1)));
    assert_eq!(traffic["newly_denied"]["heaviest"][0]["source"]["workload"], "robot");
    for name in ["cart", "batch", "web", "queue"] {
        assert!(!traffic.to_string().contains(name), "{name}: {traffic}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn without_its_store_a_diff_is_answered_all_the_same(pool: PgPool) {
    let store = "stores:\n  - {name: away, kind: prometheus, url: \"http://127.0.0.1:9\", tenancy: {mode: label, label: tenant_id}}\n";
    let portal = Portal::also(pool.clone(), store).await;
    sqlx::query(
        "insert into tenant_stores (tenant_id, signal, store) select id, 'metrics', 'away' from tenants where slug = 'acme'
         on conflict (tenant_id, signal) do update set store = excluded.store",
    )
    .execute(&pool)
    .await
    .expect("bound");
    let (vik, gus) = (portal.login("vik@acme.test").await, portal.login("gus@globex.test").await);
    let document = json!({"before": "", "after": policy("p", "{}"), "traffic": {}}).to_string();
    let quiet = at("diff").replace("acme", "globex");
    let quiet = ask(&portal, &gus, &quiet, "application/json", document.clone()).await.json();
    assert_eq!((&quiet["traffic"]["flows"], &quiet["changed"]), (&json!(0), &json!(2)));
    assert!(quiet["warnings"][0].as_str().expect("text").starts_with("No traffic"), "{quiet}");

    let answer = ask(&portal, &vik, &at("diff"), "application/json", document).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let found = answer.json();
    assert_eq!((found.get("traffic"), &found["changed"]), (None, &json!(2)));
    let warnings = found["warnings"].to_string();
    assert!(warnings.contains("Observed traffic of HTTP and gRPC is left out. The store away"), "{warnings}");
}
