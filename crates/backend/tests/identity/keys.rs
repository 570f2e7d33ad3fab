//! API keys and service accounts: what they give, when they end, and what nobody can make them do.

use std::{net::IpAddr, sync::Arc};

use backend::{
    Backend, Credential, Error, Scope, TestParts,
    auth::changes::{Change, Changes},
    clock::MockClock,
    config::Config,
    db::Db,
    keys::KeyText,
    provision::{self, Provisioned},
    scope::{Origin, Permission},
};
use contract::{
    Door, ErrorCode, Role, Timestamp,
    keys::{ApiKeyQuery, KeyState, MadeApiKey, NewApiKey, RotateApiKey, ServiceAccountInput, TokenRequest},
};
use sqlx::PgPool;
use uuid::Uuid;

use crate::fixture::{ANA, FILE, GIL, NOW, OPERATOR, config, config_with, password};

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

struct Portal {
    backend: Arc<Backend>,
    clock: Arc<MockClock>,
    _dir: tempfile::TempDir,
}

impl Portal {
    async fn new(pool: PgPool) -> Self {
        Self::with(pool, config(FILE)).await
    }

    async fn with(pool: PgPool, config: Config) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let config = Config { data_dir: dir.path().to_owned(), ..config };
        let clock = Arc::new(MockClock::new(NOW));
        let parts = TestParts { pool, clock: clock.clone(), demo: None };
        Self { backend: Backend::for_tests(config, parts).await.expect("a backend"), clock, _dir: dir }
    }

    async fn id_of(&self, email: &str) -> Uuid {
        sqlx::query_scalar("select id from users where email = $1")
            .bind(email)
            .fetch_one(self.backend.db().system())
            .await
            .expect("there")
    }

    async fn scope(&self, email: &str, tenant: &str) -> Scope {
        let credential = Credential::Person { user: self.id_of(email).await, provider: None, observing: None };
        let visitor = self.backend.visitor(credential, Arc::new(Origin::default())).await.expect("read");
        visitor.scope(&tenant.parse().expect("a slug")).expect("a place there")
    }

    /// What a key, or a token, gives in acme.
    async fn shown(&self, token: &str) -> Result<Scope, Error> {
        let credential = self.backend.bearer(token, HOME).await?;
        let visitor = self.backend.visitor(credential, Arc::new(Origin::default())).await?;
        visitor.scope(&"acme".parse().expect("a slug")).map_err(|_| Error::NotFound { what: "acme" })
    }

    async fn works(&self, token: &str) -> bool {
        match self.shown(token).await {
            Ok(_) => true,
            Err(Error::Unauthenticated { .. }) => false,
            Err(error) => panic!("{error}"),
        }
    }

    async fn make(&self, scope: &Scope, asked: NewApiKey) -> Result<MadeApiKey, Error> {
        self.backend.keys().create(scope, &asked, self.backend.clock().now()).await
    }

    async fn system(&self, sql: &'static str) {
        sqlx::query(sql).execute(self.backend.db().system()).await.expect(sql);
    }

    async fn token(&self, shown: &str, asked: TokenRequest) -> Result<contract::keys::Token, Error> {
        let credential = self.backend.bearer(shown, HOME).await?;
        let visitor = self.backend.visitor(credential, Arc::new(Origin::default())).await?;
        self.backend.token(&visitor, None, &asked).await
    }

    async fn actions(&self) -> Vec<String> {
        sqlx::query_scalar(
            "select action from audit_log where tenant_id = (select id from tenants where slug = 'acme') order by seq",
        )
        .fetch_all(self.backend.db().system())
        .await
        .expect("read")
    }
}

fn asked(role: &str, scopes: &[&str]) -> NewApiKey {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    NewApiKey { name: "ci".into(), role: role.into(), scopes, ..NewApiKey::default() }
}

