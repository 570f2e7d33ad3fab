//! What is remembered of keys, and tokens that somebody else made.

use std::{net::Ipv4Addr, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Timestamp, keys::NewApiKey};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::{TestParts, auth::changes::Change, clock::MockClock, config::Config, vault::Purpose};

const NOW: Timestamp = Timestamp(1_795_000_000_000);
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A backend with ana, an administrator of acme; her key and its id.
async fn with_key(pool: PgPool) -> (Arc<Backend>, String, Uuid, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let text = "tenants: [{slug: acme, mesh: [{cluster: east, namespaces: [shop]}]}]\nusers: [{email: ana@acme.test, password_env: PW, memberships: [{tenant: acme, role: admin}]}]\n";
    let config = Config::read(Some(("test", text)), &|name| (name == "PW").then(|| "correct horse".to_owned()));
    let config = Config { data_dir: dir.path().to_owned(), ..config.expect("valid") };
    let parts = TestParts { pool, clock: Arc::new(MockClock::new(NOW)), demo: None };
    let backend = Backend::for_tests(config, parts).await.expect("a backend");
    let user: Uuid = sqlx::query_scalar("select id from users").fetch_one(backend.db().system()).await.expect("there");
    let credential = Credential::Person { user, provider: None, observing: None };
    let visitor = backend.visitor(credential, Arc::default()).await.expect("read");
    let scope = visitor.scope(&"acme".parse().expect("a slug")).expect("a member");
    let asked = NewApiKey {
        name: "ci".into(),
        role: "viewer".into(),
        scopes: vec!["metrics:read".into()],
        ..NewApiKey::default()
    };
    let made = backend.keys().create(&scope, &asked, NOW).await.expect("made");
    (backend, made.secret, made.key.id.parse().expect("an id"), dir)
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_key_is_remembered_until_news_come(pool: PgPool) {
    let (backend, key, id, _dir) = with_key(pool).await;
    let works = async || backend.bearer(&key, HOME).await.is_ok();
    let revoke = async |at: Option<time::OffsetDateTime>| {
        sqlx::query("update api_keys set revoked_at = $1").bind(at).execute(backend.db().system()).await.expect("done");
    };
    assert!(works().await);
    revoke(Some(NOW.to_datetime())).await;
    assert!(!works().await, "nothing is remembered while nobody listens");
    revoke(None).await;
    backend.caches().known.listen();
    assert!(works().await);
    revoke(Some(NOW.to_datetime())).await;
    assert!(works().await, "remembered");
    backend.caches().known.forget(Change::Key(Uuid::now_v7()));
    assert!(works().await, "news about another");
    backend.caches().known.forget(Change::Key(id));
    assert!(!works().await);
}

/// The claims that a good token of this key has, signed by whoever has this secret.
fn forged(header: Header, secret: &[u8], claims: &Value) -> String {
    encode(&header, claims, &EncodingKey::from_secret(secret)).expect("signed")
}

#[sqlx::test(migrations = "../../migrations")]
async fn tokens_that_are_not_ours_are_refused(pool: PgPool) {
    let (backend, _, id, _dir) = with_key(pool).await;
    let secret = backend.vault.key(Purpose::ApiToken).expect("a key");
    let iat = NOW.0 / 1000;
    let good = json!({
        "iss": backend.token_issuer(), "aud": "obstack-api", "sub": id, "iat": iat, "exp": iat + 60, "jti": Uuid::now_v7(),
        "kind": "key", "tenant": "acme", "scopes": ["metrics:read"],
    });
    let hs256 = || Header::new(Algorithm::HS256);
    let with = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        claims
    };
    let good_token = forged(hs256(), &secret, &good);
    assert!(backend.bearer(&good_token, HOME).await.is_ok());
    let parts: Vec<&str> = good_token.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let confused = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","typ":"JWT"}"#);
    let widened = URL_SAFE_NO_PAD.encode(with("scopes", json!(["audit:read"])).to_string());
    let refused = [
        ("none", format!("{none}.{}.", parts[1])),
        ("none, with the signature", format!("{none}.{}.{}", parts[1], parts[2])),
        ("another algorithm's name", format!("{confused}.{}.{}", parts[1], parts[2])),
        ("HS384 with our key", forged(Header::new(Algorithm::HS384), &secret, &good)),
        ("a foreign key", forged(hs256(), b"somebody else's secret of 32 byte", &good)),
        ("changed claims", format!("{}.{widened}.{}", parts[0], parts[2])),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("expired", forged(hs256(), &secret, &with("exp", json!(iat)))),
        ("living too long", forged(hs256(), &secret, &with("exp", json!(iat + 100_000)))),
        ("another audience", forged(hs256(), &secret, &with("aud", json!("grafana")))),
        ("another issuer", forged(hs256(), &secret, &with("iss", json!("https://evil.test")))),
        ("another tenant", forged(hs256(), &secret, &with("tenant", json!("globex")))),
        ("another kind", forged(hs256(), &secret, &with("kind", json!("session")))),
        ("an unknown key", forged(hs256(), &secret, &with("sub", json!(Uuid::now_v7())))),
        ("no token at all", "eyJ".to_owned()),
        ("nothing", String::new()),
        ("too long", format!("{}.{}.x", parts[0], "A".repeat(100_000))),
    ];
    for (what, token) in refused {
        let answer = backend.bearer(&token, HOME).await;
        assert!(matches!(answer, Err(Error::Unauthenticated { why }) if why == REFUSED), "{what}: {answer:?}");
    }
}
