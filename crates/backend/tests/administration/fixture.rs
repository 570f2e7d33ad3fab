//! A portal whose tenants no file manages, and people without passwords, who need none here.

use std::sync::Arc;

use backend::{Backend, Credential, Operator, Scope, TestParts, Visitor, clock::MockClock, config::Config};
use contract::{Role, TenantSlug, Timestamp};
use sqlx::PgPool;
use uuid::Uuid;

/// A moment on a Friday.
pub const NOW: Timestamp = Timestamp(1_795_000_000_000);

pub struct World {
    pub backend: Arc<Backend>,
    pub pool: PgPool,
    _dir: tempfile::TempDir,
}

impl World {
    pub async fn new(pool: PgPool, more: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let text = format!("public_url: http://127.0.0.1:3000\ndata_dir: {}\n{more}", dir.path().display());
        let config = Config::read(Some(("test", &text)), &|_| None).unwrap_or_else(|errors| panic!("{errors}"));
        let parts = TestParts { pool: pool.clone(), clock: Arc::new(MockClock::new(NOW)), demo: None };
        let backend = Backend::for_tests(config, parts).await.expect("a backend");
        Self { backend, pool, _dir: dir }
    }

    pub async fn person(&self, name: &str, platform_admin: bool) -> Uuid {
        sqlx::query_scalar(
            "insert into users (id, email, name, platform_admin) values (gen_random_uuid(), $1, $2, $3) returning id",
        )
        .bind(format!("{name}@people.test"))
        .bind(name)
        .bind(platform_admin)
        .fetch_one(&self.pool)
        .await
        .expect("made")
    }

    pub async fn tenant(&self, slug: &str) -> Uuid {
        sqlx::query_scalar(
            "insert into tenants (id, slug, name, plan) values (gen_random_uuid(), $1, $1, 'saas') returning id",
        )
        .bind(slug)
        .fetch_one(&self.pool)
        .await
        .expect("made")
    }

    pub async fn member(&self, tenant: Uuid, user: Uuid, role: Role, origin: &str) {
        sqlx::query(
            "insert into memberships (tenant_id, user_id, role, origin, provisioned_by)
             values ($1, $2, $3, $4, case when $4 = 'file' then 'obstack.yaml' end)",
        )
        .bind(tenant)
        .bind(user)
        .bind(role.as_str())
        .bind(origin)
        .execute(&self.pool)
        .await
        .expect("made");
    }

    pub async fn visitor(&self, user: Uuid) -> Arc<Visitor> {
        let credential = Credential::Person { user, provider: None, observing: None };
        self.backend.visitor(credential, Arc::default()).await.expect("a visitor")
    }

    pub async fn scope(&self, user: Uuid, slug: &str) -> Option<Scope> {
        let slug: TenantSlug = slug.parse().expect("a slug");
        self.visitor(user).await.scope(&slug).ok()
    }

    pub async fn operator(&self, user: Uuid) -> Option<Operator> {
        self.visitor(user).await.operator().ok()
    }
}
