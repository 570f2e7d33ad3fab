//! How often whom may ask, guessing, and many people at once.

use std::net::SocketAddr;

use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Method, Request, StatusCode, header},
};
use futures::future::join_all;
use serde_json::json;
use sqlx::PgPool;

use super::{Answer, PASSWORD, Portal};

/// A request from this address, perhaps through proxies.
async fn from(portal: &Portal, peer: [u8; 4], forwarded: Option<&str>, path: &str) -> Answer {
    let mut request = Request::get(path);
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    let mut request = request.body(Body::empty()).expect("a request");
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 40_000))));
    portal.send(request).await
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_that_asks_too_often_waits_and_others_do_not(pool: PgPool) {
    let portal = Portal::also(pool, "limits: {address: {rate: 1, burst: 3}}\n").await;
    let version = "/api/v1/version";
    let first = from(&portal, [192, 0, 2, 1], None, version).await;
    assert_eq!(first.header("ratelimit-policy"), "\"address\";q=3;w=3");
    assert_eq!(first.header("ratelimit"), "\"address\";r=2;t=1");
    for _ in 0..2 {
        assert_eq!(from(&portal, [192, 0, 2, 1], None, version).await.status, StatusCode::OK);
    }
    let over = from(&portal, [192, 0, 2, 1], None, version).await;
    assert_eq!(over.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(over.header(header::CONTENT_TYPE), "application/problem+json");
    assert_eq!(over.header(header::RETRY_AFTER), "1");
    assert_eq!((over.json()["code"].as_str(), over.json()["retry_after"].as_u64()), (Some("rate_limited"), Some(1)));
    assert_eq!(over.header("ratelimit"), "\"address\";r=0;t=1");
    let page = from(&portal, [192, 0, 2, 1], None, "/login").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(page.text().contains("<html") && page.text().contains("Too many requests"), "{}", page.text());
    assert_eq!(
        from(&portal, [192, 0, 2, 1], None, "/favicon.svg").await.header("ratelimit"),
        "",
        "static files are not counted"
    );
    assert_eq!(from(&portal, [192, 0, 2, 1], None, "/healthz").await.status, StatusCode::OK);
    // A header makes nobody somebody else.
    assert_eq!(from(&portal, [192, 0, 2, 1], Some("192.0.2.9"), version).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(from(&portal, [192, 0, 2, 2], None, version).await.status, StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn behind_a_trusted_proxy_each_client_is_itself(pool: PgPool) {
    let portal = Portal::also(pool, "trusted_proxies: [10.0.0.0/8]\nlimits: {address: {rate: 1, burst: 1}}\n").await;
    let ask = async |forwarded: &str| from(&portal, [10, 0, 0, 1], Some(forwarded), "/api/v1/version").await.status;
    assert_eq!(ask("192.0.2.1").await, StatusCode::OK);
    assert_eq!(ask("192.0.2.1").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask("203.0.113.5, 192.0.2.1").await, StatusCode::TOO_MANY_REQUESTS, "what the client wrote itself");
    assert_eq!(ask("192.0.2.2").await, StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn persons_keys_and_tenants_have_limits_of_their_own(pool: PgPool) {
    let more = "limits: {account: {rate: 1, burst: 4}, key: {rate: 1, burst: 2}, tenant: {rate: 1, burst: 6}}\n";
    let portal = Portal::also(pool, more).await;
    let (ana, vik) = (portal.login("ana@acme.test").await, portal.login("vik@acme.test").await);
    let body = json!({"name": "x", "role": "viewer", "scopes": ["metrics:read"]}).to_string();
    let made = portal.write(Method::POST, "/api/v1/t/acme/api-keys", &ana, &body, None).await.json();
    let key = made["secret"].as_str().expect("a key").to_owned();
    let stores = "/api/v1/t/acme/stores";
    let with_key = async || portal.script(Method::GET, stores, &key, "", None).await;
    let policy = with_key().await.header("ratelimit-policy").to_owned();
    assert!(
        policy.contains("\"address\"") && policy.contains("\"key\";q=2") && policy.contains("\"tenant\";q=6"),
        "{policy}"
    );
    with_key().await;
    let over = with_key().await;
    assert_eq!(over.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(over.json()["detail"].as_str().is_some_and(|text| text.contains("this key")), "{}", over.text());
    // The person is not the key. Pages behind the sign-in are not counted.
    for _ in 0..3 {
        assert_eq!(portal.get("/api/v1/auth/me", Some(&ana)).await.status, StatusCode::OK);
    }
    let over = portal.get("/api/v1/auth/me", Some(&ana)).await;
    assert!(over.status == StatusCode::TOO_MANY_REQUESTS && over.text().contains("this account"), "{}", over.text());
    assert_eq!(portal.get("/t/acme", Some(&ana)).await.status, StatusCode::OK);
    // Strangers cannot use up a tenant's share; its people together can.
    let gus = portal.login("gus@globex.test").await;
    for _ in 0..3 {
        assert_eq!(portal.get(stores, Some(&gus)).await.status, StatusCode::NOT_FOUND);
    }
    for _ in 0..3 {
        assert_eq!(portal.get(stores, Some(&vik)).await.status, StatusCode::OK);
    }
    let over = portal.get(stores, Some(&vik)).await;
    assert!(over.status == StatusCode::TOO_MANY_REQUESTS && over.text().contains("this tenant"), "{}", over.text());
}

#[sqlx::test(migrations = "../migrations")]
async fn zero_switches_a_limit_off(pool: PgPool) {
    let portal = Portal::also(pool, "limits: {address: {rate: 0, burst: 1}}\n").await;
    for _ in 0..20 {
        let answer = portal.get("/api/v1/version", None).await;
        assert_eq!((answer.status, answer.header("ratelimit")), (StatusCode::OK, ""));
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn two_hundred_people_sign_in_at_once(pool: PgPool) {
    // One hash for all of them: hashing two hundred would only make the test slow.
    let portal = Portal::new(pool.clone()).await;
    sqlx::query(
        "insert into users (id, email, name, password_hash) select gen_random_uuid(), 'p' || n || '@acme.test', 'P', u.password_hash
         from generate_series(1, 200) n, users u where u.email = 'ana@acme.test'",
    )
    .execute(&pool)
    .await
    .unwrap();
    let people: Vec<String> = (1..=200).map(|n| format!("p{n}@acme.test")).collect();
    let answers = join_all(people.iter().map(|email| portal.try_login(email, PASSWORD))).await;
    for answer in &answers {
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text());
    }
    let cookies: std::collections::BTreeSet<_> = answers.iter().filter_map(Answer::cookie).collect();
    assert_eq!(cookies.len(), 200, "each with a session of their own");
}

#[sqlx::test(migrations = "../migrations")]
async fn guessing_is_stopped_for_an_address_whatever_the_account(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let mut tried = 0;
    let limited = loop {
        let answer = portal.try_login(&format!("nobody{tried}@acme.test"), "wrong").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        tried += 1;
    };
    assert_eq!(tried, 50);
    assert!(limited.header(header::RETRY_AFTER).parse::<u64>().is_ok_and(|secs| secs > 1));
    assert_eq!(
        portal.try_login("vik@acme.test", PASSWORD).await.status,
        StatusCode::TOO_MANY_REQUESTS,
        "the right one neither"
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn guessing_tokens_is_stopped_for_an_address(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let guess = async || portal.script(Method::GET, "/api/v1/auth/me", "garbage", "", None).await;
    let mut tried = 0;
    let limited = loop {
        let answer = guess().await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
        tried += 1;
    };
    assert_eq!(tried, 100);
    assert!(limited.header(header::RETRY_AFTER).parse::<u64>().is_ok_and(|secs| secs > 1));
    let cookie = portal.login("vik@acme.test").await;
    assert_eq!(portal.get("/api/v1/auth/me", Some(&cookie)).await.status, StatusCode::OK, "sessions go on");
}
