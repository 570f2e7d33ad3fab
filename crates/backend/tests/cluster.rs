//! The private cluster with real Postgres programs: made, stopped, killed, found again, and refused. The "server" and the
//! watchdog of these tests are this test binary, started again with a role in its environment.

#[path = "cluster/processes.rs"]
mod processes;

use std::{
    fs,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use backend::db::{
    DataDir, DataDirError,
    cluster::{self, Cluster, ClusterError, Watchdog},
};
use processes::{Server, eventually, kill_9, postgres_processes, watchdogs};
use sqlx::PgPool;

/// The watchdog's process.
#[test]
fn role_watchdog() {
    if processes::role_is("watchdog") {
        std::process::exit(i32::from(cluster::watch() != ExitCode::SUCCESS));
    }
}

/// The server's process: starts the cluster, counts its start in a table, says so, and waits for its end.
#[tokio::test]
async fn role_server() {
    if !processes::role_is("server") {
        return;
    }
    let data_dir = DataDir::open(&processes::dir_of_role()).expect("the data directory");
    let (cluster, db) = start(&data_dir).await;
    sqlx::query("create table if not exists starts (at timestamptz default now())").execute(&db).await.expect("made");
    sqlx::query("insert into starts default values").execute(&db).await.expect("counted");
    processes::say_ready(count_starts(&db).await);
    processes::wait_for_order().await;
    db.close().await;
    cluster.stop().await;
}

fn watchdog() -> Watchdog {
    let program = std::env::current_exe().expect("a test binary has a path");
    Watchdog::new(program, &["role_watchdog", "--exact", "--nocapture"], &processes::role("watchdog"))
}

async fn connect(cluster: &Cluster) -> PgPool {
    PgPool::connect_with(cluster.connect_options()).await.expect("the database answers")
}

async fn start(data_dir: &DataDir) -> (Cluster, PgPool) {
    let cluster = cluster::start(data_dir, watchdog()).await.expect("the cluster starts");
    let db = connect(&cluster).await;
    (cluster, db)
}

async fn count_starts(db: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from starts").fetch_one(db).await.expect("counted")
}

fn place() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

async fn refusal(path: &Path) -> String {
    let data_dir = DataDir::open(path).expect("the data directory itself is fine");
    match cluster::start(&data_dir, watchdog()).await.expect_err("refused") {
        ClusterError::Watchdog(why) => why,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_new_cluster_is_private_and_ends_with_the_server() {
    let dir = place();
    let data_dir = DataDir::open(dir.path()).expect("empty");
    let (cluster, db) = start(&data_dir).await;
    assert_eq!(processes::mode(&data_dir.path().join("postgres/run")), 0o700);
    let one = |sql: &'static str| {
        let db = db.clone();
        async move { sqlx::query_scalar::<_, String>(sql).fetch_one(&db).await.expect("answered") }
    };
    assert_eq!(one("show listen_addresses").await, "", "no TCP");
    assert_eq!(
        one("select current_user || ' ' || rolsuper from pg_roles where rolname = current_user").await,
        "obstack false"
    );
    assert_eq!(one("select pg_get_userbyid(datdba)::text from pg_database where datname = 'obstack'").await, "obstack");
    assert_eq!(one("show server_encoding").await, "UTF8");
    // What the migrations of the telemetry stores need a role without privileges to be able to make.
    sqlx::query("create extension pg_trgm").execute(&db).await.expect("a trusted extension");
    for owner in postgres_processes(data_dir.path()).into_iter().map(processes::owner) {
        assert_ne!(owner, 0, "Postgres never runs as root");
    }

    db.close().await;
    cluster.stop().await;
    assert_eq!(postgres_processes(data_dir.path()), Vec::<u32>::new());
    let log = fs::read_to_string(data_dir.path().join("postgres/postgres.log")).expect("a log");
    assert!(log.contains("database system is shut down"), "{log}");
}

#[tokio::test]
async fn a_graceful_restart_and_a_kill_keep_the_data() {
    let dir = place();
    let mut server = Server::start(dir.path());
    assert_eq!(server.ready(), 1);
    assert!(server.stop_gracefully(), "the server ends well");
    assert_eq!(postgres_processes(dir.path()), Vec::<u32>::new());

    let mut server = Server::start(dir.path());
    assert_eq!(server.ready(), 2);
    server.kill_9();
    // At once: the watchdog of the killed server may still be stopping its postmaster.
    let mut server = Server::start(dir.path());
    assert_eq!(server.ready(), 3);
    server.kill_9();
    eventually("nothing outlives a killed server", || {
        postgres_processes(dir.path()).is_empty() && watchdogs(dir.path()).is_empty()
    });
}

#[tokio::test]
async fn a_postmaster_that_lost_its_watchdog_is_found_and_stopped() {
    let dir = place();
    let mut server = Server::start(dir.path());
    assert_eq!(server.ready(), 1);
    let postmaster = processes::postmaster(dir.path());
    // The watchdog first, or it would do its work. The server must not get to start another one.
    server.pause();
    watchdogs(dir.path()).into_iter().for_each(kill_9);
    server.kill_9();
    assert!(postgres_processes(dir.path()).contains(&postmaster), "an orphan, which is the point of this test");

    let mut server = Server::start(dir.path());
    assert_eq!(server.ready(), 2);
    assert_ne!(processes::postmaster(dir.path()), postmaster);
    assert!(server.stop_gracefully());
    assert_eq!(postgres_processes(dir.path()), Vec::<u32>::new());
}

#[tokio::test]
async fn a_number_left_in_postmaster_pid_does_no_harm_to_whoever_has_it_now() {
    let dir = place();
    let mut server = Server::start(dir.path());
    server.ready();
    let postmaster = processes::postmaster(dir.path());
    server.pause();
    watchdogs(dir.path()).into_iter().for_each(kill_9);
    kill_9(postmaster);
    server.kill_9();
    eventually("the backends notice", || postgres_processes(dir.path()).is_empty());
    // Of the same user as Postgres, whose own look at the number would mistake it for a postmaster.
    let owner = fs::metadata(dir.path().join("postgres/data")).expect("there").uid();
    let mut bystander = std::process::Command::new("sleep").arg("60").uid(owner).spawn().expect("sleep exists");
    let file = dir.path().join("postgres/data/postmaster.pid");
    let text = fs::read_to_string(&file).expect("left behind");
    let (_, rest) = text.split_once('\n').expect("lines");
    fs::write(&file, format!("{}\n{rest}", bystander.id())).expect("written");

    let data_dir = DataDir::open(dir.path()).expect("free");
    let outcome = cluster::start(&data_dir, watchdog()).await;
    assert!(bystander.try_wait().expect("ours").is_none(), "the bystander lives");
    bystander.kill().expect("ours");
    bystander.wait().expect("ours");
    let cluster = outcome.expect("a stale file is no obstacle");
    cluster.stop().await;
}

#[tokio::test]
async fn a_killed_postmaster_is_started_again() {
    let dir = place();
    let data_dir = DataDir::open(dir.path()).expect("empty");
    let (cluster, db) = start(&data_dir).await;
    sqlx::query("create table kept (x int)").execute(&db).await.expect("made");
    let first = processes::postmaster(dir.path());
    kill_9(first);
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while sqlx::query("select x from kept").execute(&db).await.is_err() {
        assert!(std::time::Instant::now() < deadline, "the database comes back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_ne!(processes::postmaster(dir.path()), first);
    db.close().await;
    cluster.stop().await;
    assert_eq!(postgres_processes(dir.path()), Vec::<u32>::new());
}

#[tokio::test]
async fn one_data_directory_has_one_server() {
    let dir = place();
    let mut server = Server::start(dir.path());
    server.ready();
    let error = DataDir::open(dir.path()).expect_err("in use");
    assert!(matches!(&error, DataDirError::Busy { pid, .. } if *pid == server.id().to_string()), "{error}");
    assert!(server.stop_gracefully());
}

#[tokio::test]
async fn a_cluster_of_somebody_else_is_left_alone() {
    let dir = place();
    drop(DataDir::open(dir.path()).expect("empty"));
    fs::create_dir_all(dir.path().join("postgres/data")).expect("made");
    fs::write(dir.path().join("postgres/data/PG_VERSION"), "15\n").expect("written");
    let why = refusal(dir.path()).await;
    assert!(why.contains("was not made by Obstack (it contains \"data\")") && why.contains("database_url"), "{why}");
    assert_eq!(fs::read_dir(dir.path().join("postgres/data")).expect("readable").count(), 1);
}

#[tokio::test]
async fn a_cluster_of_a_missing_version_says_what_to_install() {
    let dir = place();
    let data_dir = DataDir::open(dir.path()).expect("empty");
    let (cluster, db) = start(&data_dir).await;
    db.close().await;
    cluster.stop().await;
    drop(data_dir);
    fs::write(dir.path().join("postgres/data/PG_VERSION"), "12\n").expect("written");
    let why = refusal(dir.path()).await;
    assert!(why.contains("made by Postgres 12"), "{why}");
    fs::remove_file(dir.path().join("postgres/data/PG_VERSION")).expect("removed");
    let why = refusal(dir.path()).await;
    assert!(why.contains("is damaged"), "{why}");
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_is_repeated() {
    let dir = place();
    drop(DataDir::open(dir.path()).expect("empty"));
    fs::create_dir_all(dir.path().join("postgres/data.new/base")).expect("made");
    fs::write(dir.path().join("postgres/data.new/PG_VERSION"), "15\n").expect("written");
    fs::write(dir.path().join("postgres/made-by-obstack"), "").expect("written");
    let data_dir = DataDir::open(dir.path()).expect("ours");
    let (cluster, db) = start(&data_dir).await;
    sqlx::query("select 1").execute(&db).await.expect("a whole cluster");
    assert!(!dir.path().join("postgres/data.new").exists());
    db.close().await;
    cluster.stop().await;
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_is_no_obstacle() {
    let dir = place();
    let deep = dir.path().join("a-directory-with-a-long-name".repeat(5));
    let data_dir = DataDir::open(&deep).expect("new");
    let (cluster, db) = start(&data_dir).await;
    sqlx::query("select 1").execute(&db).await.expect("reachable");
    db.close().await;
    cluster.stop().await;
}
