//! Start and stop: from the configuration to a listening portal, and down again without losing a request.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use app::public::DemoAccount;
use axum::serve::ListenerExt;
use backend::{Backend, audit::ChainState, config::Config};
use tokio_util::sync::CancellationToken;

use crate::{cli::fail, layers::origin::Origins, ops, router::router, site, state::AppState, telemetry};

/// How long open requests may take to finish after a stop signal.
const DRAIN: Duration = Duration::from_secs(10);

/// What `obstack demo` was asked for.
pub struct DemoOptions {
    /// Built browser files.
    pub site: PathBuf,
    /// State of the demo.
    pub data_dir: PathBuf,
    /// Address of the portal.
    pub listen: SocketAddr,
    /// Address of our own metrics.
    pub ops_listen: SocketAddr,
    /// Wanted port of sample-app.
    pub sample_port: u16,
    /// Wanted port of llm-app.
    pub llm_port: u16,
}

/// `obstack serve`
pub fn serve(config: Option<&Path>, site: &Path) -> ExitCode {
    finish(load(config).and_then(|config| {
        run(async {
            let portal = Portal::start(config, site, None).await?;
            println!("Obstack listens on {}", portal.url);
            if let Some(token) = portal.backend.setup_token().await.map_err(|error| with_causes(&error))? {
                println!("Nobody has an account yet. Open {}/setup and enter this one-time token: {token}", portal.url);
            }
            portal.run().await
        })
    }))
}

/// `obstack migrate`
pub fn migrate(config: Option<&Path>) -> ExitCode {
    finish(load(config).and_then(|config| {
        run(async {
            let spans = telemetry::start(&config.log, &config.tracing)?;
            let database = backend::Database::open(&config).await.map_err(|error| with_causes(&error))?;
            let outcome = database.migrate().await.map_err(|error| with_causes(&error));
            database.close().await;
            spans.stop();
            outcome.map(|()| println!("The schema is up to date."))
        })
    }))
}

/// `obstack audit verify`
pub fn verify_audit(config: Option<&Path>) -> ExitCode {
    finish(load(config).and_then(|config| {
        run(async {
            let database = backend::Database::open(&config).await.map_err(|error| with_causes(&error))?;
            let found = database.verify_audit().await.map_err(|error| with_causes(&error));
            database.close().await;
            let mut broken = 0;
            for (name, chain) in found? {
                match chain.state {
                    ChainState::Whole => println!("{name}: {} entries, whole, head {}", chain.entries, chain.head),
                    ChainState::Broken { seq, why } => {
                        broken += 1;
                        println!("{name}: entry {seq} is not as it was written: {why}");
                    }
                }
            }
            match broken {
                0 => Ok(()),
                1 => Err("one chain is broken".to_owned()),
                n => Err(format!("{n} chains are broken")),
            }
        })
    }))
}

/// `obstack demo`
pub fn demo(options: DemoOptions) -> ExitCode {
    finish(run(crate::demo_run::run(options)))
}

fn finish(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// An error with what lies behind it, for the person who starts the portal.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

fn load(path: Option<&Path>) -> Result<Config, String> {
    Config::load(path, &|name| std::env::var(name).ok()).map_err(|errors| errors.to_string())
}

/// Runs to the end. Work that still blocks a thread then, such as a query nobody waits for, does not hold up the exit.
fn run(work: impl Future<Output = Result<(), String>>) -> Result<(), String> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(Duration::from_secs(5));
    outcome
}

/// At least four workers: with fewer, streamed pages that wait for each other can stall (leptos-rs/leptos#4647).
fn runtime() -> Result<tokio::runtime::Runtime, String> {
    let cores = std::thread::available_parallelism().map_or(4, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.max(4))
        .max_blocking_threads(64)
        .thread_name("obstack")
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot start: {error}"))
}

/// What a demo that shares the process brings along.
pub struct Demo {
    /// For the backend.
    pub parts: backend::DemoParts,
    /// For the sign-in page.
    pub accounts: Vec<DemoAccount>,
}

/// A started portal.
pub struct Portal {
    /// Its services.
    pub backend: Arc<Backend>,
    listener: tokio::net::TcpListener,
    router: axum::Router,
    stop: CancellationToken,
    spans: telemetry::Spans,
    /// Address people open.
    pub url: String,
}

impl Portal {
    /// Opens everything; `demo` is the switchboard of a demo that shares this process.
    pub async fn start(config: Config, site: &Path, demo: Option<Demo>) -> Result<Self, String> {
        let (demo, accounts) = match demo {
            Some(Demo { parts, accounts }) => (Some(parts), Some(accounts)),
            None => (None, None),
        };
        let spans = telemetry::start(&config.log, &config.tracing)?;
        let handle = ops::recorder()?;
        let listener = tokio::net::TcpListener::bind(config.listen).await.map_err(|error| {
            format!("listen: {} cannot be used: {error}. Choose another address or stop what uses it.", config.listen)
        })?;
        let bound = listener.local_addr().map_err(|error| error.to_string())?;
        let url = if config.listen.port() == 0 {
            format!("http://{bound}")
        } else {
            config.public_url.as_str().trim_end_matches('/').to_owned()
        };
        let stop = CancellationToken::new();
        ops::serve_metrics(config.ops_listen, handle, stop.clone()).await?;
        let backend = Backend::start(config, stop.clone(), demo).await.map_err(|error| with_causes(&error))?;
        let leptos = site::options(site);
        let state = AppState {
            backend: backend.clone(),
            stylesheet: app::public::stylesheet(&leptos).into(),
            demo_login: accounts,
            leptos,
            origins: Arc::new(Origins::of(&url)),
            refusals: Arc::default(),
            secure_cookies: url.starts_with("https://"),
        };
        Ok(Self { backend, listener, router: router(state), stop, spans, url })
    }

    /// Serves until SIGINT or SIGTERM, then lets open requests finish.
    pub async fn run(self) -> Result<(), String> {
        let service = self.router.into_make_service_with_connect_info::<SocketAddr>();
        let stop = self.stop.clone();
        tokio::spawn(async move {
            stop_signal().await;
            tracing::info!("stopping");
            stop.cancel();
        });
        // Answers are written in several pieces; waiting for the acknowledgement of the first would cost 40 ms.
        let listener = self.listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps its delay");
            }
        });
        let server = axum::serve(listener, service).with_graceful_shutdown(self.stop.clone().cancelled_owned());
        let serving = tokio::spawn(async move { server.await });
        self.stop.cancelled().await;
        match tokio::time::timeout(DRAIN, serving).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "listener failed"),
            Ok(Err(error)) => tracing::warn!(%error, "listener task failed"),
            Err(_) => tracing::warn!("open requests were cut off"),
        }
        self.backend.close().await;
        // It blocks while the collector is asked.
        let _ = tokio::task::spawn_blocking(|| self.spans.stop()).await;
        Ok(())
    }
}

async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        }
        (Err(error), _) | (_, Err(error)) => {
            tracing::error!(%error, "signals cannot be watched");
            std::future::pending().await
        }
    }
}
