//! The contract of every log store, run against the embedded one on a real Postgres. Two tenants' scopes in every test.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use backend::{
    clock::MockClock,
    logs::{Cursor, LogQuery, LogRecord, LogStore, Severity, embedded::EmbeddedLogs},
    telemetry,
};
use contract::Timestamp;
use query::{MeshScope, MeshSelector};
use sqlx::PgPool;

const NOW: i64 = 1_700_000_000;
const WEEK: Duration = Duration::from_secs(7 * 86_400);

fn acme() -> MeshScope {
    MeshScope::new([MeshSelector::only(None, ["shop"]).expect("a good name")])
}

/// Sees `ops` only in the cluster `east`.
fn globex() -> MeshScope {
    MeshScope::new([MeshSelector::only(Some("east"), ["ops"]).expect("a good name")])
}

fn store(pool: &PgPool) -> EmbeddedLogs {
    EmbeddedLogs::new(pool.clone(), Arc::new(MockClock::new(Timestamp::from_secs(NOW))), WEEK)
}

/// A record so many seconds ago.
fn mk_record(ago: i64, cluster: &str, namespace: &str, body: &str) -> LogRecord {
    LogRecord {
        at_us: (NOW - ago) * 1_000_000,
        cluster: cluster.to_owned(),
        namespace: namespace.to_owned(),
        app: "payments".to_owned(),
        pod: "payments-1".to_owned(),
        severity_number: 9,
        body: body.to_owned(),
        attributes: serde_json::Map::new(),
        trace_id: None,
        span_id: None,
    }
}

fn ask(scope: MeshScope) -> LogQuery {
    LogQuery::new(scope, Timestamp::from_secs(NOW - 3600), Timestamp::from_secs(NOW + 1))
}

