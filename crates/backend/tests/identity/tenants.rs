//! Who belongs to which tenant.

use std::collections::BTreeSet;

use backend::tenants::{self, MeshSelector, Namespaces, Plan, StoreBindings};
use contract::{Role, TenantSlug};
use sqlx::PgPool;
use uuid::Uuid;

use crate::fixture::{ANA, Fixture, GIL, OPERATOR};

fn slug(text: &str) -> TenantSlug {
    text.parse().expect("a slug")
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_tenant_is_what_the_configuration_says(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let acme = tenants::find(&t.db, &slug("acme")).await.expect("read").expect("there");
    assert_eq!((acme.name.as_str(), acme.plan, &acme.stores), ("Acme", Plan::Enterprise, &StoreBindings::default()));
    assert_eq!(acme.provisioned_by.as_deref(), Some("obstack.yaml"));
    let globex = tenants::find(&t.db, &slug("globex")).await.expect("read").expect("there");
    let namespaces = Namespaces::Only(BTreeSet::from(["ai".to_owned(), "platform".to_owned()]));
    assert_eq!(globex.mesh, [MeshSelector { cluster: Some("east".to_owned()), namespaces }]);
    assert_eq!(tenants::find(&t.db, &slug("initech")).await.expect("read"), None);
    let all = tenants::list(&t.db).await.expect("read");
    assert_eq!(all, [acme, globex]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn membership_is_per_tenant_and_a_foreign_one_looks_like_none(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let (ana, gil, operator) = (t.id_of(ANA).await, t.id_of(GIL).await, t.id_of(OPERATOR).await);
    let role = async |user, tenant: &str| {
        let person = t.auth.person(user).await.expect("read");
        person.and_then(|person| person.roles.get(&slug(tenant)).copied())
    };
    assert_eq!([role(ana, "acme").await, role(ana, "globex").await], [Some(Role::Admin), None]);
    assert_eq!([role(gil, "acme").await, role(gil, "globex").await], [None, Some(Role::Viewer)]);
    assert_eq!(
        [role(operator, "acme").await, role(operator, "globex").await],
        [Some(Role::Viewer), Some(Role::Editor)]
    );
    assert_eq!([role(Uuid::nil(), "acme").await, role(ana, "initech").await], [None, None]);

    sqlx::query("update tenants set disabled_at = now() where slug = 'acme'")
        .execute(t.db.system())
        .await
        .expect("set");
    sqlx::query("update users set disabled_at = now() where id = $1")
        .bind(gil)
        .execute(t.db.system())
        .await
        .expect("set");
    assert_eq!([role(ana, "acme").await, role(gil, "globex").await], [None, None]);
    assert_eq!(tenants::find(&t.db, &slug("acme")).await.expect("read"), None);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_person_has_their_own_tenants(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let operator = t.auth.person(t.id_of(OPERATOR).await).await.expect("read").expect("there");
    assert!(operator.user.platform_admin);
    let seen: Vec<_> = operator.roles.iter().map(|(tenant, role)| (tenant.as_str(), *role)).collect();
    assert_eq!(seen, [("acme", Role::Viewer), ("globex", Role::Editor)]);
    assert!(t.auth.person(Uuid::nil()).await.expect("read").is_none());
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_strongest_of_several_reasons_counts(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let gil = t.id_of(GIL).await;
    sqlx::query(
        "insert into memberships (tenant_id, user_id, role) select id, $1, 'editor' from tenants where slug = 'globex'",
    )
    .bind(gil)
    .execute(t.db.system())
    .await
    .expect("made an editor beside the file's viewer");
    let person = t.auth.person(gil).await.expect("read").expect("there");
    assert_eq!(person.roles.get(&slug("globex")), Some(&Role::Editor));
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_database_refuses_slugs_that_mean_something_to_a_store(pool: PgPool) {
    for bad in ["a|b", "a:b", "a*", "..", "A", "-a", "", &"a".repeat(64)] {
        let made = sqlx::query("insert into tenants (id, slug, name) values (gen_random_uuid(), $1, 'x')")
            .bind(bad)
            .execute(&pool)
            .await;
        assert!(made.is_err(), "{bad:?}");
    }
}
