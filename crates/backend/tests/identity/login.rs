//! Signing in.

use std::net::IpAddr;

use backend::auth::{Auth, Limits, LoginError};
use contract::Timestamp;
use sqlx::PgPool;

use crate::fixture::{ANA, Fixture, GIL, NOW, OPERATOR, password};

const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
const ELSEWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

const FEW: Limits = Limits { per_account: 2, per_address: 4, window_secs: 300 };

fn later(secs: i64) -> Timestamp {
    Timestamp(NOW.0 + secs * 1000)
}

async fn fails(auth: &Auth, email: &str, from: IpAddr, at: Timestamp) {
    let error = auth.login(email, "wrong", from, at).await.expect_err("wrong password");
    assert!(matches!(error, LoginError::Refused { .. }), "{error}");
}

async fn limited(auth: &Auth, email: &str, right: &str, from: IpAddr, at: Timestamp) -> u64 {
    match auth.login(email, right, from, at).await.expect_err("limited") {
        LoginError::Limited { retry_after_secs } => retry_after_secs,
        other => panic!("{other}"),
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_right_password_signs_in_whatever_the_case_of_the_address(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let user = t.auth.login(" ANA@Acme.TEST", &password("ANA"), HOME, NOW).await.expect("signed in");
    assert_eq!((user.email.as_str(), user.name.as_str(), user.platform_admin), (ANA, "Ana", false));
    assert_eq!(user.id, t.id_of(ANA).await.to_string());
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_failure_has_one_text(pool: PgPool) {
    let t = Fixture::new(pool).await;
    sqlx::query("update users set password_hash = null where email = $1")
        .bind(GIL)
        .execute(t.db.system())
        .await
        .expect("set");
    sqlx::query("update users set disabled_at = now() where email = $1")
        .bind(OPERATOR)
        .execute(t.db.system())
        .await
        .expect("set");
    let long = "p".repeat(5000);
    let cases = [
        (ANA, "wrong"),
        (ANA, ""),
        (ANA, long.as_str()),
        ("nobody@acme.test", "wrong"),
        ("no address", "wrong"),
        ("nul\0@acme.test", "wrong"),
        (GIL, "gil-secret"),
        (OPERATOR, "op-secret"),
    ];
    for (email, password) in cases {
        let error = t.auth.login(email, password, HOME, NOW).await.expect_err("refused");
        assert_eq!(error.to_string(), "The e-mail address or the password is wrong.", "{email:?}");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_account_is_limited_from_everywhere_and_for_a_while(pool: PgPool) {
    let t = Fixture::new(pool.clone()).await;
    let auth = Fixture::empty(pool.clone(), FEW).auth;
    fails(&auth, ANA, HOME, NOW).await;
    fails(&auth, ANA, ELSEWHERE, later(10)).await;
    assert_eq!(limited(&auth, ANA, &password("ANA"), HOME, later(20)).await, 281);
    // Another instance, or this one after a restart, knows; and the same holds for addresses without an account.
    let other = Fixture::empty(pool, FEW).auth;
    assert_eq!(limited(&other, "ANA@acme.test", &password("ANA"), ELSEWHERE, later(299)).await, 2);
    other.login(GIL, &password("GIL"), ELSEWHERE, later(20)).await.expect("others are free");
    other.login(ANA, &password("ANA"), HOME, later(300)).await.expect("the window is over");
    drop(t);
}

#[sqlx::test(migrations = "../../migrations")]
async fn unknown_accounts_are_limited_like_known_ones(pool: PgPool) {
    let auth = Fixture::empty(pool, FEW).auth;
    fails(&auth, "nobody@acme.test", HOME, NOW).await;
    fails(&auth, "nobody@acme.test", HOME, NOW).await;
    assert_eq!(limited(&auth, "nobody@acme.test", "wrong", HOME, NOW).await, 301);
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_address_is_limited_over_all_accounts(pool: PgPool) {
    let t = Fixture::new(pool.clone()).await;
    let auth = Fixture::empty(pool, FEW).auth;
    for n in 0..4 {
        fails(&auth, &format!("n{n}@acme.test"), HOME, NOW).await;
    }
    limited(&auth, ANA, &password("ANA"), HOME, NOW).await;
    auth.login(ANA, &password("ANA"), ELSEWHERE, NOW).await.expect("free from elsewhere");
    drop(t);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_success_starts_the_count_afresh(pool: PgPool) {
    let t = Fixture::new(pool.clone()).await;
    let auth = Fixture::empty(pool, Limits { per_address: 100, ..FEW }).auth;
    for _ in 0..6 {
        fails(&auth, ANA, ELSEWHERE, NOW).await;
        auth.login(ANA, &password("ANA"), HOME, NOW).await.expect("one failure is within the limits");
    }
    let auth = Fixture::empty(t.db.system().clone(), FEW).auth;
    for _ in 0..20 {
        auth.login(GIL, &password("GIL"), HOME, NOW).await.expect("successes are not counted");
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn many_tries_at_once_do_not_slip_through(pool: PgPool) {
    let t = Fixture::new(pool.clone()).await;
    let auth = Fixture::empty(pool, FEW).auth;
    let tries = (0..8).map(|_| auth.login(ANA, "wrong", HOME, NOW));
    let outcomes = futures::future::join_all(tries).await;
    let refused = outcomes.iter().filter(|outcome| matches!(outcome, Err(LoginError::Refused { .. }))).count();
    assert_eq!(refused, 2, "{outcomes:?}");
    drop(t);
}

#[sqlx::test(migrations = "../../migrations")]
async fn counts_name_nobody_and_are_purged(pool: PgPool) {
    let t = Fixture::empty(pool, FEW);
    fails(&t.auth, ANA, HOME, NOW).await;
    let text: Vec<String> = sqlx::query_scalar("select encode(key, 'escape') from login_attempts")
        .fetch_all(t.db.system())
        .await
        .expect("read");
    assert_eq!(text.len(), 2);
    assert!(!text.concat().contains("ana") && !text.concat().contains("192.0.2"), "{text:?}");
    assert_eq!(t.auth.purge_attempts(later(299)).await.expect("purged"), 0);
    assert_eq!(t.auth.purge_attempts(later(300)).await.expect("purged"), 2);
}

#[sqlx::test(migrations = "../../migrations")]
async fn an_unknown_address_takes_as_long_as_a_known_one(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let fastest = async |email: &str| {
        let mut best = std::time::Duration::MAX;
        for _ in 0..5 {
            let began = std::time::Instant::now();
            t.auth.login(email, "wrong", HOME, NOW).await.expect_err("refused");
            best = best.min(began.elapsed());
        }
        best
    };
    let (known, unknown) = (fastest(ANA).await, fastest("nobody@acme.test").await);
    // Without the hash nobody has, the second would take a tenth of the first.
    assert!(unknown * 2 > known, "known {known:?}, unknown {unknown:?}");
}
