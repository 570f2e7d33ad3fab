//! The private Postgres cluster in the data directory, for whoever configures no database.
//!
//! `Cluster` (in the server) starts a watchdog, a second process of the same binary (`obstack pg-watch`), and holds a pipe
//! to it. The watchdog creates the cluster when there is none, runs the postmaster as an unprivileged user, and stops it
//! when the pipe closes: on a graceful stop and just as much when the server is killed with SIGKILL. So no postmaster
//! outlives its server. Should the watchdog be killed too, the next start finds the old postmaster and stops it.
//!
//! Postgres listens on a Unix socket in a directory of mode 0700 only, never on TCP.

mod account;
mod create;
mod directory;
mod plan;
mod postmaster;
mod previous;
mod programs;
mod watch;

use std::{
    os::fd::AsRawFd,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, Command},
    task::JoinHandle,
    time::Instant,
};

use super::DataDir;
use plan::{ADMIN, DATABASE, Layout, Plan, ROLE};

pub use watch::watch;

/// A Unix socket's address has room for 107 bytes, and the socket's name needs some of them.
const LONGEST_SOCKET_DIR: usize = 85;
/// Recovery after a crash may take a while; initdb takes 2 to 10 s.
const START_PATIENCE: Duration = Duration::from_secs(90);
/// The watchdog gives the postmaster 25 s before it stops being polite.
const STOP_PATIENCE: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(40);

