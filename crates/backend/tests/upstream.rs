//! How the Prometheus client and the wrappers around a store behave when the other side is dead, slow, wrong or hostile.

#[path = "stub/server.rs"]
mod stub;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant as Moment},
};

use backend::{
    Error,
    clock::MockClock,
    metrics::{Guarded, Instant, MetricsStore, Switch, prometheus::Prometheus},
    upstream::{Connect, Health, Thresholds},
};
use contract::{
    Timestamp,
    stores::{Signal, StoreState},
};
use query::{Enforced, MeshScope, PromQl, Side, confine, confine_selectors};

use self::stub::{Behaviour, Stub};

const EMPTY: &str = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;

fn open(text: &str) -> Enforced<PromQl> {
    confine(text, &MeshScope::everything(), Side::Resource, None).expect("it is confined")
}

fn client(url: &str) -> Prometheus {
    Prometheus::new(&connect(url)).expect("a good address")
}

fn connect(url: &str) -> Connect {
    Connect { deadline: Duration::from_millis(500), max_bytes: 64 * 1024, ..Connect::new("prom", url) }
}

async fn ask(store: &dyn MetricsStore) -> Result<Instant, Error> {
    store.query(&open("up"), Timestamp::from_secs(1_700_000_000)).await
}

fn why(outcome: Result<Instant, Error>) -> String {
    match outcome {
        Err(Error::Upstream { store, why, .. }) => {
            assert_eq!(store, "prom");
            why
        }
        other => panic!("{other:?}"),
    }
}

/// An address where nobody listens.
async fn dead() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    format!("http://{}", listener.local_addr().expect("an address"))
}

