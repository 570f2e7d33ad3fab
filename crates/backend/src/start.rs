//! From a configuration to running services, and down again: opens the database and the stores, provisions, and starts the
//! jobs. No rules of the slices.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use contract::{Timestamp, demo::DemoControl, stores::Signal};
use mesh::Labels;
use tokio::{
    sync::{broadcast::error::RecvError, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Backend, Error,
    audit::{Audit, Verified},
    auth::{
        Auth, Limits as LoginLimits,
        changes::{Change, Changes},
        sessions,
    },
    bearer::Refusals,
    clock::{Clock, SystemClock},
    config::Config,
    db::{
        self, DataDir, Db,
        cluster::{self, Cluster, Watchdog},
    },
    ingest::{self, Ingest, ScrapeTarget, Scraper, Writer},
    keys::Keys,
    limits::Limits,
    live::Rounds,
    logs::embedded::EmbeddedLogs,
    mail::Mail,
    metrics::{
        Guarded, MetricsStore, Switch,
        embedded::{Embedded, Options, Row},
    },
    portal::Caches,
    provision,
    sign_in::SignIn,
    stores::{EMBEDDED, Parts, StoreSet},
    telemetry, tenants,
    traces::embedded::EmbeddedTraces,
    upstream::{Health, Thresholds},
    vault::Vault,
};

/// How long a configured database may take to answer at start.
const DATABASE_PATIENCE: Duration = Duration::from_secs(30);
/// A round begins at least this often, also where no scraper of ours says that new data is there.
const ROUND: Duration = Duration::from_secs(5);
/// Distance of two probes of a store nobody asks.
const PROBE: Duration = Duration::from_secs(15);
/// Samples of the past written at once: each write waits for the disk.
const BACKFILL_ROWS: usize = 200_000;
/// Between two tries to read the stores of the database.
const RELOAD_PAUSE: Duration = Duration::from_secs(1);
/// Distance of two clean-ups.
const PURGE: Duration = Duration::from_secs(60);

/// What a demo that shares the process brings along.
pub struct DemoParts {
    /// Its switchboard.
    pub control: Arc<dyn DemoControl>,
    /// True while the fault "store down" is on.
    pub store_down: Arc<AtomicBool>,
}

/// A series from before the first scrape.
pub struct PastSeries {
    /// Metric name.
    pub name: String,
    /// All other labels.
    pub labels: Vec<(String, String)>,
    /// Milliseconds since 1970 and value, in order of time.
    pub points: Vec<(i64, f64)>,
}

/// Why the portal cannot start, in words for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] db::DataDirError),
    /// The private database does not start.
    #[error(transparent)]
    Cluster(#[from] cluster::ClusterError),
    /// The database cannot be reached.
    #[error(transparent)]
    Connect(#[from] db::ConnectError),
    /// The schema cannot be brought up to date.
    #[error(transparent)]
    Migration(#[from] db::MigrationError),
    /// Anything after that.
    #[error("{}", causes(.0))]
    Backend(#[from] Error),
}

fn causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// The database with, where none is configured, the private cluster behind it.
pub struct Database {
    db: Db,
    cluster: Option<Cluster>,
    data_dir: DataDir,
}

impl Database {
    /// Opens the data directory and connects to the configured database, or starts the private one.
    pub async fn open(config: &Config) -> Result<Self, StartError> {
        let data_dir = DataDir::open(&config.data_dir)?;
        match &config.database_url {
            Some(url) => Ok(Self { db: Db::connect(url, DATABASE_PATIENCE).await?, cluster: None, data_dir }),
            None => {
                let cluster = cluster::start(&data_dir, Watchdog::this_binary()).await?;
                let db = Db::connect_with(cluster.connect_options(), DATABASE_PATIENCE).await?;
                Ok(Self { db, cluster: Some(cluster), data_dir })
            }
        }
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self) -> Result<(), StartError> {
        Ok(db::migrate(&self.db).await?)
    }

    /// Checks every chain of the audit log. Each has the slug of its tenant, or the tenant's id when that is gone.
    pub async fn verify_audit(&self) -> Result<Vec<(String, Verified)>, Error> {
        let chains = Audit::new(self.db.clone()).verify_all().await?;
        let tenants = tenants::list(&self.db).await?;
        let name = |chain: Uuid| match tenants.iter().find(|tenant| tenant.id == chain) {
            Some(tenant) => tenant.slug.to_string(),
            None if chain.is_nil() => "installation".to_owned(),
            None => chain.to_string(),
        };
        Ok(chains.into_iter().map(|chain| (name(chain.chain), chain)).collect())
    }

    /// Closes the connections and stops the private cluster.
    pub async fn close(self) {
        self.db.close().await;
        if let Some(cluster) = self.cluster {
            cluster.stop().await;
        }
    }
}

/// What must be closed in order when the portal stops.
#[derive(Default)]
pub(crate) struct Running {
    database: Option<Database>,
    metrics: Option<Embedded>,
    jobs: JoinSet<()>,
    changes: Option<Changes>,
}

impl Backend {
    /// Opens everything the configuration names and starts the jobs. Stops when `stop` is cancelled and
    /// [`Backend::close`] is called.
    pub async fn start(
        config: Config,
        stop: CancellationToken,
        demo: Option<DemoParts>,
    ) -> Result<Arc<Self>, StartError> {
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        let database = Database::open(&config).await?;
        match Self::start_on(&database, config, stop, demo).await {
            Ok(backend) => {
                backend.running().database = Some(database);
                Ok(backend)
            }
            Err(error) => {
                database.close().await;
                Err(error)
            }
        }
    }

    async fn start_on(
        database: &Database,
        config: Config,
        stop: CancellationToken,
        demo: Option<DemoParts>,
    ) -> Result<Arc<Self>, StartError> {
        database.migrate().await?;
        let db = database.db.clone();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let embedded = open_embedded(database.data_dir.path(), &config, clock.clone()).await?;
        let (control, store_down) = match demo {
            Some(parts) => (Some(parts.control), Some(parts.store_down)),
            None => (None, None),
        };
        let (backend, writer) = Self::assemble(config, db, embedded, clock, stop, control, store_down).await?;
        backend.start_jobs(writer).await?;
        Ok(backend)
    }

    /// Puts the services together, without any job.
    async fn assemble(
        config: Config,
        db: Db,
        embedded: Embedded,
        clock: Arc<dyn Clock>,
        stop: CancellationToken,
        demo: Option<Arc<dyn DemoControl>>,
        store_down: Option<Arc<AtomicBool>>,
    ) -> Result<(Arc<Self>, Writer), Error> {
        let auth = Auth::new(db.clone(), LoginLimits::default());
        provision::apply(&db, &config, auth.passwords(), clock.now()).await?;
        let vault = Vault::open(&db).await?;
        let sign_in = SignIn::new(db.clone(), vault.clone(), clock.clone(), config.public_url.clone())?;
        let health = health_of(Signal::Metrics, &clock);
        let logs = EmbeddedLogs::new(db.system().clone(), clock.clone(), config.telemetry.logs_retention);
        let traces = EmbeddedTraces::new(db.system().clone(), clock.clone(), config.telemetry.traces_retention);
        let (ingest, writer) = Ingest::new(ingest::Settings::default(), traces.clone(), logs.clone(), clock.clone());
        let plain: Arc<dyn MetricsStore> = Arc::new(embedded.clone());
        let switched = match store_down {
            Some(down) => Arc::new(Switch::new(plain, EMBEDDED, down)) as Arc<dyn MetricsStore>,
            None => plain,
        };
        let stores = StoreSet::new(Parts {
            configured: config.stores.clone(),
            metrics: (Arc::new(Guarded::new(switched, health.clone())), health),
            logs: health_of(Signal::Logs, &clock),
            traces: health_of(Signal::Traces, &clock),
            log_store: logs.clone(),
            trace_store: traces.clone(),
            scrape_secs: config.telemetry.scrape_interval.as_secs().max(1),
            clock: clock.clone(),
        });
        stores.reload(&db, &vault).await?;
        let backend = Arc::new(Self {
            vault,
            sign_in,
            mail: Mail::new(config.smtp.clone()),
            audit: Audit::new(db.clone()),
            keys: Keys::new(db.clone(), config.api_key_max_lifetime),
            limits: Limits::new(&config.limits),
            refusals: Refusals::default(),
            config,
            db,
            auth,
            stores,
            embedded: embedded.clone(),
            clock,
            caches: Caches::default(),
            rounds: Rounds::default(),
            demo,
            stop,
            ingest,
            running: Mutex::new(Running { metrics: Some(embedded), ..Running::default() }),
        });
        Ok((backend, writer))
    }

    pub(crate) fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a job until the portal stops.
    pub(crate) fn spawn(&self, job: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.running().jobs.spawn(async move {
            tokio::select! { () = job => {}, () = stop.cancelled() => {} }
        });
    }

    async fn start_jobs(self: &Arc<Self>, writer: Writer) -> Result<(), Error> {
        // Not by `spawn`: the writer ends by itself after it has written what still waits.
        self.running().jobs.spawn(writer.run(self.stop.clone()));
        let this = self.clone();
        self.spawn(async move {
            let keep = &this.config.telemetry;
            telemetry::keep(this.db.system().clone(), this.clock(), keep.logs_retention, keep.traces_retention).await;
        });
        let changes = Changes::listen(&self.db).await?;
        let (mut news, mut of_stores) = (changes.subscribe(), changes.subscribe());
        self.caches().known.listen();
        self.running().changes = Some(changes);
        let this = self.clone();
        self.spawn(async move {
            loop {
                let change = match news.recv().await {
                    Ok(change) => change,
                    Err(RecvError::Lagged(_)) => Change::Anything,
                    Err(RecvError::Closed) => return,
                };
                this.caches().known.forget(change);
            }
        });
        let this = self.clone();
        self.spawn(async move { this.mail.run(&this).await });
        let this = self.clone();
        // By itself: a slow database must not hold up the news about rights.
        self.spawn(async move {
            loop {
                match of_stores.recv().await {
                    Ok(Change::Store | Change::Anything) | Err(RecvError::Lagged(_)) => {}
                    Ok(_) => continue,
                    Err(RecvError::Closed) => return,
                }
                while let Err(error) = this.reload_stores().await {
                    tracing::warn!(%error, "the stores of the database cannot be read");
                    tokio::time::sleep(RELOAD_PAUSE).await;
                }
            }
        });
        let rounds = self.rounds.clone();
        self.spawn(async move {
            let mut seen = rounds.follow();
            loop {
                // Somebody else may have begun a round in the meantime; only silence needs this one.
                if tokio::time::timeout(ROUND, seen.changed()).await.is_err() {
                    rounds.advance();
                    seen.mark_unchanged();
                }
            }
        });
        let this = self.clone();
        self.spawn(async move {
            loop {
                this.stores.probe().await;
                tokio::time::sleep(PROBE).await;
            }
        });
        let this = self.clone();
        self.spawn(async move {
            loop {
                tokio::time::sleep(PURGE).await;
                let now = this.clock.now();
                let purged = tokio::join!(
                    sessions::purge_expired(&this.db, now),
                    this.auth.purge_attempts(now),
                    this.sign_in.purge(now),
                    this.keys.purge_uses(now),
                );
                for error in [purged.0.err(), purged.1.err(), purged.2.err()].into_iter().flatten() {
                    tracing::warn!(%error, "expired sessions and counts were not removed");
                }
                if let Err(error) = this.keys.flush().await {
                    tracing::warn!(%error, "the uses of keys were not written");
                }
                this.limits.forget_idle();
            }
        });
        Ok(())
    }

    /// Scrapes these targets into the embedded store until the portal stops; every round of scrapes begins a round of
    /// pushes.
    pub fn scrape(&self, targets: watch::Receiver<Vec<ScrapeTarget>>) -> Result<(), Error> {
        let settings = ingest::scrape::Settings::every(self.config.telemetry.scrape_interval);
        let scraper = Scraper::new(self.embedded.clone(), self.clock.clone(), settings)?;
        let rounds = self.rounds.clone();
        self.spawn(scraper.run(targets, move |_| rounds.advance()));
        Ok(())
    }

    /// Writes the past of series that are about to be scraped; must come before the first scrape of them.
    pub async fn backfill(&self, series: Vec<PastSeries>) -> Result<(), Error> {
        let mut rows = Vec::new();
        for PastSeries { name, labels, points } in series {
            let name: Arc<str> = name.into();
            let labels = Labels::from_pairs(labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            let row = |(at, value)| Row { name: name.clone(), labels: labels.clone(), at: Timestamp(at), value };
            rows.extend(points.into_iter().map(row));
            if rows.len() >= BACKFILL_ROWS {
                self.embedded.write(std::mem::take(&mut rows)).await?;
            }
        }
        self.embedded.write(rows).await?;
        self.rounds.advance();
        Ok(())
    }

    /// Ends the jobs, writes the embedded store to disk, closes the database and stops its private cluster.
    pub async fn close(&self) {
        self.stop.cancel();
        let running = std::mem::take(&mut *self.running());
        let Running { database, metrics, mut jobs, changes } = running;
        while jobs.join_next().await.is_some() {}
        drop(changes);
        if let Err(error) = self.keys.flush().await {
            tracing::warn!(%error, "the last uses of keys were not written");
        }
        if let Some(metrics) = metrics {
            metrics.close().await;
        }
        match database {
            Some(database) => database.close().await,
            None => self.db.close().await,
        }
    }
}

fn health_of(signal: Signal, clock: &Arc<dyn Clock>) -> Arc<Health> {
    Arc::new(Health::new(EMBEDDED, EMBEDDED, signal, Thresholds::default(), clock.clone()))
}

async fn open_embedded(data_dir: &Path, config: &Config, clock: Arc<dyn Clock>) -> Result<Embedded, Error> {
    let retention = config.telemetry.metrics_retention;
    let options = Options { retention, clock, ..Options::new(data_dir.join("metrics")) };
    tokio::task::spawn_blocking(move || Embedded::open(&options)).await.map_err(Error::internal)?
}

/// What a test brings along.
#[doc(hidden)]
pub struct TestParts {
    /// A database with the schema.
    pub pool: sqlx::PgPool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// A demo's switchboard.
    pub demo: Option<Arc<dyn DemoControl>>,
}

impl Backend {
    /// The services on a test's database, without jobs: nothing happens that the test did not ask for.
    #[doc(hidden)]
    pub async fn for_tests(config: Config, parts: TestParts) -> Result<Arc<Self>, Error> {
        let embedded = open_embedded(&config.data_dir, &config, parts.clock.clone()).await?;
        let stop = CancellationToken::new();
        let (backend, _) =
            Self::assemble(config, Db::from(parts.pool), embedded, parts.clock, stop, parts.demo, None).await?;
        Ok(backend)
    }
}
