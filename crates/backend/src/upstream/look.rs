//! A closer look at an answer, for the test of a store: status, headers and time, and why nothing came. No redirects are
//! followed, and deadline and size limit are those of every other call.

use std::{
    io,
    time::{Duration, Instant},
};

use bytes::Bytes;
use reqwest::{StatusCode, header::HeaderMap};

use super::http::{BadBody, Http, read_body};

/// What came back.
#[derive(Debug)]
pub(crate) struct Look {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub took: Duration,
}

impl Look {
    /// A header as text, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The beginning of the body, in lower case, for telling answers apart. Never shown.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body[..self.body.len().min(2048)]).to_lowercase()
    }
}

/// Why nothing came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// The name has no address.
    Unresolved,
    /// Nobody listens there.
    Refused,
    /// It does not speak TLS.
    NoTls,
    /// Its certificate is not trusted.
    Certificate,
    /// No answer in time.
    Timeout,
    /// More than is accepted.
    TooLarge,
    /// The connection broke.
    Broken,
}

impl Http {
    /// POSTs a form and looks at whatever comes, within `most` time.
    pub(crate) async fn look_post(
        &self,
        path: &'static str,
        form: &[(&str, &str)],
        most: Duration,
    ) -> Result<Look, Unreachable> {
        let url = self.base.join(path).map_err(|_| Unreachable::Broken)?;
        self.look(self.client.post(url).form(form), most).await
    }

    /// GETs a path of ours (empty for the address itself) and looks at whatever comes, within `most` time.
    pub(crate) async fn look_get(
        &self,
        path: &str,
        query: &[(&str, &str)],
        most: Duration,
    ) -> Result<Look, Unreachable> {
        let url = self.base.join(path).map_err(|_| Unreachable::Broken)?;
        self.look(self.client.get(url).query(query), most).await
    }

    async fn look(&self, request: reqwest::RequestBuilder, most: Duration) -> Result<Look, Unreachable> {
        let request = match &self.basic {
            Some((username, password)) => request.basic_auth(username, Some(password)),
            None => request,
        };
        let started = Instant::now();
        let exchange = async {
            let response = request.send().await.map_err(|error| why(&error))?;
            let (status, headers) = (response.status(), response.headers().clone());
            let took = started.elapsed();
            let body = read_body(response, self.max_bytes).await.map_err(|bad| match bad {
                BadBody::TooLarge { .. } => Unreachable::TooLarge,
                BadBody::Broken(error) => why(&error),
            })?;
            Ok(Look { status, headers, body, took })
        };
        tokio::time::timeout(self.deadline.min(most), exchange).await.unwrap_or(Err(Unreachable::Timeout))
    }
}

/// What a failure of the client means. Libraries below it tell by type only in part, by text otherwise.
fn why(error: &reqwest::Error) -> Unreachable {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut text = String::new();
    while let Some(cause) = next {
        if let Some(io) = cause.downcast_ref::<io::Error>()
            && io.kind() == io::ErrorKind::ConnectionRefused
        {
            return Unreachable::Refused;
        }
        text.push_str(&cause.to_string().to_lowercase());
        text.push('\n');
        next = cause.source();
    }
    if text.contains("dns error") || text.contains("lookup address") {
        return Unreachable::Unresolved;
    }
    if text.contains("certificate") {
        return Unreachable::Certificate;
    }
    if text.contains("corrupt message") || text.contains("handshake") {
        return Unreachable::NoTls;
    }
    match (error.is_timeout(), error.is_connect()) {
        (true, _) => Unreachable::Timeout,
        (false, true) => Unreachable::Refused,
        (false, false) => Unreachable::Broken,
    }
}