#[tokio::test]
async fn the_request_is_ours_with_tenant_and_token() {
    let stub = Stub::answering("200 OK", "", EMPTY).await;
    let connect = Connect {
        org_id: Some("acme".to_owned()),
        token: Some("s3cret".to_owned()),
        ..connect(&format!("{}/prometheus", stub.url))
    };
    ask(&Prometheus::new(&connect).expect("a good address")).await.expect("an answer");
    let request = &stub.seen()[0];
    assert!(request.starts_with("POST /prometheus/api/v1/query HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("x-scope-orgid: acme\r\n"));
    assert!(request.contains("authorization: Bearer s3cret\r\n"));
    assert!(request.ends_with("query=up&time=1700000000.000&timeout=450ms"), "{request}");
}

#[tokio::test]
async fn a_label_name_cannot_leave_its_path_segment() {
    let stub = Stub::answering("200 OK", "", r#"{"status":"success","data":["b","a"]}"#).await;
    let all = confine_selectors(&["up".to_owned()], &MeshScope::everything(), Side::Resource, None).expect("confined");
    let (from, to) = (Timestamp::from_secs(0), Timestamp::from_secs(60));
    let found = client(&stub.url).label_values("a/../../admin?x#", &all, from, to).await.expect("an answer");
    assert_eq!(found, ["a", "b"]);
    assert!(
        stub.seen()[0]
            .starts_with("GET /api/v1/label/a%2F..%2F..%2Fadmin%3Fx%23/values?start=0.000&end=60.000&match%5B%5D=up ")
    );
    assert!(client(&stub.url).label_values("..", &all, from, to).await.is_err());
    assert_eq!(stub.seen().len(), 1);
}

#[tokio::test]
async fn a_dead_server_refuses_connections() {
    assert_eq!(why(ask(&client(&dead().await)).await), "it refuses connections");
}

#[tokio::test]
async fn a_slow_server_meets_the_deadline() {
    let stub = Stub::start(Behaviour::Silent).await;
    let started = Moment::now();
    let outcome = ask(&client(&stub.url)).await;
    assert!(matches!(outcome, Err(Error::Timeout { ref store }) if store == "prom"), "{outcome:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn oversized_answers_are_cut_off() {
    let announced = Stub::answering("200 OK", "", &" ".repeat(70_000)).await;
    let endless = Stub::start(Behaviour::Endless).await;
    for url in [&announced.url, &endless.url] {
        let outcome = ask(&client(url)).await;
        // The question asked for too much; the store is as well as before.
        let told = matches!(&outcome, Err(Error::Invalid { why, .. }) if why.contains("larger than 64 KiB"));
        assert!(told, "{outcome:?}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Stub::answering("200 OK", "", EMPTY).await;
    let stub = Stub::answering("302 Found", &format!("location: {}/api/v1/query\r\n", other.url), "").await;
    assert_eq!(why(ask(&client(&stub.url)).await), "it answers with a redirect, which is not followed");
    assert_eq!(other.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn garbage_is_no_answer() {
    for body in ["<html>welcome</html>", r#"{"status":"success"}"#, ""] {
        let stub = Stub::answering("200 OK", "", body).await;
        assert_eq!(why(ask(&client(&stub.url)).await), "its answer cannot be read", "{body:?}");
    }
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let told = async |status: &str, body: &str| {
        let stub = Stub::answering(status, "", body).await;
        ask(&client(&stub.url)).await.expect_err("it is refused")
    };
    let bad = r#"{"status":"error","errorType":"bad_data","error":"many-to-many"}"#;
    let error = told("400 Bad Request", bad).await;
    assert!(matches!(&error, Error::Invalid { why, .. } if why.contains("many-to-many")), "{error:?}");
    assert!(!error.is_failure(), "the store is well");
    assert!(matches!(told("422 Unprocessable", bad).await, Error::Invalid { .. }));
    let timeout = r#"{"status":"error","errorType":"timeout","error":"query timed out"}"#;
    assert!(matches!(told("503 Service Unavailable", timeout).await, Error::Timeout { .. }));
    assert!(matches!(told("429 Too Many Requests", "slow down").await, Error::RateLimited { .. }));
    for (status, words) in [
        ("401 Unauthorized", "it refuses our credentials or tenant header"),
        ("404 Not Found", "there is no Prometheus API at its address"),
        ("500 Internal Server Error", "it answers with status 500"),
        ("502 Bad Gateway", "it answers with status 502"),
    ] {
        assert!(matches!(told(status, "no org id").await, Error::Upstream { why, .. } if why == words), "{status}");
    }
}

#[tokio::test]
async fn an_address_must_be_http() {
    for url in ["", "prom:9090", "ftp://prom", "file:///etc/passwd", "http://"] {
        assert!(matches!(Prometheus::new(&connect(url)), Err(Error::Invalid { .. })), "{url}");
    }
}

#[tokio::test]
async fn a_store_that_dies_and_returns_is_seen_by_the_guard() {
    let clock = Arc::new(MockClock::new(Timestamp::from_secs(1_000)));
    let health = Arc::new(Health::new("prom", "prometheus", Signal::Metrics, Thresholds::default(), clock.clone()));
    let stub = Stub::answering("200 OK", "", EMPTY).await;
    let off = Arc::new(AtomicBool::new(false));
    let switch = Switch::new(Arc::new(client(&stub.url)), "prom", off.clone());
    let store = Guarded::new(Arc::new(switch), health);
    assert_eq!(store.status().state, StoreState::Unknown);
    ask(&store).await.expect("an answer");
    assert_eq!(store.status().state, StoreState::Ok);
    assert!(store.status().latency_ms.is_some());

    off.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(why(ask(&store).await), "it refuses connections");
    }
    let status = store.status();
    assert_eq!((status.state, status.message.as_deref()), (StoreState::Down, Some("it refuses connections")));
    assert_eq!(status.retry_at, Some(Timestamp::from_secs(1_002)));

    // It is back, but the breaker is open: nothing is sent.
    off.store(false, Ordering::SeqCst);
    let before = stub.seen().len();
    assert!(matches!(ask(&store).await, Err(Error::Upstream { retry_after: Some(2), .. })));
    assert_eq!(stub.seen().len(), before);
    clock.advance_secs(2);
    ask(&store).await.expect("one may try");
    let status = store.status();
    assert_eq!((status.state, status.since, status.retry_at), (StoreState::Ok, Timestamp::from_secs(1_002), None));
}
