//! Tokens that arrive without a browser: logout tokens of the back channel, and access tokens on the API.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    super::{
        Answer, Portal,
        provider::{CLIENT, Idp, Key, unsigned, with_public_key_as_secret},
    },
    Browser, with_idp,
};

const BACKCHANNEL: &str = "/api/v1/auth/oidc/keycloak/backchannel-logout";

fn logout_claims(idp: &Idp, jti: &str) -> Value {
    json!({ "iss": idp.issuer, "aud": CLIENT, "iat": idp.secs(), "exp": idp.secs() + 120, "jti": jti, "sid": "sid-ana-there",
            "sub": "ana-there", "events": {"http://schemas.openid.net/event/backchannel-logout": {}} })
}

/// As a provider sends it: without cookies.
async fn tell(portal: &Portal, token: &str) -> Answer {
    let request = Request::post(BACKCHANNEL).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    portal.send(request.body(Body::from(format!("logout_token={token}"))).unwrap()).await
}

#[sqlx::test(migrations = "../migrations")]
async fn a_logout_token_ends_the_sessions_it_names(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let (mut ana, mut eve, mut local) = (Browser::default(), Browser::default(), Browser::default());
    ana.sign_in(&portal, &idp).await;
    idp.person("eve", &["/acme/admins"]);
    eve.sign_in(&portal, &idp).await;
    let cookie = portal.login("ana@acme.test").await;
    let (name, value) = cookie.split_once('=').unwrap();
    local.0.insert(name.to_owned(), value.to_owned());
    let key = idp.set().key.clone();
    let token = key.sign(&logout_claims(&idp, "j1"), |header| header.typ = Some("logout+jwt".to_owned()));
    let done = tell(&portal, &token).await;
    assert_eq!((done.status, done.header(header::CACHE_CONTROL)), (StatusCode::OK, "no-store"), "{}", done.text());
    assert!(ana.me(&portal).await.is_none());
    assert!(eve.me(&portal).await.is_some() && local.me(&portal).await.is_some(), "nobody else's");
    // By the person alone, and by the session alone.
    for (jti, gone) in [("j2", "sid"), ("j3", "sub")] {
        idp.person("ana-there", &["/acme/admins"]);
        ana.sign_in(&portal, &idp).await;
        let mut claims = logout_claims(&idp, jti);
        claims.as_object_mut().unwrap().remove(gone);
        assert_eq!(tell(&portal, &key.sign(&claims, |_| {})).await.status, StatusCode::OK);
        assert!(ana.me(&portal).await.is_none(), "without {gone}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn logout_tokens_are_checked_in_every_part(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    let key = idp.set().key.clone();
    let now = idp.secs();
    let good = || logout_claims(&idp, "j");
    let with = |name: &str, value: Value| {
        let mut claims = good();
        claims[name] = value;
        key.sign(&claims, |_| {})
    };
    let without = |names: &[&str]| {
        let mut claims = good();
        names.iter().for_each(|name| drop(claims.as_object_mut().unwrap().remove(*name)));
        key.sign(&claims, |_| {})
    };
    let event = "http://schemas.openid.net/event/backchannel-logout";
    let cases = [
        ("malformed", "nonsense".to_owned()),
        ("algorithm", unsigned(&good())),
        ("algorithm", with_public_key_as_secret(&key, &good())),
        ("unknown_key", Key::new("foreign", jsonwebtoken::Algorithm::ES256).sign(&good(), |_| {})),
        ("signature", Key::new("one", jsonwebtoken::Algorithm::ES256).sign(&good(), |_| {})),
        ("type", key.sign(&good(), |header| header.typ = Some("at+jwt".to_owned()))),
        ("algorithm", key.sign(&good(), |header| header.crit = Some(vec!["b64".to_owned()]))),
        ("iss", with("iss", json!("https://evil.test"))),
        ("aud", with("aud", json!("another-client"))),
        ("aud", without(&["aud"])),
        ("iat", with("iat", json!(now + 3600))),
        ("iat", with("iat", json!(now - 3600))),
        ("iat", without(&["iat"])),
        ("exp", with("exp", json!(now - 3600))),
        ("exp", without(&["exp"])),
        ("jti", without(&["jti"])),
        ("jti", with("jti", json!(""))),
        ("events", without(&["events"])),
        ("events", with("events", json!({event: "x"}))),
        ("events", with("events", json!({"http://schemas.openid.net/event/other": {}}))),
        ("nonce", with("nonce", json!("n"))),
        ("sub_or_sid", without(&["sub", "sid"])),
        ("malformed", with("sub", json!(["ana-there"]))),
        ("sid", with("sid", json!(""))),
    ];
    for (i, (why, token)) in cases.into_iter().enumerate() {
        let answer = tell(&portal, &token).await;
        assert_eq!(
            (answer.status, answer.json()["error_description"].as_str()),
            (StatusCode::BAD_REQUEST, Some(why)),
            "case {i}"
        );
        assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
    }
    assert!(browser.me(&portal).await.is_some(), "none of them ended anything");
    // Once is enough.
    let token = key.sign(&good(), |_| {});
    assert_eq!(tell(&portal, &token).await.status, StatusCode::OK);
    browser.sign_in(&portal, &idp).await;
    let replayed = tell(&portal, &token).await;
    assert_eq!(
        (replayed.status, replayed.json()["error_description"].as_str()),
        (StatusCode::BAD_REQUEST, Some("replayed"))
    );
    assert!(browser.me(&portal).await.is_some());
    // No token, too long a body.
    let request = Request::post(BACKCHANNEL).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    assert_eq!(portal.send(request.body(Body::from("x=y")).unwrap()).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(tell(&portal, &"a".repeat(100_000)).await.status, StatusCode::BAD_REQUEST);
}

async fn with_token(portal: &Portal, path: &str, token: &str) -> Answer {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
    portal.send(request.body(Body::empty()).unwrap()).await
}

#[sqlx::test(migrations = "../migrations")]
async fn access_tokens_open_the_api_where_their_audience_says_so(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let key = idp.set().key.clone();
    let now = idp.secs();
    let good = || json!({ "iss": idp.issuer, "aud": ["account", "obstack-api"], "sub": "robot", "exp": now + 60, "iat": now, "groups": ["/globex/ci"] });
    let me = with_token(&portal, "/api/v1/auth/me", &key.sign(&good(), |_| {})).await;
    assert_eq!(
        me.json()["memberships"],
        json!([{"tenant": "globex", "name": "Globex", "role": "viewer"}]),
        "{}",
        me.text()
    );
    let at = key.sign(&good(), |header| header.typ = Some("at+jwt".to_owned()));
    assert_eq!(with_token(&portal, "/api/v1/t/globex/overview", &at).await.status, StatusCode::OK);
    assert_eq!(with_token(&portal, "/api/v1/t/acme/overview", &at).await.status, StatusCode::NOT_FOUND);
    let with = |name: &str, value: Value| {
        let mut claims = good();
        claims[name] = value;
        key.sign(&claims, |_| {})
    };
    for (what, token) in [
        ("aud", with("aud", json!("obstack"))),
        ("aud", with("aud", json!(["obstack-api-2"]))),
        ("iss", with("iss", json!("https://evil.test"))),
        ("exp", with("exp", json!(now - 1))),
        ("nbf", with("nbf", json!(now + 600))),
        ("nonce", with("nonce", json!("an id token"))),
        ("typ", with("typ", json!("ID"))),
        ("events", with("events", json!({}))),
        ("sub", with("sub", json!(""))),
        ("none", unsigned(&good())),
        ("hs256", with_public_key_as_secret(&key, &good())),
        ("key", Key::new("one", jsonwebtoken::Algorithm::ES256).sign(&good(), |_| {})),
        ("logout", key.sign(&good(), |header| header.typ = Some("logout+jwt".to_owned()))),
        ("text", "nonsense".to_owned()),
    ] {
        let answer = with_token(&portal, "/api/v1/auth/me", &token).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(answer.header(header::WWW_AUTHENTICATE), "Bearer", "{what}");
    }
    assert_eq!(with_token(&portal, "/api/v1/auth/me", &with("groups", json!([]))).await.status, StatusCode::FORBIDDEN);
    // Remembered, and not beyond its end.
    let short = with("exp", json!(now + 5));
    assert_eq!(with_token(&portal, "/api/v1/auth/me", &short).await.status, StatusCode::OK);
    idp.clock.advance_secs(6);
    assert_eq!(with_token(&portal, "/api/v1/auth/me", &short).await.status, StatusCode::UNAUTHORIZED);
}
