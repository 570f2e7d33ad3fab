//! The first run: only the printed token claims the portal, once.

use axum::http::{Method, StatusCode};
use sqlx::PgPool;

use super::Portal;

const FORM: &str = "name=Ada&email=ada%40example.test&password=a+long+passphrase";

async fn claim(portal: &Portal, token: &str) -> super::Answer {
    portal.ask(Method::POST, &format!("/setup?token={token}&{FORM}"), None).await
}

#[sqlx::test(migrations = "../migrations")]
async fn the_printed_token_claims_the_portal_once(pool: PgPool) {
    let portal = Portal::empty(pool).await;
    let token = portal.backend.setup_token().await.expect("asked").expect("nobody is there");
    let other = portal.backend.setup_token().await.expect("asked").expect("another instance prints another");
    let login = portal.get("/login", None).await;
    assert_eq!((login.status, login.header("location")), (StatusCode::SEE_OTHER, "/setup"));
    let wrong = claim(&portal, "00000-00000-00000-00000").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(
        wrong.text().contains("This is not the token.") && wrong.text().contains("value=\"Ada\""),
        "{}",
        wrong.text()
    );
    assert!(
        !wrong.text().contains("a long passphrase") && !wrong.text().contains("00000-00000"),
        "no secret comes back"
    );

    let claimed = claim(&portal, &token.to_uppercase().replace('-', "")).await;
    assert_eq!((claimed.status, claimed.header("location")), (StatusCode::SEE_OTHER, "/setup/tenant"));
    let cookie = claimed.cookie().expect("signed in");
    assert_eq!(portal.get("/setup/stores", Some(&cookie)).await.header("location"), "/setup/tenant");
    for (body, pointer) in
        [("name=Acme&slug=Acme", "slug"), ("name=Acme&slug=admin", "slug"), ("name=&slug=acme", "name")]
    {
        let answer = portal.ask(Method::POST, &format!("/setup/tenant?{body}"), Some(&cookie)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.text().contains(&format!("id=\"{pointer}-error\"")), "{body}: {}", answer.text());
    }
    let made = portal.ask(Method::POST, "/setup/tenant?name=Acme&slug=acme", Some(&cookie)).await;
    assert_eq!(made.header("location"), "/setup/stores");
    let stores = portal.get("/setup/stores", Some(&cookie)).await;
    assert!(
        stores.text().contains("href=\"/t/acme\"") && stores.text().contains("email: ada@example.test"),
        "{}",
        stores.text()
    );
    assert_eq!(portal.get("/t/acme", Some(&cookie)).await.status, StatusCode::OK);

    assert_eq!(claim(&portal, &other).await.status, StatusCode::BAD_REQUEST, "the door is shut for every token");
    assert_eq!(portal.backend.setup_token().await.expect("asked"), None);
    let log = portal.get("/api/v1/admin/audit?action=setup.done", Some(&cookie)).await.json();
    assert_eq!(log["items"].as_array().map(Vec::len), Some(1));
}

#[sqlx::test(migrations = "../migrations")]
async fn the_token_cannot_be_guessed_for_long(pool: PgPool) {
    let portal = Portal::empty(pool).await;
    portal.backend.setup_token().await.expect("asked").expect("nobody is there");
    let mut last = StatusCode::OK;
    for _ in 0..12 {
        last = claim(&portal, "00000-00000-00000-00000").await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}
