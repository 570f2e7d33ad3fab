//! `obstack demo`: a portal in this process, the demo mesh around it, two tenants and three logins. What the mesh does
//! stands in the `demo` crate; this file only connects the two.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use app::public::DemoAccount;
use backend::{Backend, DemoParts, PastSeries, config::Config, db::DataDir, ingest::ScrapeTarget};
use demo::{Options, Supervisor, history};
use rand::{TryRngCore, rngs::OsRng};
use tokio::sync::watch;

use crate::{
    intake,
    serve::{Demo, DemoOptions, Portal},
};

/// The demo's accounts: e-mail, name and what they show. The password is printed at start and only good on loopback.
const LOGINS: [(&str, &str, &str); 3] = [
    ("ana@acme.test", "Ana", "acme: shop"),
    ("gus@globex.test", "Gus", "globex: ai, platform"),
    ("ops@obstack.test", "Operator", "both tenants"),
];
const PASSWORD: &str = "obstack-demo";

/// Runs until it is told to stop.
pub async fn run(options: DemoOptions) -> Result<(), String> {
    let started = Instant::now();
    // Held until the demo ends: neither somebody else's files nor another demo's socket are touched.
    let _data_dir = DataDir::open(&options.data_dir).map_err(|error| format!("--data-dir: {error}"))?;
    let config = config(&options)?;
    let token = token()?;
    // The mesh's spans and logs come in on a port of their own, so that the portal's port has no unauthenticated intake.
    let intake = tokio::net::TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(|error| format!("no free port on loopback: {error}"))?;
    let intake_address = intake.local_addr().map_err(|error| error.to_string())?;
    let store_down = Arc::new(AtomicBool::new(false));
    let switch = store_down.clone();
    let supervisor = Supervisor::start(Options {
        otlp_url: Some(format!("http://{intake_address}")),
        token: Some(token.clone()),
        sample_port: options.sample_port,
        llm_port: options.llm_port,
        on_store_down: Arc::new(move |down| switch.store(down, Ordering::SeqCst)),
        ..Options::new(options.data_dir.clone())
    })
    .await
    .map_err(|error| format!("the demo mesh cannot start: {error}"))?;
    let parts = DemoParts { control: supervisor.control(), store_down };
    let accounts = LOGINS.map(|(email, name, sees)| DemoAccount {
        name: name.to_owned(),
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        sees: sees.to_owned(),
    });
    let demo = Demo { parts, accounts: accounts.to_vec() };
    let portal = Portal::start(config, &options.site, Some(demo)).await;
    let portal = match portal {
        Ok(portal) => portal,
        Err(error) => {
            supervisor.shutdown().await;
            return Err(error);
        }
    };
    intake::serve(intake, token, portal.backend.clone());
    if let Err(error) = write_history(&portal.backend, &portal_dir(&options.data_dir)).await {
        tracing::warn!(%error, "the history before the start is missing");
    }
    portal.backend.scrape(scrape_targets(supervisor.targets())).map_err(|error| error.to_string())?;
    print_welcome(&portal.url, &options.data_dir, started);
    let outcome = portal.run().await;
    supervisor.shutdown().await;
    outcome
}

/// The mesh's pages as the scraper takes them; ends with the mesh.
fn scrape_targets(mut mesh: watch::Receiver<Vec<demo::ScrapeTarget>>) -> watch::Receiver<Vec<ScrapeTarget>> {
    let convert = |targets: &[demo::ScrapeTarget]| -> Vec<ScrapeTarget> {
        targets.iter().map(|target| ScrapeTarget { url: target.url.clone(), labels: target.labels.clone() }).collect()
    };
    let (sender, receiver) = watch::channel(convert(&mesh.borrow_and_update()));
    tokio::spawn(async move {
        while mesh.changed().await.is_ok() {
            sender.send_replace(convert(&mesh.borrow_and_update()));
        }
    });
    receiver
}

