//! Tenants, members, invitations, people and passwords through pages and API, as people use them.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{Answer, ORIGIN, Portal};

const NEW_PASSWORD: &str = "tinsel otter quarry";

impl Portal {
    /// Sends JSON as a script would, with a version where one is needed.
    async fn json(&self, method: &str, path: &str, cookie: &str, version: Option<&str>, body: &Value) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, cookie)
            .header(header::ORIGIN, ORIGIN)
            .header("x-obstack-csrf", "1")
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(version) = version {
            request = request.header(header::IF_MATCH, version);
        }
        self.send(request.body(Body::from(body.to_string())).expect("a request")).await
    }

    /// Sends a form as a browser would.
    async fn form(&self, path: &str, cookie: Option<&str>, fields: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(fields).expect("a form");
        self.ask(Method::POST, &format!("{path}?{body}"), cookie).await
    }

    /// Makes a tenant that no file manages, with its first administrator; gives their session.
    async fn tenant(&self, operator: &str, slug: &str, admin: &str) -> String {
        let new = json!({"slug": slug, "name": slug.to_uppercase(), "first_admin": admin, "plan": "saas"});
        let made = self.json("POST", "/api/v1/admin/tenants", operator, None, &new).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        let link = made.json()["invitation"]["link"].as_str().expect("a link").to_owned();
        self.accept_as_new(&path_of(&link), "Ada").await
    }

    async fn accept_as_new(&self, link: &str, name: &str) -> String {
        let fields = [("as", "new"), ("name", name), ("password", NEW_PASSWORD)];
        let accepted = self.form(link, None, &fields).await;
        assert_eq!(accepted.status, StatusCode::SEE_OTHER, "{}", accepted.text());
        accepted.cookie().expect("signed in")
    }

    async fn sign_in(&self, email: &str, password: &str) -> StatusCode {
        self.try_login(email, password).await.status
    }

    async fn audited(&self, pool: &PgPool) -> Vec<String> {
        sqlx::query_scalar("select action from audit_log order by at, seq").fetch_all(pool).await.expect("read")
    }
}

fn path_of(link: &str) -> String {
    link.strip_prefix(ORIGIN).expect("a link to this portal").to_owned()
}

