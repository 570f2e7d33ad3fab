//! Scraping real pages into the embedded store, and pushes through the queue into Postgres.

#[expect(dead_code, reason = "the stub can do more than is needed here")]
#[path = "stub/server.rs"]
mod stub;

use std::{
    sync::Arc,
    time::{Duration, Instant as Moment},
};

use backend::{
    clock::{Clock, MockClock, SystemClock},
    ingest::{Accepted, Ingest, Refused, ScrapeTarget, Scraper, Settings, scrape},
    logs::{LogQuery, LogStore, embedded::EmbeddedLogs},
    metrics::{
        MetricsStore,
        embedded::{Embedded, Options},
    },
    traces::{TraceStore, embedded::EmbeddedTraces},
};
use contract::Timestamp;
use query::{MeshScope, Side, confine};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::stub::Stub;

fn target(url: &str, labels: &[(&str, &str)]) -> ScrapeTarget {
    let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ScrapeTarget { url: format!("{url}/stats/prometheus"), labels }
}

async fn value(store: &Embedded, text: &str, at: Timestamp) -> Vec<(String, f64)> {
    let query = confine(text, &MeshScope::everything(), Side::Resource, None).expect("it is confined");
    let mut found: Vec<_> = store.query(&query, at).await.expect("an answer").samples.into_iter().collect();
    found.sort_by(|a, b| a.labels.cmp(&b.labels));
    let print = |labels: &mesh::Labels| {
        labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
    };
    found.into_iter().map(|sample| (print(&sample.labels), sample.value)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_writes_pages_with_the_labels_of_their_targets() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(&Options::new(dir.path())).expect("it opens");
    let clock = Arc::new(MockClock::new(SystemClock.now()));
    let first =
        Stub::answering("200 OK", "", "# TYPE a counter\na{code=\"200\",job=\"own\"} 5\nb 2\nnot a line\n").await;
    let broken = Stub::answering("500 Internal Server Error", "", "a 1\n").await;
    let targets = [
        target(&first.url, &[("job", "mesh"), ("instance", "one")]),
        target(&broken.url, &[("job", "mesh"), ("instance", "two")]),
    ];
    let mut scraper =
        Scraper::new(store.clone(), clock.clone(), scrape::Settings::every(Duration::from_secs(5))).expect("a scraper");
    let round = scraper.round(&targets).await.expect("it is written");
    assert_eq!((round.up, round.down, round.samples), (1, 1, 2 + 6));
    let now = clock.now();
    assert_eq!(
        value(&store, "a", now).await,
        [("__name__=a,code=200,exported_job=own,instance=one,job=mesh".to_owned(), 5.0)]
    );
    assert_eq!(
        value(&store, "up", now).await,
        [("__name__=up,instance=one,job=mesh".to_owned(), 1.0), ("__name__=up,instance=two,job=mesh".to_owned(), 0.0)]
    );
    assert_eq!(value(&store, "scrape_samples_scraped{instance=\"one\"} > 0", now).await.len(), 1);
    assert!(first.seen()[0].starts_with("GET /stats/prometheus HTTP/1.1"));

    // The series of a target that is gone end at once, not after five minutes.
    clock.advance_secs(5);
    scraper.round(&targets[1..]).await.expect("it is written");
    assert_eq!(value(&store, "a or b", clock.now()).await, []);
    assert_eq!(value(&store, "a", now).await.len(), 1, "what was is still known");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_scrapes_at_its_beat_until_the_targets_are_gone() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = Embedded::open(&Options::new(dir.path())).expect("it opens");
    let stub = Stub::answering("200 OK", "", "a 1\n").await;
    let (targets, receiver) = watch::channel(vec![target(&stub.url, &[])]);
    let settings = scrape::Settings::every(Duration::from_millis(50));
    let scraper = Scraper::new(store, Arc::new(SystemClock), settings).expect("a scraper");
    let (rounds, mut seen) = watch::channel(0);
    let job = tokio::spawn(scraper.run(receiver, move |round| {
        assert_eq!(round.up, 1);
        rounds.send_modify(|count| *count += 1);
    }));
    tokio::time::timeout(Duration::from_secs(20), seen.wait_for(|count| *count >= 3))
        .await
        .expect("it beats")
        .expect("it lives");
    drop(targets);
    tokio::time::timeout(Duration::from_secs(20), job).await.expect("it ends").expect("it did not panic");
}

fn stores(pool: &PgPool, clock: &Arc<MockClock>) -> (EmbeddedTraces, EmbeddedLogs) {
    let week = Duration::from_secs(7 * 86_400);
    (EmbeddedTraces::new(pool.clone(), clock.clone(), week), EmbeddedLogs::new(pool.clone(), clock.clone(), week))
}

const NOW: i64 = 1_700_000_000;

fn trace_body(spans: usize) -> String {
    let spans: Vec<String> = (1..=spans)
        .map(|id| {
            format!(
                r#"{{"traceId":"{:032x}","spanId":"{id:016x}","name":"x","startTimeUnixNano":"{NOW}000000000","endTimeUnixNano":"{NOW}000000001"}}"#,
                7
            )
        })
        .collect();
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"k8s.namespace.name","value":{{"stringValue":"shop"}}}}]}},"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    )
}

