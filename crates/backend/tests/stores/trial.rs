//! The test of a store against imitations of what people really have, and against a real Prometheus.

use std::{
    net::TcpListener,
    process::{Command, Stdio},
    time::Duration,
};

use contract::{
    Timestamp,
    store_admin::{Check, Finding, Grade, StoreSettings, StoreTest},
};
use sqlx::PgPool;

use crate::{
    fixture::{Fixture, settings, tenancy},
    scripted::{Asked, Reply, Scripted, reply},
};

const ONE: &str = r#"{"status":"success","data":{"resultType":"scalar","result":[1700000000,"1"]}}"#;
const EMPTY: &str = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
const BUILD: &str = r#"{"status":"success","data":{"version":"2.53.1","revision":"abc","goVersion":"go1.22"}}"#;
const MIMIR: &str = r#"{"status":"success","data":{"application":"Grafana Mimir","version":"2.14.0","revision":"x"}}"#;

fn counts() -> String {
    let of = |name: &str, count: u32| format!(r#"{{"metric":{{"__name__":"{name}"}},"value":[1700000000,"{count}"]}}"#);
    let (a, b) = (of("istio_requests_total", 40), of("up", 3));
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{a},{b}]}}}}"#)
}

fn names(names: &[&str]) -> String {
    format!(
        r#"{{"status":"success","data":[{}]}}"#,
        names.iter().map(|n| format!("\"{n}\"")).collect::<Vec<_>>().join(",")
    )
}

/// A date as servers write it, so many seconds from now.
fn date(ahead_secs: i64) -> String {
    use backend::clock::{Clock, SystemClock};
    let at = Timestamp(SystemClock.now().0 + ahead_secs * 1000).to_datetime();
    let (day, month) = (at.weekday().to_string(), at.month().to_string());
    let clock = format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second());
    format!("date: {}, {:02} {} {} {clock} GMT", &day[..3], at.day(), &month[..3], at.year())
}

/// A Prometheus with series of acme and globex by the label tenant_id.
fn prometheus(asked: &Asked) -> Option<Reply> {
    let body = match asked.path.as_str() {
        "/api/v1/query" if asked.promql == "1" => ONE.to_owned(),
        "/api/v1/query" if asked.promql.contains("nobody") => EMPTY.to_owned(),
        "/api/v1/query" => counts(),
        "/api/v1/status/buildinfo" => BUILD.to_owned(),
        "/api/v1/label/tenant_id/values" => names(&["acme", "globex"]),
        "/api/v1/label/namespace/values" => names(&["shop", "ai"]),
        path if path.ends_with("/values") => names(&[]),
        _ => return Some(reply("404 Not Found", "404 page not found")),
    };
    Some(reply("200 OK", body).with(&date(0)))
}

/// A Mimir below `/prometheus`; without `multi` it puts everybody into one tenant.
fn mimir(multi: bool) -> impl Fn(&Asked) -> Option<Reply> {
    move |asked| {
        let Some(path) = asked.path.strip_prefix("/prometheus") else {
            return Some(reply("404 Not Found", "404 page not found"));
        };
        if multi && asked.org().is_empty() {
            return Some(reply("401 Unauthorized", "no org id\n").with(&date(0)));
        }
        let body = match path {
            "/api/v1/status/buildinfo" => MIMIR.to_owned(),
            "/api/v1/query" if asked.promql == "1" => ONE.to_owned(),
            "/api/v1/query" if multi && asked.org() != "acme" => EMPTY.to_owned(),
            "/api/v1/query" => counts(),
            _ => names(&[]),
        };
        Some(reply("200 OK", body).with(&date(0)))
    }
}

struct Ready {
    t: Fixture,
}

impl Ready {
    async fn new(pool: PgPool) -> Self {
        Self { t: Fixture::new(pool).await }
    }

    async fn test(&self, settings: StoreSettings) -> StoreTest {
        let operator = self.t.operator().await;
        self.t.backend.store_admin().test_settings(&operator, &settings, None).await.expect("tested")
    }

    /// Saves a store, binds acme and tests it.
    async fn saved(&self, settings: StoreSettings) -> StoreTest {
        let (operator, admin) = (self.t.operator().await, self.t.backend.store_admin());
        admin.create(&operator, &settings).await.expect("created");
        self.t.bind("acme", &settings.name).await.expect("bound");
        admin.test(&operator, &settings.name).await.expect("tested")
    }
}

fn of(test: &StoreTest, check: Check) -> Vec<&Finding> {
    test.findings.iter().filter(|finding| finding.check == check).collect()
}

