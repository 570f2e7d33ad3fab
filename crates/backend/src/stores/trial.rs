//! The test of a store: whether it answers, what it really is, what time it has, whether it keeps tenants apart as the
//! settings say, and whether it has what the portal needs. Every call has a deadline and a size limit, and the test as a
//! whole ends in time. Answers are counted, never shown.

mod address;
mod answer;
mod kind;
mod tenancy;

use std::time::Duration;

use contract::{
    Timestamp,
    store_admin::{Check, Finding, Fix, Grade, StoreTest},
};
use query::{Enforced, MeshScope, PromQl, Side, TenantLabel, confine};
use reqwest::{StatusCode, Url};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use tokio::time::Instant;

use crate::{
    Error,
    clock::Clock,
    config::{StoreConfig, Tenancy},
    upstream::{Connect, Http, Look, Unreachable},
};

/// For one call, at most.
const CALL: Duration = Duration::from_secs(5);
/// For the whole test.
const WHOLE: Duration = Duration::from_secs(20);
/// Largest answer looked at.
const ANSWER_MAX: usize = 1 << 20;
/// What the portal lives from. Asked for by name: counting everything would be felt by a large store.
const SAMPLE: &str = "count by (__name__) ({__name__=~\"istio_requests_total|up\"})";
/// Nobody's tenant: it has no data anywhere.
pub(super) const NOBODY: &str = "obstack-test-of-a-store-nobody";

const SKEW_WARN_MS: i64 = 2_000;
const SKEW_BAD_MS: i64 = 30_000;
const SLOW: Duration = Duration::from_secs(2);

/// One run.
struct Trial<'a> {
    store: &'a StoreConfig,
    /// Slugs of the tenants bound to it.
    tenants: &'a [String],
    clock: &'a dyn Clock,
    ends: Instant,
    findings: Vec<Finding>,
    version: String,
}

/// Tests a store as it is written in `store`, which need not be saved.
pub(super) async fn run(store: &StoreConfig, tenants: &[String], clock: &dyn Clock) -> Result<StoreTest, Error> {
    let started = Instant::now();
    let mut trial =
        Trial { store, tenants, clock, ends: started + WHOLE, findings: Vec::new(), version: String::new() };
    trial.all().await?;
    let grade = trial.findings.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Bad);
    Ok(StoreTest { grade, version: trial.version, took_ms: millis(started.elapsed()), findings: trial.findings })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn fix<const N: usize>(label: &str, set: [(&str, &str); N]) -> Option<Fix> {
    let set = set.into_iter().map(|(field, value)| (field.to_owned(), value.to_owned())).collect();
    Some(Fix { label: label.to_owned(), set })
}

