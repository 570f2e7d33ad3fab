//! Reads the metrics pages of scrape targets at a fixed beat and writes them to the embedded store. All samples of a
//! round carry the same time and are written at once, so that a query sees whole rounds.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use contract::Timestamp;
use futures::{StreamExt, stream};
use mesh::Labels;
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

use super::text;
use crate::{
    Error,
    clock::Clock,
    metrics::embedded::{Embedded, Row, STALE},
    upstream::read_body,
};

/// One page to read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScrapeTarget {
    /// Address of the page. It comes from our own configuration, never from a request.
    pub url: String,
    /// Labels put on every sample of the page; a label of the same name on the page is kept as `exported_…`.
    pub labels: Vec<(String, String)>,
}

/// How scraping is done.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Between two rounds.
    pub interval: Duration,
    /// For one page; not longer than the interval.
    pub timeout: Duration,
    /// Largest page.
    pub max_bytes: usize,
}

impl Settings {
    /// Rounds at this distance, pages within 16 MiB, and the time of a round for each.
    pub fn every(interval: Duration) -> Self {
        Self { interval, timeout: interval.min(Duration::from_secs(10)), max_bytes: 16 << 20 }
    }
}

/// So many pages are read at the same time.
const AT_ONCE: usize = 64;

/// Reads targets and writes what they say.
pub struct Scraper {
    store: Embedded,
    clock: Arc<dyn Clock>,
    settings: Settings,
    client: reqwest::Client,
    known: HashMap<ScrapeTarget, Known>,
    /// Ends of series that could not be written yet.
    unsaid: Vec<Row>,
}

/// What is remembered of a target: its series as last seen.
#[derive(Default)]
struct Known {
    series: HashMap<Box<str>, Series>,
    round: u64,
}

struct Series {
    name: Arc<str>,
    labels: Labels,
    seen: u64,
}

/// What one round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Targets that answered.
    pub up: usize,
    /// Targets that did not.
    pub down: usize,
    /// Samples written.
    pub samples: usize,
}

impl Scraper {
    /// # Errors
    /// [`Error::Internal`] when no HTTP client can be made.
    pub fn new(store: Embedded, clock: Arc<dyn Clock>, settings: Settings) -> Result<Self, Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(settings.timeout.min(settings.interval))
            .user_agent(concat!("obstack/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::internal)?;
        Ok(Self { store, clock, settings, client, known: HashMap::new(), unsaid: Vec::new() })
    }

    /// Scrapes until the sender of targets is gone; calls `on_round` after each round that was written.
    pub async fn run(mut self, mut targets: watch::Receiver<Vec<ScrapeTarget>>, on_round: impl Fn(Round)) {
        let mut beat = interval(self.settings.interval);
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                _ = beat.tick() => {}
                changed = targets.changed() => match changed {
                    // New targets wait for the next beat.
                    Ok(()) => continue,
                    Err(_) => return,
                },
            }
            let now = targets.borrow_and_update().clone();
            match self.round(&now).await {
                Ok(round) => on_round(round),
                Err(error) => tracing::warn!(error = ?error, "a round of scrapes was not written"),
            }
        }
    }

    /// Reads every target once and writes the answers.
    ///
    /// # Errors
    /// Those of [`Embedded::write`].
    pub async fn round(&mut self, targets: &[ScrapeTarget]) -> Result<Round, Error> {
        let at = self.clock.now();
        let mut fetches = Vec::with_capacity(targets.len());
        for target in targets {
            fetches.push(fetch(self.client.clone(), target.url.clone(), self.settings.max_bytes));
        }
        let pages: Vec<(Result<Bytes, String>, Duration)> = stream::iter(fetches).buffered(AT_ONCE).collect().await;
        let mut rows = Vec::new();
        let mut round = Round::default();
        for (target, (page, took)) in targets.iter().zip(pages) {
            let known = self.known.entry(target.clone()).or_default();
            known.round += 1;
            let own = target_labels(target);
            let before = rows.len();
            let up = match page.and_then(|page| known.take(&page, &own, at, &mut rows)) {
                Ok(()) => true,
                Err(why) => {
                    tracing::debug!(target.url = %target.url, why, "a scrape failed");
                    false
                }
            };
            let samples = rows.len() - before;
            known.end_of_missing(at, &mut rows);
            let own = Labels::from_pairs(own.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            for (name, value) in [
                ("up", f64::from(u8::from(up))),
                ("scrape_duration_seconds", took.as_secs_f64()),
                ("scrape_samples_scraped", samples as f64),
            ] {
                rows.push(Row { name: name.into(), labels: own.clone(), at, value });
            }
            if up {
                round.up += 1;
            } else {
                round.down += 1;
            }
        }
        self.forget_others(targets, at, &mut rows);
        rows.append(&mut self.unsaid);
        let ends: Vec<Row> = rows.iter().filter(|row| row.value.to_bits() == STALE.to_bits()).cloned().collect();
        round.samples = match self.store.write(rows).await {
            Ok(written) => written.stored,
            Err(error) => {
                // Nobody would say it again.
                self.unsaid = ends;
                return Err(error);
            }
        };
        let size = self.store.size();
        metrics::gauge!("obstack_embedded_metrics_series").set(size.series as f64);
        metrics::gauge!("obstack_embedded_metrics_memory_bytes").set(size.memory_bytes as f64);
        metrics::counter!("obstack_scrape_samples_total").increment(round.samples as u64);
        metrics::gauge!("obstack_scrape_targets", "state" => "up").set(round.up as f64);
        metrics::gauge!("obstack_scrape_targets", "state" => "down").set(round.down as f64);
        Ok(round)
    }

    /// Series of targets that are no longer asked for end now.
    fn forget_others(&mut self, targets: &[ScrapeTarget], at: Timestamp, rows: &mut Vec<Row>) {
        self.known.retain(|target, known| {
            let asked = targets.contains(target);
            if !asked {
                known.round += 1;
                known.end_of_missing(at, rows);
            }
            asked
        });
    }
}

