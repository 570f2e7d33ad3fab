//! The parent of the mesh: starts one process per workload, signs their certificates, tells everybody where everybody
//! listens and which faults are on, and restarts what dies. Serves nothing to users.

mod authority;
mod child;
mod socket;

use std::{collections::BTreeMap, io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use contract::demo::{DemoControl, FAULT_SECS};
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    ca::{Ca, CaError},
    control::{StoreHook, Switchboard},
    telemetry, topology, traffic,
};

/// How to run the mesh.
#[derive(Clone)]
pub struct Options {
    /// Base address for OTLP over HTTP, for example `http://127.0.0.1:4318`. Without it no spans and logs are sent.
    pub otlp_url: Option<String>,
    /// Bearer token for it.
    pub token: Option<String>,
    /// Directory of the control socket and the root certificate. Must exist.
    pub data_dir: PathBuf,
    /// Port of sample-app, if it is free; any free one otherwise.
    pub sample_port: u16,
    /// Port of llm-app, likewise.
    pub llm_port: u16,
    /// Called when the fault `store-down` goes on (true) and off (false).
    pub on_store_down: StoreHook,
    /// What tests and benches change.
    pub tuning: Tuning,
}

impl Options {
    /// The usual mesh, sending no telemetry.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            otlp_url: None,
            token: None,
            data_dir: data_dir.into(),
            sample_port: 8080,
            llm_port: 8081,
            on_store_down: Arc::new(|_| {}),
            tuning: Tuning::default(),
        }
    }
}

/// Times and amounts that are fixed in the demo and short in tests.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// Life of a leaf certificate.
    pub leaf_ttl: Duration,
    /// How long a fault lasts.
    pub fault: Duration,
    /// Requests per second at the ingress at the busiest time of day.
    pub peak_rps: f64,
    /// The program to start as a workload; this one when absent.
    pub program: Option<PathBuf>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            leaf_ttl: Duration::from_secs(600),
            fault: Duration::from_secs(FAULT_SECS),
            peak_rps: traffic::PEAK_RPS,
            program: None,
        }
    }
}

/// Why the mesh could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No certificate authority.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// The data directory cannot be used, or no port could be opened.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What came of it.
        source: io::Error,
    },
    /// Workloads speak plain HTTP to the OTLP receiver, which is on the same machine.
    #[error("the OTLP address {0} has to be like http://127.0.0.1:4318")]
    OtlpUrl(String),
    /// Another demo holds the control socket of this data directory.
    #[error("another demo runs on {}", .0.display())]
    Running(PathBuf),
}

/// A page of Prometheus metrics to scrape, with the labels its samples get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScrapeTarget {
    /// Where, for example `http://127.0.0.1:41234/stats/prometheus`.
    pub url: String,
    /// `cluster`, `namespace`, `app` and `instance`, the pod.
    pub labels: Vec<(String, String)>,
}

/// Where one workload's process listens, and its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// Inbound listener.
    pub inbound: Option<SocketAddr>,
    /// Page of metrics.
    pub stats: Option<SocketAddr>,
    /// Process id.
    pub pid: Option<u32>,
}

/// What all parts of the parent share.
struct Shared {
    options: Options,
    program: PathBuf,
    ca: Ca,
    issued: authority::Issued,
    running: watch::Sender<BTreeMap<&'static str, Running>>,
    board: Arc<Switchboard>,
    stop: CancellationToken,
}

/// The running mesh. Dropping it ends the processes; [`Supervisor::shutdown`] also waits for them.
pub struct Supervisor {
    shared: Arc<Shared>,
    targets: watch::Receiver<Vec<ScrapeTarget>>,
    tasks: JoinSet<()>,
}

impl Supervisor {
    /// Starts the mesh. Returns once the processes are being started; [`Supervisor::ready`] waits until they listen.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        if let Some(url) = options.otlp_url.as_ref().filter(|url| !telemetry::is_usable(url)) {
            return Err(StartError::OtlpUrl(url.clone()));
        }
        let ca = Ca::new(options.tuning.leaf_ttl)?;
        let root = options.data_dir.join("demo-root.pem");
        std::fs::write(&root, ca.root_pem())
            .map_err(|source| StartError::Io { what: root.display().to_string(), source })?;
        let io = |what: &str| {
            let what = what.to_owned();
            move |source| StartError::Io { what, source }
        };
        let program = match &options.tuning.program {
            Some(program) => program.clone(),
            None => std::env::current_exe().map_err(io("find the running program"))?,
        };
        let socket = socket::listen(&options.data_dir).await?;
        let authority_page = crate::sidecar::Listener::bind(None).await.map_err(io("listen on loopback"))?;
        let authority_address = authority_page.address;
        let shared = Arc::new(Shared {
            board: Switchboard::new(options.tuning.fault, options.on_store_down.clone()),
            running: watch::channel(BTreeMap::new()).0,
            stop: CancellationToken::new(),
            issued: authority::Issued::default(),
            options,
            program,
            ca,
        });
        let mut tasks = JoinSet::new();
        let (targets_in, targets) = watch::channel(Vec::new());
        tasks.spawn(tell_targets(shared.clone(), authority_address, targets_in));
        tasks.spawn(until_stop(shared.clone(), authority::serve(shared.clone(), authority_page)));
        tasks.spawn(until_stop(shared.clone(), socket::serve(socket, shared.board.clone())));
        for workload in topology::workloads() {
            tasks.spawn(child::keep(shared.clone(), workload));
        }
        Ok(Self { shared, targets, tasks })
    }

    /// Switches faults on and off.
    pub fn control(&self) -> Arc<dyn DemoControl> {
        self.shared.board.clone()
    }

    /// What to scrape, now and whenever a process came back on another port.
    pub fn targets(&self) -> watch::Receiver<Vec<ScrapeTarget>> {
        self.targets.clone()
    }

    /// Where every workload listens, now and at every change.
    pub fn running(&self) -> watch::Receiver<BTreeMap<&'static str, Running>> {
        self.shared.running.subscribe()
    }

    /// Waits until every workload listens. False when that took longer than `limit`.
    pub async fn ready(&self, limit: Duration) -> bool {
        let mut running = self.running();
        let all = running.wait_for(|all| all.len() == topology::workloads().len());
        timeout(limit, all).await.is_ok_and(|up| up.is_ok())
    }

    /// Ends all processes and waits for them.
    pub async fn shutdown(mut self) {
        self.shared.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        socket::remove(&self.shared.options.data_dir);
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

async fn until_stop(shared: Arc<Shared>, work: impl Future<Output = ()>) {
    let _: Option<()> = shared.stop.run_until_cancelled(work).await;
}

/// Keeps the list of pages to scrape in step with what runs.
async fn tell_targets(shared: Arc<Shared>, authority: SocketAddr, targets: watch::Sender<Vec<ScrapeTarget>>) {
    let mut running = shared.running.subscribe();
    loop {
        let mut list: Vec<ScrapeTarget> = running
            .borrow_and_update()
            .iter()
            .filter_map(|(name, at)| {
                let labels = topology::workload(name)?.scrape_labels();
                Some(ScrapeTarget { url: format!("http://{}/stats/prometheus", at.stats?), labels })
            })
            .collect();
        list.push(authority::target(authority));
        targets.send_if_modified(|known| {
            let changed = *known != list;
            *known = list;
            changed
        });
        tokio::select! {
            changed = running.changed() => if changed.is_err() { return },
            () = shared.stop.cancelled() => return,
        }
    }
}
