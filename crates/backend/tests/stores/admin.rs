//! Creating, changing, deleting and binding stores.

use backend::{Error, etag};
use contract::{ApiError, ErrorCode, store_admin::StoreSettings, stores::StoreState};
use sqlx::PgPool;

use crate::{
    fixture::{Fixture, fields, settings, tenancy},
    scripted::{Scripted, reply},
};

const EMPTY: &str = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;

#[sqlx::test(migrations = "../../migrations")]
async fn a_store_is_created_used_changed_and_deleted(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let (operator, admin) = (t.operator().await, t.backend.store_admin());
    let (one, two) = (
        Scripted::start(|_| Some(reply("200 OK", EMPTY))).await,
        Scripted::start(|_| Some(reply("200 OK", EMPTY))).await,
    );
    let new = StoreSettings {
        auth: "bearer".to_owned(),
        secret: "s3cret-token".to_owned(),
        ..settings("prom-shop", &one.url)
    };
    let created = admin.create(&operator, &new).await.expect("created");
    assert!(created.has_secret && created.locked_by.is_none());
    t.bind("acme", "prom-shop").await.expect("bound");

    // Metrics of acme come from there, with the token.
    let ask = async || {
        let scope = t.scope("ana@acme.test", "acme").await;
        let ask = t.backend.stores().ask(&scope).expect("bound");
        ask.instant("up", query::Side::Resource, t.backend.clock().now()).await.expect("answered");
    };
    ask().await;
    assert_eq!(one.seen()[0].headers["authorization"], "Bearer s3cret-token");
    assert!(one.seen()[0].promql.contains("namespace=\"shop\""), "{:?}", one.seen()[0]);

    // Another address needs the token again; with it, the next question goes there, with the new client.
    let listed = admin.get(&operator, "prom-shop").await.expect("there");
    assert_eq!(listed.store.tenants, ["acme"]);
    assert_eq!(listed.status[0].state, StoreState::Ok);
    let version = etag(&listed.store);
    let moved = StoreSettings { url: two.url.clone(), secret: String::new(), ..new.clone() };
    let refused = admin.change(&operator, "prom-shop", &moved, &version).await.expect_err("no token for a new place");
    assert_eq!(fields(&refused), ["/secret"]);
    let moved = StoreSettings { secret: "other-token".to_owned(), ..moved };
    admin.change(&operator, "prom-shop", &moved, &version).await.expect("changed");
    ask().await;
    assert_eq!(two.seen()[0].headers["authorization"], "Bearer other-token");
    let stale = admin.change(&operator, "prom-shop", &moved, &version).await;
    assert!(matches!(stale, Err(Error::PreconditionFailed)), "{stale:?}");

    // An empty secret keeps the one that is there.
    let kept = StoreSettings { secret: String::new(), timeout_ms: 3000, ..moved };
    let changed = admin.change(&operator, "prom-shop", &kept, "*").await.expect("changed");
    assert_eq!((changed.timeout_ms, changed.has_secret), (3000, true));
    ask().await;
    assert_eq!(two.seen().last().expect("asked").headers["authorization"], "Bearer other-token");

    // Not while somebody is bound.
    let bound = admin.delete(&operator, "prom-shop", "*").await.expect_err("acme is bound");
    assert!(matches!(&bound, Error::Conflict { why } if why.contains("acme")), "{bound:?}");
    t.bind("acme", "embedded").await.expect("bound elsewhere");
    admin.delete(&operator, "prom-shop", "*").await.expect("deleted");
    assert!(matches!(admin.get(&operator, "prom-shop").await, Err(Error::NotFound { .. })));

    for (action, count) in [("store.created", 1), ("store.changed", 2), ("store.deleted", 1)] {
        let entries = t.audited(action).await;
        assert_eq!(entries.len(), count, "{action}");
        assert!(entries.iter().all(|entry| !entry.contains("s3cret") && !entry.contains("other-token")), "{entries:?}");
        assert!(entries.iter().all(|entry| entry.contains("Olga")), "{entries:?}");
    }
    let in_clear: i64 = sqlx::query_scalar("select count(*) from stores where secret_sealed::text like '%token%'")
        .fetch_one(&t.pool)
        .await
        .expect("counted");
    assert_eq!(in_clear, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_field_is_checked_and_nothing_is_half_written(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let (operator, admin) = (t.operator().await, t.backend.store_admin());
    let good = settings("prom", "http://127.0.0.1:9090");
    let cases: [(&str, StoreSettings); 16] = [
        ("/name", settings("Prom", "http://x")),
        ("/name", settings("embedded", "http://x")),
        ("/name", settings("test", "http://x")),
        ("/name", settings("prom-file", "http://x")),
        ("/url", settings("prom", "prom:9090")),
        ("/url", settings("prom", "ftp://prom")),
        ("/url", settings("prom", "http://ana:hunter2@prom")),
        ("/url", settings("prom", "http://prom/?x=y")),
        ("/url", settings("prom", "http://prom/#graph")),
        ("/kind", StoreSettings { kind: "loki".to_owned(), ..good.clone() }),
        ("/timeout_ms", StoreSettings { timeout_ms: 10, ..good.clone() }),
        ("/tenancy/mode", StoreSettings { tenancy: tenancy("header", ""), ..good.clone() }),
        ("/tenancy/mode", StoreSettings { tenancy: tenancy("index", ""), ..good.clone() }),
        ("/tenancy/label", StoreSettings { tenancy: tenancy("label", "a-b"), ..good.clone() }),
        ("/secret", StoreSettings { auth: "bearer".to_owned(), ..good.clone() }),
        ("/username", StoreSettings { auth: "basic".to_owned(), secret: "x".to_owned(), ..good.clone() }),
    ];
    for (field, settings) in cases {
        let error = admin.create(&operator, &settings).await.expect_err(field);
        assert_eq!(fields(&error), [field], "{settings:?}");
        let shown = ApiError::from(error);
        assert!(!format!("{shown:?}").contains("hunter2"), "{shown:?}");
    }
    let several = StoreSettings { name: "-".to_owned(), url: "x".to_owned(), auth: "oauth".to_owned(), ..good };
    assert_eq!(fields(&admin.create(&operator, &several).await.expect_err("wrong")), ["/name", "/url", "/auth"]);
    let rows: i64 = sqlx::query_scalar("select count(*) from stores").fetch_one(&t.pool).await.expect("counted");
    assert_eq!(rows, 0);
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_a_file_manages_is_locked(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let (operator, admin) = (t.operator().await, t.backend.store_admin());
    let file = admin.get(&operator, "prom-file").await.expect("there").store;
    assert_eq!(file.locked_by.as_deref(), Some("obstack.yaml"));
    for name in ["prom-file", "embedded"] {
        let changed = admin.change(&operator, name, &settings(name, "http://elsewhere"), "*").await;
        assert!(matches!(changed, Err(Error::Conflict { .. })), "{changed:?}");
        assert!(matches!(admin.delete(&operator, name, "*").await, Err(Error::Conflict { .. })));
    }
    let page = admin.list(&operator, Some(1), None).await.expect("listed");
    assert_eq!((page.items[0].store.name.as_str(), page.items[0].status.len()), ("embedded", 3));
    let page = admin.list(&operator, Some(1), page.next.as_deref()).await.expect("listed");
    assert_eq!((page.items[0].store.name.as_str(), page.next), ("prom-file", None));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_store_that_keeps_nobody_apart_belongs_to_one_tenant(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let (operator, admin) = (t.operator().await, t.backend.store_admin());
    let new = settings("prom", "http://127.0.0.1:9");
    admin.create(&operator, &new).await.expect("created");
    t.bind("acme", "prom").await.expect("the first");
    t.bind("acme", "prom").await.expect("the first again");
    let second = t.bind("globex", "prom").await.expect_err("the second");
    assert!(
        matches!(&second, Error::Invalid { field, why } if field == "/metrics" && why.contains("acme")),
        "{second:?}"
    );
    assert!(t.bind("globex", "nowhere").await.is_err());

    // With a label both may; then it cannot go back.
    let shared = StoreSettings { tenancy: tenancy("label", "tenant_id"), ..new.clone() };
    admin.change(&operator, "prom", &shared, "*").await.expect("shared");
    t.bind("globex", "prom").await.expect("the second");
    let back = admin.change(&operator, "prom", &new, "*").await.expect_err("two are bound");
    assert_eq!(fields(&back), ["/tenancy/mode"]);
    assert!(back.to_string().contains("acme and globex"), "{back}");

    // However it came about: nobody is served by a store that would show them each other.
    sqlx::query("update stores set tenancy_mode = 'none', tenancy_label = ''").execute(&t.pool).await.expect("by hand");
    admin.list(&operator, None, None).await.expect("read again");
    let scope = t.scope("ana@acme.test", "acme").await;
    let refused = t.backend.stores().ask(&scope).err().expect("refused");
    assert!(matches!(&refused, Error::Upstream { why, .. } if why.contains("several are bound")), "{refused:?}");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_tenant_of_a_store_that_is_gone_is_told_so(pool: PgPool) {
    let t = Fixture::new(pool).await;
    sqlx::query("update tenant_stores set store = 'prom-gone' where signal = 'metrics' and tenant_id = (select id from tenants where slug = 'acme')")
        .execute(&t.pool)
        .await
        .expect("by hand");
    let scope = t.scope("ana@acme.test", "acme").await;
    let error = ApiError::from(t.backend.stores().ask(&scope).err().expect("refused"));
    assert_eq!((error.code, error.store.as_deref()), (ErrorCode::StoreUnavailable, Some("prom-gone")));
    // The strip says it; logs and traces keep working, and so does the other tenant.
    use contract::Door;
    let portal = t.visitor("ana@acme.test").await.portal(&"acme".parse().expect("a slug")).expect("a member");
    let strip = portal.stores().status().await.expect("shown");
    assert_eq!((strip.len(), strip[0].name.as_str(), strip[0].state), (3, "prom-gone", StoreState::Down));
    t.backend.stores().ask(&t.scope("olga@obstack.test", "globex").await).expect("globex is well");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_change_reaches_the_other_instance_and_its_clients(pool: PgPool) {
    let one = Fixture::new(pool).await;
    let other = one.beside().await;
    let (operator, admin) = (one.operator().await, one.backend.store_admin());
    let (old, new) = (
        Scripted::start(|_| Some(reply("200 OK", EMPTY))).await,
        Scripted::start(|_| Some(reply("200 OK", EMPTY))).await,
    );
    admin.create(&operator, &settings("prom", &old.url)).await.expect("created");
    one.bind("acme", "prom").await.expect("bound");
    let names = |t: &Fixture| t.backend.stores().names().into_iter().map(|store| store.name).collect::<Vec<_>>();
    assert_eq!(names(&one), ["embedded", "prom", "prom-file"]);
    // What the news about stores does.
    other.backend.store_admin().list(&other.operator().await, None, None).await.expect("read");
    assert_eq!(names(&other), names(&one));
    let ask = async || {
        let scope = other.scope("ana@acme.test", "acme").await;
        let ask = other.backend.stores().ask(&scope).expect("bound");
        ask.instant("up", query::Side::Resource, other.backend.clock().now()).await.expect("answered");
    };
    ask().await;
    admin.change(&operator, "prom", &settings("prom", &new.url), "*").await.expect("changed");
    other.backend.store_admin().list(&other.operator().await, None, None).await.expect("read");
    ask().await;
    assert_eq!((old.seen().len(), new.seen().len()), (1, 1));
}