/// One page and the time it took.
async fn fetch(client: reqwest::Client, url: String, max_bytes: usize) -> (Result<Bytes, String>, Duration) {
    let started = Instant::now();
    let page = async {
        let request = client.get(url).header("accept", "text/plain;version=0.0.4;q=1,*/*;q=0.1");
        let response = request.send().await.map_err(|error| error.without_url().to_string())?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(format!("status {}", response.status().as_u16()));
        }
        read_body(response, max_bytes).await.map_err(|error| error.to_string())
    };
    (page.await, started.elapsed())
}

impl Known {
    /// Turns a page into rows. Labels are put together once per series, not once per scrape.
    fn take(
        &mut self,
        page: &[u8],
        own: &[(String, String)],
        at: Timestamp,
        rows: &mut Vec<Row>,
    ) -> Result<(), String> {
        let page = std::str::from_utf8(page).map_err(|_| "the page is not UTF-8".to_owned())?;
        let round = self.round;
        let mut unreadable = 0;
        let bad = text::lines(page, |line| {
            if !self.series.contains_key(line.series) {
                match text::series(line.series) {
                    Some((name, labels)) => {
                        let series = Series { name: name.into(), labels: merge(own, labels), seen: 0 };
                        self.series.insert(line.series.into(), series);
                    }
                    None => unreadable += 1,
                }
            }
            if let Some(series) = self.series.get_mut(line.series) {
                series.seen = round;
                let at = line.at_ms.map_or(at, Timestamp);
                rows.push(Row { name: series.name.clone(), labels: series.labels.clone(), at, value: line.value });
            }
        });
        if bad + unreadable > 0 {
            metrics::counter!("obstack_scrape_bad_lines_total").increment((bad + unreadable) as u64);
        }
        Ok(())
    }

    /// Marks the end of series that were there before and are not now, so that queries do not carry them on for five
    /// minutes.
    fn end_of_missing(&mut self, at: Timestamp, rows: &mut Vec<Row>) {
        let round = self.round;
        self.series.retain(|_, series| {
            let there = series.seen == round;
            if !there {
                rows.push(Row { name: series.name.clone(), labels: series.labels.clone(), at, value: STALE });
            }
            there
        });
    }
}

/// The target's labels, with `instance` from its address where none is given.
fn target_labels(target: &ScrapeTarget) -> Vec<(String, String)> {
    let mut labels = target.labels.clone();
    if !labels.iter().any(|(name, _)| name == "instance")
        && let Ok(url) = reqwest::Url::parse(&target.url)
    {
        let host = url.host_str().unwrap_or_default();
        let instance = url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        labels.push(("instance".to_owned(), instance));
    }
    labels
}

/// The page's labels under the target's.
fn merge(own: &[(String, String)], page: Vec<(&str, String)>) -> Labels {
    let mut all: Vec<(Arc<str>, Arc<str>)> = Vec::with_capacity(own.len() + page.len());
    for (name, value) in page {
        if own.iter().any(|(taken, _)| taken == name) {
            all.push((format!("exported_{name}").into(), value.into()));
        } else {
            all.push((name.into(), value.into()));
        }
    }
    all.extend(own.iter().map(|(name, value)| (Arc::from(name.as_str()), Arc::from(value.as_str()))));
    Labels::new(all)
}
