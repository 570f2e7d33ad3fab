//! The configuration in the database.

use backend::{
    auth::sessions::{self, Lifetimes, SessionKey},
    provision::{self, Provisioned},
    tenants,
};
use contract::TenantSlug;
use serde_json::json;
use sqlx::PgPool;

use crate::fixture::{ANA, FILE, Fixture, GIL, NOW, config, config_with, password};

const HOME: std::net::IpAddr = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const LIFETIMES: Lifetimes = Lifetimes { idle_secs: 600, absolute_secs: 1800 };

const ONLY_GLOBEX: &str = r#"
tenants: [{slug: globex, name: Globex Corp, mesh: [{cluster: east, namespaces: [ai]}]}]
users: [{email: gil@globex.test, name: Gil, password_env: GIL, memberships: [{tenant: globex, role: admin}]}]
"#;

async fn hash_of(t: &Fixture, email: &str) -> String {
    sqlx::query_scalar("select password_hash from users where email = $1")
        .bind(email)
        .fetch_one(t.db.system())
        .await
        .expect("read")
}

#[sqlx::test(migrations = "../../migrations")]
async fn doing_it_again_changes_nothing(pool: PgPool) {
    let t = Fixture::empty(pool, backend::auth::Limits::default());
    assert_eq!(t.provision(FILE).await, Provisioned { created: 9, updated: 0, removed: 0 });
    let before = hash_of(&t, ANA).await;
    assert_eq!(t.provision(FILE).await, Provisioned::default());
    assert_eq!(hash_of(&t, ANA).await, before, "an unchanged password is not hashed again");
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_instances_at_once_make_everything_once(pool: PgPool) {
    let t = Fixture::empty(pool, backend::auth::Limits::default());
    let (a, b) = tokio::join!(t.provision(FILE), t.provision(FILE));
    let mut created = [a.created, b.created];
    created.sort_unstable();
    assert_eq!((created, a.updated + b.updated), ([0, 9], 0));
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_is_gone_is_switched_off_and_comes_back_as_it_was(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let ana = t.id_of(ANA).await;
    sessions::create(&t.db, SessionKey::of(1), Some(ana), &json!({}), LIFETIMES, NOW).await.expect("made");
    let acme = tenants::find(&t.db, &"acme".parse().expect("a slug")).await.expect("read").expect("there");

    // globex renamed, gil promoted; acme, ana and the operator gone.
    assert_eq!(t.provision(ONLY_GLOBEX).await, Provisioned { created: 0, updated: 2, removed: 3 });
    assert_eq!(
        tenants::list(&t.db).await.expect("read").iter().map(|t| t.name.as_str()).collect::<Vec<_>>(),
        ["Globex Corp"]
    );
    t.auth.login(ANA, &password("ANA"), HOME, NOW).await.expect_err("switched off");
    assert!(!sessions::is_alive(&t.db, SessionKey::of(1), NOW).await.expect("read"));
    assert!(t.auth.person(ana).await.expect("read").is_none());

    let back = t.provision(FILE).await;
    assert_eq!((back.created, back.removed), (0, 0), "{back:?}");
    assert_eq!(t.auth.login(ANA, &password("ANA"), HOME, NOW).await.expect("back").id, ana.to_string());
    assert_eq!(tenants::find(&t.db, &acme.slug).await.expect("read"), Some(acme));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_start_without_configuration_switches_off_what_an_earlier_one_made(pool: PgPool) {
    let t = Fixture::new(pool).await;
    t.provision("").await;
    assert_eq!(tenants::list(&t.db).await.expect("read"), []);
    t.auth.login(GIL, &password("GIL"), HOME, NOW).await.expect_err("switched off");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_changed_password_ends_the_sessions_of_its_owner_only(pool: PgPool) {
    let t = Fixture::new(pool).await;
    for (id, email) in [(1, ANA), (2, GIL)] {
        let user = t.id_of(email).await;
        sessions::create(&t.db, SessionKey::of(id), Some(user), &json!({}), LIFETIMES, NOW).await.expect("made");
    }
    let changed = config_with(FILE, &|name| {
        Some(if name == "ANA" { "new-secret".into() } else { password(name) }).filter(|_| !name.starts_with("OBSTACK_"))
    });
    let done = provision::apply(&t.db, &changed, t.auth.passwords(), NOW).await.expect("provisioned");
    assert_eq!(done, Provisioned { created: 0, updated: 1, removed: 0 });
    let alive = async |id| sessions::is_alive(&t.db, SessionKey::of(id), NOW).await.expect("read");
    assert_eq!([alive(1).await, alive(2).await], [false, true]);
    t.auth.login(ANA, &password("ANA"), HOME, NOW).await.expect_err("the old one");
    t.auth.login(ANA, "new-secret", HOME, NOW).await.expect("the new one");
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_people_have_made_stays(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let sql = "insert into tenants (id, slug, name) values (gen_random_uuid(), 'initech', 'Initech')";
    sqlx::query(sql).execute(t.db.system()).await.expect("made");
    let sql = "insert into memberships (tenant_id, user_id, role) select t.id, u.id, 'viewer' from tenants t, users u
               where t.slug in ('initech', 'acme') and u.email = $1";
    sqlx::query(sql).bind(GIL).execute(t.db.system()).await.expect("made");
    t.provision(FILE).await;
    let person = t.auth.person(t.id_of(GIL).await).await.expect("read").expect("there");
    let seen: Vec<_> = person.roles.keys().map(TenantSlug::as_str).collect();
    assert_eq!(seen, ["acme", "globex", "initech"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn stores_of_a_tenant_follow_the_configuration(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let text = "stores: [{name: prom, kind: prometheus, url: 'http://127.0.0.1:9090'}]
tenants: [{slug: acme, stores: {metrics: prom}}]";
    provision::apply(&t.db, &config(text), t.auth.passwords(), NOW).await.expect("provisioned");
    let acme = tenants::find(&t.db, &"acme".parse().expect("a slug")).await.expect("read").expect("there");
    assert_eq!((acme.stores.metrics.as_str(), acme.stores.logs.as_str()), ("prom", "embedded"));
}

const WITH_PROVIDER: &str = r#"
tenants: [{slug: acme, name: Acme}]
identity_providers:
  - {name: sso, issuer: "https://sso.test", client_id: obstack, client_secret_env: ANA,
     mappings: [{claim: groups, equals: /a, tenant: acme, role: viewer}]}
"#;

#[sqlx::test(migrations = "../../migrations")]
async fn sign_in_providers_are_written_once_and_switched_off_when_they_are_gone(pool: PgPool) {
    let t = Fixture::empty(pool, backend::auth::Limits::default());
    assert_eq!(t.provision(WITH_PROVIDER).await, Provisioned { created: 2, updated: 0, removed: 0 });
    assert_eq!(t.provision(WITH_PROVIDER).await, Provisioned::default(), "an unchanged secret is not sealed again");
    let row = "select row_to_json(p)::text from identity_providers p";
    let kept: String = sqlx::query_scalar(row).fetch_one(t.db.system()).await.expect("there");
    assert!(!kept.contains(&password("ANA")), "{kept}");
    let changed = config_with(WITH_PROVIDER, &|name| (name == "ANA").then(|| "another-secret".to_owned()));
    let done = provision::apply(&t.db, &changed, t.auth.passwords(), NOW).await.expect("provisioned");
    assert_eq!(done, Provisioned { created: 0, updated: 1, removed: 0 });
    assert_eq!(
        t.provision("tenants: [{slug: acme, name: Acme}]").await,
        Provisioned { created: 0, updated: 0, removed: 1 }
    );
    let off: bool = sqlx::query_scalar("select disabled_at is not null from identity_providers")
        .fetch_one(t.db.system())
        .await
        .expect("there");
    assert!(off);
    assert_eq!(t.provision(WITH_PROVIDER).await.updated, 1, "and on again");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_provider_that_people_have_made_is_left_to_them(pool: PgPool) {
    let t = Fixture::empty(pool, backend::auth::Limits::default());
    let sql = "insert into identity_providers (id, name, title, issuer, client_id)
               values (gen_random_uuid(), 'sso', 'Theirs', 'https://theirs.test', 'x')";
    sqlx::query(sql).execute(t.db.system()).await.expect("made");
    assert_eq!(t.provision(WITH_PROVIDER).await.created, 1, "the tenant; the start goes on");
    let title: String =
        sqlx::query_scalar("select title from identity_providers").fetch_one(t.db.system()).await.expect("there");
    assert_eq!(title, "Theirs");
}
