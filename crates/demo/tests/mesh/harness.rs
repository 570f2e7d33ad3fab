//! A mesh for one test, and eyes for it: scraping, polling with a deadline, plain HTTP.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use demo::{Options, Supervisor, Tuning};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;

/// The program every workload runs.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_demo-mesh");
const DEADLINE: Duration = Duration::from_secs(30);

/// A running mesh in a directory of its own.
pub struct Mesh {
    pub supervisor: Supervisor,
    pub directory: TempDir,
}

/// Starts a mesh with free ports and waits until it listens.
pub async fn start(change: impl FnOnce(&mut Options)) -> Mesh {
    let directory = TempDir::new().unwrap();
    let mut options = Options {
        sample_port: 0,
        llm_port: 0,
        tuning: Tuning { program: Some(PROGRAM.into()), peak_rps: 60.0, ..Tuning::default() },
        ..Options::new(directory.path())
    };
    change(&mut options);
    let supervisor = Supervisor::start(options).await.unwrap();
    assert!(supervisor.ready(DEADLINE).await, "not every workload came up");
    Mesh { supervisor, directory }
}

/// One sample with its labels, those of the scrape under `scrape_…`.
#[derive(Clone, Debug)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

impl Sample {
    /// A label, empty when absent.
    pub fn get(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// Whether all these labels have these values.
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(name, value)| self.get(name) == *value)
    }
}

impl Mesh {
    /// Everything all targets tell at the moment.
    pub async fn scrape(&self) -> Vec<Sample> {
        let targets = self.supervisor.targets().borrow().clone();
        let mut all = Vec::new();
        for target in targets {
            let (_, text) = get(&target.url).await;
            for line in text.lines().filter(|line| !line.starts_with('#')) {
                let mut sample = parse(line);
                sample.labels.extend(target.labels.iter().map(|(n, v)| (format!("scrape_{n}"), v.clone())));
                all.push(sample);
            }
        }
        all
    }

    /// Sum of the samples of a metric that carry these labels.
    pub async fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.scrape().await.iter().filter(|s| s.name == name && s.has(labels)).map(|s| s.value).sum()
    }

    /// Where a workload listens.
    pub fn inbound(&self, workload: &str) -> SocketAddr {
        self.supervisor.running().borrow()[workload].inbound.unwrap()
    }
}

/// Reads `name{a="b",…} value`. Values of the demo contain no quotes; response flags may hold commas.
fn parse(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value in {line}"));
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let labels = labels.strip_suffix('}').unwrap_or_else(|| panic!("labels do not close in {line}"));
    let label = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or_else(|| panic!("bad label {part} in {line}"));
        (name.to_owned(), value.trim_matches('"').to_owned())
    };
    let labels = labels.split("\",").filter(|part| !part.is_empty()).map(label).collect();
    Sample { name: name.to_owned(), labels, value: value.parse().unwrap_or_else(|_| panic!("no number in {line}")) }
}

/// GETs an address on loopback.
pub async fn get(url: &str) -> (u16, String) {
    let uri: hyper::Uri = url.parse().unwrap();
    let stream = tokio::net::TcpStream::connect(uri.authority().unwrap().as_str()).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = hyper::Request::get(uri.path()).header("host", "test").body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Asks again until there is an answer; `what` names what never came.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < DEADLINE, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
