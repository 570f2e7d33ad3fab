//! What two people do at the same moment.

use backend::Error;
use contract::{
    Role,
    members::{MemberChange, NewInvitation},
    people::PersonChange,
};
use sqlx::PgPool;

use crate::fixture::World;

#[sqlx::test(migrations = "../../migrations")]
async fn two_administrators_cannot_demote_each_other(pool: PgPool) {
    let world = World::new(pool, "").await;
    for round in 0..5 {
        let slug = format!("acme-{round}");
        let tenant = world.tenant(&slug).await;
        let (ana, bea) =
            (world.person(&format!("ana{round}"), false).await, world.person(&format!("bea{round}"), false).await);
        world.member(tenant, ana, Role::Admin, "local").await;
        world.member(tenant, bea, Role::Admin, "local").await;
        let (of_ana, of_bea) = (world.scope(ana, &slug).await.expect("in"), world.scope(bea, &slug).await.expect("in"));
        let (members, viewer) = (world.backend.members(), MemberChange { role: Role::Viewer });
        let (first, second) =
            tokio::join!(members.change(&of_ana, bea, &viewer, None), members.remove(&of_bea, ana, None));
        assert!(first.is_ok() != second.is_ok(), "exactly one: {first:?} {second:?}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_operator_and_an_administrator_leave_somebody(pool: PgPool) {
    let world = World::new(pool, "").await;
    let olga = world.person("olga", true).await;
    let operator = world.operator(olga).await.expect("an operator");
    for round in 0..5 {
        let slug = format!("acme-{round}");
        let tenant = world.tenant(&slug).await;
        let (ana, bea) =
            (world.person(&format!("ana{round}"), false).await, world.person(&format!("bea{round}"), false).await);
        world.member(tenant, ana, Role::Admin, "local").await;
        world.member(tenant, bea, Role::Admin, "local").await;
        let of_ana = world.scope(ana, &slug).await.expect("in");
        let (members, people) = (world.backend.members(), world.backend.people());
        let off = PersonChange { platform_admin: false, disabled: true };
        let (first, second) =
            tokio::join!(members.remove(&of_ana, bea, None), people.change(&operator, ana, &off, None));
        assert!(first.is_ok() != second.is_ok(), "exactly one: {first:?} {second:?}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_others_say_of_a_member_stays(pool: PgPool) {
    let world = World::new(pool, "").await;
    let (acme, globex) = (world.tenant("acme").await, world.tenant("globex").await);
    let (ana, fay, gil) =
        (world.person("ana", false).await, world.person("fay", false).await, world.person("gil", false).await);
    world.member(acme, ana, Role::Admin, "local").await;
    world.member(acme, fay, Role::Editor, "file").await;
    world.member(globex, gil, Role::Viewer, "local").await;
    let scope = world.scope(ana, "acme").await.expect("in");
    let members = world.backend.members();
    let locked = members.remove(&scope, fay, None).await.expect_err("managed by the file");
    assert!(matches!(&locked, Error::Conflict { why } if why.contains("obstack.yaml")), "{locked}");
    assert!(matches!(members.get(&scope, gil).await, Err(Error::NotFound { .. })));
    assert!(matches!(members.remove(&scope, gil, None).await, Err(Error::NotFound { .. })));

    // Beside the file, people may give more, and take back only that.
    world.member(acme, fay, Role::Admin, "local").await;
    let detail = members.get(&scope, fay).await.expect("there");
    assert_eq!((detail.member.role, detail.member.origins.len()), (Role::Admin, 2));
    let less =
        members.change(&scope, fay, &MemberChange { role: Role::Viewer }, None).await.expect_err("the file gives more");
    assert!(less.to_string().contains("editor by obstack.yaml"), "{less}");
    members.remove(&scope, fay, None).await.expect("what people gave");
    assert_eq!(members.get(&scope, fay).await.expect("there").member.role, Role::Editor);
}

#[sqlx::test(migrations = "../../migrations")]
async fn removal_revokes_the_keys_of_that_tenant_only(pool: PgPool) {
    let world = World::new(pool, "").await;
    let (acme, globex) = (world.tenant("acme").await, world.tenant("globex").await);
    let (ana, bea) = (world.person("ana", false).await, world.person("bea", false).await);
    world.member(acme, ana, Role::Admin, "local").await;
    for tenant in [acme, globex] {
        world.member(tenant, bea, Role::Viewer, "local").await;
        sqlx::query(
            "insert into api_keys (tenant_id, id, user_id, name, role, scopes, hash, hint, created_by, created_at, expires_at)
             values ($1, gen_random_uuid(), $2, 'mine', 'viewer', '{metrics:read}', sha256($3), 'abcd', 'bea', now(), now())",
        )
        .bind(tenant)
        .bind(bea)
        .bind(tenant.as_bytes())
        .execute(&world.pool)
        .await
        .expect("made");
    }
    let scope = world.scope(ana, "acme").await.expect("in");
    world.backend.members().remove(&scope, bea, None).await.expect("removed");
    let revoked: Vec<(uuid::Uuid, bool)> = sqlx::query_as("select tenant_id, revoked_at is not null from api_keys")
        .fetch_all(&world.pool)
        .await
        .expect("read");
    for (tenant, revoked) in revoked {
        assert_eq!(revoked, tenant == acme);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn nobody_gives_more_than_they_have(pool: PgPool) {
    let world = World::new(pool, "").await;
    let tenant = world.tenant("acme").await;
    let vik = world.person("vik", false).await;
    world.member(tenant, vik, Role::Viewer, "local").await;
    let scope = world.scope(vik, "acme").await.expect("in");
    let new = NewInvitation { email: "x@y.test".to_owned(), role: Role::Viewer };
    assert!(matches!(world.backend.invitations().create(&scope, &new).await, Err(Error::Denied { .. })));
    let up = MemberChange { role: Role::Admin };
    assert!(matches!(world.backend.members().change(&scope, vik, &up, None).await, Err(Error::Denied { .. })));
}
