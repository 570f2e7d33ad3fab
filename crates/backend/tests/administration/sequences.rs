//! Random sequences of administration calls by random people. Whatever they do: nobody reads or changes anything of a tenant
//! they have no right in, and a tenant that has an administrator keeps one.

use std::{collections::BTreeSet, sync::Arc};

use backend::{Credential, KeyGrant, members::AcceptAs, scope::KeyScope};
use contract::{
    ErrorCode, Role, TenantSlug,
    members::{MemberChange, NewInvitation},
    people::PersonChange,
    tenants::{ListQuery, SettingsChange, StoreNames, Suspension, TenantChange},
};
use proptest::{
    collection::vec,
    prelude::{Strategy, any, prop_oneof},
    strategy::{Just, ValueTree},
    test_runner::{Config, TestRunner},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::fixture::World;

/// What somebody tries. Numbers choose among all there is, of both tenants.
#[derive(Clone, Debug)]
enum Call {
    ListMembers,
    GetMember(usize),
    ChangeMember(usize, Role),
    RemoveMember(usize),
    ListInvitations,
    GetInvitation(usize),
    Invite(u8, Role),
    Resend(usize),
    Revoke(usize),
    Accept(usize),
    GetSettings,
    ChangeSettings(u8),
    Suspend(bool),
    ChangeTenant(u8),
    ChangePerson(usize, bool, bool),
}

#[derive(Clone, Debug)]
struct Step {
    who: usize,
    tenant: usize,
    call: Call,
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Viewer), Just(Role::Editor), Just(Role::Admin)]
}

fn step() -> impl Strategy<Value = Step> {
    let call = prop_oneof![
        1 => Just(Call::ListMembers),
        2 => any::<usize>().prop_map(Call::GetMember),
        5 => (any::<usize>(), role()).prop_map(|(n, role)| Call::ChangeMember(n, role)),
        4 => any::<usize>().prop_map(Call::RemoveMember),
        1 => Just(Call::ListInvitations),
        2 => any::<usize>().prop_map(Call::GetInvitation),
        3 => (any::<u8>(), role()).prop_map(|(n, role)| Call::Invite(n, role)),
        2 => any::<usize>().prop_map(Call::Resend),
        2 => any::<usize>().prop_map(Call::Revoke),
        3 => any::<usize>().prop_map(Call::Accept),
        1 => Just(Call::GetSettings),
        2 => any::<u8>().prop_map(Call::ChangeSettings),
        1 => any::<bool>().prop_map(Call::Suspend),
        1 => any::<u8>().prop_map(Call::ChangeTenant),
        3 => (any::<usize>(), any::<bool>(), any::<bool>()).prop_map(|(n, a, b)| Call::ChangePerson(n, a, b)),
    ];
    (0..10_usize, 0..2_usize, call).prop_map(|(who, tenant, call)| Step { who, tenant, call })
}

/// Two tenants and the people around them.
struct Case {
    slugs: [String; 2],
    tenants: [Uuid; 2],
    /// Two administrators, an editor and a viewer of the first; an administrator and a viewer of the second; an editor of
    /// both; a stranger; two who run the installation.
    people: Vec<Uuid>,
    links: Vec<String>,
}

impl Case {
    async fn new(world: &World, n: usize) -> Self {
        let slugs = [format!("a{n}"), format!("b{n}")];
        let tenants = [world.tenant(&slugs[0]).await, world.tenant(&slugs[1]).await];
        let mut people = Vec::new();
        for (i, name) in ["ana", "al", "ed", "vi", "bo", "bev", "both", "eve", "olga", "otto"].iter().enumerate() {
            people.push(world.person(&format!("{name}{n}"), i >= 8).await);
        }
        for (tenant, person, role) in [
            (0, 0, Role::Admin),
            (0, 1, Role::Admin),
            (0, 2, Role::Editor),
            (0, 3, Role::Viewer),
            (1, 4, Role::Admin),
            (1, 5, Role::Viewer),
            (0, 6, Role::Editor),
            (1, 6, Role::Editor),
        ] {
            let origin = if person == 1 { "file" } else { "local" };
            world.member(tenants[tenant], people[person], role, origin).await;
        }
        Self { slugs, tenants, people, links: Vec::new() }
    }

