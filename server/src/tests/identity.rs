//! Signing in, staying in, and leaving.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use sqlx::PgPool;

use super::{ORIGIN, PASSWORD, Portal};

#[sqlx::test(migrations = "../migrations")]
async fn me_tells_who_is_signed_in_and_nobody_else(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let anonymous = portal.get("/api/v1/auth/me", None).await;
    assert_eq!(anonymous.status, StatusCode::UNAUTHORIZED);
    assert_eq!(anonymous.header(header::CONTENT_TYPE), "application/problem+json");
    assert_eq!(anonymous.json()["code"], "unauthenticated");
    assert_eq!(anonymous.json()["request_id"], anonymous.header("x-request-id"));

    let cookie = portal.login("ana@acme.test").await;
    let me = portal.get("/api/v1/auth/me", Some(&cookie)).await.json();
    assert_eq!(me["user"]["email"], "ana@acme.test");
    assert_eq!(me["memberships"], serde_json::json!([{"tenant": "acme", "name": "Acme", "role": "admin"}]));
}

#[sqlx::test(migrations = "../migrations")]
async fn every_failed_sign_in_reads_the_same(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let wrong = portal.try_login("ana@acme.test", "wrong").await;
    let unknown = portal.try_login("nobody@acme.test", "wrong").await;
    assert_eq!([wrong.status, unknown.status], [StatusCode::UNAUTHORIZED; 2]);
    assert_eq!(wrong.json()["detail"], unknown.json()["detail"]);
    assert!(wrong.cookie().is_none());
}

#[sqlx::test(migrations = "../migrations")]
async fn guessing_is_stopped_and_told_how_long(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let mut limited = None;
    for _ in 0..40 {
        let answer = portal.try_login("ana@acme.test", "wrong").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("a limit within 40 tries");
    assert!(limited.header(header::RETRY_AFTER).parse::<u64>().is_ok_and(|secs| secs > 0));
    let right = portal.try_login("ana@acme.test", PASSWORD).await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "the right password does not get past the limit");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_planted_session_id_is_not_the_one_after_sign_in(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let body = serde_json::json!({"email": "ana@acme.test", "password": PASSWORD}).to_string();
    let planted = portal.login("gus@globex.test").await;
    let request = Request::post("/api/v1/auth/login")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, &planted)
        .header(header::ORIGIN, ORIGIN)
        .header("x-obstack-csrf", "1")
        .body(Body::from(body))
        .unwrap();
    let answer = portal.send(request).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let fresh = answer.cookie().expect("a new cookie");
    assert_ne!(fresh, planted);
    let me = portal.get("/api/v1/auth/me", Some(&planted)).await;
    assert_eq!(me.status, StatusCode::UNAUTHORIZED, "the old id is worth nothing");
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_out_ends_the_session_on_the_server(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let cookie = portal.login("ana@acme.test").await;
    let out = portal.ask(Method::POST, "/api/v1/auth/logout", Some(&cookie)).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(portal.get("/api/v1/auth/me", Some(&cookie)).await.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let answer = portal.try_login("ana@acme.test", PASSWORD).await;
    let cookie = answer.header(header::SET_COOKIE);
    for part in ["Max-Age=604800", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn another_site_cannot_write_with_our_cookie(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let cookie = portal.login("ana@acme.test").await;
    let forge = |origin: Option<&'static str>, csrf: bool| {
        let mut request = Request::post("/api/v1/auth/logout").header(header::COOKIE, &cookie);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        if csrf {
            request = request.header("x-obstack-csrf", "1");
        }
        request.body(Body::empty()).unwrap()
    };
    for (origin, csrf) in [(Some("http://evil.test"), true), (Some(ORIGIN), false), (None, true), (Some("null"), true)]
    {
        let answer = portal.send(forge(origin, csrf)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{origin:?} {csrf}");
    }
    assert_eq!(portal.get("/api/v1/auth/me", Some(&cookie)).await.status, StatusCode::OK, "still signed in");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_removed_account_is_out_at_once(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let cookie = portal.login("ana@acme.test").await;
    sqlx::query("update users set disabled_at = now() where email = 'ana@acme.test'").execute(&pool).await.unwrap();
    assert_eq!(portal.get("/api/v1/auth/me", Some(&cookie)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(portal.get("/api/v1/t/acme/stores", Some(&cookie)).await.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_removed_membership_counts_from_the_next_request_on(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let cookie = portal.login("bea@obstack.test").await;
    assert_eq!(portal.get("/api/v1/t/globex/stores", Some(&cookie)).await.status, StatusCode::OK);
    sqlx::query("delete from memberships where tenant_id = (select id from tenants where slug = 'globex')")
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(portal.get("/api/v1/t/globex/stores", Some(&cookie)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(portal.get("/api/v1/t/acme/stores", Some(&cookie)).await.status, StatusCode::OK);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_link_on_another_site_leads_in_with_the_session(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let from_elsewhere = |path: &str| {
        Request::get(path)
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "navigate")
            .body(Body::empty())
            .unwrap()
    };
    for (path, target) in [
        ("/t/acme/topology?from=now-6h", "0;url=/t/acme/topology?from=now-6h"),
        ("/login?return=/t/acme", "0;url=/login?return=%2Ft%2Facme"),
    ] {
        let answer = portal.send(from_elsewhere(path)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.text().contains(&format!("http-equiv=\"refresh\" content=\"{target}\"")), "{}", answer.text());
        assert!(!answer.text().contains("<script"));
    }
    let answer = portal.send(from_elsewhere("/login?return=https://evil.test")).await;
    assert!(!answer.text().contains("evil.test"), "{}", answer.text());
}