async fn bodies(store: &dyn LogStore, query: &LogQuery) -> Vec<String> {
    let page = store.search(query).await.expect("an answer");
    page.records.into_iter().map(|record| record.body).collect()
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn search_hides_what_other_tenants_see(pool: PgPool) {
    let store = store(&pool);
    let records = vec![
        mk_record(30, "east", "shop", "acme east"),
        mk_record(20, "west", "shop", "acme west"),
        mk_record(10, "east", "ops", "globex east"),
        mk_record(5, "west", "ops", "nobody's"),
    ];
    assert_eq!(store.write(records).await.expect("it is written").stored, 4);
    assert_eq!(bodies(&store, &ask(acme())).await, ["acme west", "acme east"]);
    assert_eq!(bodies(&store, &ask(globex())).await, ["globex east"]);
    assert_eq!(bodies(&store, &ask(MeshScope::nothing())).await, Vec::<String>::new());
    assert_eq!(bodies(&store, &ask(MeshScope::everything())).await.len(), 4);
    let whole_cluster = MeshScope::new([MeshSelector::all(Some("west")).expect("a good name")]);
    assert_eq!(bodies(&store, &ask(whole_cluster)).await, ["nobody's", "acme west"]);
    // No filter opens what the scope closes.
    let filtered = LogQuery { text: Some("globex".to_owned()), app: Some("payments".to_owned()), ..ask(acme()) };
    assert_eq!(bodies(&store, &filtered).await, Vec::<String>::new());
    let counted = store.histogram(&ask(globex()), 60).await.expect("an answer");
    assert_eq!(counted.iter().flat_map(|bucket| bucket.counts.values()).sum::<u64>(), 1);
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn every_filter_narrows(pool: PgPool) {
    let store = store(&pool);
    let mut special = LogRecord {
        app: "web".to_owned(),
        pod: "web-7".to_owned(),
        severity_number: 17,
        trace_id: Some([7; 16]),
        span_id: Some([8; 8]),
        ..mk_record(50, "east", "shop", r#"100% of \ calls_fail "küche""#)
    };
    special.attributes.insert("status".to_owned(), 503.into());
    special.attributes.insert("stream".to_owned(), "access".into());
    let records = vec![
        special.clone(),
        mk_record(40, "east", "shop", "100 of calls fail"),
        mk_record(30, "east", "shop", "well"),
    ];
    store.write(records).await.expect("they are written");
    let found = store.search(&ask(acme())).await.expect("an answer").records;
    assert_eq!(found[2], special, "what was written is read");
    let attribute = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    for query in [
        LogQuery { text: Some("100%".to_owned()), ..ask(acme()) },
        LogQuery { text: Some("S_F".to_owned()), ..ask(acme()) },
        LogQuery { text: Some("\\ ".to_owned()), ..ask(acme()) },
        LogQuery { text: Some("KÜCHE".to_owned()), ..ask(acme()) },
        LogQuery { app: Some("web".to_owned()), ..ask(acme()) },
        LogQuery { pod: Some("web-7".to_owned()), ..ask(acme()) },
        LogQuery { trace_id: Some([7; 16]), ..ask(acme()) },
        LogQuery { severity: Some(Severity::Warn), ..ask(acme()) },
        LogQuery { attributes: attribute("status", "503"), ..ask(acme()) },
        LogQuery { attributes: attribute("stream", "access"), ..ask(acme()) },
        LogQuery { to: Timestamp::from_secs(NOW - 45), ..ask(acme()) },
    ] {
        assert_eq!(bodies(&store, &query).await, [special.body.clone()], "{query:?}");
    }
    for query in [
        LogQuery { attributes: attribute("status", "50"), ..ask(acme()) },
        LogQuery { attributes: attribute("nothing", ""), ..ask(acme()) },
        LogQuery { app: Some("we".to_owned()), ..ask(acme()) },
        LogQuery { severity: Some(Severity::Fatal), ..ask(acme()) },
        LogQuery { from: Timestamp::from_secs(NOW - 20), ..ask(acme()) },
    ] {
        assert_eq!(bodies(&store, &query).await, Vec::<String>::new(), "{query:?}");
    }
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn pages_follow_each_other_without_loss_or_repetition(pool: PgPool) {
    let store = store(&pool);
    // Many of the same microsecond, so that the cursor needs more than a time.
    let records = (0..25).map(|place| mk_record(60 + place / 10, "east", "shop", &format!("line {place}"))).collect();
    store.write(records).await.expect("they are written");
    let (mut seen, mut cursors, mut query) = (Vec::new(), Vec::<Cursor>::new(), LogQuery { limit: 4, ..ask(acme()) });
    loop {
        let page = store.search(&query).await.expect("an answer");
        assert!(page.records.len() <= 4);
        seen.extend(page.records);
        match page.next {
            Some(cursor) => {
                cursors.push(cursor);
                query.before = Some(cursor);
            }
            None => break,
        }
    }
    assert!(seen.is_sorted_by(|a, b| a.at_us >= b.at_us), "newest first");
    let unique: std::collections::BTreeSet<String> = seen.iter().map(|record| record.body.clone()).collect();
    assert_eq!((seen.len(), unique.len()), (25, 25));
    assert!(cursors.is_sorted_by(|a, b| a > b));
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn a_histogram_counts_by_severity(pool: PgPool) {
    let store = store(&pool);
    let start = NOW / 60 * 60;
    let at = |secs: i64, severity_number: i16| LogRecord {
        severity_number,
        ..mk_record(NOW - start - secs, "east", "shop", "x")
    };
    store.write(vec![at(-61, 9), at(-60, 17), at(-1, 9), at(0, 10), at(1, 18)]).await.expect("they are written");
    let buckets = store.histogram(&ask(acme()), 60).await.expect("an answer");
    let seen: Vec<_> =
        buckets.iter().map(|bucket| ((bucket.at.as_secs() - start) / 60, bucket.counts.clone())).collect();
    assert_eq!(
        seen,
        [
            (-2, BTreeMap::from([(Severity::Info, 1)])),
            (-1, BTreeMap::from([(Severity::Info, 1), (Severity::Error, 1)])),
            (0, BTreeMap::from([(Severity::Info, 1), (Severity::Error, 1)])),
        ]
    );
    assert!(store.histogram(&ask(acme()), 0).await.is_err());
    assert!(store.histogram(&ask(acme()), 3).await.is_err(), "too many steps");
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn odd_texts_are_kept_and_old_records_dropped(pool: PgPool) {
    let store = store(&pool);
    let odd = mk_record(10, "east", "shop", &format!("nul \0 {}", "ä".repeat(100_000)));
    let written = store
        .write(vec![
            odd,
            mk_record(8 * 86_400, "east", "shop", "too old"),
            mk_record(-3 * 86_400, "east", "shop", "not yet"),
        ])
        .await
        .expect("the good one is written");
    assert_eq!((written.stored, written.dropped), (1, 2));
    let found = bodies(&store, &ask(acme())).await;
    assert!(found[0].starts_with("nul \u{fffd} ä") && found[0].len() <= 64 * 1024);
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn days_are_created_ahead_and_dropped_by_age(pool: PgPool) {
    let clock = Arc::new(MockClock::new(Timestamp::from_secs(NOW)));
    let store = EmbeddedLogs::new(pool.clone(), clock.clone(), WEEK);
    store
        .write(vec![mk_record(6 * 86_400, "east", "shop", "old"), mk_record(10, "east", "shop", "new")])
        .await
        .expect("written");
    let days = async || {
        let names: Vec<String> = sqlx::query_scalar(
            "select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
             where i.inhparent = 'log_records'::regclass order by 1",
        )
        .fetch_all(&pool)
        .await
        .expect("the catalogue answers");
        names
    };
    assert_eq!(days().await, ["log_records_20231108", "log_records_20231114"]);
    // The job runs until it is dropped; its first pass is what is looked at.
    clock.advance_secs(2 * 86_400);
    let job = tokio::spawn({
        let (pool, clock) = (pool.clone(), clock.clone());
        async move { telemetry::keep(pool, clock.as_ref(), WEEK, WEEK).await }
    });
    let expected = ["log_records_20231114", "log_records_20231116", "log_records_20231117", "log_records_20231118"];
    let until = std::time::Instant::now() + Duration::from_secs(20);
    while days().await != expected {
        assert!(std::time::Instant::now() < until, "{:?}", days().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    job.abort();
}