/// The only finding of a test that got no further, with its fix.
fn end(test: &StoreTest) -> (&str, Vec<(&str, &str)>) {
    let [finding] = &test.findings[..] else { panic!("{test:?}") };
    assert_eq!((finding.check, finding.grade), (Check::Reach, Grade::Bad), "{test:?}");
    let set = finding.fix.iter().flat_map(|fix| fix.set.iter().map(|(field, value)| (field.as_str(), value.as_str())));
    (&finding.sentence, set.collect())
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_good_prometheus_shared_by_label(pool: PgPool) {
    let ready = Ready::new(pool).await;
    let stub = Scripted::start(prometheus).await;
    let test =
        ready.saved(StoreSettings { tenancy: tenancy("label", "tenant_id"), ..settings("prom", &stub.url) }).await;
    assert_eq!((test.grade, test.version.as_str()), (Grade::Ok, "2.53.1"), "{test:?}");
    assert!(of(&test, Check::Sample)[0].sentence.starts_with("40 series of istio_requests_total"), "{test:?}");
    // Every question about data left confined.
    let about = stub.seen().into_iter().filter(|asked| asked.promql.contains("__name__"));
    assert!(about.map(|asked| asked.promql).all(|text| text.contains("tenant_id=\"")));

    // A label nobody has: the one that carries the slug is offered.
    let other = StoreSettings { tenancy: tenancy("label", "team"), ..settings("prom-2", &stub.url) };
    let test = ready.saved(other).await;
    let finding = of(&test, Check::Tenancy)[0];
    assert_eq!(finding.grade, Grade::Bad);
    assert_eq!(finding.fix.as_ref().expect("certain").set["tenancy/label"], "tenant_id");
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_store_for_one_that_holds_several(pool: PgPool) {
    let ready = Ready::new(pool).await;
    let stub = Scripted::start(prometheus).await;
    let test = ready.test(settings("prom", &stub.url)).await;
    let finding = of(&test, Check::Tenancy)[0];
    assert_eq!(finding.grade, Grade::Warn, "{test:?}");
    assert!(finding.sentence.contains("tenant_id has 2 values"), "{}", finding.sentence);
    let fix = &finding.fix.as_ref().expect("certain").set;
    assert_eq!((fix["tenancy/mode"].as_str(), fix["tenancy/label"].as_str()), ("label", "tenant_id"));
}

#[sqlx::test(migrations = "../../migrations")]
async fn something_in_front_that_ignores_matchers(pool: PgPool) {
    let ready = Ready::new(pool).await;
    let stub = Scripted::start(|asked: &Asked| match asked.promql.contains("nobody") {
        true => Some(reply("200 OK", counts())),
        false => prometheus(asked),
    })
    .await;
    let test =
        ready.saved(StoreSettings { tenancy: tenancy("label", "tenant_id"), ..settings("prom", &stub.url) }).await;
    assert_eq!(test.grade, Grade::Bad);
    assert!(
        of(&test, Check::Tenancy).iter().any(|f| f.grade == Grade::Bad && f.sentence.contains("finds 43 series")),
        "{test:?}"
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn mimir_is_found_step_by_step(pool: PgPool) {
    let ready = Ready::new(pool).await;
    let stub = Scripted::start(mimir(true)).await;
    // Its prefix is missing.
    let test = ready.test(settings("m", &stub.url)).await;
    let (sentence, fix) = end(&test);
    assert_eq!(fix, [("url", format!("{}/prometheus", stub.url).as_str())], "{sentence}");
    // It wants to be told who asks.
    let with_prefix = settings("m", &format!("{}/prometheus", stub.url));
    let test = ready.test(with_prefix.clone()).await;
    let (sentence, fix) = end(&test);
    assert!(sentence.contains("no org id"), "{sentence}");
    assert_eq!(fix, [("kind", "mimir"), ("tenancy/mode", "header")]);
    // And then all is well.
    let right = StoreSettings { kind: "mimir".to_owned(), tenancy: tenancy("header", ""), ..with_prefix };
    let test = ready.saved(right).await;
    assert_eq!((test.grade, test.version.as_str()), (Grade::Ok, "2.14.0"), "{test:?}");
    let sentences: Vec<&str> = of(&test, Check::Tenancy).iter().map(|finding| finding.sentence.as_str()).collect();
    assert_eq!(
        sentences,
        [
            "Without the header it refuses, with 401.",
            "With the header it answers; series by tenant: acme 43.",
            "An id that nobody has finds nothing."
        ]
    );
}

#[sqlx::test(migrations = "../../migrations")]
async fn mimir_without_tenants_does_not_keep_anybody_apart(pool: PgPool) {
    let ready = Ready::new(pool).await;
    let stub = Scripted::start(mimir(false)).await;
    let url = format!("{}/prometheus", stub.url);
    let header = StoreSettings { kind: "mimir".to_owned(), tenancy: tenancy("header", ""), ..settings("m", &url) };
    let test = ready.saved(header).await;
    assert_eq!(test.grade, Grade::Bad);
    let grades: Vec<Grade> = of(&test, Check::Tenancy).iter().map(|finding| finding.grade).collect();
    assert_eq!(grades, [Grade::Warn, Grade::Ok, Grade::Bad], "{test:?}");
    assert_eq!(of(&test, Check::Tenancy)[0].fix.as_ref().expect("one tenant only").set["tenancy/mode"], "none");
}

#[sqlx::test(migrations = "../../migrations")]
async fn victoriametrics_does_not_pass_for_prometheus(pool: PgPool) {
    let ready = Ready::new(pool).await;
    let stub = Scripted::start(|asked: &Asked| {
        let answer = match asked.path.as_str() {
            "/api/v1/status/buildinfo" => reply("200 OK", r#"{"status":"success","data":{"version":"2.24.0"}}"#),
            _ => prometheus(asked)?,
        };
        Some(answer.with("X-Server-Hostname: vm-0"))
    })
    .await;
    let test = ready.test(settings("vm", &stub.url)).await;
    let finding = of(&test, Check::Kind)[0];
    assert_eq!((finding.grade, test.version.as_str()), (Grade::Warn, ""), "{test:?}");
    assert_eq!(finding.fix.as_ref().expect("certain").set["kind"], "victoriametrics");
    let right = StoreSettings { kind: "victoriametrics".to_owned(), ..settings("vm", &stub.url) };
    assert_eq!(of(&ready.test(right).await, Check::Kind)[0].grade, Grade::Ok);
}

#[sqlx::test(migrations = "../../migrations")]
async fn clocks_are_compared(pool: PgPool) {
    let ready = Ready::new(pool).await;
    for (ahead, grade, words) in [
        (0, Grade::Ok, "agrees"),
        (10, Grade::Warn, "ahead of"),
        (-10, Grade::Warn, "behind"),
        (3600, Grade::Bad, "ahead of"),
    ] {
        let stub = Scripted::start(move |asked: &Asked| {
            let plain = prometheus(asked)?;
            Some(Reply { headers: String::new(), ..plain }.with(&date(ahead)))
        })
        .await;
        let test = ready.test(settings("prom", &stub.url)).await;
        let finding = of(&test, Check::Clock)[0];
        assert_eq!(finding.grade, grade, "{ahead}: {test:?}");
        assert!(finding.sentence.contains(words), "{}", finding.sentence);
    }
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_is_no_store_is_told_apart(pool: PgPool) {
    let ready = Ready::new(pool).await;
    let at = async |url: &str| ready.test(settings("x", url)).await;

    let dead = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    assert!(end(&at(&format!("http://{dead}")).await).0.contains("Nobody answers at port"));
    assert!(end(&at("http://name.invalid").await).0.contains("has no address"));

    let silent = Scripted::start(|_| None).await;
    let started = std::time::Instant::now();
    assert!(end(&at(&silent.url).await).0.contains("does not answer within 2 s"));
    assert!(started.elapsed() < Duration::from_secs(15));

    let locked = Scripted::start(|_| Some(reply("401 Unauthorized", "").with("WWW-Authenticate: Basic realm=x"))).await;
    assert!(end(&at(&locked.url).await).0.contains("wants a user name and a password, and none are written"));
    let basic = StoreSettings {
        auth: "basic".to_owned(),
        username: "ana".to_owned(),
        secret: "wrong".to_owned(),
        ..settings("x", &locked.url)
    };
    assert!(end(&ready.test(basic).await).0.contains("is wrong or has expired"));
    let forbidden = Scripted::start(|_| Some(reply("403 Forbidden", "secret words of theirs"))).await;
    let test = at(&forbidden.url).await;
    assert!(end(&test).0.contains("403") && !format!("{test:?}").contains("secret words"), "{test:?}");

    let page =
        Scripted::start(|_| Some(reply("200 OK", "<!doctype html><html>").with("content-type: text/html"))).await;
    let test = at(&page.url).await;
    assert!(end(&test).0.starts_with("A web page answers there"), "{test:?}");

    // TLS to somebody who speaks none; the plain address answers, so it is offered.
    let plain = Scripted::start(prometheus).await;
    let test = at(&plain.url.replace("http:", "https:")).await;
    assert_eq!(end(&test).1, [("url", format!("{}/", plain.url).as_str())], "{test:?}");
}

#[sqlx::test(migrations = "../../migrations")]
async fn the_address_of_a_user_interface_leads_to_the_store(pool: PgPool) {
    let ready = Ready::new(pool).await;
    // As with --web.external-url=http://host/prom: the front page leads to /prom/graph.
    let elsewhere = Scripted::start(prometheus).await;
    let stub = Scripted::start(|asked: &Asked| match asked.path.strip_prefix("/prom/") {
        Some(rest) if rest.starts_with("api/") && !rest.contains("graph") => {
            prometheus(&Asked { path: format!("/{rest}"), ..asked.clone() })
        }
        Some(_) => Some(reply("404 Not Found", "")),
        None => Some(reply("302 Found", "").with("location: /prom/graph")),
    })
    .await;
    for path in ["", "/prom/graph", "/prom/api/v1/query"] {
        let test = ready.test(settings("x", &format!("{}{path}", stub.url))).await;
        assert_eq!(end(&test).1, [("url", format!("{}/prom", stub.url).as_str())], "{path}: {test:?}");
    }
    // Another host is not followed, whatever it is.
    let location = format!("location: {}/graph", elsewhere.url.replace("127.0.0.1", "localhost"));
    let away = Scripted::start(move |_| Some(reply("302 Found", "").with(&location))).await;
    let test = ready.test(settings("x", &away.url)).await;
    assert!(end(&test).0.starts_with("It answers with a redirect, which is not followed"), "{test:?}");
    assert!(end(&test).1.is_empty() && elsewhere.seen().is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_fix_changes_exactly_what_it_says(pool: PgPool) {
    let ready = Ready::new(pool).await;
    let (operator, admin) = (ready.t.operator().await, ready.t.backend.store_admin());
    let stub = Scripted::start(mimir(true)).await;
    let new = StoreSettings {
        auth: "basic".to_owned(),
        username: "ana".to_owned(),
        secret: "pass-word".to_owned(),
        ..settings("m", &format!("{}/prometheus", stub.url))
    };
    let created = admin.create(&operator, &new).await.expect("created");
    let test = admin.test(&operator, "m").await.expect("tested");
    let fix = test.findings[0].fix.clone().expect("send the header");
    let fixed = admin.fix(&operator, "m", &fix, &backend::etag(&created)).await.expect("fixed");
    assert_eq!((fixed.kind.as_str(), fixed.tenancy.mode.as_str()), ("mimir", "header"));
    assert_eq!(
        (fixed.url, fixed.timeout_ms, fixed.username, fixed.has_secret),
        (created.url, 2000, "ana".to_owned(), true)
    );
    ready.t.bind("acme", "m").await.expect("bound");
    assert_eq!(admin.test(&operator, "m").await.expect("tested").grade, Grade::Ok);
    // The password went along all the time.
    assert!(stub.seen().iter().all(|asked| asked.headers["authorization"] == "Basic YW5hOnBhc3Mtd29yZA=="));
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_real_prometheus(pool: PgPool) {
    if Command::new("prometheus").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return println!("SKIPPED a_real_prometheus: prometheus is not installed (Debian: apt-get install prometheus)");
    }
    let ready = Ready::new(pool).await;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let (config, data) = (dir.path().join("prometheus.yml"), dir.path().join("tsdb"));
    let scrape = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n  - job_name: self\n    static_configs: [{{targets: ['127.0.0.1:{port}'], \
         labels: {{tenant_id: acme}}}}]\n"
    );
    std::fs::write(&config, scrape).expect("written");
    let mut process = Command::new("prometheus")
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", data.display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("prometheus starts");
    let url = format!("http://127.0.0.1:{port}");
    let shared = StoreSettings { tenancy: tenancy("label", "tenant_id"), ..settings("prom", &url) };
    let (operator, admin) = (ready.t.operator().await, ready.t.backend.store_admin());
    admin.create(&operator, &shared).await.expect("created");
    ready.t.bind("acme", "prom").await.expect("bound");
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    let test = loop {
        let test = admin.test(&operator, "prom").await.expect("tested");
        let scraped = of(&test, Check::Sample).iter().any(|finding| finding.sentence.contains("1 of up"));
        // The first scrape may arrive in the middle of a test.
        if scraped && test.grade != Grade::Bad || std::time::Instant::now() > deadline {
            break test;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let graph = admin.test_settings(&operator, &settings("x", &format!("{url}/graph")), None).await.expect("tested");
    let alone = admin.test_settings(&operator, &settings("x", &url), None).await.expect("tested");
    let _ = process.kill();
    let _ = process.wait();
    // There is no mesh in it, which is all there is to say.
    assert_eq!(test.grade, Grade::Warn, "{test:?}");
    assert!(test.findings.iter().all(|f| f.grade == Grade::Ok || f.check == Check::Sample), "{test:?}");
    assert!(test.version.starts_with(|c: char| c.is_ascii_digit()), "{test:?}");
    assert_eq!(end(&graph).1, [("url", format!("{url}/").as_str())], "{graph:?}");
    assert_eq!(of(&alone, Check::Tenancy)[0].grade, Grade::Ok, "{alone:?}");
}
