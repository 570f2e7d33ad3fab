//! Migrations.

use std::time::Duration;

use backend::db::{self, Db, MigrationError};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

const PATIENCE: Duration = Duration::from_secs(10);

#[sqlx::test(migrations = false)]
async fn instances_that_start_at_once_migrate_once(_options: PgPoolOptions, options: PgConnectOptions) {
    let mut instances = Vec::new();
    for _ in 0..4 {
        instances.push(Db::connect_with(options.clone(), PATIENCE).await.expect("connected"));
    }
    assert!(db::is_migrated(&instances[0]).await.is_err(), "nothing is there yet");
    let outcomes = futures::future::join_all(instances.iter().map(db::migrate)).await;
    for outcome in outcomes {
        outcome.expect("migrated");
    }
    for instance in &instances {
        assert!(db::is_migrated(instance).await.expect("read"));
    }
    let applied: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations")
        .fetch_one(instances[0].system())
        .await
        .expect("read");
    assert_eq!(applied, i64::try_from(db::MIGRATOR.iter().count()).expect("few"));
}

#[sqlx::test(migrations = false)]
async fn a_failed_migration_leaves_nothing_behind_and_blocks_nobody(pool: PgPool) {
    sqlx::query("create table users (x int)").execute(&pool).await.expect("in the way");
    let database = Db::from(pool.clone());
    let error = db::migrate(&database).await.expect_err("users exists");
    assert!(matches!(error, MigrationError::Failed(_)), "{error}");
    let tenants: Option<String> =
        sqlx::query_scalar("select to_regclass('tenants')::text").fetch_one(&pool).await.expect("read");
    assert_eq!(tenants, None, "rolled back as a whole");
    sqlx::query("drop table users").execute(&pool).await.expect("out of the way");
    let again = tokio::time::timeout(PATIENCE, db::migrate(&database)).await;
    again.expect("the lock is free").expect("migrated");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_database_of_a_newer_version_is_refused(pool: PgPool) {
    let sql = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'x', true, '', 0)";
    sqlx::query(sql).execute(&pool).await.expect("from the future");
    let error = db::migrate(&Db::from(pool)).await.expect_err("newer");
    assert!(error.to_string().contains("migrated by a newer version"), "{error}");
}
