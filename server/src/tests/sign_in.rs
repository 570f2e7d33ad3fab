//! Signing in with providers, staying in, and leaving, against a provider that can misbehave.

mod tokens;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use backend::clock::{Clock, MockClock, SystemClock};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{
    Answer, ORIGIN, Portal,
    provider::{CLIENT, Idp, Key, Lie},
};

const LOGIN: &str = "/api/v1/auth/oidc/keycloak/login";
const CALLBACK: &str = "/api/v1/auth/oidc/keycloak/callback";

/// A browser: keeps cookies, sends what browsers send.
#[derive(Clone, Default)]
pub struct Browser(BTreeMap<String, String>);

impl Browser {
    pub async fn ask(&mut self, portal: &Portal, method: Method, path: &str, body: &str) -> Answer {
        let mut request = Request::builder().method(method.clone()).uri(path);
        if !self.0.is_empty() {
            let cookies: Vec<_> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if method != Method::GET {
            request = request.header(header::ORIGIN, ORIGIN).header("x-obstack-csrf", "1");
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let answer = portal.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    pub async fn get(&mut self, portal: &Portal, path: &str) -> Answer {
        self.ask(portal, Method::GET, path, "").await
    }

    /// Begins at the portal; where the provider is.
    async fn begin(&mut self, portal: &Portal, path: &str) -> String {
        let answer = self.get(portal, path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        answer.header(header::LOCATION).to_owned()
    }

    /// The whole way.
    pub async fn sign_in(&mut self, portal: &Portal, idp: &Idp) -> Answer {
        let location = self.begin(portal, LOGIN).await;
        self.get(portal, &back(&idp.authorize(&location))).await
    }

    async fn me(&mut self, portal: &Portal) -> Option<Value> {
        let answer = self.get(portal, "/api/v1/auth/me").await;
        (answer.status == StatusCode::OK).then(|| answer.json())
    }

    fn attempts(&self) -> usize {
        self.0.keys().filter(|name| name.starts_with("obstack_signin_")).count()
    }
}

fn back(answer: &[(String, String)]) -> String {
    format!("{CALLBACK}?{}", serde_urlencoded::to_string(answer).unwrap())
}

fn provider_yaml(name: &str, idp: &Idp, more: &str) -> String {
    format!(
        "  - {{name: {name}, issuer: \"{}\", client_id: {CLIENT}, client_secret_env: KC_SECRET, {more}
     mappings: [{{claim: groups, equals: /acme/admins, tenant: acme, role: admin}},
                {{claim: groups, pattern: /globex/*, tenant: globex, role: viewer}}]}}\n",
        idp.issuer
    )
}

pub async fn with_idp(pool: PgPool) -> (Portal, Idp) {
    let clock = Arc::new(MockClock::new(SystemClock.now()));
    let idp = Idp::start(clock.clone()).await;
    let yaml = format!("identity_providers:\n{}", provider_yaml("keycloak", &idp, "api_audience: obstack-api,"));
    (Portal::with(pool, &yaml, clock).await, idp)
}

fn refused(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.cookie().is_none(), "nobody is signed in");
}

#[sqlx::test(migrations = "../migrations")]
async fn somebody_signs_in_and_arrives_where_they_wanted_to_go(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    let begun = browser.get(&portal, &format!("{LOGIN}?return=/t/acme/topology")).await;
    let cookie = begun.header(header::SET_COOKIE);
    assert!(
        cookie.starts_with("obstack_signin_") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert!(cookie.contains("Max-Age=600") && cookie.contains("Path=/"), "{cookie}");
    let location = begun.header(header::LOCATION).to_owned();
    assert!(location.starts_with(&format!("{}/auth?", idp.issuer)), "{location}");
    let arrived = browser.get(&portal, &back(&idp.authorize(&location))).await;
    assert_eq!((arrived.status, arrived.header(header::LOCATION)), (StatusCode::SEE_OTHER, "/t/acme/topology"));
    assert_eq!(browser.attempts(), 0, "the attempt's cookie is gone");
    let me = browser.me(&portal).await.expect("signed in");
    assert_eq!(me["memberships"], json!([{"tenant": "acme", "name": "Acme", "role": "admin"}]));
    assert_eq!(me["user"]["name"], "ana-there there");
    let all = format!("{:?}{:?}{me}", arrived.headers, begun.headers);
    assert!(!all.contains("access-") && !all.contains("refresh-"), "tokens never reach the browser: {all}");
    let (kept,): (Vec<u8>,) = sqlx::query_as("select tokens_sealed from sessions where provider_id is not null")
        .fetch_one(portal.backend.db().system())
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains("refresh-"), "sealed");
    let signed: Vec<Option<String>> = sqlx::query_scalar(
        "select t.slug from audit_log a left join tenants t on t.id = a.tenant_id
         where action = 'sign_in' and actor_name = 'ana-there there' order by 1",
    )
    .fetch_all(portal.backend.db().system())
    .await
    .unwrap();
    assert_eq!(signed, [Some("acme".to_owned()), None], "in the tenant's log and in the installation's");
    // The same person again is the same account.
    let mut other = Browser::default();
    other.sign_in(&portal, &idp).await;
    assert_eq!(other.me(&portal).await.unwrap()["user"]["id"], me["user"]["id"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn an_attempt_belongs_to_its_browser_once_and_not_for_long(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    let location = browser.begin(&portal, LOGIN).await;
    let answer = idp.authorize(&location);
    // A browser that did not begin it, as in forced sign-in.
    refused(&Browser::default().get(&portal, &back(&answer)).await, StatusCode::BAD_REQUEST);
    // One that began another.
    let mut victim = Browser::default();
    victim.begin(&portal, LOGIN).await;
    refused(&victim.get(&portal, &back(&answer)).await, StatusCode::BAD_REQUEST);
    // The cookie of one attempt under the name of another.
    let name = |b: &Browser| b.0.keys().next().unwrap().clone();
    let moved = Browser([(name(&browser), victim.0[&name(&victim)].clone())].into());
    refused(&moved.clone().get(&portal, &back(&answer)).await, StatusCode::BAD_REQUEST);
    // No state, another state.
    refused(&browser.clone().get(&portal, &format!("{CALLBACK}?code=x")).await, StatusCode::BAD_REQUEST);
    let mut altered = answer.clone();
    let other = if altered[1].1.ends_with('A') { "B" } else { "A" };
    altered[1].1.replace_range(31..32, other);
    refused(&browser.clone().get(&portal, &back(&altered)).await, StatusCode::BAD_REQUEST);
    // Twice.
    let replay = browser.clone();
    assert_eq!(browser.get(&portal, &back(&answer)).await.status, StatusCode::SEE_OTHER);
    refused(&browser.clone().get(&portal, &back(&answer)).await, StatusCode::BAD_REQUEST);
    refused(&replay.clone().get(&portal, &back(&answer)).await, StatusCode::BAD_REQUEST);
    // Too late.
    let mut slow = Browser::default();
    let answer = idp.authorize(&slow.begin(&portal, LOGIN).await);
    idp.clock.advance_secs(601);
    let late = slow.get(&portal, &back(&answer)).await;
    refused(&late, StatusCode::BAD_REQUEST);
    assert!(late.text().contains("This sign-in is over") && late.text().contains(LOGIN), "a way on");
}

#[sqlx::test(migrations = "../migrations")]
async fn answers_of_one_provider_are_not_taken_at_another(pool: PgPool) {
    let clock = Arc::new(MockClock::new(SystemClock.now()));
    let (one, two) = (Idp::start(clock.clone()).await, Idp::start(clock.clone()).await);
    let yaml =
        format!("identity_providers:\n{}{}", provider_yaml("keycloak", &one, ""), provider_yaml("other", &two, ""));
    let portal = Portal::with(pool, &yaml, clock).await;
    let mut browser = Browser::default();
    // Begun with the honest one, answered at the other's address.
    let answer = one.authorize(&browser.begin(&portal, LOGIN).await);
    let crossed = back(&answer).replace("/keycloak/", "/other/");
    refused(&browser.get(&portal, &crossed).await, StatusCode::BAD_REQUEST);
    assert_eq!(two.asked("token"), 0, "the code was shown to nobody");
    // An answer that names another issuer.
    let mut answer = one.authorize(&browser.begin(&portal, LOGIN).await);
    answer.push(("iss".to_owned(), two.issuer.clone()));
    refused(&browser.get(&portal, &back(&answer)).await, StatusCode::BAD_REQUEST);
    assert_eq!(one.asked("token"), 0);
    // Both work, and the same subject at two issuers is two people.
    browser.sign_in(&portal, &one).await;
    let first = browser.me(&portal).await.unwrap();
    let answer = two.authorize(&browser.begin(&portal, "/api/v1/auth/oidc/other/login").await);
    browser.get(&portal, &back(&answer).replace("/keycloak/", "/other/")).await;
    assert_ne!(browser.me(&portal).await.unwrap()["user"]["id"], first["user"]["id"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_provider_that_names_itself_must_do_so(pool: PgPool) {
    let clock = Arc::new(MockClock::new(SystemClock.now()));
    let idp = Idp::start(clock.clone()).await;
    idp.set().names_itself = true;
    let portal =
        Portal::with(pool, &format!("identity_providers:\n{}", provider_yaml("keycloak", &idp, "")), clock).await;
    let mut browser = Browser::default();
    let answer = idp.authorize(&browser.begin(&portal, LOGIN).await);
    refused(&browser.clone().get(&portal, &back(&answer[..2])).await, StatusCode::BAD_REQUEST);
    assert_eq!(browser.get(&portal, &back(&answer)).await.status, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrations = "../migrations")]
async fn id_tokens_that_lie_sign_nobody_in(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    for lie in [
        Lie::Issuer,
        Lie::Audience,
        Lie::Expired,
        Lie::Nonce,
        Lie::NoNonce,
        Lie::Unsigned,
        Lie::SharedSecret,
        Lie::OwnKey,
        Lie::UnknownKey,
        Lie::OtherAccessToken,
    ] {
        idp.set().lie = lie;
        let mut browser = Browser::default();
        let answer = browser.sign_in(&portal, &idp).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{lie:?}");
        assert!(answer.cookie().is_none() && browser.me(&portal).await.is_none(), "{lie:?}");
    }
    let people: i64 = sqlx::query_scalar("select count(*) from user_identities")
        .fetch_one(portal.backend.db().system())
        .await
        .unwrap();
    assert_eq!(people, 0, "nothing half-written");
    idp.set().lie = Lie::None;
    assert_eq!(Browser::default().sign_in(&portal, &idp).await.status, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrations = "../migrations")]
async fn sign_in_leads_to_paths_of_this_portal_only(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    for bad in ["//evil.test", "https://evil.test/", "/%5Cevil.test", "/%09/evil.test"] {
        let mut browser = Browser::default();
        let location = browser.begin(&portal, &format!("{LOGIN}?return={bad}")).await;
        let arrived = browser.get(&portal, &back(&idp.authorize(&location))).await;
        assert_eq!(arrived.header(header::LOCATION), "/", "{bad}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_planted_session_is_not_the_one_after_sign_in(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let planted = portal.login("gus@globex.test").await;
    let (name, value) = planted.split_once('=').unwrap();
    let mut browser = Browser([(name.to_owned(), value.to_owned())].into());
    let mut attacker = browser.clone();
    browser.sign_in(&portal, &idp).await;
    assert_ne!(browser.0[name], value);
    assert_eq!(browser.me(&portal).await.unwrap()["user"]["name"], "ana-there there");
    assert!(attacker.me(&portal).await.is_none(), "the planted one is over");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_address_finds_nobody(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let (ana, _) = (portal.login("ana@acme.test").await, ());
    let real = portal.get("/api/v1/auth/me", Some(&ana)).await.json();
    idp.person("mallory", &["/globex/staff"]);
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    let me = browser.me(&portal).await.unwrap();
    assert_eq!(me["user"]["email"], "ana@acme.test", "the provider says so");
    assert_ne!(me["user"]["id"], real["user"]["id"], "and it is somebody else");
    assert_eq!(me["memberships"], json!([{"tenant": "globex", "name": "Globex", "role": "viewer"}]));
    // The local account is untouched, and its password signs in to it alone.
    assert_eq!(portal.get("/api/v1/auth/me", Some(&ana)).await.json(), real);
    let again = portal.login("ana@acme.test").await;
    assert_eq!(portal.get("/api/v1/auth/me", Some(&again)).await.json(), real);
}

#[sqlx::test(migrations = "../migrations")]
async fn whom_no_rule_fits_is_told_what_was_missing(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    idp.person("nil", &["/acme/readers", "<b>x</b>"]);
    let answer = Browser::default().sign_in(&portal, &idp).await;
    refused(&answer, StatusCode::FORBIDDEN);
    let page = answer.text();
    for shown in ["/acme/admins", "/globex/*", "/acme/readers", "&lt;b&gt;x&lt;/b&gt;", "nil there"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains("<script"), "no scripts");
    assert!(page.contains("&amp;anew=1") || page.contains("&anew=1"), "a way to be somebody else: {page}");
    let anew = Browser::default().get(&portal, &format!("{LOGIN}?return=/&anew=1")).await;
    assert!(anew.header(header::LOCATION).contains("prompt=login"));
    let denied: (String, String) = sqlx::query_as("select action, outcome from audit_log order by at desc limit 1")
        .fetch_one(portal.backend.db().system())
        .await
        .unwrap();
    assert_eq!(denied, ("sign_in.denied".to_owned(), "denied".to_owned()));
    let people: i64 = sqlx::query_scalar("select count(*) from users where origin = 'provider'")
        .fetch_one(portal.backend.db().system())
        .await
        .unwrap();
    assert_eq!(people, 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tenants_own_provider_speaks_for_that_tenant_only(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    // Whatever the rules say: written past the checks of the forms.
    sqlx::query("update identity_providers set tenant_id = (select id from tenants where slug = 'globex')")
        .execute(portal.backend.db().system())
        .await
        .unwrap();
    idp.person("eve", &["/acme/admins", "/globex/staff"]);
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    let me = browser.me(&portal).await.unwrap();
    assert_eq!(me["memberships"], json!([{"tenant": "globex", "name": "Globex", "role": "viewer"}]));
    assert_eq!(browser.get(&portal, "/api/v1/t/acme/overview").await.status, StatusCode::NOT_FOUND);
    idp.person("eva", &["/acme/admins"]);
    refused(&Browser::default().sign_in(&portal, &idp).await, StatusCode::FORBIDDEN);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_group_that_is_taken_away_counts_at_the_next_renewal(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    idp.person("ana-there", &["/acme/admins", "/globex/staff"]);
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    // Somebody has given more by hand: a provider takes nothing of that away.
    let sql = "insert into memberships (tenant_id, user_id, role, origin) select t.id, u.id, 'viewer', 'local' from tenants t, users u
               where t.slug = 'globex' and u.origin = 'provider'";
    sqlx::query(sql).execute(portal.backend.db().system()).await.unwrap();
    idp.person("ana-there", &["/acme/admins"]);
    assert_eq!(browser.me(&portal).await.unwrap()["memberships"].as_array().unwrap().len(), 2);
    assert_eq!(idp.asked("refresh"), 0, "not before it is time");
    idp.clock.advance_secs(55);
    browser.me(&portal).await.unwrap();
    assert_eq!(idp.asked("refresh"), 1);
    let origins: Vec<String> = sqlx::query_scalar(
        "select t.slug || ' ' || m.origin from memberships m join tenants t on t.id = m.tenant_id join users u on u.id = m.user_id
         where u.origin = 'provider' order by 1",
    )
    .fetch_all(portal.backend.db().system())
    .await
    .unwrap();
    assert_eq!(origins, ["acme provider", "globex local"]);
    // The last one gone: nothing is left to be signed in for.
    idp.person("ana-there", &[]);
    idp.clock.advance_secs(55);
    assert!(browser.me(&portal).await.is_none());
    let sessions: i64 = sqlx::query_scalar("select count(*) from sessions where provider_id is not null")
        .fetch_one(portal.backend.db().system())
        .await
        .unwrap();
    assert_eq!(sessions, 0, "over on the server, too");
}

#[sqlx::test(migrations = "../migrations")]
async fn many_requests_at_once_renew_once(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    idp.clock.advance_secs(55);
    let portal = Arc::new(portal);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (portal, mut browser) = (portal.clone(), browser.clone());
        tasks.spawn(async move { browser.me(&portal).await.is_some() });
    }
    assert!(tasks.join_all().await.into_iter().all(|signed_in| signed_in));
    assert_eq!(idp.asked("refresh"), 1);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_session_ends_when_the_provider_ended_it(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    idp.set().refresh.clear();
    assert!(browser.me(&portal).await.is_some(), "not before it is time");
    idp.clock.advance_secs(55);
    assert!(browser.me(&portal).await.is_none(), "invalid_grant");
    // A renewed id token about somebody else ends it as well.
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    idp.set().lie = Lie::Subject;
    idp.clock.advance_secs(55);
    assert!(browser.me(&portal).await.is_none());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_provider_that_is_down_is_waited_for_and_not_for_ever(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    idp.set().down = true;
    for _ in 0..9 {
        idp.clock.advance_secs(60);
        assert!(browser.me(&portal).await.is_some());
    }
    idp.set().down = false;
    idp.clock.advance_secs(60);
    assert!(browser.me(&portal).await.is_some(), "back again");
    idp.set().down = true;
    idp.clock.advance_secs(60);
    assert!(browser.me(&portal).await.is_some(), "counted anew");
    idp.clock.advance_secs(601);
    assert!(browser.me(&portal).await.is_none(), "too long");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_provider_that_is_down_says_so_and_accounts_here_still_work(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    idp.set().down = true;
    let answer = Browser::default().get(&portal, LOGIN).await;
    refused(&answer, StatusCode::BAD_GATEWAY);
    assert!(
        answer.text().contains("cannot be used right now") && answer.text().contains("status 503"),
        "{}",
        answer.text()
    );
    portal.login("ana@acme.test").await;
    idp.set().down = false;
    idp.set().other_issuer = Some(format!("{}/", idp.issuer));
    idp.clock.advance_secs(10);
    let answer = Browser::default().get(&portal, LOGIN).await;
    assert!(answer.text().contains("another issuer"), "exactly the same: {}", answer.text());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_provider_changes_its_keys_without_a_restart(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    Browser::default().sign_in(&portal, &idp).await;
    for (kid, algorithm) in [
        ("two", jsonwebtoken::Algorithm::ES256),
        ("three", jsonwebtoken::Algorithm::RS256),
        ("four", jsonwebtoken::Algorithm::PS256),
    ] {
        idp.set().key = Arc::new(Key::new(kid, algorithm));
        assert_eq!(Browser::default().sign_in(&portal, &idp).await.status, StatusCode::SEE_OTHER, "{kid}");
    }
    // Keys nobody has do not make us read without end.
    let before = idp.asked("jwks");
    idp.set().lie = Lie::UnknownKey;
    for _ in 0..12 {
        Browser::default().sign_in(&portal, &idp).await;
    }
    assert!(idp.asked("jwks") - before <= 3, "{before} to {}", idp.asked("jwks"));
    // RSA's public key as a secret.
    idp.set().lie = Lie::SharedSecret;
    refused(&Browser::default().sign_in(&portal, &idp).await, StatusCode::BAD_REQUEST);
}

#[sqlx::test(migrations = "../migrations")]
async fn claims_that_only_the_userinfo_endpoint_tells_count(pool: PgPool) {
    let clock = Arc::new(MockClock::new(SystemClock.now()));
    let idp = Idp::start(clock.clone()).await;
    idp.set().by_userinfo = true;
    let portal =
        Portal::with(pool, &format!("identity_providers:\n{}", provider_yaml("keycloak", &idp, "")), clock).await;
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    assert_eq!(browser.me(&portal).await.unwrap()["memberships"][0]["role"], "admin");
    idp.person("ana-there", &["/globex/x"]);
    idp.clock.advance_secs(55);
    assert_eq!(browser.me(&portal).await.unwrap()["memberships"][0]["tenant"], "globex");
}

#[sqlx::test(migrations = "../migrations")]
async fn the_providers_own_errors_are_told_in_our_words(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    let answer = idp.authorize(&browser.begin(&portal, LOGIN).await);
    let state = &answer[1].1;
    let said = format!("{CALLBACK}?state={state}&error=access_denied&error_description=<script>alert(1)</script>");
    let answer = browser.get(&portal, &said.replace('<', "%3C").replace('>', "%3E")).await;
    refused(&answer, StatusCode::FORBIDDEN);
    assert!(!answer.text().contains("alert(1)"), "what it wrote is not shown");
    // Without an attempt not even that is told.
    let stray = Browser::default().get(&portal, &format!("{CALLBACK}?error=access_denied")).await;
    assert!(stray.text().contains("This sign-in is over"));
}

#[sqlx::test(migrations = "../migrations")]
async fn who_is_switched_off_here_stays_out(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    sqlx::query("update users set disabled_at = now() where origin = 'provider'")
        .execute(portal.backend.db().system())
        .await
        .unwrap();
    assert!(browser.me(&portal).await.is_none());
    let answer = Browser::default().sign_in(&portal, &idp).await;
    refused(&answer, StatusCode::FORBIDDEN);
    assert!(answer.text().contains("switched off"));
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_out_leads_on_to_the_provider(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    let mut copy = browser.clone();
    let left = browser.ask(&portal, Method::POST, "/logout", "").await;
    assert_eq!(left.status, StatusCode::OK);
    let onward = left.header(header::REFRESH).strip_prefix("0; url=").unwrap().to_owned();
    assert!(onward.starts_with(&format!("{}/logout?id_token_hint=", idp.issuer)), "{onward}");
    assert!(
        onward.contains("client_id=obstack")
            && onward.contains("post_logout_redirect_uri=http%3A%2F%2F127.0.0.1%3A3000%2F")
    );
    assert!(copy.me(&portal).await.is_none(), "over on the server");
    // The API says no more than it does for others; accounts of this portal just leave.
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    assert_eq!(browser.ask(&portal, Method::POST, "/api/v1/auth/logout", "").await.status, StatusCode::NO_CONTENT);
    let local = portal.login("ana@acme.test").await;
    assert_eq!(portal.ask(Method::POST, "/logout", Some(&local)).await.status, StatusCode::SEE_OTHER);
}

#[sqlx::test(migrations = "../migrations")]
async fn the_sign_in_page_offers_the_providers_that_are_meant(pool: PgPool) {
    let (portal, _) = with_idp(pool).await;
    let sql = "insert into identity_providers (id, tenant_id, name, title, issuer, client_id) select gen_random_uuid(), id, 'globex-sso',
               'Globex SSO', 'https://sso.globex.test', 'obstack' from tenants where slug = 'globex'";
    sqlx::query(sql).execute(portal.backend.db().system()).await.unwrap();
    let page = portal.get("/login", None).await.text();
    assert!(page.contains("Continue with keycloak") && page.contains("type=\"password\""), "{page}");
    assert!(!page.contains("Globex SSO") && !page.contains("<script"), "tenants' own are not shown to everybody");
    let page = portal.get("/login?return=/t/globex/topology", None).await.text();
    assert!(
        page.contains("Globex SSO")
            && page.contains("/api/v1/auth/oidc/globex-sso/login?return=%2Ft%2Fglobex%2Ftopology"),
        "{page}"
    );
    // One way in, and nobody with a password: straight there.
    sqlx::query("update users set disabled_at = now() where origin = 'local'")
        .execute(portal.backend.db().system())
        .await
        .unwrap();
    let direct = portal.get("/login", None).await;
    assert_eq!(direct.status, StatusCode::SEE_OTHER);
    assert!(direct.header(header::LOCATION).starts_with(LOGIN));
    assert_eq!(portal.get("/login?choose=1", None).await.status, StatusCode::OK, "a way to stay");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_provider_that_is_gone_takes_its_sessions_along(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    sqlx::query("update identity_providers set disabled_at = now()")
        .execute(portal.backend.db().system())
        .await
        .unwrap();
    assert!(browser.me(&portal).await.is_none());
    assert_eq!(Browser::default().get(&portal, LOGIN).await.status, StatusCode::NOT_FOUND);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_session_with_a_new_id_keeps_its_provider(pool: PgPool) {
    let (portal, idp) = with_idp(pool).await;
    let mut browser = Browser::default();
    browser.sign_in(&portal, &idp).await;
    let id: tower_sessions::session::Id = browser.0["obstack_session"].parse().unwrap();
    let sign_in = portal.backend.sign_in();
    let moved = sign_in.take_along(id.0).await.unwrap().expect("something to take");
    let sql = "update sessions set provider_id = null, provider_sid = null, provider_subject = null, tokens_sealed = null, refresh_at = null";
    sqlx::query(sql).execute(portal.backend.db().system()).await.unwrap();
    assert!(browser.clone().me(&portal).await.is_none(), "nobody vouches for it");
    let mut again = Browser::default();
    again.sign_in(&portal, &idp).await;
    let id: tower_sessions::session::Id = again.0["obstack_session"].parse().unwrap();
    sqlx::query(sql).execute(portal.backend.db().system()).await.unwrap();
    sign_in.put_down(id.0, moved).await.unwrap();
    idp.clock.advance_secs(55);
    assert!(again.me(&portal).await.is_some(), "renewed with what was taken along");
    assert_eq!(idp.asked("refresh"), 1);
}
