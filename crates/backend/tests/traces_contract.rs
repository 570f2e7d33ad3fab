//! The contract of every trace store, run against the embedded one on a real Postgres. Two tenants' scopes in every test.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use backend::{
    clock::MockClock,
    traces::{Span, SpanEvent, SpanKind, SpanStatus, TraceQuery, TraceStore, embedded::EmbeddedTraces},
};
use contract::Timestamp;
use query::{MeshScope, MeshSelector};
use sqlx::PgPool;

const NOW: i64 = 1_700_000_000;

fn scope(namespace: &str) -> MeshScope {
    MeshScope::new([MeshSelector::only(None, [namespace]).expect("a good name")])
}

fn store(pool: &PgPool) -> EmbeddedTraces {
    let clock = Arc::new(MockClock::new(Timestamp::from_secs(NOW)));
    EmbeddedTraces::new(pool.clone(), clock, Duration::from_secs(7 * 86_400))
}

/// A span of trace `trace`, so many milliseconds after a minute ago.
fn mk_span(
    trace: u8,
    id: u8,
    parent: Option<u8>,
    namespace: &str,
    service: &str,
    after_ms: i64,
    length_ms: i64,
) -> Span {
    Span {
        trace_id: [trace; 16],
        span_id: [id; 8],
        parent_id: parent.map(|parent| [parent; 8]),
        cluster: "east".to_owned(),
        namespace: namespace.to_owned(),
        service: service.to_owned(),
        name: format!("{service} does"),
        kind: SpanKind::Server,
        start_us: (NOW - 60) * 1_000_000 + after_ms * 1000,
        duration_ns: length_ms * 1_000_000,
        status: SpanStatus::Unset,
        status_message: String::new(),
        attributes: serde_json::Map::new(),
        events: Vec::new(),
    }
}

/// Trace 1 goes from shop (acme) through ops (globex) back to shop; trace 2 stays in ops.
async fn mk_traces(store: &EmbeddedTraces) {
    let failed = Span {
        status: SpanStatus::Error,
        status_message: "no funds".to_owned(),
        ..mk_span(1, 12, Some(11), "ops", "ledger", 20, 50)
    };
    let spans = vec![
        mk_span(1, 10, None, "shop", "web", 0, 100),
        mk_span(1, 11, Some(10), "shop", "payments", 10, 80),
        failed,
        mk_span(1, 13, Some(12), "shop", "mailer", 90, 200),
        mk_span(2, 20, None, "ops", "cron", 5_000, 1_500),
    ];
    assert_eq!(store.write(spans).await.expect("they are written").stored, 5);
}

fn ask(scope: MeshScope) -> TraceQuery {
    TraceQuery::new(scope, Timestamp::from_secs(NOW - 3600), Timestamp::from_secs(NOW))
}

