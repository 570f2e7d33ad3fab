//! What others' portals fell for, tried on ours: paths that two parsers read differently, headers that claim an identity,
//! pages of sibling origins, cookies that were planted.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use sqlx::PgPool;

use super::{ORIGIN, PASSWORD, Portal};

#[sqlx::test(migrations = "../migrations")]
async fn no_spelling_of_a_path_leads_to_another_tenant(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let vik = portal.login("vik@acme.test").await;
    for path in [
        "/t/globex",
        "//t/globex",
        "/t//globex",
        "/t/%67lobex",
        "/t/globex%2f",
        "/t/acme/../globex",
        "/t/acme/%2e%2e/globex",
        "/t/acme%2f..%2fglobex",
        "/t/acme/..%252fglobex",
        "/t/acme;/globex",
        "/t/GLOBEX",
        "/t/globex%00",
        "/api/v1/t/globex/overview",
        "/api/v1/t//globex/overview",
        "/api/v1/t/%67lobex/overview",
        "/api/v1/t/acme%2f..%2fglobex/overview",
        "/api/v1/t/acme/../globex/overview",
        "/api/v1//t/globex/overview",
        "/api/v1/t/acme|globex/overview",
        "/ui/overview/page?args%5Btenant%5D=globex",
        "/ui/overview/page?args%5Btenant%5D=acme%7Cglobex",
        "/ui/overview/page?args%5Btenant%5D=..%2Fglobex",
    ] {
        let answer = portal.get(&path.replace('|', "%7C"), Some(&vik)).await;
        assert!(!answer.status.is_success(), "{path}: {}", answer.status);
        assert!(!answer.text().contains("Globex"), "{path}: {}", answer.text());
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn no_header_makes_somebody_of_nobody(pool: PgPool) {
    let portal = Portal::new(pool).await;
    for (name, value) in [
        ("x-forwarded-user", "ana@acme.test"),
        ("x-webauth-user", "ana@acme.test"),
        ("x-auth-request-email", "ana@acme.test"),
        ("remote-user", "ana@acme.test"),
        ("x-scope-orgid", "acme"),
        ("x-original-url", "/login"),
        ("x-forwarded-uri", "/healthz"),
        ("x-http-method-override", "OPTIONS"),
        ("authorization", "Basic YW5hQGFjbWUudGVzdDpjb3JyZWN0IGhvcnNlIGJhdHRlcnkgc3RhcGxl"),
        ("authorization", "Bearer null"),
        ("authorization", "Bearer "),
        ("cookie", "user=ana; obstack_session=ana"),
        ("cookie", "obstack_session="),
        ("user-agent", "kube-probe/1.30"),
    ] {
        for path in ["/api/v1/auth/me", "/api/v1/t/acme/overview", "/api/v1/admin/audit"] {
            let request = Request::get(path).header(name, value).body(Body::empty()).unwrap();
            let answer = portal.send(request).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}: {value} on {path}");
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn no_header_turns_an_address_of_ours_into_anothers(pool: PgPool) {
    let portal = Portal::new(pool).await;
    for (name, value) in [
        ("host", "evil.test"),
        ("x-forwarded-host", "evil.test"),
        ("forwarded", "host=evil.test"),
        ("x-forwarded-proto", "ftp"),
    ] {
        let request = Request::get("/t/acme").header(name, value).body(Body::empty()).unwrap();
        let answer = portal.send(request).await;
        assert_eq!(answer.header(header::LOCATION), "/login?return=%2Ft%2Facme", "{name}");
        assert!(!answer.text().contains("evil.test"), "{name}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_sibling_origin_cannot_write_even_with_the_cookie(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    let form = |path: &str, pairs: &[(&str, &str)]| {
        let mut request = Request::post(path)
            .header(header::COOKIE, &ana)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in pairs {
            request = request.header(*name, *value);
        }
        request.body(Body::from("email=x")).unwrap()
    };
    for path in ["/logout", "/account/sessions/end", "/t/acme/view-as", "/view-as/end", "/setup", "/api/v1/auth/logout"]
    {
        for pairs in [
            &[("origin", "http://grafana.127.0.0.1:3000"), ("sec-fetch-site", "same-site")][..],
            &[("origin", "http://127.0.0.1:3001"), ("sec-fetch-site", "same-site")],
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[("origin", "http://127.0.0.1:3000.evil.test")],
            &[("referer", ORIGIN)],
            &[],
        ] {
            let answer = portal.send(form(path, pairs)).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {pairs:?}");
        }
    }
    assert_eq!(portal.get("/api/v1/auth/me", Some(&ana)).await.status, StatusCode::OK, "nothing happened");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_planted_cookie_is_not_taken_over_by_a_sign_in(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let planted = "obstack_session=AAAAAAAAAAAAAAAAAAAAAA";
    let request = Request::post("/login")
        .header(header::COOKIE, planted)
        .header(header::ORIGIN, ORIGIN)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("email=ana%40acme.test&password={}", PASSWORD.replace(' ', "+"))))
        .unwrap();
    let answer = portal.send(request).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert_ne!(answer.cookie().expect("a session"), planted);
    assert_eq!(portal.get("/api/v1/auth/me", Some(planted)).await.status, StatusCode::UNAUTHORIZED);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_method_that_only_asks_changes_nothing(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    for path in ["/logout", "/api/v1/auth/logout", "/t/acme/view-as", "/account/sessions/end", "/theme"] {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            let answer = portal.ask(method.clone(), path, Some(&ana)).await;
            assert!(!answer.status.is_success(), "{method} {path}: {}", answer.status);
        }
    }
    assert_eq!(portal.get("/api/v1/auth/me", Some(&ana)).await.status, StatusCode::OK);
}
