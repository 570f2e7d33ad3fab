//! The HTTP client of the stores: one address from the configuration, a deadline and a size limit on every call, no
//! redirects, and failures in words that are safe to show.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use reqwest::{
    StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
    redirect,
};

use crate::Error;

/// How to reach a store.
#[derive(Clone)]
pub struct Connect {
    /// Name of the store, for messages.
    pub store: String,
    /// Address, with the path prefix of the API if it has one (`http://mimir:8080/prometheus`).
    pub url: String,
    /// Time for a whole call.
    pub deadline: Duration,
    /// Largest answer accepted, after decompression.
    pub max_bytes: usize,
    /// Tenant header value (`X-Scope-OrgID`) for stores that have tenants of their own.
    pub org_id: Option<String>,
    /// Bearer token. Never logged.
    pub token: Option<String>,
    /// User name and password of basic authentication. Never logged.
    pub basic: Option<(String, String)>,
}

impl Connect {
    /// The usual limits: 10 s and 64 MiB.
    pub fn new(store: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            store: store.into(),
            url: url.into(),
            deadline: Duration::from_secs(10),
            max_bytes: 64 << 20,
            org_id: None,
            token: None,
            basic: None,
        }
    }
}

/// What a store answered.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status; never a redirect.
    pub status: StatusCode,
    /// The body, within the size limit.
    pub body: Bytes,
}

/// A client for one store.
pub struct Http {
    pub(super) client: reqwest::Client,
    pub(super) base: Url,
    store: String,
    pub(super) deadline: Duration,
    pub(super) max_bytes: usize,
    pub(super) basic: Option<(String, String)>,
}

impl Http {
    /// # Errors
    /// [`Error::Invalid`] when the address or a header value cannot be used.
    pub fn new(connect: &Connect) -> Result<Self, Error> {
        let mut base =
            Url::parse(&connect.url).map_err(|_| Error::invalid("url", "write a whole URL, http://host:9090"))?;
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
            return Err(Error::invalid("url", "write an http or https URL"));
        }
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        base.set_query(None);
        let mut headers = HeaderMap::new();
        if let Some(org_id) = &connect.org_id {
            headers.insert(HeaderName::from_static("x-scope-orgid"), header("org_id", org_id)?);
        }
        if let Some(token) = &connect.token {
            let mut value = header("token", &format!("Bearer {token}"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let client = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(redirect::Policy::none())
            .connect_timeout(connect.deadline.min(Duration::from_secs(3)))
            .no_proxy()
            .user_agent(concat!("obstack/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::internal)?;
        Ok(Self {
            client,
            base,
            store: connect.store.clone(),
            deadline: connect.deadline,
            max_bytes: connect.max_bytes,
            basic: connect.basic.clone(),
        })
    }

    /// Name of the store.
    pub fn store(&self) -> &str {
        &self.store
    }

    /// POSTs a form to a path below the base address; the path is ours, never a client's.
    pub async fn post_form(&self, path: &'static str, form: &[(&str, &str)]) -> Result<Answer, Error> {
        self.send(self.client.post(self.url(path)?).form(form)).await
    }

    /// GETs a path below the base address; segments are encoded, so a value can never leave its segment.
    pub async fn get(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Answer, Error> {
        let mut url = self.base.clone();
        {
            let mut path = url.path_segments_mut().map_err(|()| Error::internal("the base address has no path"))?;
            path.pop_if_empty();
            for segment in segments {
                if segment.is_empty() || matches!(*segment, "." | "..") {
                    return Err(Error::internal("a path segment would be dropped"));
                }
                path.push(segment);
            }
        }
        self.send(self.client.get(url).query(query)).await
    }

    fn url(&self, path: &'static str) -> Result<Url, Error> {
        self.base.join(path).map_err(Error::internal)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, Error> {
        let request = match &self.basic {
            Some((username, password)) => request.basic_auth(username, Some(password)),
            None => request,
        };
        match tokio::time::timeout(self.deadline, self.exchange(request)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::Timeout { store: self.store.clone() }),
        }
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Result<Answer, Error> {
        let response = request.send().await.map_err(|source| self.broken(source))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(Error::upstream(&self.store, "it answers with a redirect, which is not followed"));
        }
        match read_body(response, self.max_bytes).await {
            Ok(body) => Ok(Answer { status, body }),
            Err(BadBody::TooLarge { max_bytes }) => {
                // The question's fault, not the store's: others must not find it unavailable.
                let store = &self.store;
                let what = format!("The answer of {store} is larger than {} KiB; ask for less.", max_bytes >> 10);
                Err(Error::invalid("/query", what))
            }
            Err(BadBody::Broken(source)) => Err(self.broken(source)),
        }
    }

    fn broken(&self, source: reqwest::Error) -> Error {
        if source.is_timeout() && !source.is_connect() {
            return Error::Timeout { store: self.store.clone() };
        }
        let why = if source.is_connect() { "it refuses connections" } else { "the connection broke" };
        Error::Upstream {
            store: self.store.clone(),
            why: why.to_owned(),
            retry_after: None,
            source: Some(Box::new(source.without_url())),
        }
    }
}

/// Why a body was not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadBody {
    /// It is larger than accepted.
    #[error("the body is larger than {max_bytes} bytes")]
    TooLarge {
        /// What would have been accepted.
        max_bytes: usize,
    },
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] reqwest::Error),
}

/// Reads a body up to a size, counted after decompression.
pub(crate) async fn read_body(response: reqwest::Response, max_bytes: usize) -> Result<Bytes, BadBody> {
    let announced = response.content_length().unwrap_or(0);
    if announced > max_bytes as u64 {
        return Err(BadBody::TooLarge { max_bytes });
    }
    let mut body = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(BadBody::Broken)?;
        if body.len() + chunk.len() > max_bytes {
            return Err(BadBody::TooLarge { max_bytes });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn header(field: &'static str, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|_| Error::invalid(field, "it holds characters that cannot stand in a header"))
}