/// Writes the day before the first start, once per data directory.
async fn write_history(backend: &Backend, data_dir: &Path) -> Result<(), String> {
    const HOURS: u32 = 24;
    const STEP_SECS: u32 = 120;
    let done = data_dir.join("history.done");
    if done.exists() {
        return Ok(());
    }
    let started = Instant::now();
    let now = backend.clock().now();
    let series = history::backfill(now.0, HOURS, STEP_SECS).map(|one| PastSeries {
        name: one.name,
        labels: one.labels,
        points: one.points,
    });
    let series: Vec<_> = series.collect();
    let count = series.len();
    backend.backfill(series).await.map_err(|error| error.to_string())?;
    std::fs::write(&done, history::NOTE).map_err(|error| error.to_string())?;
    tracing::info!(
        series = count,
        duration_ms = started.elapsed().as_millis(),
        "wrote the history before the first start"
    );
    Ok(())
}

fn print_welcome(url: &str, data_dir: &Path, started: Instant) {
    println!("\nObstack is up after {:.1} s:  {url}\n", started.elapsed().as_secs_f64());
    println!("  password for all of them: {PASSWORD}");
    for (email, _, what) in LOGINS {
        println!("  {email:<18} {what}");
    }
    println!("\n  {}", history::NOTE);
    // In full, so that it works in any directory and without the program on the path.
    let program = std::env::current_exe().map_or_else(|_| "obstack".to_owned(), |path| path.display().to_string());
    let data_dir = std::fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    println!("  Break something in the page, or in another terminal (without a name, it lists what there is):");
    println!("  {program} demo --data-dir {} break payments-slow", data_dir.display());
    println!("  Ctrl-C stops everything.\n");
}

/// Where the portal keeps its state: below the mesh's own directory, because the portal claims its directory for itself.
fn portal_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("portal")
}

/// The demo's configuration, written and read like a user's own.
fn config(options: &DemoOptions) -> Result<Config, String> {
    let DemoOptions { listen, ops_listen, data_dir, .. } = options;
    if !listen.ip().is_loopback() {
        return Err(format!(
            "--listen {listen}: everybody knows the demo's password, so it listens on this machine only. \
             Choose 127.0.0.1, and reach it from elsewhere through an SSH tunnel."
        ));
    }
    let data_dir = serde_json::to_string(&portal_dir(data_dir).to_string_lossy()).map_err(|error| error.to_string())?;
    let text = format!(
        r#"
listen: "{listen}"
ops_listen: "{ops_listen}"
public_url: "http://{listen}"
data_dir: {data_dir}
log: {{format: text, filter: "warn"}}
telemetry: {{scrape_interval: 5s}}
tenants:
  - slug: acme
    name: Acme
    plan: enterprise
    mesh: [{{cluster: "*", namespaces: [shop]}}]
  - slug: globex
    name: Globex
    plan: saas
    mesh: [{{cluster: "*", namespaces: [ai, platform]}}]
users:
  - {{email: ana@acme.test, name: Ana, password_env: DEMO_PASSWORD, memberships: [{{tenant: acme, role: admin}}]}}
  - {{email: gus@globex.test, name: Gus, password_env: DEMO_PASSWORD, memberships: [{{tenant: globex, role: editor}}]}}
  - {{email: ops@obstack.test, name: Operator, password_env: DEMO_PASSWORD, platform_admin: true,
     memberships: [{{tenant: acme, role: admin}}, {{tenant: globex, role: admin}}]}}
"#
    );
    let env = |name: &str| match name {
        "DEMO_PASSWORD" => Some(PASSWORD.to_owned()),
        // Never a database of somebody else's: the demo writes accounts whose password everybody knows.
        "OBSTACK_LOG_FILTER" | "OBSTACK_LOG_FORMAT" => std::env::var(name).ok(),
        _ => None,
    };
    Config::read(Some(("the demo's configuration", &text)), &env).map_err(|errors| errors.to_string())
}

/// A secret between this process and its children.
fn token() -> Result<String, String> {
    let mut bytes = [0_u8; 32];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| format!("no randomness: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
