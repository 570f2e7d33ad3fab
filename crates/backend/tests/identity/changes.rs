//! News for other instances.

use std::time::Duration;

use backend::auth::{
    changes::{Change, Changes},
    sessions::{self, Lifetimes, SessionKey},
};
use serde_json::json;
use sqlx::PgPool;
use tokio::sync::broadcast::Receiver;

use crate::fixture::{ANA, Fixture, GIL, NOW};

const LIFETIMES: Lifetimes = Lifetimes { idle_secs: 600, absolute_secs: 1800 };

async fn next(news: &mut Receiver<Change>) -> Change {
    tokio::time::timeout(Duration::from_secs(20), news.recv()).await.expect("in time").expect("open")
}

#[sqlx::test(migrations = "../../migrations")]
async fn memberships_accounts_and_ended_sessions_are_told(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let (ana, gil) = (t.id_of(ANA).await, t.id_of(GIL).await);
    let changes = Changes::listen(&t.db).await.expect("listening");
    let mut news = changes.subscribe();

    sqlx::query("delete from memberships where user_id = $1").bind(ana).execute(t.db.system()).await.expect("done");
    assert_eq!(next(&mut news).await, Change::User(ana));
    sqlx::query("update users set disabled_at = now() where id = $1")
        .bind(gil)
        .execute(t.db.system())
        .await
        .expect("done");
    assert_eq!(next(&mut news).await, Change::User(gil));
    let acme = sqlx::query_scalar("update tenants set name = 'A' where slug = 'acme' returning id");
    let acme = acme.fetch_one(t.db.system()).await.expect("done");
    assert_eq!(next(&mut news).await, Change::Tenant(acme));

    let key = SessionKey::of(7);
    sessions::create(&t.db, key, Some(ana), &json!({}), LIFETIMES, NOW).await.expect("made");
    sessions::save(&t.db, key, Some(ana), &json!({"x": 1}), LIFETIMES, NOW).await.expect("saved");
    sessions::delete(&t.db, key).await.expect("gone");
    assert_eq!(next(&mut news).await, Change::Session(key), "the end is told, use is not");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_lost_connection_is_told_and_made_again(pool: PgPool) {
    let t = Fixture::new(pool.clone()).await;
    let ana = t.id_of(ANA).await;
    let changes = Changes::listen(&t.db).await.expect("listening");
    let mut news = changes.subscribe();
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid() and query ilike 'listen%'";
    sqlx::query(cut).execute(&pool).await.expect("cut");
    assert_eq!(next(&mut news).await, Change::Anything);
    sqlx::query("update users set name = 'Anna' where id = $1").bind(ana).execute(t.db.system()).await.expect("done");
    assert_eq!(next(&mut news).await, Change::User(ana));
}
