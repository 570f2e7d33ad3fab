//! Prometheus and everything that speaks its HTTP API (Mimir, Thanos, VictoriaMetrics): typed parameters become a new
//! request, nothing of a client's request is passed on. Facts: prometheus docs/querying/api.md.

mod decode;
mod interner;

use async_trait::async_trait;
use contract::Timestamp;
use query::{Enforced, PromQl};
use serde::Deserialize;

pub use decode::{decode_instant, decode_range};

use super::{Instant, MetricsStore, Probe, Ranged, check_range};
use crate::{
    Error,
    upstream::{Answer, Connect, Http},
};

/// A store reached over the Prometheus HTTP API.
pub struct Prometheus {
    http: Http,
    timeout: String,
}

impl Prometheus {
    /// A client for the address in `connect`, whose path is what stands before `/api/v1`.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the address or a header cannot be used.
    pub fn new(connect: &Connect) -> Result<Self, Error> {
        // The store may stop a little earlier than we stop waiting, so that its own words arrive.
        let millis = connect.deadline.as_millis().saturating_mul(9) / 10;
        Ok(Self { http: Http::new(connect)?, timeout: format!("{millis}ms") })
    }

    /// Decodes away from the async threads when the answer is large.
    async fn decode<T: Send + 'static>(
        &self,
        answer: Answer,
        decode: fn(&[u8]) -> Result<T, decode::Garbage>,
    ) -> Result<T, Error> {
        const LARGE: usize = 256 * 1024;
        if !answer.status.is_success() {
            return Err(self.refusal(&answer));
        }
        let outcome = if answer.body.len() < LARGE {
            decode(&answer.body)
        } else {
            tokio::task::spawn_blocking(move || decode(&answer.body)).await.map_err(Error::internal)?
        };
        outcome.map_err(|source| Error::Upstream {
            store: self.http.store().to_owned(),
            why: "its answer cannot be read".to_owned(),
            retry_after: None,
            source: Some(Box::new(source)),
        })
    }

    fn refusal(&self, answer: &Answer) -> Error {
        let refusal: Refusal = serde_json::from_slice(&answer.body).unwrap_or_default();
        let store = self.http.store();
        match (answer.status.as_u16(), refusal.kind.as_str()) {
            (_, "bad_data" | "execution") | (400 | 422, _) => {
                let mut why = refusal.error;
                if why.is_empty() {
                    why.push_str("no reason given");
                }
                let end = why.char_indices().nth(300).map_or(why.len(), |(at, _)| at);
                why.truncate(end);
                Error::invalid("/query", format!("The store {store} refuses the query: {why}"))
            }
            (_, "timeout" | "canceled") | (504, _) => Error::Timeout { store: store.to_owned() },
            (429, _) => Error::RateLimited { retry_after: 5 },
            (401 | 403, _) => Error::upstream(store, "it refuses our credentials or tenant header"),
            (404, _) => Error::upstream(store, "there is no Prometheus API at its address"),
            (status, _) => Error::Upstream {
                store: store.to_owned(),
                why: format!("it answers with status {status}"),
                retry_after: None,
                source: (!refusal.error.is_empty()).then(|| refusal.error.into()),
            },
        }
    }
}

/// The error shape of the API.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "errorType")]
    kind: String,
    error: String,
}

fn seconds(at: Timestamp) -> String {
    format!("{}.{:03}", at.0.div_euclid(1000), at.0.rem_euclid(1000))
}

#[async_trait]
impl MetricsStore for Prometheus {
    async fn query(&self, query: &Enforced<PromQl>, at: Timestamp) -> Result<Instant, Error> {
        let time = seconds(at);
        let form = [("query", query.get().as_str()), ("time", &time), ("timeout", &self.timeout)];
        let answer = self.http.post_form("api/v1/query", &form).await?;
        self.decode(answer, decode_instant).await
    }

    async fn query_range(
        &self,
        query: &Enforced<PromQl>,
        from: Timestamp,
        to: Timestamp,
        step_secs: u64,
    ) -> Result<Ranged, Error> {
        check_range(from, to, step_secs)?;
        let (start, end, step) = (seconds(from), seconds(to), step_secs.to_string());
        let form = [
            ("query", query.get().as_str()),
            ("start", &start),
            ("end", &end),
            ("step", &step),
            ("timeout", &self.timeout),
        ];
        let answer = self.http.post_form("api/v1/query_range", &form).await?;
        self.decode(answer, decode_range).await
    }

    async fn label_values(
        &self,
        name: &str,
        matchers: &Enforced<Vec<String>>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<String>, Error> {
        let (start, end) = (seconds(from), seconds(to));
        let mut query = vec![("start", start.as_str()), ("end", end.as_str())];
        query.extend(matchers.get().iter().map(|matcher| ("match[]", matcher.as_str())));
        let answer = self.http.get(&["api", "v1", "label", name, "values"], &query).await?;
        let mut values = self.decode(answer, decode::decode_names).await?;
        values.sort_unstable();
        Ok(values)
    }

    async fn probe(&self) -> Result<Probe, Error> {
        // `1` costs nothing, needs no tenant's data, and unlike the health pages it exists at every kind of store.
        let answer = self.http.post_form("api/v1/query", &[("query", "1"), ("timeout", &self.timeout)]).await?;
        self.decode(answer, decode_instant).await?;
        // Mimir and VictoriaMetrics may not have this page; no version is no failure.
        let answer = self.http.get(&["api", "v1", "status", "buildinfo"], &[]).await?;
        let version = if answer.status.is_success() { decode::decode_version(&answer.body) } else { String::new() };
        Ok(Probe { version })
    }
}