    /// Everything of a tenant that could be read or changed, as text.
    async fn state(&self, world: &World, tenant: usize) -> String {
        sqlx::query_scalar(
            "select concat(
               (select jsonb_agg(m order by m.user_id, m.origin) from memberships m where m.tenant_id = $1),
               (select jsonb_agg(i order by i.id) from invitations i where i.tenant_id = $1),
               (select to_jsonb(t) from tenants t where t.id = $1))",
        )
        .bind(self.tenants[tenant])
        .fetch_one(&world.pool)
        .await
        .expect("read")
    }

    async fn admins(&self, world: &World, tenant: usize) -> i64 {
        sqlx::query_scalar(
            "select count(distinct u.id) from memberships m join users u on u.id = m.user_id
             where m.tenant_id = $1 and m.role = 'admin' and u.disabled_at is null",
        )
        .bind(self.tenants[tenant])
        .fetch_one(&world.pool)
        .await
        .expect("counted")
    }

    /// What somebody is, straight from the tables: role in the tenant, and whether they run the installation.
    async fn standing(&self, world: &World, who: usize, tenant: usize) -> (Option<Role>, bool) {
        let rows: Vec<(Option<String>, bool)> = sqlx::query_as(
            "select m.role, u.platform_admin from users u left join memberships m on m.user_id = u.id and m.tenant_id = $2
             where u.id = $1 and u.disabled_at is null",
        )
        .bind(self.people[who])
        .bind(self.tenants[tenant])
        .fetch_all(&world.pool)
        .await
        .expect("read");
        let role = rows.iter().filter_map(|(role, _)| role.as_deref()?.parse().ok()).max();
        (role, rows.first().is_some_and(|(_, platform)| *platform))
    }

    async fn invitations(&self, world: &World) -> Vec<(Uuid, Uuid)> {
        sqlx::query_as("select id, tenant_id from invitations where tenant_id = any($1) order by id")
            .bind(&self.tenants[..])
            .fetch_all(&world.pool)
            .await
            .expect("read")
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn no_sequence_of_calls_reaches_into_another_tenant(pool: PgPool) {
    let world = World::new(pool, "").await;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
    );
    let sequences = vec(step(), 1..40);
    let (mut done, mut refused) = (0, 0);
    for n in 0..24 {
        let steps = sequences.new_tree(&mut runner).expect("a sequence").current();
        let mut case = Case::new(&world, n).await;
        for (i, step) in steps.iter().enumerate() {
            let tale = || format!("case {n}, step {i}: {step:?} after {:?}", &steps[..i]);
            let (role, platform) = case.standing(&world, step.who, step.tenant).await;
            let other = 1 - step.tenant;
            let before = [case.state(&world, step.tenant).await, case.state(&world, other).await];
            let admins = [case.admins(&world, 0).await, case.admins(&world, 1).await];
            let outcome = perform(&world, &mut case, step).await;
            let after = [case.state(&world, step.tenant).await, case.state(&world, other).await];
            match &outcome {
                Ok(_) => done += 1,
                Err(_) => refused += 1,
            }
            // An invitation is for whoever has its link, and people are above tenants: these two follow rules of their own.
            let above = matches!(step.call, Call::Accept(_) | Call::ChangePerson(..));
            if !above {
                assert_eq!(before[1], after[1], "another tenant changed; {}", tale());
                if role.is_none_or(|role| role < Role::Admin) && !platform {
                    assert_eq!(before[0], after[0], "changed without the right to; {}", tale());
                    assert!(outcome.is_err(), "read or done without the right to; {}", tale());
                }
                if role.is_none() && !platform {
                    let hidden =
                        matches!(outcome, Err(ErrorCode::NotFound | ErrorCode::Unauthenticated | ErrorCode::Denied));
                    assert!(hidden, "{outcome:?}; {}", tale());
                }
            } else if matches!(step.call, Call::ChangePerson(..)) {
                assert!(outcome.is_err() || platform, "{}", tale());
            }
            if let Ok(seen) = &outcome {
                for tenant in seen {
                    assert_eq!(*tenant, case.tenants[step.tenant], "saw another tenant's; {}", tale());
                }
            }
            for (tenant, had) in admins.into_iter().enumerate() {
                assert!(had == 0 || case.admins(&world, tenant).await > 0, "no administrator left; {}", tale());
            }
        }
    }
    assert!(done > 50 && refused > 50, "{done} done and {refused} refused: the sequences try too little");
}

