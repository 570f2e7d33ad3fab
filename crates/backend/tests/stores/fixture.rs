//! A portal with acme (shop) and globex (ai), a store `prom-file` of the configuration, and olga who runs it.

use std::sync::Arc;

use backend::{
    Backend, Credential, Error, Operator, Scope, TestParts, Visitor, clock::SystemClock, config::Config, scope::Origin,
};
use contract::store_admin::{StoreSettings, StoreTenancy};
use sqlx::PgPool;

pub struct Fixture {
    pub backend: Arc<Backend>,
    pub pool: PgPool,
    _dir: tempfile::TempDir,
}

fn config(dir: &std::path::Path) -> Config {
    let text = format!(
        r#"
data_dir: {}
stores:
  - {{name: prom-file, kind: prometheus, url: "http://127.0.0.1:9", tenancy: {{mode: label, label: tenant_id}}}}
tenants:
  - {{slug: acme, name: Acme, mesh: [{{cluster: "*", namespaces: [shop]}}]}}
  - {{slug: globex, name: Globex, mesh: [{{cluster: "*", namespaces: [ai, platform]}}]}}
users:
  - {{email: ana@acme.test, name: Ana, password_env: PW, memberships: [{{tenant: acme, role: admin}}]}}
  - {{email: vik@acme.test, name: Vik, password_env: PW, memberships: [{{tenant: acme, role: viewer}}]}}
  - {{email: olga@obstack.test, name: Olga, password_env: PW, platform_admin: true,
      memberships: [{{tenant: acme, role: admin}}, {{tenant: globex, role: admin}}]}}
"#,
        dir.display()
    );
    let env = |name: &str| (name == "PW").then(|| "correct horse battery staple".to_owned());
    Config::read(Some(("/etc/obstack.yaml", &text)), &env).unwrap_or_else(|errors| panic!("{errors}"))
}

impl Fixture {
    pub async fn new(pool: PgPool) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let parts = TestParts { pool: pool.clone(), clock: Arc::new(SystemClock), demo: None };
        let backend = Backend::for_tests(config(dir.path()), parts).await.expect("a backend");
        Self { backend, pool, _dir: dir }
    }

    /// Another instance on the same database.
    pub async fn beside(&self) -> Self {
        Self::new(self.pool.clone()).await
    }

    pub async fn visitor(&self, email: &str) -> Arc<Visitor> {
        let user = sqlx::query_scalar("select id from users where email = $1").bind(email);
        let user = user.fetch_one(&self.pool).await.expect("there");
        let credential = Credential::Person { user, provider: None, observing: None };
        self.backend.visitor(credential, Arc::new(Origin::default())).await.expect("read")
    }

    pub async fn operator(&self) -> Operator {
        self.visitor("olga@obstack.test").await.operator().expect("olga runs it")
    }

    pub async fn scope(&self, email: &str, tenant: &str) -> Scope {
        self.visitor(email).await.scope(&tenant.parse().expect("a slug")).expect("a member")
    }

    /// Binds a tenant's metrics, as whoever writes bindings has to: after asking.
    pub async fn bind(&self, tenant: &str, store: &str) -> Result<(), Error> {
        use contract::stores::Signal;
        let mut tx = self.backend.db().begin().await?;
        let id = sqlx::query_scalar("select id from tenants where slug = $1").bind(tenant).fetch_one(&mut *tx).await?;
        self.backend.stores().may_bind(&mut tx, "/metrics", Signal::Metrics, store, id).await?;
        sqlx::query(
            "insert into tenant_stores (tenant_id, signal, store) values ($1, 'metrics', $2)
             on conflict (tenant_id, signal) do update set store = excluded.store",
        )
        .bind(id)
        .bind(store)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What the audit log says of a store, as text.
    pub async fn audited(&self, action: &str) -> Vec<String> {
        let rows = sqlx::query_scalar("select entry from audit_log where action = $1 order by seq").bind(action);
        rows.fetch_all(&self.pool).await.expect("read")
    }
}

/// A Prometheus that belongs to one tenant.
pub fn settings(name: &str, url: &str) -> StoreSettings {
    StoreSettings {
        name: name.to_owned(),
        kind: "prometheus".to_owned(),
        url: url.to_owned(),
        timeout_ms: 2000,
        tenancy: tenancy("none", ""),
        ..StoreSettings::default()
    }
}

pub fn tenancy(mode: &str, label: &str) -> StoreTenancy {
    StoreTenancy { mode: mode.to_owned(), label: label.to_owned() }
}

/// The fields an error complains about.
pub fn fields(error: &Error) -> Vec<&str> {
    match error {
        Error::InvalidFields(all) => all.iter().map(|field| field.pointer.as_str()).collect(),
        Error::Invalid { field, .. } => vec![field],
        other => panic!("{other:?}"),
    }
}
