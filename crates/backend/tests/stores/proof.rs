//! The isolation proof, with data of both tenants everywhere.

use std::collections::BTreeSet;

use backend::{
    Error, PastSeries,
    logs::{LogRecord, embedded::EmbeddedLogs},
    traces::{Span, SpanKind, SpanStatus, embedded::EmbeddedTraces},
};
use contract::{
    ErrorCode,
    isolation::{CanaryOutcome, IsolationProof, Verdict, Wall},
    store_admin::StoreSettings,
};
use sqlx::PgPool;

use crate::{
    fixture::{Fixture, settings, tenancy},
    scripted::{Asked, Scripted, reply},
};

/// Calls within and between the namespaces of both, logs and a trace across both.
async fn fill(t: &Fixture) {
    let now = t.backend.clock().now();
    let mut series = Vec::new();
    for (from, to) in
        [("shop", "shop"), ("shop", "ai"), ("ai", "shop"), ("ai", "platform"), ("secret-lab", "secret-lab")]
    {
        let labels = [
            ("source_workload_namespace", from),
            ("destination_workload_namespace", to),
            ("destination_service_namespace", to),
            ("source_cluster", "east"),
            ("destination_cluster", "east"),
            ("reporter", "destination"),
        ];
        series.push(PastSeries {
            name: "istio_requests_total".to_owned(),
            labels: labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            points: (0..20).map(|i| (now.0 - i64::from(20 - i) * 60_000, f64::from(i * 10))).collect(),
        });
    }
    t.backend.backfill(series).await.expect("written");
    let keep = std::time::Duration::from_secs(86_400);
    let clock = || std::sync::Arc::new(backend::clock::SystemClock);
    let at_us = (now.0 - 60_000) * 1000;
    let line = |namespace: &str| LogRecord {
        at_us,
        cluster: "east".to_owned(),
        namespace: namespace.to_owned(),
        app: "app".to_owned(),
        pod: String::new(),
        severity_number: 9,
        body: "a line".to_owned(),
        attributes: serde_json::Map::new(),
        trace_id: None,
        span_id: None,
    };
    let logs = EmbeddedLogs::new(t.backend.db().system().clone(), clock(), keep);
    logs.write(["shop", "ai", "platform"].map(line).to_vec()).await.expect("written");
    let span = |namespace: &str, id: u8| Span {
        trace_id: [7; 16],
        span_id: [id; 8],
        parent_id: (id > 1).then_some([1; 8]),
        cluster: "east".to_owned(),
        namespace: namespace.to_owned(),
        service: "service".to_owned(),
        name: "GET /".to_owned(),
        kind: SpanKind::Server,
        start_us: at_us,
        duration_ns: 1_000_000,
        status: SpanStatus::Ok,
        status_message: String::new(),
        attributes: serde_json::Map::new(),
        events: Vec::new(),
    };
    let traces = EmbeddedTraces::new(t.backend.db().system().clone(), clock(), keep);
    traces.write(vec![span("shop", 1), span("ai", 2)]).await.expect("written");
}

async fn prove(t: &Fixture, email: &str, tenant: &str) -> IsolationProof {
    let (visitor, scope) = (t.visitor(email).await, t.scope(email, tenant).await);
    t.backend.prove_isolation(&visitor, &scope).await.expect("run")
}

fn bad(proof: &IsolationProof) -> Vec<String> {
    let odd = proof.canaries.iter().filter(|c| matches!(c.outcome, CanaryOutcome::Broken | CanaryOutcome::NotAnswered));
    odd.map(|canary| format!("{}: {}", canary.title, canary.answer)).collect()
}

