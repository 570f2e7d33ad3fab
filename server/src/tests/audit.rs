//! The audit log as outsiders rely on it: what is in it, who may read it, and that it shows when it was tampered with.

use axum::http::{Method, StatusCode, header};
use serde_json::Value;
use sqlx::PgPool;

use super::{PASSWORD, Portal};

fn actions(page: &Value) -> Vec<&str> {
    page["items"].as_array().expect("items").iter().map(|item| item["action"].as_str().expect("an action")).collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn signing_in_and_out_is_in_the_log_of_the_persons_tenants_only(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let gus = portal.login("gus@globex.test").await;
    portal.ask(Method::POST, "/api/v1/auth/logout", Some(&gus)).await;
    assert_eq!(portal.try_login("gus@globex.test", "wrong").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(portal.try_login("nobody@globex.test", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
    let (ana, olga) = (portal.login("ana@acme.test").await, portal.login("olga@obstack.test").await);

    let globex = portal.get("/api/v1/t/globex/audit?actor=Gus", Some(&olga)).await.json();
    assert_eq!(actions(&globex), ["sign_out", "sign_in"]);
    let first = &globex["items"][1];
    assert_eq!(first["after"]["by"], "password");
    assert_eq!(first["address"], "127.0.0.1");
    assert!(first["request_id"].as_str().expect("an id").len() >= 8);

    let acme = portal.get("/api/v1/t/acme/audit", Some(&ana)).await.json();
    let names: Vec<_> = acme["items"].as_array().expect("items").iter().map(|item| &item["actor"]["name"]).collect();
    assert!(!names.contains(&&Value::from("Gus")), "{names:?}");

    let failed = portal.get("/api/v1/admin/audit?action=sign_in.failed", Some(&olga)).await.json();
    assert_eq!(failed["items"].as_array().expect("items").len(), 2);
    let text = failed.to_string();
    assert!(!text.contains("nobody@") && !text.contains("wrong"), "what was typed is not kept: {text}");
}

#[sqlx::test(migrations = "../migrations")]
async fn refusals_are_noted_once_a_minute(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (vik, ana, olga) = (
        portal.login("vik@acme.test").await,
        portal.login("ana@acme.test").await,
        portal.login("olga@obstack.test").await,
    );
    for _ in 0..3 {
        assert_eq!(portal.get("/api/v1/t/acme/audit", Some(&vik)).await.status, StatusCode::FORBIDDEN);
        assert_eq!(portal.get("/api/v1/t/globex/overview", Some(&vik)).await.status, StatusCode::NOT_FOUND);
        assert_eq!(portal.get("/api/v1/t/no-such-tenant/overview", Some(&vik)).await.status, StatusCode::NOT_FOUND);
    }
    let own = portal.get("/api/v1/t/acme/audit?outcome=denied", Some(&ana)).await.json();
    assert_eq!(own["items"].as_array().expect("items").len(), 1, "{own}");
    assert_eq!(own["items"][0]["target"]["id"], "GET /api/v1/t/{tenant}/audit");
    let all = portal.get("/api/v1/admin/audit?action=access.denied&actor=Vik", Some(&olga)).await.json();
    let tenants: Vec<_> =
        all["items"].as_array().expect("items").iter().map(|item| item["after"]["tenant"].as_str()).collect();
    assert_eq!(
        tenants,
        [Some("globex"), Some("acme")],
        "the try on globex is in the installation's log, not in theirs"
    );
    let globex = portal.get("/api/v1/t/globex/audit?actor=Vik", Some(&olga)).await.json();
    assert!(actions(&globex).is_empty());
}

#[sqlx::test(migrations = "../migrations")]
async fn filters_that_cannot_be_used_name_the_field(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let ana = portal.login("ana@acme.test").await;
    for (query, pointer) in [
        ("outcome=maybe", "/outcome"),
        ("from=yesterday", "/from"),
        ("limit=0", "/limit"),
        ("limit=501", "/limit"),
        ("cursor=abc", "/cursor"),
    ] {
        let answer = portal.get(&format!("/api/v1/t/acme/audit?{query}"), Some(&ana)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{query}");
    }
    let page = portal.get("/t/acme/settings/audit?from=yesterday", Some(&ana)).await;
    assert_eq!(page.status, StatusCode::BAD_REQUEST);
    assert!(
        page.text().contains("value=\"yesterday\"") && page.text().contains("id=\"from-error\""),
        "{}",
        page.text()
    );
}

#[sqlx::test(migrations = "../migrations")]
async fn pages_follow_each_other_without_gap_or_repetition(pool: PgPool) {
    let portal = Portal::new(pool).await;
    for _ in 0..5 {
        portal.login("vik@acme.test").await;
    }
    let ana = portal.login("ana@acme.test").await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = portal.get(&format!("/api/v1/t/acme/audit?limit=2{cursor}"), Some(&ana)).await.json();
        seen.extend(
            page["items"].as_array().expect("items").iter().map(|item| item["seq"].as_i64().expect("a number")),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let mut expected: Vec<i64> = (1..=6).collect();
    expected.reverse();
    assert_eq!(seen, expected);
}

#[sqlx::test(migrations = "../migrations")]
async fn tampering_shows(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    for _ in 0..3 {
        portal.login("vik@acme.test").await;
    }
    let ana = portal.login("ana@acme.test").await;
    let verify = async || portal.get("/api/v1/t/acme/audit/verify", Some(&ana)).await.json();
    let whole = verify().await;
    assert_eq!((&whole["whole"], &whole["entries"]), (&Value::Bool(true), &Value::from(4)), "{whole}");
    let chain: uuid::Uuid =
        sqlx::query_scalar("select id from tenants where slug = 'acme'").fetch_one(&pool).await.expect("there");
    // As somebody who owns the database could.
    sqlx::query("alter table audit_log disable trigger all").execute(&pool).await.expect("off");
    let tamper = async |sql: &'static str| {
        let mut tx = pool.begin().await.expect("begun");
        sqlx::query(sql).bind(chain).execute(&mut *tx).await.expect(sql);
        tx.commit().await.expect("done");
    };
    tamper("update audit_log set entry = replace(entry, 'Vik', 'Gus') where chain = $1 and seq = 2").await;
    let broken = verify().await;
    assert_eq!(
        (&broken["whole"], &broken["broken_at"], &broken["entries"]),
        (&Value::Bool(false), &Value::from(2), &Value::from(1))
    );
    tamper("update audit_log set entry = replace(entry, 'Gus', 'Vik') where chain = $1 and seq = 2").await;
    assert_eq!(verify().await["whole"], true);
    tamper("update audit_log set actor_name = 'Gus' where chain = $1 and seq = 3").await;
    assert_eq!(verify().await["broken_at"], 3, "what people search by must say what was hashed");
    tamper("update audit_log set actor_name = 'Vik' where chain = $1 and seq = 3").await;
    tamper("delete from audit_log where chain = $1 and seq = 2").await;
    assert_eq!(verify().await["broken_at"], 3, "a gap");
    let page = portal.get("/t/acme/settings/audit?verify=1", Some(&ana)).await;
    assert!(page.text().contains("entries before it are missing"), "{}", page.text());
}

#[sqlx::test(migrations = "../migrations")]
async fn an_export_is_whole_and_can_be_checked_by_anybody(pool: PgPool) {
    use sha2::{Digest, Sha256};

    let portal = Portal::new(pool).await;
    for _ in 0..3 {
        portal.login("vik@acme.test").await;
    }
    let ana = portal.login("ana@acme.test").await;
    let answer = portal.get("/api/v1/t/acme/audit.ndjson", Some(&ana)).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/x-ndjson");
    let mut lines: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON on each line")).collect();
    assert_eq!(lines.len(), 4);
    lines.reverse();
    let mut previous = "0".repeat(64);
    for line in &lines {
        assert_eq!(line["previous"], previous.as_str());
        let bytes: Vec<u8> =
            (0..64).step_by(2).map(|i| u8::from_str_radix(&previous[i..i + 2], 16).expect("hex")).collect();
        let hash = Sha256::new().chain_update(bytes).chain_update(line["entry"].as_str().expect("text")).finalize();
        previous = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(line["hash"], previous.as_str());
    }
    let page = portal.get("/api/v1/t/acme/audit?action=audit.exported", Some(&ana)).await.json();
    assert_eq!(actions(&page), ["audit.exported"], "who takes the log away is in it");
}

#[sqlx::test(migrations = "../migrations")]
async fn viewing_as_a_viewer_sees_and_changes_nothing(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let olga = portal.login("olga@obstack.test").await;
    let begun = portal.ask(Method::POST, "/t/globex/view-as", Some(&olga)).await;
    assert_eq!((begun.status, begun.header("location")), (StatusCode::SEE_OTHER, "/t/globex"));
    let page = portal.get("/t/globex", Some(&olga)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("You see Globex as a viewer."), "{}", page.text());
    for (path, status) in [
        ("/api/v1/t/globex/overview", StatusCode::OK),
        ("/api/v1/t/globex/audit", StatusCode::FORBIDDEN),
        ("/api/v1/t/globex/demo/faults", StatusCode::FORBIDDEN),
        ("/api/v1/t/acme/overview", StatusCode::NOT_FOUND),
        ("/api/v1/admin/audit", StatusCode::FORBIDDEN),
        ("/api/v1/auth/sessions", StatusCode::FORBIDDEN),
    ] {
        assert_eq!(portal.get(path, Some(&olga)).await.status, status, "{path}");
    }
    let me = portal.get("/api/v1/auth/me", Some(&olga)).await.json();
    assert_eq!(
        (&me["user"]["platform_admin"], me["memberships"].as_array().map(Vec::len)),
        (&Value::Bool(false), Some(1))
    );
    portal.ask(Method::POST, "/view-as/end", Some(&olga)).await;
    let log = portal.get("/api/v1/t/globex/audit?target=tenant&outcome=done", Some(&olga)).await.json();
    assert_eq!(actions(&log), ["view_as.ended", "view_as.begun"]);
}

#[sqlx::test(migrations = "../migrations")]
async fn sessions_can_be_seen_and_ended_by_their_owner_only(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (here, there, gus) = (
        portal.login("ana@acme.test").await,
        portal.login("ana@acme.test").await,
        portal.login("gus@globex.test").await,
    );
    let list = portal.get("/api/v1/auth/sessions", Some(&here)).await.json();
    let items = list["items"].as_array().expect("items");
    assert_eq!(items.len(), 2);
    assert_eq!(items.iter().filter(|item| item["current"] == true).count(), 1);
    let other =
        items.iter().find(|item| item["current"] == false).and_then(|item| item["id"].as_str()).expect("the other");
    let path = format!("/api/v1/auth/sessions/{other}");
    assert_eq!(portal.ask(Method::DELETE, &path, Some(&gus)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(portal.get("/api/v1/auth/me", Some(&there)).await.status, StatusCode::OK);
    assert_eq!(portal.ask(Method::DELETE, &path, Some(&here)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(portal.get("/api/v1/auth/me", Some(&there)).await.status, StatusCode::UNAUTHORIZED);
    let page = portal.get("/account", Some(&here)).await;
    assert!(page.text().contains("this one") && !page.text().contains("Sign out everywhere else"), "{}", page.text());
}