/// Does it and tells the tenants of everything that was seen; by its code what was refused.
async fn perform(world: &World, case: &mut Case, step: &Step) -> Result<Vec<Uuid>, ErrorCode> {
    let code = |error: backend::Error| contract::ApiError::from(error).code;
    let backend = &world.backend;
    let user = case.people[step.who];
    let slug: TenantSlug = case.slugs[step.tenant].parse().expect("a slug");
    let visitor = world.visitor(user).await;
    let person = |n: &usize| case.people[n % case.people.len()];
    let invitations = case.invitations(world).await;
    let invitation = |n: &usize| invitations.get(n % invitations.len().max(1)).map_or(Uuid::nil(), |(id, _)| *id);
    let own = case.tenants[step.tenant];
    let whole = ListQuery { limit: Some(200), ..ListQuery::default() };
    match &step.call {
        Call::Accept(n) => {
            let Some(link) = case.links.get(n % case.links.len().max(1)).cloned() else { return Ok(Vec::new()) };
            backend.accept_invitation(&link, AcceptAs::Account(user), Arc::default()).await.map_err(code)?;
            return Ok(Vec::new());
        }
        Call::ChangePerson(n, platform_admin, disabled) => {
            let operator = visitor.operator().map_err(|error| error.code)?;
            let change = PersonChange { platform_admin: *platform_admin, disabled: *disabled };
            backend.people().change(&operator, person(n), &change, None).await.map_err(code)?;
            return Ok(Vec::new());
        }
        Call::Suspend(on) => {
            let operator = visitor.operator().map_err(|error| error.code)?;
            match on {
                true => backend.tenants().suspend(&operator, &slug, &Suspension::default(), None).await,
                false => backend.tenants().resume(&operator, &slug, None).await,
            }
            .map_err(code)?;
            return Ok(Vec::new());
        }
        Call::ChangeTenant(n) => {
            let operator = visitor.operator().map_err(|error| error.code)?;
            let change = TenantChange {
                name: format!("Name {n}"),
                plan: "saas".to_owned(),
                mesh: Vec::new(),
                stores: StoreNames::default(),
            };
            backend.tenants().update(&operator, &slug, &change, None).await.map_err(code)?;
            return Ok(Vec::new());
        }
        _ => {}
    }
    let scope = visitor.scope(&slug).map_err(|error| error.code)?;
    let (members, invites) = (backend.members(), backend.invitations());
    match &step.call {
        Call::ListMembers => {
            let page = members.list(&scope, &whole).await.map_err(code)?;
            let ids: Vec<Uuid> = page.items.iter().map(|item| item.member.user_id.parse().expect("an id")).collect();
            belongs(world, own, &ids).await
        }
        Call::GetMember(n) => {
            members.get(&scope, person(n)).await.map_err(code)?;
            belongs(world, own, &[person(n)]).await
        }
        Call::ChangeMember(n, role) => {
            members.change(&scope, person(n), &MemberChange { role: *role }, None).await.map_err(code)?;
            Ok(Vec::new())
        }
        Call::RemoveMember(n) => members.remove(&scope, person(n), None).await.map(|()| Vec::new()).map_err(code),
        Call::ListInvitations => {
            let page = invites.list(&scope, &whole).await.map_err(code)?;
            let ids: Vec<Uuid> = page.items.iter().map(|item| item.id.parse().expect("an id")).collect();
            Ok(invitations.iter().filter(|(id, _)| ids.contains(id)).map(|(_, tenant)| *tenant).collect())
        }
        Call::GetInvitation(n) => {
            invites.get(&scope, invitation(n)).await.map_err(code)?;
            Ok(invitations.iter().filter(|(id, _)| *id == invitation(n)).map(|(_, tenant)| *tenant).collect())
        }
        Call::Invite(n, role) => {
            let new = NewInvitation { email: format!("guest{n}@people.test"), role: *role };
            let made = invites.create(&scope, &new).await.map_err(code)?;
            case.links.push(made.link.rsplit('/').next().unwrap_or_default().to_owned());
            Ok(Vec::new())
        }
        Call::Resend(n) => {
            let made = invites.resend(&scope, invitation(n), None).await.map_err(code)?;
            case.links.push(made.link.rsplit('/').next().unwrap_or_default().to_owned());
            Ok(invitations.iter().filter(|(id, _)| *id == invitation(n)).map(|(_, tenant)| *tenant).collect())
        }
        Call::Revoke(n) => {
            invites.revoke(&scope, invitation(n), None).await.map_err(code)?;
            Ok(invitations.iter().filter(|(id, _)| *id == invitation(n)).map(|(_, tenant)| *tenant).collect())
        }
        Call::GetSettings => {
            let settings = backend.settings().get(&scope).await.map_err(code)?;
            let tenant: Uuid = sqlx::query_scalar("select id from tenants where id = $1 and name = $2")
                .bind(own)
                .bind(settings.name)
                .fetch_one(&world.pool)
                .await
                .expect("this tenant's");
            Ok(vec![tenant])
        }
        Call::ChangeSettings(n) => {
            let change =
                SettingsChange { name: format!("Own {n}"), invite_domains: Vec::new(), require_sso: n % 7 == 0 };
            backend.settings().update(&scope, &visitor, &change, None).await.map_err(code)?;
            Ok(vec![own])
        }
        Call::Accept(_) | Call::ChangePerson(..) | Call::Suspend(_) | Call::ChangeTenant(_) => Ok(Vec::new()),
    }
}