/// Why there is no private cluster. The text tells an operator what to do.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The watchdog said why.
    #[error("cannot start the private database: {0}")]
    Watchdog(String),
    /// The watchdog could not be started.
    #[error("cannot start the watchdog of the private database")]
    Spawn(#[source] std::io::Error),
    /// Postgres runs, and does not let us in.
    #[error("the private database does not answer")]
    Connect(#[source] sqlx::Error),
    /// It took too long.
    #[error("the private database was not ready within {} s; see {}", START_PATIENCE.as_secs(), log.display())]
    TooSlow {
        /// Where Postgres writes what it does.
        log: PathBuf,
    },
}

/// How to start the watchdog: a program that calls [`watch`].
#[derive(Clone, Debug)]
pub struct Watchdog {
    program: PathBuf,
    args: Vec<String>,
    envs: Vec<(String, String)>,
}

impl Watchdog {
    /// The running binary with the hidden subcommand `pg-watch`. Works even when the file has been replaced meanwhile.
    pub fn this_binary() -> Self {
        Self::new("/proc/self/exe", &["pg-watch"], &[])
    }

    /// Another program.
    pub fn new(program: impl Into<PathBuf>, args: &[&str], envs: &[(&str, &str)]) -> Self {
        Self {
            program: program.into(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            envs: envs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    fn spawn(&self) -> std::io::Result<Child> {
        Command::new(&self.program)
            .args(&self.args)
            .envs(self.envs.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal reaches the whole process group. Postgres has to outlive the server's own shutdown.
            .process_group(0)
            .spawn()
    }
}

/// The running private cluster. Call [`Cluster::stop`] at the end; when it is only dropped, Postgres stops as well, but
/// nobody waits for it.
#[derive(Debug)]
pub struct Cluster {
    layout: Layout,
    /// Closing it is the order to stop. `None` once that was given.
    pipe: Arc<Mutex<Option<ChildStdin>>>,
    keeper: JoinHandle<()>,
    /// The socket directory, held open where its path is too long for a socket address.
    socket_dir: PathBuf,
    _socket_dir_handle: Option<std::fs::File>,
}

/// Starts the cluster in `data_dir/postgres`, creating it the first time, and waits until the application's role can use the
/// application's database.
pub async fn start(data_dir: &DataDir, watchdog: Watchdog) -> Result<Cluster, ClusterError> {
    let layout = Layout::new(data_dir.path());
    if !layout.data().exists() {
        tracing::info!(db.dir = %layout.root().display(), "creating the private database");
    }
    let Launched { mut child, pipe, run_name } = launch(&watchdog, &layout).await?;
    let mut stderr = child.stderr.take().expect("stderr is piped");

    // The directory exists only once the watchdog has made it.
    let deadline = Instant::now() + START_PATIENCE;
    while !layout.run().exists() {
        alive_and_in_time(&mut child, &mut stderr, deadline, &layout).await?;
        tokio::time::sleep(POLL).await;
    }
    let (socket_dir, handle) = reachable(layout.run()).map_err(ClusterError::Spawn)?;
    loop {
        alive_and_in_time(&mut child, &mut stderr, deadline, &layout).await?;
        match prepare(&options(&socket_dir, ADMIN, "postgres"), &run_name).await {
            Ok(true) => break,
            // A postmaster that an earlier server left behind, about to be stopped.
            Ok(false) => tokio::time::sleep(POLL).await,
            Err(error) if not_up_yet(&error) => tokio::time::sleep(POLL).await,
            Err(error) => return Err(ClusterError::Connect(error)),
        }
    }
    let pipe = Arc::new(Mutex::new(Some(pipe)));
    let keeper = tokio::spawn(keep(child, stderr, watchdog, layout.clone(), Arc::clone(&pipe)));
    Ok(Cluster { layout, pipe, keeper, socket_dir, _socket_dir_handle: handle })
}

impl Cluster {
    /// How the application connects.
    pub fn connect_options(&self) -> PgConnectOptions {
        options(&self.socket_dir, ROLE, DATABASE)
    }

    /// Stops Postgres (open transactions are rolled back) and waits until it has ended. Close the pool first.
    pub async fn stop(self) {
        drop(self.pipe.lock().unwrap_or_else(PoisonError::into_inner).take());
        if tokio::time::timeout(STOP_PATIENCE, self.keeper).await.is_err() {
            tracing::error!(db.dir = %self.layout.root().display(), "the private database did not stop in time");
        }
    }
}

/// A watchdog that has been told what to do.
struct Launched {
    child: Child,
    pipe: ChildStdin,
    /// See [`Plan::run_name`].
    run_name: String,
}

/// Starts the watchdog and tells it what to do.
async fn launch(watchdog: &Watchdog, layout: &Layout) -> Result<Launched, ClusterError> {
    let mut child = watchdog.spawn().map_err(ClusterError::Spawn)?;
    let mut pipe = child.stdin.take().expect("stdin is piped");
    let run_name = format!("obstack-{}", uuid::Uuid::new_v4().simple());
    let plan = Plan { root: layout.root().to_owned(), path: crate::config::search_path(), run_name: run_name.clone() };
    pipe.write_all(plan.to_line().as_bytes()).await.map_err(ClusterError::Spawn)?;
    Ok(Launched { child, pipe, run_name })
}

async fn alive_and_in_time(
    child: &mut Child,
    stderr: &mut ChildStderr,
    deadline: Instant,
    layout: &Layout,
) -> Result<(), ClusterError> {
    if child.try_wait().map_err(ClusterError::Spawn)?.is_some() {
        return Err(ClusterError::Watchdog(said(stderr).await));
    }
    if Instant::now() > deadline {
        return Err(ClusterError::TooSlow { log: layout.log() });
    }
    Ok(())
}

/// What the watchdog wrote before it ended.
async fn said(stderr: &mut ChildStderr) -> String {
    let mut text = String::new();
    // What can be read is better than nothing.
    let _ = stderr.take(16 * 1024).read_to_string(&mut text).await;
    match text.trim() {
        "" => "the watchdog ended without a word".to_owned(),
        text => text.to_owned(),
    }
}

/// The socket directory under a path that fits into a socket address: its own, or that of an open handle.
fn reachable(run: PathBuf) -> std::io::Result<(PathBuf, Option<std::fs::File>)> {
    if run.as_os_str().len() <= LONGEST_SOCKET_DIR {
        return Ok((run, None));
    }
    let handle = std::fs::File::open(run)?;
    Ok((PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd())), Some(handle)))
}

fn options(socket_dir: &std::path::Path, role: &str, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(socket_dir).username(role).database(database)
}

/// Makes the application's roles and database where they are missing. None of the roles is a superuser.
/// False when whoever answers is not the postmaster of this run.
async fn prepare(admin: &PgConnectOptions, run_name: &str) -> Result<bool, sqlx::Error> {
    let mut connection = admin.clone().disable_statement_logging().connect().await?;
    let name =
        sqlx::query_scalar!(r#"select current_setting('cluster_name') as "name!""#).fetch_one(&mut connection).await?;
    if name != run_name {
        return Ok(false);
    }
    let role =
        sqlx::query_scalar!("select 1 from pg_roles where rolname = $1", ROLE).fetch_optional(&mut connection).await?;
    if role.is_none() {
        sqlx::query("create role obstack login").execute(&mut connection).await?;
    }
    // The roles the migrations give rights to; the application's role may not create roles itself.
    for (role, create, grant) in [
        ("obstack_tenant", "create role obstack_tenant nologin", "grant obstack_tenant to obstack"),
        ("obstack_system", "create role obstack_system nologin", "grant obstack_system to obstack"),
    ] {
        let known = sqlx::query_scalar!("select 1 from pg_roles where rolname = $1", role)
            .fetch_optional(&mut connection)
            .await?;
        if known.is_none() {
            sqlx::query(create).execute(&mut connection).await?;
            sqlx::query(grant).execute(&mut connection).await?;
        }
    }
    let database = sqlx::query_scalar!("select 1 from pg_database where datname = $1", DATABASE)
        .fetch_optional(&mut connection)
        .await?;
    if database.is_none() {
        sqlx::query("create database obstack owner obstack").execute(&mut connection).await?;
    }
    sqlx::Connection::close(connection).await?;
    Ok(true)
}

/// No socket yet, nobody listening on it, hanging up on us, starting, recovering, or (an earlier one) shutting down.
fn not_up_yet(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        other => {
            other.as_database_error().is_some_and(|answer| matches!(answer.code().as_deref(), Some("57P01" | "57P03")))
        }
    }
}

/// Starts the watchdog again when it ends without having been told to. Ends once it was told.
async fn keep(
    mut child: Child,
    mut stderr: ChildStderr,
    watchdog: Watchdog,
    layout: Layout,
    pipe: Arc<Mutex<Option<ChildStdin>>>,
) {
    let mut pause = Duration::from_millis(500);
    loop {
        let words = said_until_end(&mut child, &mut stderr).await;
        if pipe.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return;
        }
        tracing::error!(db.watchdog = %words, "the private database ended unexpectedly and is started again");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(30));
        match launch(&watchdog, &layout).await {
            Ok(Launched { child: mut again, pipe: new_pipe, run_name: _ }) => {
                let mut held = pipe.lock().unwrap_or_else(PoisonError::into_inner);
                if held.is_none() {
                    return; // Told to stop meanwhile; dropping the new pipe stops the new watchdog.
                }
                *held = Some(new_pipe);
                stderr = again.stderr.take().expect("stderr is piped");
                child = again;
            }
            Err(error) => tracing::error!(%error, "cannot start the watchdog of the private database"),
        }
    }
}

async fn said_until_end(child: &mut Child, stderr: &mut ChildStderr) -> String {
    let (words, _) = tokio::join!(said(stderr), child.wait());
    words
}