/// The links on a page.
fn secret(page: &Answer) -> String {
    let text = page.text();
    let (_, rest) = text.split_once("class=\"secret\">").unwrap_or_else(|| panic!("no link on the page: {text}"));
    path_of(rest.split('<').next().unwrap_or_default())
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tenant_is_made_used_suspended_and_deleted(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let olga = portal.login("olga@obstack.test").await;
    let page = portal.get("/admin", Some(&olga)).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("locked by test") && page.text().contains("POST /api/v1/admin/tenants"));

    let form = [("slug", "initech"), ("name", "Initech"), ("first_admin", "ada@initech.test"), ("mesh", "*: shop")];
    let made = portal.form("/admin", Some(&olga), &form).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let ada = portal.accept_as_new(&secret(&made), "Ada").await;
    assert_eq!(portal.get("/t/initech/settings/members", Some(&ada)).await.status, StatusCode::OK);
    assert_eq!(portal.get("/t/acme/settings/members", Some(&ada)).await.status, StatusCode::NOT_FOUND);

    let tenant = portal.get("/api/v1/admin/tenants/initech", Some(&olga)).await;
    assert_eq!(tenant.json()["mesh"], json!([{"cluster": "*", "namespaces": ["shop"]}]));
    let version = tenant.header(header::ETAG).to_owned();
    let change = json!({"name": "Initech II", "plan": "saas", "mesh": [], "stores": {}});
    let put = async |version: Option<&str>| {
        portal.json("PUT", "/api/v1/admin/tenants/initech", &olga, version, &change).await.status
    };
    assert_eq!(put(None).await, StatusCode::PRECONDITION_REQUIRED);
    assert_eq!(put(Some("\"old\"")).await, StatusCode::PRECONDITION_FAILED);
    assert_eq!(put(Some(&version)).await, StatusCode::OK);
    assert_eq!(put(Some(&version)).await, StatusCode::PRECONDITION_FAILED, "it is another version now");

    let suspended = portal.form("/admin/tenants/initech/suspend", Some(&olga), &[("reason", "unpaid")]).await;
    assert_eq!(suspended.header(header::LOCATION), "/admin/tenants/initech?done=suspended");
    let shut = portal.get("/t/initech/settings", Some(&ada)).await;
    assert_eq!(shut.status, StatusCode::FORBIDDEN);
    assert!(shut.text().contains("unpaid"), "{}", shut.text());
    portal.form("/admin/tenants/initech/resume", Some(&olga), &[]).await;
    assert_eq!(portal.get("/t/initech/settings", Some(&ada)).await.status, StatusCode::OK);

    let page = portal.get("/admin/tenants/initech", Some(&olga)).await.text();
    assert!(page.contains("1 membership, 0 open invitations, 0 API keys"), "{page}");
    let untyped = portal.form("/admin/tenants/initech/delete", Some(&olga), &[("confirm", "acme")]).await;
    assert!(untyped.text().contains("Type initech to delete the tenant."), "{}", untyped.text());
    let deleted = portal.form("/admin/tenants/initech/delete", Some(&olga), &[("confirm", "initech")]).await;
    assert_eq!(deleted.header(header::LOCATION), "/admin?done=deleted");
    assert_eq!(portal.get("/t/initech", Some(&ada)).await.status, StatusCode::NOT_FOUND);
    let left: i64 =
        sqlx::query_scalar("select count(*) from memberships m join users u on u.id = m.user_id where u.name = 'Ada'")
            .fetch_one(&pool)
            .await
            .expect("counted");
    assert_eq!(left, 0);
    let actions = portal.audited(&pool).await;
    for action in [
        "tenant.created",
        "invitation.accepted",
        "tenant.changed",
        "tenant.suspended",
        "tenant.resumed",
        "tenant.deleted",
    ] {
        assert!(actions.iter().any(|known| known == action), "{action} in {actions:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn bad_input_is_said_at_its_field_and_nothing_is_written(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let olga = portal.login("olga@obstack.test").await;
    let long = "x".repeat(201);
    for (slug, name, mesh, wrong) in [
        ("acme", "Acme again", "", "There is a tenant acme already"),
        ("api", "Api", "", "has another meaning"),
        ("\u{430}cme", "Look-alike", "", "U+0430"),
        ("initech", &long, "", "201 characters"),
        ("initech", "Initech", "shop", "Line 1 has no colon"),
        ("initech", "Initech", "*: Shop", "is no namespace"),
    ] {
        let form = [("slug", slug), ("name", name), ("mesh", mesh), ("first_admin", "ada@initech.test")];
        let refused = portal.form("/admin", Some(&olga), &form).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{slug}");
        let page = refused.text();
        assert!(page.contains(wrong), "{wrong}: {page}");
        assert!(page.contains("value=\"ada@initech.test\""), "what was typed stays");
    }
    let several = json!({"slug": "", "name": "", "plan": "gold", "stores": {"metrics": "nowhere"}});
    let refused = portal.json("POST", "/api/v1/admin/tenants", &olga, None, &several).await.json();
    let pointers: Vec<_> =
        refused["errors"].as_array().expect("errors").iter().map(|error| &error["pointer"]).collect();
    assert_eq!(pointers, ["/slug", "/name", "/plan", "/stores/metrics"], "all of it at once");
    let (tenants, invitations): (i64, i64) =
        sqlx::query_as("select (select count(*) from tenants), (select count(*) from invitations)")
            .fetch_one(&pool)
            .await
            .expect("counted");
    assert_eq!((tenants, invitations), (2, 0), "nothing half-written");
}

#[sqlx::test(migrations = "../migrations")]
async fn what_a_file_manages_is_locked_and_names_the_file(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let (olga, ana) = (portal.login("olga@obstack.test").await, portal.login("ana@acme.test").await);
    let change = json!({"name": "Mine", "plan": "saas", "mesh": [], "stores": {}});
    let renamed = portal.json("PUT", "/api/v1/admin/tenants/acme", &olga, Some("*"), &change).await;
    assert_eq!(renamed.status, StatusCode::CONFLICT);
    assert!(renamed.text().contains("managed by test"), "{}", renamed.text());
    let deleted = portal.json("DELETE", "/api/v1/admin/tenants/acme", &olga, Some("*"), &json!({})).await;
    assert_eq!(deleted.status, StatusCode::CONFLICT);

    let members = portal.get("/api/v1/t/acme/members?search=vik", Some(&ana)).await.json();
    assert_eq!(members["items"][0]["origins"], json!([{"kind": "file", "name": "test", "role": "viewer"}]));
    let vik = members["items"][0]["user_id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/t/acme/members/{vik}");
    let promoted = portal.json("PUT", &path, &ana, Some("*"), &json!({"role": "admin"})).await;
    assert_eq!(promoted.status, StatusCode::CONFLICT);
    assert!(promoted.text().contains("by test"), "{}", promoted.text());
    let disabled = portal.form(&format!("/admin/people/{vik}/disable"), Some(&olga), &[]).await;
    assert!(disabled.text().contains("managed by test"), "{}", disabled.text());
}

#[sqlx::test(migrations = "../migrations")]
async fn members_are_changed_explained_and_removed(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let olga = portal.login("olga@obstack.test").await;
    let ada = portal.tenant(&olga, "initech", "ada@initech.test").await;
    let invited =
        portal.form("/t/initech/settings/members/invite", Some(&ada), &[("email", "bo@x.test"), ("role", "viewer")]);
    let bo = portal.accept_as_new(&secret(&invited.await), "Bo").await;
    let id = async |name: &str| {
        let id: uuid::Uuid = sqlx::query_scalar("select id from users where name = $1")
            .bind(name)
            .fetch_one(&pool)
            .await
            .expect("there");
        id
    };
    let (ada_id, bo_id) = (id("Ada").await, id("Bo").await);

    // Bo sees nothing of it; ana of acme cannot find it.
    let ana = portal.login("ana@acme.test").await;
    let path = format!("/api/v1/t/initech/members/{bo_id}");
    assert_eq!(portal.get(&path, Some(&bo)).await.status, StatusCode::FORBIDDEN);
    assert_eq!(portal.get(&path, Some(&ana)).await.status, StatusCode::NOT_FOUND);
    let across = format!("/api/v1/t/acme/members/{bo_id}");
    assert_eq!(portal.get(&across, Some(&ana)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(portal.json("DELETE", &across, &ana, Some("*"), &json!({})).await.status, StatusCode::NOT_FOUND);

    let detail = portal.get(&path, Some(&ada)).await;
    let rights = detail.json()["rights"].clone();
    let granted: Vec<_> = rights.as_array().expect("rights").iter().filter(|r| r["granted"] == true).collect();
    assert_eq!(granted.len(), 3, "a viewer views, tries out policies, and makes keys of their own: {rights}");
    let page = portal.get("/t/initech/settings/members", Some(&ada)).await.text();
    assert!(page.contains("What Bo may do, and why") && page.contains("Remove"), "{page}");

    let demote = format!("/t/initech/settings/members/{ada_id}/role");
    let refused = portal.form(&demote, Some(&ada), &[("role", "viewer"), ("user", &ada_id.to_string())]).await;
    assert!(refused.text().contains("without an administrator"), "{}", refused.text());
    let promoted =
        portal.form(&format!("/t/initech/settings/members/{bo_id}/role"), Some(&ada), &[("role", "admin")]).await;
    assert_eq!(promoted.status, StatusCode::SEE_OTHER, "{}", promoted.text());
    assert_eq!(portal.get(&path, Some(&bo)).await.status, StatusCode::OK, "at once");

    let removed =
        portal.json("DELETE", &format!("/api/v1/t/initech/members/{ada_id}"), &bo, Some("*"), &json!({})).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.text());
    assert_eq!(portal.get("/t/initech", Some(&ada)).await.status, StatusCode::NOT_FOUND, "at once");
    let last = portal.json("DELETE", &path, &bo, Some("*"), &json!({})).await;
    assert_eq!(last.status, StatusCode::CONFLICT);
    let person = portal.form(&format!("/admin/people/{bo_id}/disable"), Some(&olga), &[]).await;
    assert!(person.text().contains("without an administrator"), "{}", person.text());
}

#[sqlx::test(migrations = "../migrations")]
async fn an_invitation_is_worth_something_once_to_who_has_the_link(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let olga = portal.login("olga@obstack.test").await;
    let ada = portal.tenant(&olga, "initech", "ada@initech.test").await;
    let settings = [("name", "Initech"), ("invite_domains", "x.test\n@Y.test")];
    assert_eq!(portal.form("/t/initech/settings", Some(&ada), &settings).await.status, StatusCode::SEE_OTHER);
    let invite = async |email: &str| {
        let new = json!({"email": email, "role": "viewer"});
        portal.json("POST", "/api/v1/t/initech/invites", &ada, None, &new).await
    };
    let foreign = invite("eve@evil.test").await;
    assert_eq!(foreign.status, StatusCode::BAD_REQUEST);
    assert!(foreign.text().contains("x.test, y.test only"), "{}", foreign.text());
    let first = invite("bo@x.test").await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    assert_eq!(first.json()["mailed"], false, "no mail is configured");
    assert_eq!(invite("BO@x.test").await.status, StatusCode::BAD_REQUEST, "invited already");
    let old = path_of(first.json()["link"].as_str().expect("a link"));
    let id = first.json()["invitation"]["id"].as_str().expect("an id").to_owned();
    let kept: i64 =
        sqlx::query_scalar("select count(*) from invitations where encode(token_hash, 'escape') like '%' || $1 || '%'")
            .bind(old.trim_start_matches("/invite/"))
            .fetch_one(&pool)
            .await
            .expect("counted");
    assert_eq!(kept, 0, "the secret is not kept");

    // A new link takes the old one's place.
    let resent =
        portal.json("POST", &format!("/api/v1/t/initech/invites/{id}/resend"), &ada, Some("*"), &json!({})).await;
    let link = path_of(resent.json()["link"].as_str().expect("a link"));
    assert_eq!(portal.get(&old, None).await.status, StatusCode::NOT_FOUND);
    let page = portal.get(&link, None).await;
    assert!(page.text().contains("Ada invites bo@x.test to Initech as viewer."), "{}", page.text());
    assert!(!page.text().contains("<script"));
    assert_eq!(page.header(header::CACHE_CONTROL), "no-store");

    // Somebody else who is signed in must say so; a weak password is refused and the name stays.
    let vik = portal.login("vik@acme.test").await;
    let unsure = portal.form(&link, Some(&vik), &[("as", "me")]).await;
    assert_eq!(unsure.status, StatusCode::BAD_REQUEST);
    let weak = portal.form(&link, None, &[("as", "new"), ("name", "Bo"), ("password", "password123")]).await;
    assert_eq!(weak.status, StatusCode::BAD_REQUEST);
    assert!(weak.text().contains("tried first") && weak.text().contains("value=\"Bo\""), "{}", weak.text());
    assert!(!weak.text().contains("password123"));

    let sure = portal.form(&link, Some(&vik), &[("as", "me"), ("confirm", "on")]).await;
    assert_eq!(sure.header(header::LOCATION), "/t/initech", "{}", sure.text());
    let vik = sure.cookie().expect("a session with a new id");
    assert_eq!(portal.get("/t/initech/topology", Some(&vik)).await.status, StatusCode::OK);
    let used = portal.get(&link, None).await;
    assert_eq!(used.status, StatusCode::CONFLICT);
    assert!(used.text().contains("accepted already"), "{}", used.text());

    // Revoked and expired ones say what they are.
    let second = invite("cy@x.test").await.json();
    let (id, link) =
        (second["invitation"]["id"].as_str().expect("id"), path_of(second["link"].as_str().expect("link")));
    sqlx::query("update invitations set expires_at = now() - interval '1 minute' where id = $1")
        .bind(id.parse::<uuid::Uuid>().expect("an id"))
        .execute(&pool)
        .await
        .expect("set");
    assert!(portal.get(&link, None).await.text().contains("expired"));
    let revoked = portal.form(&format!("/t/initech/settings/members/invites/{id}/revoke"), Some(&ada), &[]).await;
    assert_eq!(revoked.status, StatusCode::SEE_OTHER);
    assert!(portal.get(&link, None).await.text().contains("taken back"));
    let late = portal.form(&link, None, &[("as", "new"), ("name", "Cy"), ("password", NEW_PASSWORD)]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
}

#[sqlx::test(migrations = "../migrations")]
async fn who_has_an_account_signs_in_to_accept(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let olga = portal.login("olga@obstack.test").await;
    let new = json!({"slug": "initech", "name": "Initech", "first_admin": "vik@acme.test"});
    let made = portal.json("POST", "/api/v1/admin/tenants", &olga, None, &new).await.json();
    let link = path_of(made["invitation"]["link"].as_str().expect("a link"));
    assert!(portal.get(&link, None).await.text().contains("Sign in as vik@acme.test to accept."));
    let taken = portal.form(&link, None, &[("as", "new"), ("name", "Eve"), ("password", NEW_PASSWORD)]).await;
    assert_eq!(taken.status, StatusCode::UNAUTHORIZED, "nobody takes over an account by invitation");
    let right = portal.form(&link, None, &[("as", "account"), ("password", super::PASSWORD)]).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.text());
    let vik = right.cookie().expect("signed in");
    assert_eq!(portal.get("/t/initech/settings/members", Some(&vik)).await.status, StatusCode::OK);
    assert_eq!(portal.get("/t/acme", Some(&vik)).await.status, StatusCode::OK, "and what was before stays");
}

#[sqlx::test(migrations = "../migrations")]
async fn a_password_is_changed_and_every_other_session_ends(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let olga = portal.login("olga@obstack.test").await;
    let here = portal.tenant(&olga, "initech", "ada@initech.test").await;
    let there = portal.try_login("ada@initech.test", NEW_PASSWORD).await.cookie().expect("signed in twice");
    let change = async |now: &str, new: &str| {
        let body = json!({"current_password": now, "new_password": new});
        portal.json("POST", "/api/v1/auth/password", &here, None, &body).await
    };
    let wrong = change("not it at all", "another otter entirely").await;
    assert_eq!(wrong.json()["errors"][0]["pointer"], "/current_password");
    let common = change(NEW_PASSWORD, "qwertyuiop").await;
    assert_eq!(common.json()["errors"][0]["pointer"], "/new_password");
    let changed = change(NEW_PASSWORD, "another otter entirely").await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.text());
    let again = changed.cookie().expect("a session with a new id");
    assert_ne!(again, here);
    let me = async |cookie: &str| portal.get("/api/v1/auth/me", Some(cookie)).await.status;
    assert_eq!(
        [me(&again).await, me(&here).await, me(&there).await],
        [StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED]
    );
    assert_eq!(portal.sign_in("ada@initech.test", NEW_PASSWORD).await, StatusCode::UNAUTHORIZED);
    let form = [("current_password", "another otter entirely"), ("new_password", "short")];
    let refused = portal.form("/account/password", Some(&again), &form).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text().contains("5 characters") && !refused.text().contains("another otter"), "{}", refused.text());
    let managed = portal
        .json("POST", "/api/v1/auth/password", &olga, None, &json!({"current_password": "x", "new_password": "y"}))
        .await;
    assert!(managed.text().contains("managed by test"), "{}", managed.text());
}

#[sqlx::test(migrations = "../migrations")]
async fn a_reset_link_works_once_and_ends_sessions(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let olga = portal.login("olga@obstack.test").await;
    let ada = portal.tenant(&olga, "initech", "ada@initech.test").await;
    let people = portal.get("/api/v1/admin/users?search=ada%40initech", Some(&olga)).await.json();
    let id = people["items"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(people["items"][0]["sessions"], 1);
    let made = portal.form(&format!("/admin/people/{id}/reset-link"), Some(&olga), &[]).await;
    let old = secret(&made);
    let link = secret(&portal.form(&format!("/admin/people/{id}/reset-link"), Some(&olga), &[]).await);
    assert_eq!(portal.get(&old, None).await.status, StatusCode::CONFLICT, "the newest counts");
    assert!(portal.get(&link, None).await.text().contains("For Ada (ada@initech.test)"));
    let weak = portal.form(&link, None, &[("password", "ada")]).await;
    assert_eq!(weak.status, StatusCode::BAD_REQUEST);
    let set = portal.form(&link, None, &[("password", "another otter entirely")]).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    assert_eq!(portal.get("/api/v1/auth/me", Some(&ada)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(portal.sign_in("ada@initech.test", "another otter entirely").await, StatusCode::NO_CONTENT);
    assert_eq!(portal.form(&link, None, &[("password", "yet another otter")]).await.status, StatusCode::CONFLICT);

    let late = secret(&portal.form(&format!("/admin/people/{id}/reset-link"), Some(&olga), &[]).await);
    sqlx::query("update one_time_tokens set expires_at = now() - interval '1 minute'")
        .execute(&pool)
        .await
        .expect("set");
    assert_eq!(portal.form(&late, None, &[("password", "yet another otter")]).await.status, StatusCode::CONFLICT);
    assert_eq!(portal.get("/forgot", None).await.status, StatusCode::NOT_FOUND, "without mail there is no such page");
    assert!(!portal.get("/login", None).await.text().contains("/forgot"));
}

#[sqlx::test(migrations = "../migrations")]
async fn people_are_disabled_at_once_and_the_installation_keeps_somebody(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let olga = portal.login("olga@obstack.test").await;
    let ada = portal.tenant(&olga, "initech", "ada@initech.test").await;
    let invited =
        portal.form("/t/initech/settings/members/invite", Some(&ada), &[("email", "bo@x.test"), ("role", "admin")]);
    let bo = portal.accept_as_new(&secret(&invited.await), "Bo").await;
    let id = async |search: &str| {
        let found = portal.get(&format!("/api/v1/admin/users?search={search}"), Some(&olga)).await.json();
        found["items"][0]["id"].as_str().expect("an id").to_owned()
    };
    let (ada_id, bo_id, olga_id) = (id("ada%40initech").await, id("bo%40x").await, id("olga").await);
    let disabled = portal.form(&format!("/admin/people/{ada_id}/disable"), Some(&olga), &[]).await;
    assert_eq!(disabled.status, StatusCode::SEE_OTHER, "{}", disabled.text());
    assert_eq!(portal.get("/api/v1/auth/me", Some(&ada)).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(portal.sign_in("ada@initech.test", NEW_PASSWORD).await, StatusCode::UNAUTHORIZED);
    portal.form(&format!("/admin/people/{ada_id}/enable"), Some(&olga), &[]).await;
    assert_eq!(portal.sign_in("ada@initech.test", NEW_PASSWORD).await, StatusCode::NO_CONTENT);

    assert_eq!(portal.get("/admin", Some(&bo)).await.status, StatusCode::FORBIDDEN);
    portal.form(&format!("/admin/people/{bo_id}/grant"), Some(&olga), &[]).await;
    assert_eq!(portal.get("/admin", Some(&bo)).await.status, StatusCode::OK, "at once");
    let myself = portal.form(&format!("/admin/people/{bo_id}/withdraw"), Some(&bo), &[]).await;
    assert!(myself.text().contains("You cannot disable yourself"), "{}", myself.text());
    let managed = portal.form(&format!("/admin/people/{olga_id}/withdraw"), Some(&bo), &[]).await;
    assert!(managed.text().contains("managed by test"), "{}", managed.text());
    portal.form(&format!("/admin/people/{bo_id}/withdraw"), Some(&olga), &[]).await;
    assert_eq!(portal.get("/admin", Some(&bo)).await.status, StatusCode::FORBIDDEN, "at once");
}

#[sqlx::test(migrations = "../migrations")]
async fn nobody_locks_themselves_out_with_single_sign_on(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let olga = portal.login("olga@obstack.test").await;
    let ada = portal.tenant(&olga, "initech", "ada@initech.test").await;
    let on = [("name", "Initech"), ("require_sso", "on")];
    let refused = portal.form("/t/initech/settings", Some(&ada), &on).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.text().contains("would be locked out"), "{}", refused.text());
    let off: bool = sqlx::query_scalar("select require_sso from tenants where slug = 'initech'")
        .fetch_one(&pool)
        .await
        .expect("read");
    assert!(!off);
}

#[sqlx::test(migrations = "../migrations")]
async fn plans_limit_what_is_made(pool: PgPool) {
    let portal = Portal::new(pool.clone()).await;
    let olga = portal.login("olga@obstack.test").await;
    let new = json!({"slug": "tiny", "name": "Tiny", "plan": "community", "first_admin": "ada@initech.test"});
    let made = portal.json("POST", "/api/v1/admin/tenants", &olga, None, &new).await.json();
    let ada = portal.accept_as_new(&path_of(made["invitation"]["link"].as_str().expect("a link")), "Ada").await;
    for n in 0..24 {
        let new = json!({"email": format!("p{n}@x.test"), "role": "viewer"});
        let invited = portal.json("POST", "/api/v1/t/tiny/invites", &ada, None, &new).await;
        assert_eq!(invited.status, StatusCode::CREATED, "{n}: {}", invited.text());
    }
    let new = json!({"email": "one.more@x.test", "role": "viewer"});
    let full = portal.json("POST", "/api/v1/t/tiny/invites", &ada, None, &new).await;
    assert_eq!(full.status, StatusCode::CONFLICT);
    assert!(full.text().contains("community includes 25 members"), "{}", full.text());
    assert!(portal.get("/t/tiny/settings", Some(&ada)).await.text().contains("used up"));
    let change = json!({"name": "Tiny", "plan": "community", "stores": {},
        "mesh": [{"cluster": "east", "namespaces": ["a"]}, {"cluster": "west", "namespaces": ["b"]}]});
    let wide = portal.json("PUT", "/api/v1/admin/tenants/tiny", &olga, Some("*"), &change).await;
    assert!(wide.text().contains("1 named clusters"), "{}", wide.text());
}