/// The tenant, once for each person who belongs to it; something else for anybody who does not.
async fn belongs(world: &World, tenant: Uuid, users: &[Uuid]) -> Result<Vec<Uuid>, ErrorCode> {
    let mut seen = Vec::new();
    for user in users {
        let there: bool =
            sqlx::query_scalar("select exists (select 1 from memberships where tenant_id = $1 and user_id = $2)")
                .bind(tenant)
                .bind(user)
                .fetch_one(&world.pool)
                .await
                .expect("read");
        seen.push(if there { tenant } else { Uuid::nil() });
    }
    Ok(seen)
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_key_reaches_its_own_tenant_with_its_scopes_only(pool: PgPool) {
    let world = World::new(pool, "").await;
    let case = Case::new(&world, 0).await;
    let key = async |scopes: &[KeyScope]| {
        let grant = KeyGrant {
            id: Uuid::now_v7(),
            name: "ci".to_owned(),
            tenant: case.slugs[0].parse().expect("a slug"),
            role: Role::Admin,
            scopes: scopes.iter().copied().collect::<BTreeSet<_>>(),
            expires_at: contract::Timestamp(i64::MAX),
            by_token: None,
        };
        world.backend.visitor(Credential::Key(grant), Arc::default()).await.expect("a visitor")
    };
    let reader = key(&[KeyScope::MembersRead]).await;
    let scope = reader.scope(&case.slugs[0].parse().expect("a slug")).expect("its own");
    assert!(world.backend.members().list(&scope, &ListQuery::default()).await.is_ok());
    let new = NewInvitation { email: "x@people.test".to_owned(), role: Role::Viewer };
    assert!(world.backend.invitations().create(&scope, &new).await.is_err(), "reading is not writing");
    assert!(world.backend.settings().get(&scope).await.is_err());
    assert!(reader.scope(&case.slugs[1].parse().expect("a slug")).is_err(), "another tenant");
    assert!(reader.operator().is_err());
    let writer = key(&[KeyScope::MembersWrite]).await;
    let scope = writer.scope(&case.slugs[0].parse().expect("a slug")).expect("its own");
    assert!(world.backend.invitations().create(&scope, &new).await.is_ok());
    assert!(world.backend.members().remove(&scope, case.people[4], None).await.is_err(), "a member of another tenant");
}