async fn found(store: &dyn TraceStore, query: TraceQuery) -> Vec<u8> {
    store.search(&query).await.expect("an answer").into_iter().map(|summary| summary.trace_id[0]).collect()
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn summaries_count_only_what_is_visible(pool: PgPool) {
    let store = store(&pool);
    mk_traces(&store).await;
    let acme = store.search(&ask(scope("shop"))).await.expect("an answer");
    assert_eq!(acme.len(), 1);
    let summary = &acme[0];
    assert_eq!((summary.root_service.as_str(), summary.root_name.as_str()), ("web", "web does"));
    assert_eq!((summary.spans, summary.errors), (3, 0), "the failed span is another tenant's");
    assert_eq!((summary.start_us, summary.duration_ns), ((NOW - 60) * 1_000_000, 290_000_000));
    assert_eq!(summary.services, ["mailer", "payments", "web"]);
    let globex = store.search(&ask(scope("ops"))).await.expect("an answer");
    assert_eq!(globex.iter().map(|summary| summary.trace_id[0]).collect::<Vec<_>>(), [2, 1], "newest first");
    assert_eq!(globex[1].root_service, "ledger", "the root is not visible, so the earliest visible span stands for it");
    assert_eq!(globex[1].errors, 1);
    assert_eq!(found(&store, ask(MeshScope::nothing())).await, [] as [u8; 0]);
    assert_eq!(found(&store, ask(MeshScope::everything())).await, [2, 1]);
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn a_trace_shows_own_spans_and_the_number_of_others(pool: PgPool) {
    let store = store(&pool);
    mk_traces(&store).await;
    let trace = store.find(&scope("shop"), [1; 16]).await.expect("an answer").expect("it is there");
    assert_eq!(trace.spans.iter().map(|span| span.span_id[0]).collect::<Vec<_>>(), [10, 11, 13]);
    assert_eq!((trace.hidden, trace.truncated), (1, false));
    let whole = store.find(&MeshScope::everything(), [1; 16]).await.expect("an answer").expect("it is there");
    assert_eq!((whole.spans.len(), whole.hidden), (4, 0));
    assert_eq!(store.find(&scope("shop"), [2; 16]).await.expect("an answer"), None, "another tenant's does not exist");
    assert_eq!(store.find(&scope("shop"), [9; 16]).await.expect("an answer"), None);
    assert_eq!(store.find(&MeshScope::nothing(), [1; 16]).await.expect("an answer"), None);
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn every_filter_narrows(pool: PgPool) {
    let store = store(&pool);
    mk_traces(&store).await;
    let everything = || ask(MeshScope::everything());
    let none: [u8; 0] = [];
    assert_eq!(found(&store, TraceQuery { service: Some("payments".to_owned()), ..everything() }).await, [1]);
    assert_eq!(found(&store, TraceQuery { name: Some("CRON D".to_owned()), ..everything() }).await, [2]);
    assert_eq!(found(&store, TraceQuery { name: Some("c_on".to_owned()), ..everything() }).await, none);
    assert_eq!(found(&store, TraceQuery { min_duration_ms: Some(1_000), ..everything() }).await, [2]);
    assert_eq!(found(&store, TraceQuery { max_duration_ms: Some(60), ..everything() }).await, [1]);
    assert_eq!(found(&store, TraceQuery { failed: true, ..everything() }).await, [1]);
    assert_eq!(
        found(&store, TraceQuery { failed: true, ..ask(scope("shop")) }).await,
        none,
        "another tenant's failure"
    );
    assert_eq!(found(&store, TraceQuery { limit: 1, ..everything() }).await, [2]);
    let later = Timestamp::from_secs(NOW - 58);
    assert_eq!(found(&store, TraceQuery { from: later, ..everything() }).await, [2]);
    assert_eq!(found(&store, TraceQuery { to: later, ..everything() }).await, [1]);
    // Conditions must meet in one span.
    let both = TraceQuery { service: Some("web".to_owned()), failed: true, ..everything() };
    assert_eq!(found(&store, both).await, none);
}

#[sqlx::test(migrator = "backend::db::MIGRATOR")]
async fn what_is_written_is_read_and_twice_is_once(pool: PgPool) {
    let store = store(&pool);
    let mut span = mk_span(3, 30, Some(29), "shop", "llm-app", 0, 5);
    span.kind = SpanKind::Client;
    span.attributes.insert("gen_ai.usage.output_tokens".to_owned(), 120.into());
    span.attributes.insert("gen_ai.request.model".to_owned(), "small".into());
    span.events = vec![SpanEvent {
        at_us: span.start_us + 7,
        name: "first token".to_owned(),
        attributes: serde_json::Map::new(),
    }];
    store.write(vec![span.clone()]).await.expect("it is written");
    store.write(vec![span.clone()]).await.expect("it is taken again");
    let trace = store.find(&scope("shop"), [3; 16]).await.expect("an answer").expect("it is there");
    assert_eq!(trace.spans, [span]);
    let wanted = |value: &str| BTreeMap::from([("gen_ai.usage.output_tokens".to_owned(), value.to_owned())]);
    assert_eq!(found(&store, TraceQuery { attributes: wanted("120"), ..ask(scope("shop")) }).await, [3]);
    assert_eq!(found(&store, TraceQuery { attributes: wanted("12"), ..ask(scope("shop")) }).await, [] as [u8; 0]);
    let old = mk_span(4, 40, None, "shop", "web", -8 * 86_400_000, 5);
    assert_eq!(store.write(vec![old]).await.expect("the store lives").dropped, 1);
}
