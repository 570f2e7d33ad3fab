//! When something answers that is no Prometheus API: where it probably is. An address is offered only after it has answered.

use contract::store_admin::{Check, Grade};
use reqwest::Url;

use super::{Trial, answer, confined, fix};
use crate::{Error, upstream::Look};

/// How the addresses of user interfaces and of the API itself end, below the one that is wanted; the longer first.
const BELOW: [&str; 12] = [
    "/api/v1/query",
    "/api/v1",
    "/api",
    "/classic/graph",
    "/graph",
    "/query",
    "/targets",
    "/alerts",
    "/rules",
    "/vmui",
    "/-/ready",
    "/metrics",
];
/// Most addresses tried.
const TRIES: usize = 4;

impl Trial<'_> {
    /// Something answered, and it was no answer to the question.
    pub(super) async fn wrong_address(&mut self, look: &Look) -> Result<(), Error> {
        let url = self.url()?.clone();
        // The address itself may lead to a user interface, and so tell where that is.
        let http = self.client(&url, self.first_org())?;
        let front = http.look_get("", &[], self.left()).await.ok();
        let elsewhere = [Some(look), front.as_ref()].into_iter().flatten();
        let pointed = elsewhere.filter_map(|look| pointed_to(&url, look)).collect::<Vec<_>>();
        let what = said(look, front.as_ref());
        for candidate in candidates(&url, pointed).into_iter().take(TRIES) {
            if self.answers_at(&candidate).await? {
                let sentence = format!("{what} The API is at {candidate}.");
                let label = if candidate.scheme() == url.scheme() { "Use that address" } else { "Use https" };
                self.fixable(Check::Reach, Grade::Bad, sentence, fix(label, [("url", candidate.as_str())]));
                return Ok(());
            }
        }
        let sentence = format!(
            "{what} Write the address that stands before /api/v1; Mimir's usually ends in /prometheus, and VictoriaMetrics' \
             cluster needs /select/0/prometheus."
        );
        self.found(Check::Reach, Grade::Bad, sentence);
        Ok(())
    }

    /// Whether there is a Prometheus API, even one that wants to be told who asks.
    pub(super) async fn answers_at(&self, url: &Url) -> Result<bool, Error> {
        if self.left().is_zero() {
            return Ok(false);
        }
        let http = self.client(url, self.first_org())?;
        let look = self.ask(&http, &confined("1", None)?).await;
        Ok(look.is_ok_and(|look| {
            answer::is_success(&look) || (look.status.as_u16() == 401 && look.text().contains("no org id"))
        }))
    }
}

/// What the answer looks like, without a word of it.
fn said(look: &Look, front: Option<&Look>) -> String {
    let html = |look: &Look| look.header("content-type").starts_with("text/html") || look.text().contains("<html");
    if look.status.is_redirection() {
        return "It answers with a redirect, which is not followed.".to_owned();
    }
    if front.is_some_and(|front| front.status.is_redirection()) {
        return "This is the address of a user interface, not of the API.".to_owned();
    }
    if html(look) || front.is_some_and(html) {
        return "A web page answers there, not a Prometheus API.".to_owned();
    }
    match look.status.as_u16() {
        404 | 405 => "There is no Prometheus API at this address.".to_owned(),
        200 => "What answers there is no Prometheus API.".to_owned(),
        code => format!("It answers with status {code}, not as a Prometheus API does."),
    }
}

/// Where a redirect leads, when that is on the same host: other hosts are nobody's business here.
fn pointed_to(url: &Url, look: &Look) -> Option<Url> {
    if !look.status.is_redirection() {
        return None;
    }
    let mut target = url.join(look.header("location")).ok()?;
    target.set_query(None);
    target.set_fragment(None);
    let same_user = target.username().is_empty() && target.password().is_none();
    let secured = url.scheme() == "http" && target.scheme() == "https";
    let same_host = target.host_str() == url.host_str()
        && (target.port_or_known_default() == url.port_or_known_default() || secured);
    (same_user && same_host && matches!(target.scheme(), "http" | "https")).then_some(target)
}

fn candidates(url: &Url, pointed: Vec<Url>) -> Vec<Url> {
    let trimmed = |url: &Url| url.path().trim_end_matches('/').to_owned();
    let with_path = |url: &Url, path: &str| {
        let mut other = url.clone();
        other.set_path(path);
        other
    };
    let mut found: Vec<Url> = Vec::new();
    for base in pointed.iter().chain([url]) {
        let path = trimmed(base);
        if let Some(above) = BELOW.iter().find_map(|end| path.strip_suffix(end)) {
            found.push(with_path(base, above));
        }
    }
    found.extend(pointed.iter().map(|target| with_path(target, &trimmed(target))));
    let path = trimmed(url);
    if !path.ends_with("/prometheus") {
        found.push(with_path(url, &format!("{path}/prometheus")));
    }
    let mut known = vec![with_path(url, &path)];
    found.retain(|candidate| {
        let fresh = !known.contains(candidate);
        known.push(candidate.clone());
        fresh
    });
    found
}
