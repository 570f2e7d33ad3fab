//! Two tenants of one mesh: ana is admin of acme, gil views globex, the operator sees both.

use backend::{
    auth::{Auth, Limits},
    config::Config,
    db::Db,
    provision::{self, Provisioned},
};
use contract::Timestamp;
use sqlx::PgPool;
use uuid::Uuid;

pub const ANA: &str = "ana@acme.test";
pub const GIL: &str = "gil@globex.test";
pub const OPERATOR: &str = "op@obstack.test";

/// A moment on a Friday.
pub const NOW: Timestamp = Timestamp(1_795_000_000_000);

pub const FILE: &str = r#"
tenants:
  - {slug: acme, name: Acme, plan: enterprise, mesh: [{cluster: "*", namespaces: [shop]}]}
  - {slug: globex, name: Globex, mesh: [{cluster: east, namespaces: [ai, platform]}]}
users:
  - {email: Ana@acme.test, name: Ana, password_env: ANA, memberships: [{tenant: acme, role: admin}]}
  - {email: gil@globex.test, name: Gil, password_env: GIL, memberships: [{tenant: globex, role: viewer}]}
  - email: op@obstack.test
    name: Operator
    password_env: OP
    platform_admin: true
    memberships: [{tenant: globex, role: editor}, {tenant: acme, role: viewer}]
"#;

/// The passwords: the lower-case name of the variable, many times.
pub fn password(variable: &str) -> String {
    format!("{}-secret", variable.to_lowercase())
}

pub fn config(text: &str) -> Config {
    config_with(text, &|name| Some(password(name)).filter(|_| ["ANA", "GIL", "OP"].contains(&name)))
}

pub fn config_with(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Config {
    Config::read(Some(("/etc/obstack.yaml", text)), env).expect("a valid configuration")
}

pub struct Fixture {
    pub db: Db,
    pub auth: Auth,
}

impl Fixture {
    pub async fn new(pool: PgPool) -> Self {
        let this = Self::empty(pool, Limits::default());
        this.provision(FILE).await;
        this
    }

    pub fn empty(pool: PgPool, limits: Limits) -> Self {
        let db = Db::from(pool);
        Self { auth: Auth::new(db.clone(), limits), db }
    }

    pub async fn provision(&self, text: &str) -> Provisioned {
        provision::apply(&self.db, &config(text), self.auth.passwords(), NOW).await.expect("provisioned")
    }

    pub async fn id_of(&self, email: &str) -> Uuid {
        sqlx::query_scalar("select id from users where email = $1")
            .bind(email)
            .fetch_one(self.db.system())
            .await
            .expect("there")
    }
}