const LOG_BODY: &str =
    r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":9,"body":{"stringValue":"hello"}}]}]}]}"#;

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn pushes_reach_the_stores_and_are_drained_at_the_end(pool: PgPool) {
    let clock = Arc::new(MockClock::new(Timestamp::from_secs(NOW)));
    let (traces, logs) = stores(&pool, &clock);
    let (ingest, writer) = Ingest::new(Settings::default(), traces.clone(), logs.clone(), clock);
    assert_eq!(ingest.traces(trace_body(3).as_bytes(), "application/json"), Ok(Accepted { items: 3, rejected: 0 }));
    assert_eq!(
        ingest.logs(LOG_BODY.as_bytes(), "application/json; charset=utf-8"),
        Ok(Accepted { items: 1, rejected: 0 })
    );
    // Stopped before it began: what waits is written all the same, and nothing more is taken.
    let stop = CancellationToken::new();
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), writer.run(stop)).await.expect("it ends");
    assert_eq!(ingest.logs(LOG_BODY.as_bytes(), "application/json"), Err(Refused::Full { retry_after: 2 }));
    let mut id = [0; 16];
    id[15] = 7;
    let trace = traces.find(&MeshScope::everything(), id).await.expect("an answer").expect("it is there");
    assert_eq!((trace.spans.len(), trace.spans[0].namespace.as_str()), (3, "shop"));
    let query = LogQuery::new(MeshScope::everything(), Timestamp::from_secs(NOW - 60), Timestamp::from_secs(NOW + 60));
    assert_eq!(logs.search(&query).await.expect("an answer").records[0].body, "hello");
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn a_full_queue_refuses_and_recovers(pool: PgPool) {
    let clock = Arc::new(MockClock::new(Timestamp::from_secs(NOW)));
    let (traces, logs) = stores(&pool, &clock);
    let (ingest, writer) = Ingest::new(Settings { queue: 5, ..Settings::default() }, traces, logs, clock);
    let push = |spans| ingest.traces(trace_body(spans).as_bytes(), "application/json");
    assert_eq!(push(4).map(|accepted| accepted.items), Ok(4));
    assert_eq!(push(2), Err(Refused::Full { retry_after: 2 }), "all or nothing");
    assert_eq!(push(1).map(|accepted| accepted.items), Ok(1));
    assert_eq!(ingest.traces(b"{", "application/json"), Err(Refused::Garbage));
    assert_eq!(ingest.traces(b"", "text/plain"), Err(Refused::Unsupported));
    let stop = CancellationToken::new();
    let job = tokio::spawn(writer.run(stop.clone()));
    let until = Moment::now() + Duration::from_secs(20);
    while push(5).is_err() {
        assert!(Moment::now() < until, "there is room again once all is written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(20), job).await.expect("it ends").expect("it did not panic");
}