impl Trial<'_> {
    fn found(&mut self, check: Check, grade: Grade, sentence: impl Into<String>) {
        self.fixable(check, grade, sentence, None);
    }

    fn fixable(&mut self, check: Check, grade: Grade, sentence: impl Into<String>, fix: Option<Fix>) {
        self.findings.push(Finding { check, grade, sentence: sentence.into(), fix });
    }

    fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now()).min(CALL)
    }

    /// A client for an address of this store, as a tenant of the store's own.
    fn client(&self, url: &Url, org_id: Option<&str>) -> Result<Http, Error> {
        let mut connect = super::connect(self.store, org_id.map(str::to_owned))?;
        connect =
            Connect { url: url.to_string(), max_bytes: ANSWER_MAX, deadline: connect.deadline.min(CALL), ..connect };
        Http::new(&connect)
    }

    fn url(&self) -> Result<&Url, Error> {
        self.store.url.as_ref().ok_or_else(|| Error::internal("a store without address"))
    }

    /// The id the settings send for the tenant who is tried first.
    fn first_org(&self) -> Option<&str> {
        let first = self.tenants.first().map_or(NOBODY, String::as_str);
        (self.store.tenancy == Tenancy::Header).then_some(first)
    }

    async fn ask(&self, http: &Http, query: &Enforced<PromQl>) -> Result<Look, Unreachable> {
        http.look_post("api/v1/query", &[("query", query.get().as_str()), ("timeout", "4s")], self.left()).await
    }

    async fn all(&mut self) -> Result<(), Error> {
        let http = self.client(self.url()?, self.first_org())?;
        let asked_at = self.clock.now();
        let first = self.ask(&http, &confined("1", None)?).await;
        let answered_at = self.clock.now();
        let Some(look) = self.reach(first).await? else { return Ok(()) };
        self.clocks(&look, asked_at, answered_at);
        self.kind(&http, &look).await;
        self.tenancy(&http).await?;
        self.sample(&http).await
    }

    /// Whether it answers a question at all; what came, when it does.
    async fn reach(&mut self, first: Result<Look, Unreachable>) -> Result<Option<Look>, Error> {
        let look = match first {
            Ok(look) => look,
            Err(why) => {
                self.unreachable(why).await?;
                return Ok(None);
            }
        };
        let (status, text) = (look.status, look.text());
        if answer::is_success(&look) {
            self.found(Check::Reach, Grade::Ok, format!("It answers, in {} ms.", millis(look.took)));
            if look.took > SLOW {
                self.found(Check::Reach, Grade::Warn, "That is slow for the question what 1 is.");
            }
            return Ok(Some(look));
        }
        if status == StatusCode::UNAUTHORIZED && text.contains("no org id") {
            let sentence = "It answers 401 “no org id”: it keeps tenants apart itself and wants to be told which one asks, in \
                            the header X-Scope-OrgID.";
            let send = fix("Send header", [("kind", "mimir"), ("tenancy/mode", "header")]);
            self.fixable(Check::Reach, Grade::Bad, sentence, send.filter(|_| self.store.tenancy != Tenancy::Header));
            return Ok(None);
        }
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            self.refuses_us(&look);
            return Ok(None);
        }
        if status == StatusCode::BAD_REQUEST && text.contains("http request to an https server") {
            let mut secure = self.url()?.clone();
            if secure.set_scheme("https").is_ok() {
                let sentence = "It speaks TLS, and the address begins with http://.";
                self.fixable(Check::Reach, Grade::Bad, sentence, fix("Use https", [("url", secure.as_str())]));
                return Ok(None);
            }
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.found(
                Check::Reach,
                Grade::Bad,
                "It answers 429: too many requests. Try again later, or raise its limits.",
            );
            return Ok(None);
        }
        if status.is_server_error() {
            let code = status.as_u16();
            let sentence = format!(
                "Something answers with status {code}: it, or a proxy in front of it, is not well. Its log says why."
            );
            self.found(Check::Reach, Grade::Bad, sentence);
            return Ok(None);
        }
        self.wrong_address(&look).await?;
        Ok(None)
    }

    fn refuses_us(&mut self, look: &Look) {
        let (_, _, secret) = self.store.auth.parts();
        let wants = look.header("www-authenticate").to_lowercase();
        let kind = match (wants.starts_with("basic"), wants.starts_with("bearer")) {
            (true, _) => "a user name and a password",
            (_, true) => "a bearer token",
            (false, false) => "credentials",
        };
        let sentence = match (look.status, secret) {
            (StatusCode::UNAUTHORIZED, None) => format!("It answers 401: it wants {kind}, and none are written here."),
            (StatusCode::UNAUTHORIZED, Some(_)) => {
                format!("It answers 401: it wants {kind}, and what is written here is wrong or has expired.")
            }
            (_, None) => "It answers 403: whoever asks without credentials may not query it.".to_owned(),
            (_, Some(_)) => {
                "It answers 403: it knows the credentials and does not let them query. They need the right to read."
                    .to_owned()
            }
        };
        self.found(Check::Reach, Grade::Bad, sentence);
    }

    async fn unreachable(&mut self, why: Unreachable) -> Result<(), Error> {
        let url = self.url()?.clone();
        let host = url.host_str().unwrap_or_default().to_owned();
        let secs = self.store.timeout.min(CALL).as_secs();
        let sentence = match why {
            Unreachable::Unresolved => format!("The name {host} has no address. Check the spelling, and the name service of this machine."),
            Unreachable::Refused => {
                let port = url.port_or_known_default().unwrap_or_default();
                format!("Nobody answers at port {port} of {host}: the connection is refused or not possible. Check the port, and whether a firewall is between.")
            }
            Unreachable::Certificate => {
                "Its certificate is not trusted by this machine: unknown issuer, another name, or expired. Install the issuer, or renew it.".to_owned()
            }
            Unreachable::NoTls => {
                let mut plain = url.clone();
                let sentence = "It does not speak TLS as the address says it does.";
                // Certain only when it does answer so.
                if plain.set_scheme("http").is_ok() && self.answers_at(&plain).await? {
                    self.fixable(Check::Reach, Grade::Bad, sentence, fix("Use http", [("url", plain.as_str())]));
                } else {
                    self.found(Check::Reach, Grade::Bad, sentence);
                }
                return Ok(());
            }
            Unreachable::Timeout => format!("It does not answer within {secs} s. It is overloaded, or something between swallows the connection."),
            Unreachable::TooLarge => "It answers a small question with more than 1 MiB. That is no Prometheus API.".to_owned(),
            Unreachable::Broken => "The connection broke before an answer was there.".to_owned(),
        };
        self.found(Check::Reach, Grade::Bad, sentence);
        Ok(())
    }

    /// Our clock against the store's: data of the future, or of too long ago, are not found.
    fn clocks(&mut self, look: &Look, asked_at: Timestamp, answered_at: Timestamp) {
        let Ok(date) = OffsetDateTime::parse(look.header("date"), &Rfc2822) else {
            self.found(Check::Clock, Grade::Warn, "It does not say what time it has, so its clock cannot be compared.");
            return;
        };
        // It tells whole seconds, cut off; it may have looked at its clock at any time between question and answer.
        let date = Timestamp::from(date).0;
        let (early, late) = (date - answered_at.0, date + 999 - asked_at.0);
        let skew = if early > 0 { early } else { late.min(0) };
        let secs = skew.unsigned_abs() as f64 / 1000.0;
        let way = if skew > 0 { "ahead of" } else { "behind" };
        match skew.abs() {
            0..=SKEW_WARN_MS => {
                self.found(Check::Clock, Grade::Ok, "Its clock agrees with ours to the second it tells.")
            }
            SKEW_BAD_MS.. => {
                let sentence = format!(
                    "Its clock is {secs:.0} s {way} ours: the newest data are missing or look old. Synchronise both."
                );
                self.found(Check::Clock, Grade::Bad, sentence);
            }
            _ => {
                let sentence = format!("Its clock is {secs:.0} s {way} ours. Synchronise both before it grows.");
                self.found(Check::Clock, Grade::Warn, sentence);
            }
        }
    }

    /// Whether it has what the portal lives from, for the first tenant where there are several.
    async fn sample(&mut self, http: &Http) -> Result<(), Error> {
        let (label, whose) = match (&self.store.tenancy, self.tenants.first()) {
            (Tenancy::Label(label), Some(first)) => (Some(tenant_label(label, first)?), format!(" of {first}")),
            (Tenancy::Label(_), None) | (Tenancy::Header, None) => {
                self.found(Check::Sample, Grade::Ok, "No tenant is bound to it yet, so nobody's data were looked for.");
                return Ok(());
            }
            (Tenancy::Header, Some(first)) => (None, format!(" of {first}")),
            (Tenancy::Single, _) => (None, String::new()),
        };
        match self.ask(http, &confined(SAMPLE, label.as_ref())?).await {
            Ok(look) if answer::is_success(&look) => {
                let counts = answer::counts(&look, "__name__");
                let of = |name: &str| counts.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count);
                let (istio, up, took) = (of("istio_requests_total"), of("up"), millis(look.took));
                let sentence =
                    format!("{istio} series of istio_requests_total and {up} of up{whose}, counted in {took} ms.");
                match (istio, up) {
                    (0, 0) => {
                        let sentence =
                            format!("There is neither istio_requests_total nor up{whose}: every page would be empty.");
                        self.found(Check::Sample, Grade::Warn, sentence);
                    }
                    (0, _) => {
                        let sentence = format!(
                            "{sentence} Without istio_requests_total the topology stays empty: is the mesh scraped?"
                        );
                        self.found(Check::Sample, Grade::Warn, sentence);
                    }
                    _ if look.took > SLOW => {
                        self.found(Check::Sample, Grade::Warn, format!("{sentence} That is slow; pages will be, too."));
                    }
                    _ => self.found(Check::Sample, Grade::Ok, sentence),
                }
            }
            Ok(look) => {
                let sentence = format!("It answers 1, but not a count of series: status {}.", look.status.as_u16());
                self.found(Check::Sample, Grade::Bad, sentence);
            }
            Err(_) => self.found(Check::Sample, Grade::Bad, "It answers 1, but not a count of series, in time."),
        }
        Ok(())
    }
}

fn tenant_label(label: &str, tenant: &str) -> Result<TenantLabel, Error> {
    TenantLabel::new(label, tenant).map_err(|error| Error::internal(error.to_string()))
}

/// A question of ours, on its way out like every other.
fn confined(expr: &str, label: Option<&TenantLabel>) -> Result<Enforced<PromQl>, Error> {
    confine(expr, &MeshScope::everything(), Side::Resource, label).map_err(Error::internal)
}
