//! The wall inside the database: what a statement sees that forgot its tenant, and what one sees that names another's.

use backend::db::Db;
use sqlx::PgPool;
use uuid::Uuid;

use crate::fixture::Fixture;

/// Every table with a column that names a tenant.
async fn tenant_tables(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select c.table_name::text from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
         where c.table_schema = 'public' and c.column_name = 'tenant_id' and t.table_type = 'BASE TABLE' order by 1",
    )
    .fetch_all(pool)
    .await
    .expect("read")
}

/// A row of each kind in both tenants.
async fn fill(pool: &PgPool) {
    for slug in ["acme", "globex"] {
        for sql in [
            "insert into tenant_stores (tenant_id, signal, store) select id, 'metrics', 'embedded' from tenants where slug = $1 on conflict do nothing",
            "insert into invitations (tenant_id, id, email, role, token_hash, invited_by, created_at, expires_at)
                 select id, gen_random_uuid(), 'x@y.test', 'viewer', sha256($1::bytea), 'ana', now(), now() from tenants where slug = $1",
            "insert into identity_providers (id, tenant_id, name, title, issuer, client_id)
                 select gen_random_uuid(), id, slug, 'x', 'https://idp.test', 'x' from tenants where slug = $1",
            "insert into service_accounts (tenant_id, id, name, role, created_by, created_at)
                 select id, id, 'ci', 'viewer', 'ana', now() from tenants where slug = $1",
            "insert into api_keys (tenant_id, id, service_account_id, name, role, scopes, hash, hint, created_by, created_at, expires_at)
                 select id, id, id, 'ci', 'viewer', '{metrics:read}', sha256($1::bytea), 'abcd', 'ana', now(), now() from tenants where slug = $1",
            "insert into api_key_uses (tenant_id, key_id, hour, uses) select id, id, now(), 1 from tenants where slug = $1",
            "insert into audit_log (chain, seq, tenant_id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, outcome,
                                    request_id, entry, previous, hash)
                 select id, 1, id, now(), '', '', '', '', '', '', 'done', '', '', sha256(''), sha256('') from tenants where slug = $1",
        ] {
            sqlx::query(sql).bind(slug).execute(pool).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_forgotten_where_shows_nothing_of_others(pool: PgPool) {
    let t = Fixture::new(pool.clone()).await;
    fill(&pool).await;
    let acme: Uuid =
        sqlx::query_scalar("select id from tenants where slug = 'acme'").fetch_one(&pool).await.expect("there");
    let tables = tenant_tables(&pool).await;
    assert!(tables.len() >= 8, "{tables:?}");
    for table in &tables {
        let all = format!("select count(distinct tenant_id) from {table}");
        let seen = |text: &str| sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(text.to_owned()));
        assert_eq!(seen(&all).fetch_one(&pool).await.expect("counted"), 2, "{table}: the owner sees both");
        // The pool of tenants, nobody set: as if a service had forgotten everything.
        let rows = seen(&format!("select count(*) from {table}")).fetch_one(t.db.tenant_pool()).await.expect("counted");
        assert_eq!(rows, 0, "{table}: without a tenant");
        let mut tx = t.db.tenant_pool().begin().await.expect("begun");
        sqlx::query("select set_config('obstack.tenant', $1, true)")
            .bind(acme.to_string())
            .execute(&mut *tx)
            .await
            .expect("set");
        assert_eq!(seen(&all).fetch_one(&mut *tx).await.expect("counted"), 1, "{table}: one tenant");
        let others = seen(&format!("select count(*) from {table} where tenant_id <> '{acme}'"));
        assert_eq!(others.fetch_one(&mut *tx).await.expect("counted"), 0, "{table}: another's row");
    }
    let slugs: Vec<String> =
        sqlx::query_scalar("select slug from tenants").fetch_all(t.db.tenant_pool()).await.expect("read");
    assert!(slugs.is_empty(), "{slugs:?}");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_tenant_cannot_write_into_another(pool: PgPool) {
    let t = Fixture::new(pool.clone()).await;
    fill(&pool).await;
    let ids: Vec<Uuid> =
        sqlx::query_scalar("select id from tenants order by slug").fetch_all(&pool).await.expect("there");
    let [acme, globex] = ids[..] else { panic!("two tenants") };
    let inside = async |db: &Db| {
        let mut tx = db.tenant_pool().begin().await.expect("begun");
        sqlx::query("select set_config('obstack.tenant', $1, true)")
            .bind(acme.to_string())
            .execute(&mut *tx)
            .await
            .expect("set");
        tx
    };
    for sql in [
        "insert into service_accounts (tenant_id, id, name, role, created_by, created_at) values ($1, gen_random_uuid(), 'x', 'admin', 'x', now())",
        "insert into memberships (tenant_id, user_id, role) select $1, id, 'admin' from users limit 1",
        "insert into audit_log (chain, seq, tenant_id, at, actor_kind, actor_id, actor_name, action, target_kind, target_id, outcome,
                                request_id, entry, previous, hash)
             values ($1, 2, $1, now(), '', '', '', '', '', '', 'done', '', '', sha256(''), sha256(''))",
    ] {
        let mut tx = inside(&t.db).await;
        assert!(sqlx::query(sql).bind(globex).execute(&mut *tx).await.is_err(), "{sql}");
    }
    for sql in [
        "update service_accounts set role = 'admin' where tenant_id = $1",
        "delete from api_keys where tenant_id = $1",
        "update memberships set role = 'admin' where tenant_id = $1",
        "update tenants set name = 'mine' where id = $1",
    ] {
        let mut tx = inside(&t.db).await;
        let done = sqlx::query(sql).bind(globex).execute(&mut *tx).await.expect("allowed, and finds nothing");
        assert_eq!(done.rows_affected(), 0, "{sql}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn inside_a_tenant_there_are_no_secrets_of_people(pool: PgPool) {
    let t = Fixture::new(pool).await;
    for sql in [
        "select password_hash from users",
        "select id_hash from sessions",
        "select secret from installation",
        "select token_hash from one_time_tokens",
        "select key from login_attempts",
        "select secret_sealed from stores",
    ] {
        let error = sqlx::query(sql).fetch_all(t.db.tenant_pool()).await.expect_err(sql);
        assert!(error.to_string().contains("permission denied"), "{sql}: {error}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_audit_log_only_grows(pool: PgPool) {
    let t = Fixture::new(pool.clone()).await;
    fill(&pool).await;
    for sql in ["update audit_log set action = 'x'", "delete from audit_log", "truncate audit_log"] {
        for (who, pool) in [("owner", &pool), ("system", t.db.system()), ("tenant", t.db.tenant_pool())] {
            assert!(sqlx::query(sql).execute(pool).await.is_err(), "{who}: {sql}");
        }
    }
}