#[sqlx::test(migrations = "../../migrations")]
async fn two_tenants_of_one_store_are_apart(pool: PgPool) {
    let t = Fixture::new(pool).await;
    fill(&t).await;
    for (email, tenant, foreign) in
        [("ana@acme.test", "acme", vec!["platform", "\"ai\""]), ("olga@obstack.test", "globex", vec!["shop"])]
    {
        let proof = prove(&t, email, tenant).await;
        assert_eq!(proof.verdict, Verdict::Proven, "{tenant}: {:?}", bad(&proof));
        let walls: BTreeSet<String> = proof.canaries.iter().map(|canary| format!("{:?}", canary.wall)).collect();
        assert_eq!(walls.len(), 5, "{walls:?}");
        let of = |wall: Wall| proof.canaries.iter().filter(move |canary| canary.wall == wall);
        assert!((20..=30).contains(&of(Wall::Metrics).count()));
        // There was something to see, of this tenant.
        let plain = of(Wall::Metrics).next().expect("asked");
        assert!(plain.seen.is_some_and(|seen| seen > 0), "{plain:?}");
        assert!(of(Wall::Logs).next().expect("asked").seen.is_some_and(|seen| seen > 0));
        assert_eq!(of(Wall::Traces).next().expect("asked").seen, Some(1));
        assert!(of(Wall::Metrics).filter(|canary| canary.outcome == CanaryOutcome::Refused).count() >= 4);
        assert!(of(Wall::Database).count() >= 8);
        // Nothing of others is shown, not even a name.
        let text = serde_json::to_string(&proof).expect("writable");
        for name in foreign.into_iter().chain(["secret-lab"]) {
            assert!(!text.contains(name), "{tenant}: {name}");
        }
        let other = if tenant == "acme" { "globex" } else { "acme" };
        assert!(!text.to_lowercase().contains(other), "{tenant}");
    }
    let entries = t.audited("isolation.proved").await;
    assert_eq!(entries.len(), 2);
    assert!(entries[0].contains(r#""verdict":"proven""#), "{}", entries[0]);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_store_that_gives_away_what_was_not_asked_is_found_out(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let stub = Scripted::start(|asked: &Asked| {
        let series = |namespace: &str, tenant: &str| {
            format!(
                r#"{{"metric":{{"destination_workload_namespace":"{namespace}","destination_cluster":"east","tenant_id":"{tenant}"}},"value":[1,"1"]}}"#
            )
        };
        let body = match asked.path.ends_with("/values") {
            true => r#"{"status":"success","data":["shop"]}"#.to_owned(),
            // Whatever matchers say.
            false => format!(
                r#"{{"status":"success","data":{{"resultType":"vector","result":[{},{}]}}}}"#,
                series("shop", "acme"),
                series("shop", "globex")
            ),
        };
        Some(reply("200 OK", body))
    })
    .await;
    let (operator, admin) = (t.operator().await, t.backend.store_admin());
    let shared = StoreSettings { tenancy: tenancy("label", "tenant_id"), ..settings("prom", &stub.url) };
    admin.create(&operator, &shared).await.expect("created");
    t.bind("acme", "prom").await.expect("bound");
    let proof = prove(&t, "ana@acme.test", "acme").await;
    assert_eq!(proof.verdict, Verdict::NotProven);
    assert!(proof.sentence.contains("The plain question"), "{}", proof.sentence);
    assert!(!serde_json::to_string(&proof).expect("writable").contains("globex"));
    // And every one of its questions carried the tenant.
    assert!(
        stub.seen().iter().filter(|asked| !asked.promql.is_empty()).all(|a| a.promql.contains(r#"tenant_id="acme""#))
    );
    assert!(t.audited("isolation.proved").await[0].contains("not_proven"));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_dead_store_makes_it_incomplete(pool: PgPool) {
    let t = Fixture::new(pool).await;
    t.bind("acme", "prom-file").await.expect("bound");
    let proof = prove(&t, "ana@acme.test", "acme").await;
    assert_eq!(proof.verdict, Verdict::Incomplete);
    let walls = |wall| proof.canaries.iter().filter(move |canary| canary.wall == wall);
    assert!(walls(Wall::Metrics).all(|c| matches!(c.outcome, CanaryOutcome::NotAnswered | CanaryOutcome::Refused)));
    assert!(walls(Wall::Database).all(|c| matches!(c.outcome, CanaryOutcome::Held | CanaryOutcome::Refused)));
    assert!(proof.took_ms < 30_000);
}

#[sqlx::test(migrations = "../../migrations")]
async fn only_administrators_run_it(pool: PgPool) {
    let t = Fixture::new(pool).await;
    let (visitor, scope) = (t.visitor("vik@acme.test").await, t.scope("vik@acme.test", "acme").await);
    let refused = t.backend.prove_isolation(&visitor, &scope).await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
    let foreign = t.visitor("ana@acme.test").await.scope(&"globex".parse().expect("a slug"));
    assert_eq!(foreign.expect_err("not hers").code, ErrorCode::NotFound);
    assert!(t.audited("isolation.proved").await.is_empty());
}
