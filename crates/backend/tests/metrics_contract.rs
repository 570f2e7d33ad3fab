//! The contract of every metrics store, run against the embedded one and against a real Prometheus with the same data.
//! Where the embedded store is known to differ stands in the tables of `metrics_contract/cases.rs`.

#[path = "metrics_contract/cases.rs"]
mod cases;
#[path = "metrics_contract/data.rs"]
mod data;
#[path = "metrics_contract/server.rs"]
mod server;
#[path = "metrics_contract/suite.rs"]
mod suite;

use backend::{
    clock::{Clock, SystemClock},
    metrics::{
        MetricsStore,
        embedded::{Embedded, Options},
    },
};

use self::{
    data::Data,
    server::Server,
    suite::{Answer, ask, ask_range},
};

async fn mk_embedded(data: &Data) -> (tempfile::TempDir, Embedded) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = Embedded::open(&Options::new(dir.path())).expect("it opens");
    let written = store.write(data.rows.clone()).await.expect("it takes samples");
    assert_eq!((written.stored, written.dropped), (data.rows.len(), 0));
    (dir, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_keeps_the_contract() {
    let data = Data::ending_before(SystemClock.now());
    let (_dir, store) = mk_embedded(&data).await;
    suite::run(&store, &data).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_keeps_the_contract_after_a_restart() {
    let data = Data::ending_before(SystemClock.now());
    let (dir, store) = mk_embedded(&data).await;
    store.close().await;
    drop(store);
    let store = Embedded::open(&Options::new(dir.path())).expect("it opens again");
    suite::run(&store, &data).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_keeps_the_contract() {
    let data = Data::ending_before(SystemClock.now());
    match Server::start(&data).await {
        Ok(server) => suite::run(&server.store, &data).await,
        Err(why) => println!("SKIPPED prometheus_keeps_the_contract: {why}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_stores_answer_the_same() {
    let data = Data::ending_before(SystemClock.now());
    let server = match Server::start(&data).await {
        Ok(server) => server,
        Err(why) => return println!("SKIPPED both_stores_answer_the_same: {why}"),
    };
    let (_dir, embedded) = mk_embedded(&data).await;
    let mut wrong = Vec::new();
    for text in cases::SAME {
        wrong.extend(differences(text, &data, &server.store, &embedded).await);
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    for (text, why) in cases::DIFFERENT {
        let found = differences(text, &data, &server.store, &embedded).await;
        assert!(!found.is_empty(), "{text} answers the same now, take it off the table ({why})");
    }
    for (text, why) in cases::REFUSED {
        let answer = ask(&embedded, text, data.at(1800)).await;
        assert!(matches!(answer, Answer::Refused(_)), "{text} is answered now, take it off the table ({why})");
    }
}

/// Where the stores disagree on a query, as lines.
async fn differences(text: &str, data: &Data, one: &dyn MetricsStore, other: &dyn MetricsStore) -> Vec<String> {
    let mut found = Vec::new();
    for secs in [1500, 1980, 3600] {
        let (a, b) = (ask(one, text, data.at(secs)).await, ask(other, text, data.at(secs)).await);
        if !a.is_like(&b) {
            found.push(format!("{text} at {secs}:\n  prometheus {a}\n  embedded   {b}"));
        }
    }
    let (from, to) = (data.at(600), data.at(3300));
    let (a, b) = (ask_range(one, text, from, to, 300).await, ask_range(other, text, from, to, 300).await);
    if !a.is_like(&b) {
        found.push(format!("{text} as a range:\n  prometheus {a}\n  embedded   {b}"));
    }
    found
}