#[track_caller]
fn at(error: &Error, field: &str) {
    let named = match error {
        Error::Invalid { field, .. } => vec![field.clone()],
        Error::InvalidFields(errors) => errors.iter().map(|error| error.pointer.clone()).collect(),
        other => panic!("{other}"),
    };
    assert!(named.iter().any(|name| name == field), "{named:?}");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_key_gives_its_scopes_in_its_tenant_and_nothing_else(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let made = t.make(&ana, asked("viewer", &["metrics:read"])).await.expect("made");
    assert_eq!((made.key.state, made.key.hint.as_str()), (KeyState::Active, &made.secret[36..]));
    let key = t.shown(&made.secret).await.expect("works");
    assert!(key.may(Permission::ViewMesh));
    let more = Permission::ALL.into_iter().filter(|permission| *permission != Permission::ViewMesh);
    assert!(more.into_iter().all(|permission| !key.may(permission)));
    let credential = t.backend.bearer(&made.secret, HOME).await.expect("works");
    let visitor = t.backend.visitor(credential, Arc::default()).await.expect("read");
    let elsewhere = visitor.scope(&"globex".parse().expect("a slug")).expect_err("another tenant");
    assert_eq!(elsewhere.code, ErrorCode::NotFound);
    assert_eq!(visitor.operator().expect_err("a key").code, ErrorCode::Denied);
    assert_eq!(visitor.me().map(|me| me.user.platform_admin), Some(false));

    let stored: Vec<u8> =
        sqlx::query_scalar("select hash from api_keys").fetch_one(t.backend.db().system()).await.unwrap();
    assert_eq!(stored, KeyText::parse(&made.secret).expect("well-formed").hash());
    let log: Vec<String> =
        sqlx::query_scalar("select entry from audit_log").fetch_all(t.backend.db().system()).await.unwrap();
    assert!(!log.is_empty() && log.iter().all(|entry| !entry.contains(&made.secret[4..34])), "{log:?}");
    assert_eq!(t.actions().await, ["key.created"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn nobody_makes_a_key_that_can_do_more_than_they_can(pool: PgPool) {
    let t = Portal::new(pool).await;
    let gil = t.scope(GIL, "globex").await;
    at(&t.make(&gil, asked("editor", &["metrics:read"])).await.expect_err("a viewer"), "/role");
    at(&t.make(&gil, asked("viewer", &["demo:write"])).await.expect_err("a viewer"), "/scopes");
    let ana = t.scope(ANA, "acme").await;
    at(&t.make(&ana, asked("viewer", &["audit:read"])).await.expect_err("the role is too low for it"), "/scopes");
    t.make(&ana, asked("admin", &["audit:read"])).await.expect("an administrator");

    // Who runs the installation and is no member administers, and does not look.
    t.system("delete from memberships where user_id = (select id from users where platform_admin)").await;
    let operator = t.scope(OPERATOR, "acme").await;
    assert!(
        matches!(t.make(&operator, asked("viewer", &["audit:read"])).await, Err(Error::Denied { .. })),
        "no own keys"
    );
    let input = ServiceAccountInput { name: "robot".into(), role: "admin".into() };
    let robot = t.backend.keys().create_account(&operator, &input, NOW).await.expect("administration");
    let for_robot = |scope| NewApiKey { service_account: Some(robot.id.clone()), ..asked("admin", &[scope]) };
    at(&t.make(&operator, for_robot("metrics:read")).await.expect_err("would look into the tenant"), "/scopes");
    t.make(&operator, for_robot("members:read")).await.expect("administration");

    // A key makes no keys, whatever it was given.
    let all = ["metrics:read", "members:write", "settings:read", "audit:read"];
    let made = t.make(&ana, asked("admin", &all)).await.expect("made");
    let key = t.shown(&made.secret).await.expect("works");
    assert!(matches!(t.make(&key, asked("viewer", &["metrics:read"])).await, Err(Error::Denied { .. })));
    let keys = t.backend.keys();
    assert!(matches!(keys.list(&key, &ApiKeyQuery::default(), NOW).await, Err(Error::Denied { .. })));
    assert!(matches!(keys.create_account(&key, &input, NOW).await, Err(Error::Denied { .. })));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_persons_key_follows_the_person(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let made = t.make(&ana, asked("admin", &["metrics:read", "audit:read"])).await.expect("made");
    let may_audit = async || t.shown(&made.secret).await.expect("works").may(Permission::ViewAudit);
    assert!(may_audit().await);
    t.system(
        "update memberships set role = 'viewer' where user_id = (select id from users where email = 'ana@acme.test')",
    )
    .await;
    assert!(!may_audit().await, "never more than the person now");
    assert!(t.shown(&made.secret).await.expect("works").may(Permission::ViewMesh));
    t.system("update users set disabled_at = now() where email = 'ana@acme.test'").await;
    assert!(!t.works(&made.secret).await, "a disabled account");
    t.system("update users set disabled_at = null where email = 'ana@acme.test'").await;
    assert!(t.works(&made.secret).await);
    t.system("delete from memberships where user_id = (select id from users where email = 'ana@acme.test')").await;
    assert!(!t.works(&made.secret).await, "no member any more");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_service_accounts_key_survives_its_maker_and_follows_the_account(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let keys = t.backend.keys();
    let input = |name: &str, role: &str| ServiceAccountInput { name: name.into(), role: role.into() };
    let robot = keys.create_account(&ana, &input("robot", "admin"), NOW).await.expect("made");
    at(&keys.create_account(&ana, &input("ROBOT", "viewer"), NOW).await.expect_err("taken"), "/name");
    at(&keys.create_account(&ana, &input("", "boss"), NOW).await.expect_err("unusable"), "/role");
    let made = t
        .make(
            &ana,
            NewApiKey { service_account: Some(robot.id.clone()), ..asked("admin", &["metrics:read", "audit:read"]) },
        )
        .await
        .expect("made");
    t.system("delete from users where email = 'ana@acme.test'").await;
    assert!(t.shown(&made.secret).await.expect("survives").may(Permission::ViewAudit));
    keys.update_account(&ana, &robot.id, &input("robot", "viewer"), None, NOW).await.expect("changed");
    assert!(!t.shown(&made.secret).await.expect("works").may(Permission::ViewAudit));
    let wide = NewApiKey { service_account: Some(robot.id.clone()), ..asked("admin", &["metrics:read"]) };
    at(&t.make(&ana, wide).await.expect_err("more than the account"), "/role");
    keys.delete_account(&ana, &robot.id, None, NOW).await.expect("deleted");
    assert!(!t.works(&made.secret).await);
    assert_eq!(
        t.actions().await,
        ["service_account.created", "key.created", "service_account.changed", "service_account.deleted"]
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn other_tenants_and_other_people_have_no_keys_here(pool: PgPool) {
    let t = Portal::new(pool).await;
    let (ana, gil) = (t.scope(ANA, "acme").await, t.scope(GIL, "globex").await);
    let hers = t.make(&ana, asked("viewer", &["metrics:read"])).await.expect("made").key;
    let operators = t.scope(OPERATOR, "acme").await;
    let keys = t.backend.keys();
    assert!(matches!(keys.get(&gil, &hers.id, NOW).await, Err(Error::NotFound { .. })));
    assert!(matches!(keys.revoke(&gil, &hers.id, None, NOW).await, Err(Error::NotFound { .. })));
    assert!(matches!(
        keys.rotate(&gil, &hers.id, &RotateApiKey::default(), None, NOW).await,
        Err(Error::NotFound { .. })
    ));
    assert_eq!(keys.list(&gil, &ApiKeyQuery::default(), NOW).await.expect("listed").items, []);
    // The operator manages keys of everybody, and cannot get hold of a person's.
    assert_eq!(keys.list(&operators, &ApiKeyQuery::default(), NOW).await.expect("listed").items.len(), 1);
    let refused = keys.rotate(&operators, &hers.id, &RotateApiKey::default(), None, NOW).await;
    assert!(matches!(refused, Err(Error::Denied { .. })));
    // A viewer sees their own only.
    t.system(
        "insert into memberships (tenant_id, user_id, role) select t.id, u.id, 'viewer' from tenants t, users u
              where t.slug = 'acme' and u.email = 'gil@globex.test'",
    )
    .await;
    let viewer = t.scope(GIL, "acme").await;
    assert_eq!(keys.list(&viewer, &ApiKeyQuery::default(), NOW).await.expect("listed").items, []);
    assert!(matches!(keys.revoke(&viewer, &hers.id, None, NOW).await, Err(Error::NotFound { .. })));
    assert!(matches!(keys.accounts(&viewer, NOW).await, Err(Error::Denied { .. })));
    let account = NewApiKey { service_account: Some(Uuid::now_v7().to_string()), ..asked("viewer", &["metrics:read"]) };
    assert!(matches!(t.make(&viewer, account.clone()).await, Err(Error::Denied { .. })));
    at(&t.make(&ana, account).await.expect_err("no such account"), "/service_account");
}

#[sqlx::test(migrations = "../../migrations")]
async fn keys_end_and_cannot_be_made_to_last(pool: PgPool) {
    let t = Portal::with(pool, config(&format!("{FILE}\napi_key_max_lifetime: 60d\n"))).await;
    let ana = t.scope(ANA, "acme").await;
    let days = |days| NewApiKey { expires_in_days: Some(days), ..asked("viewer", &["metrics:read"]) };
    at(&t.make(&ana, days(61)).await.expect_err("over the cap"), "/expires_in_days");
    at(&t.make(&ana, days(0)).await.expect_err("never"), "/expires_in_days");
    let usual = t.make(&ana, asked("viewer", &["metrics:read"])).await.expect("made").key;
    assert_eq!(usual.expires_at, Timestamp(NOW.0 + 60 * 86_400_000), "what is usual is cut by the cap");
    let made = t.make(&ana, days(1)).await.expect("made");
    t.clock.advance_secs(86_399);
    assert!(t.works(&made.secret).await);
    t.clock.advance_secs(1);
    assert!(!t.works(&made.secret).await);
    let shown = t.backend.keys().get(&ana, &made.key.id, t.backend.clock().now()).await.expect("there");
    assert_eq!(shown.state, KeyState::Expired);
    let late =
        t.backend.keys().rotate(&ana, &made.key.id, &RotateApiKey::default(), None, t.backend.clock().now()).await;
    assert!(matches!(late, Err(Error::Conflict { .. })));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_rotated_key_works_until_the_overlap_is_over(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let old = t.make(&ana, asked("viewer", &["metrics:read"])).await.expect("made");
    let keys = t.backend.keys();
    let odd = RotateApiKey { overlap: Some("forever".into()), ..RotateApiKey::default() };
    at(&keys.rotate(&ana, &old.key.id, &odd, None, NOW).await.expect_err("unknown"), "/overlap");
    let hour = RotateApiKey { overlap: Some("1h".into()), ..RotateApiKey::default() };
    let stale = keys.rotate(&ana, &old.key.id, &hour, Some("\"stale\""), NOW).await;
    assert!(matches!(stale, Err(Error::PreconditionFailed)));
    let seen = backend::etag(&old.key.without_use());
    let new = keys.rotate(&ana, &old.key.id, &hour, Some(&seen), NOW).await.expect("rotated");
    assert_eq!((new.key.replaces.as_deref(), &new.key.scopes), (Some(old.key.id.as_str()), &old.key.scopes));
    assert!(t.works(&old.secret).await && t.works(&new.secret).await);
    assert!(matches!(keys.rotate(&ana, &old.key.id, &hour, None, NOW).await, Err(Error::Conflict { .. })), "twice");
    t.clock.advance_secs(3600);
    assert_eq!((t.works(&old.secret).await, t.works(&new.secret).await), (false, true));
    keys.revoke(&ana, &new.key.id, None, t.backend.clock().now()).await.expect("revoked");
    assert!(!t.works(&new.secret).await);
    keys.revoke(&ana, &new.key.id, None, t.backend.clock().now()).await.expect("nothing to do");
    assert_eq!(t.actions().await, ["key.created", "key.rotated", "key.revoked"]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn revoking_is_told_to_all_instances(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let made = t.make(&ana, asked("viewer", &["metrics:read"])).await.expect("made");
    let changes = Changes::listen(t.backend.db()).await.expect("listening");
    let mut news = changes.subscribe();
    t.works(&made.secret).await;
    t.backend.keys().flush().await.expect("written");
    t.backend.keys().revoke(&ana, &made.key.id, None, NOW).await.expect("revoked");
    let id = made.key.id.parse().expect("an id");
    assert_eq!(news.recv().await, Ok(Change::Key(id)), "and being used was no news");
}

#[sqlx::test(migrations = "../../migrations")]
async fn uses_are_counted_by_the_hour_and_written_together(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let made = t.make(&ana, asked("viewer", &["metrics:read"])).await.expect("made");
    let shown = async || t.backend.keys().get(&ana, &made.key.id, t.backend.clock().now()).await.expect("there");
    for _ in 0..3 {
        t.works(&made.secret).await;
    }
    assert_eq!(shown().await.last_used_at, None, "not for each use");
    t.backend.keys().flush().await.expect("written");
    t.clock.advance_secs(3600);
    t.works(&made.secret).await;
    t.backend.keys().flush().await.expect("written");
    t.backend.keys().flush().await.expect("nothing left");
    let key = shown().await;
    assert_eq!((key.uses_by_hour.len(), &key.uses_by_hour[22..]), (24, [3, 1].as_slice()));
    let minute = |at: Timestamp| at.0.div_euclid(60_000) * 60_000;
    assert_eq!(key.last_used_at, Some(Timestamp(minute(t.backend.clock().now()))));
    assert_eq!(backend::etag(&key.without_use()), backend::etag(&made.key.without_use()));
    t.clock.advance_secs(72 * 3600);
    assert_eq!(t.backend.keys().purge_uses(t.backend.clock().now()).await.expect("purged"), 2);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_plan_limits_how_many_keys_there_are(pool: PgPool) {
    let t = Portal::new(pool).await;
    t.system("insert into api_keys (tenant_id, id, user_id, name, role, scopes, hash, hint, created_by, created_at, expires_at)
              select t.id, gen_random_uuid(), u.id, 'x', 'viewer', '{metrics:read}', sha256(n::text::bytea), 'xxxx', 'x', now(), now() + interval '9 years'
              from tenants t, users u, generate_series(1, 50) n where t.slug = 'globex' and u.email = 'gil@globex.test'").await;
    let gil = t.scope(GIL, "globex").await;
    let full = t.make(&gil, asked("viewer", &["metrics:read"])).await;
    assert!(matches!(full, Err(Error::Conflict { .. })), "the community plan");
    let keys = t.backend.keys();
    let first = keys.list(&gil, &ApiKeyQuery { limit: Some(30), cursor: None }, NOW).await.expect("listed");
    let rest =
        keys.list(&gil, &ApiKeyQuery { limit: Some(30), cursor: first.next.clone() }, NOW).await.expect("listed");
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (30, 20, None));
    assert!(rest.items.iter().all(|key| !first.items.contains(key)));
    let bad = keys.list(&gil, &ApiKeyQuery { limit: None, cursor: Some("x".into()) }, NOW).await;
    at(&bad.expect_err("no cursor"), "/cursor");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_token_is_less_than_its_key_and_ends_with_it(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let made = t.make(&ana, asked("admin", &["metrics:read", "audit:read"])).await.expect("made");
    let narrow = TokenRequest { expires_in_s: Some(60), scopes: Some(vec!["metrics:read".into()]) };
    let token = t.token(&made.secret, narrow).await.expect("made");
    assert_eq!((token.expires_in_s, token.token_type.as_str()), (60, "Bearer"));
    let scope = t.shown(&token.token).await.expect("works");
    assert!(scope.may(Permission::ViewMesh) && !scope.may(Permission::ViewAudit));
    let wide = TokenRequest { scopes: Some(vec!["members:write".into()]), ..TokenRequest::default() };
    at(&t.token(&made.secret, wide).await.expect_err("wider than the key"), "/scopes");
    let long = TokenRequest { expires_in_s: Some(901), ..TokenRequest::default() };
    at(&t.token(&made.secret, long).await.expect_err("too long"), "/expires_in_s");
    let again = t.token(&token.token, TokenRequest::default()).await;
    assert!(matches!(again, Err(Error::Denied { .. })), "a token is no way to another");
    t.clock.advance_secs(60);
    assert!(!t.works(&token.token).await, "expired");
    let token = t.token(&made.secret, TokenRequest::default()).await.expect("made").token;
    let credential = t.backend.bearer(&token, HOME).await.expect("works");
    let open = t.backend.visitor(credential, Arc::default()).await.expect("read");
    assert!(open.again().await.expect("read").me().is_some());
    t.backend.keys().revoke(&ana, &made.key.id, None, t.backend.clock().now()).await.expect("revoked");
    assert!(!t.works(&token).await, "the key is revoked");
    assert!(open.again().await.expect("read").me().is_none(), "and what was opened with it is over");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_tokens_life_is_no_longer_than_its_keys(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let made =
        t.make(&ana, NewApiKey { expires_in_days: Some(1), ..asked("viewer", &["metrics:read"]) }).await.expect("made");
    t.clock.advance_secs(86_400 - 100);
    let token = t.token(&made.secret, TokenRequest::default()).await.expect("made");
    assert_eq!(token.expires_in_s, 100);
}

#[sqlx::test(migrations = "../../migrations")]
async fn guessing_tokens_is_stopped_for_the_address(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let made = t.make(&ana, asked("viewer", &["metrics:read"])).await.expect("made");
    let mut refused = 0;
    let wait = loop {
        let text = KeyText::generate().expect("made");
        match t.backend.bearer(text.expose(), HOME).await {
            Err(Error::Unauthenticated { .. }) => refused += 1,
            Err(Error::RateLimited { retry_after }) => break retry_after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused, 100);
    assert!((1..=301).contains(&wait), "{wait}");
    assert!(matches!(t.backend.bearer(&made.secret, HOME).await, Err(Error::RateLimited { .. })), "nor the right one");
    assert!(t.backend.bearer(&made.secret, "192.0.2.7".parse().expect("an address")).await.is_ok(), "from elsewhere");
    t.clock.advance_secs(wait);
    assert!(t.works(&made.secret).await);
}

const KEY: &str = "obs_0000000000000000000000000000000U4IDo";

fn with_keys(text: &str, key: &str) -> Config {
    let key = key.to_owned();
    config_with(&format!("{FILE}{text}"), &move |name| match name {
        "KEY" => Some(key.clone()),
        "ANA" | "GIL" | "OP" => Some(password(name)),
        _ => None,
    })
}

const CI: &str = "api_keys: [{tenant: acme, name: ci, role: viewer, scopes: [\"metrics:read\"], secret_env: KEY}]\n";

#[sqlx::test(migrations = "../../migrations")]
async fn keys_of_the_configuration_are_made_locked_and_revoked(pool: PgPool) {
    let t = Portal::with(pool, with_keys(CI, KEY)).await;
    let apply = async |config: &Config| {
        let now = t.backend.clock().now();
        provision::apply(t.backend.db(), config, t.backend.auth().passwords(), now).await
    };
    assert!(t.shown(KEY).await.expect("works").may(Permission::ViewMesh));
    assert_eq!(apply(&with_keys(CI, KEY)).await.expect("again"), Provisioned::default());
    t.clock.advance_secs(86_400);
    assert_eq!(apply(&with_keys(CI, KEY)).await.expect("a day later"), Provisioned::default());

    let ana = t.scope(ANA, "acme").await;
    let keys = t.backend.keys();
    let key = keys.list(&ana, &ApiKeyQuery::default(), NOW).await.expect("listed").items.remove(0);
    assert_eq!((key.provisioned_by.as_deref(), key.role), (Some("obstack.yaml"), Role::Viewer));
    let named = |error: Error| matches!(error, Error::Conflict { why } if why.contains("obstack.yaml"));
    assert!(named(keys.revoke(&ana, &key.id, None, NOW).await.expect_err("locked")));
    assert!(named(keys.rotate(&ana, &key.id, &RotateApiKey::default(), None, NOW).await.expect_err("locked")));
    let account = keys.accounts(&ana, NOW).await.expect("listed").items.remove(0);
    assert!(named(keys.delete_account(&ana, &account.id, None, NOW).await.expect_err("locked")));
    let more = NewApiKey { service_account: Some(account.id.clone()), ..asked("viewer", &["metrics:read"]) };
    assert!(named(t.make(&ana, more).await.expect_err("locked")));

    // Another key takes its place.
    let other = KeyText::generate().expect("made");
    let done = apply(&with_keys(CI, other.expose())).await.expect("applied");
    assert_eq!(done, Provisioned { created: 1, updated: 0, removed: 1 });
    assert_eq!((t.works(KEY).await, t.works(other.expose()).await), (false, true));
    // Gone, and back.
    assert_eq!(apply(&config(FILE)).await.expect("applied").removed, 1);
    assert!(!t.works(other.expose()).await);
    apply(&with_keys(CI, other.expose())).await.expect("applied");
    assert!(t.works(other.expose()).await);
    // Half of its time later it is renewed.
    t.clock.advance_secs(200 * 86_400);
    assert_eq!(apply(&with_keys(CI, other.expose())).await.expect("applied").updated, 1);
    t.clock.advance_secs(300 * 86_400);
    assert!(t.works(other.expose()).await);
    // What the configuration has lost can be tidied away.
    apply(&config(FILE)).await.expect("applied");
    keys.delete_account(&ana, &account.id, None, t.backend.clock().now()).await.expect("nobody's any more");
    assert_eq!(apply(&with_keys(CI, other.expose())).await.expect("applied").created, 2);
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_configuration_cannot_take_a_key_that_is_somebodys(pool: PgPool) {
    let t = Portal::new(pool).await;
    let ana = t.scope(ANA, "acme").await;
    let made = t.make(&ana, asked("viewer", &["metrics:read"])).await.expect("made");
    let config = with_keys(CI, &made.secret);
    let error = provision::apply(t.backend.db(), &config, t.backend.auth().passwords(), NOW).await.expect_err("taken");
    assert!(error.to_string().contains("obstack key new"), "{error}");
    assert!(t.works(&made.secret).await, "nothing half-written");
    let accounts: i64 = sqlx::query_scalar("select count(*) from service_accounts")
        .fetch_one(Db::system(t.backend.db()))
        .await
        .expect("read");
    assert_eq!(accounts, 0);
}
