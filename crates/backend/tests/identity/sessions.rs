//! Sessions in the database.

use backend::auth::sessions::{self, Lifetimes, Record, SessionKey};
use contract::Timestamp;
use serde_json::json;
use sqlx::PgPool;

use crate::fixture::{ANA, Fixture, GIL, NOW};

const LIFETIMES: Lifetimes = Lifetimes { idle_secs: 600, absolute_secs: 1800 };

fn later(secs: i64) -> Timestamp {
    Timestamp(NOW.0 + secs * 1000)
}

fn key(id: i128) -> SessionKey {
    SessionKey::of(id)
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_is_saved_is_loaded_and_the_id_is_not_in_the_table(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let (ana, id) = (t.id_of(ANA).await, 0x1234_5678_9abc_i128);
    assert!(sessions::create(&t.db, key(id), None, &json!({"a": 1}), LIFETIMES, NOW).await.expect("made"));
    assert!(
        !sessions::create(&t.db, key(id), None, &json!({}), LIFETIMES, NOW).await.expect("taken"),
        "an id is used once"
    );
    assert!(sessions::save(&t.db, key(id), Some(ana), &json!({"b": 2}), LIFETIMES, later(5)).await.expect("saved"));
    let record = sessions::load(&t.db, key(id), LIFETIMES, later(6)).await.expect("read");
    assert_eq!(record, Some(Record { user_id: Some(ana), data: json!({"b": 2}), expires_at: later(605) }));
    let row: String =
        sqlx::query_scalar("select row_to_json(s)::text from sessions s").fetch_one(t.db.system()).await.expect("read");
    assert!(!row.contains("123456789abc") && !row.contains(&id.to_string()), "{row}");
    assert_eq!(sessions::load(&t.db, key(id + 1), LIFETIMES, NOW).await.expect("read"), None);
}

#[sqlx::test(migrations = "../../migrations")]
async fn use_prolongs_a_session_up_to_its_end(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let load =
        async |secs| sessions::load(&t.db, key(1), LIFETIMES, later(secs)).await.expect("read").map(|r| r.expires_at);
    sessions::create(&t.db, key(1), None, &json!({}), LIFETIMES, NOW).await.expect("made");
    assert_eq!(load(30).await, Some(later(600)), "within a minute nothing is written");
    assert_eq!(load(500).await, Some(later(1100)));
    assert_eq!(load(1000).await, Some(later(1600)));
    assert_eq!(load(1500).await, Some(later(1800)), "not past the end");
    assert!(!sessions::is_alive(&t.db, key(1), later(1800)).await.expect("read"));
    assert_eq!(load(1800).await, None);

    sessions::create(&t.db, key(2), None, &json!({}), LIFETIMES, NOW).await.expect("made");
    assert!(sessions::is_alive(&t.db, key(2), later(599)).await.expect("read"), "asking is not using");
    assert!(!sessions::is_alive(&t.db, key(2), later(600)).await.expect("read"));
    assert!(
        !sessions::save(&t.db, key(2), None, &json!({}), LIFETIMES, later(600)).await.expect("tried"),
        "ended means ended"
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn signing_out_wins_over_a_late_save(pool: PgPool) {
    let t = Fixture::new(pool).await;
    sessions::create(&t.db, key(1), None, &json!({}), LIFETIMES, NOW).await.expect("made");
    sessions::delete(&t.db, key(1)).await.expect("gone");
    sessions::delete(&t.db, key(1)).await.expect("twice does no harm");
    assert!(!sessions::save(&t.db, key(1), None, &json!({}), LIFETIMES, NOW).await.expect("tried"));
    assert_eq!(sessions::load(&t.db, key(1), LIFETIMES, NOW).await.expect("read"), None);
}

#[sqlx::test(migrations = "../../migrations")]
async fn all_sessions_of_one_person_end_and_no_others(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let (ana, gil) = (t.id_of(ANA).await, t.id_of(GIL).await);
    for (id, user) in [(1, Some(ana)), (2, Some(ana)), (3, Some(gil)), (4, None)] {
        sessions::create(&t.db, key(id), user, &json!({}), LIFETIMES, NOW).await.expect("made");
    }
    assert_eq!(sessions::delete_for_user(&t.db, ana).await.expect("ended"), 2);
    let alive = async |id| sessions::is_alive(&t.db, key(id), NOW).await.expect("read");
    assert_eq!([alive(1).await, alive(2).await, alive(3).await, alive(4).await], [false, false, true, true]);

    sqlx::query("update users set disabled_at = now() where id = $1")
        .bind(gil)
        .execute(t.db.system())
        .await
        .expect("set");
    assert!(!alive(3).await, "a disabled account has no session");
    assert_eq!(sessions::load(&t.db, key(3), LIFETIMES, NOW).await.expect("read"), None);
}

#[sqlx::test(migrations = "../../migrations")]
async fn ended_sessions_are_purged(pool: PgPool) {
    let t = Fixture::new(pool).await;
    sessions::create(&t.db, key(1), None, &json!({}), LIFETIMES, NOW).await.expect("made");
    sessions::create(&t.db, key(2), None, &json!({}), LIFETIMES, later(300)).await.expect("made");
    assert_eq!(sessions::purge_expired(&t.db, later(599)).await.expect("purged"), 0);
    assert_eq!(sessions::purge_expired(&t.db, later(600)).await.expect("purged"), 1);
    assert!(sessions::is_alive(&t.db, key(2), later(600)).await.expect("read"));
}
