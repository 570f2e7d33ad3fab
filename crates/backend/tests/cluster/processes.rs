//! Starting this test binary in a role, and looking at the processes of a data directory.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

const ROLE: &str = "OBSTACK_TEST_ROLE";
const DIR: &str = "OBSTACK_TEST_DIR";
const READY: &str = "ready: ";
const DEADLINE: Duration = Duration::from_secs(90);

/// The environment of a role.
pub fn role(name: &'static str) -> [(&'static str, &'static str); 1] {
    [(ROLE, name)]
}

pub fn role_is(name: &str) -> bool {
    std::env::var(ROLE).is_ok_and(|role| role == name)
}

pub fn dir_of_role() -> PathBuf {
    std::env::var_os(DIR).expect("the server's role has a directory").into()
}

pub fn say_ready(starts: i64) {
    // The harness may have begun the line.
    println!("\n{READY}{starts}");
    std::io::stdout().flush().expect("the test listens");
}

/// Until standard input ends.
pub async fn wait_for_order() {
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()))
        .await
        .expect("reads")
        .expect("reads");
}

/// A server in a process of its own.
pub struct Server {
    child: Child,
    order: Option<ChildStdin>,
    starts: mpsc::Receiver<i64>,
}

impl Server {
    pub fn start(dir: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("a test binary has a path"))
            .args(["role_server", "--exact", "--nocapture"])
            .env(ROLE, "server")
            .env(DIR, dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let order = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let (said, starts) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(number) = line.strip_prefix(READY) {
                    said.send(number.parse().expect("a number")).expect("the test waits");
                }
            }
        });
        Self { child, order, starts }
    }

    /// Waits until it is up; how often a server has started on this directory.
    pub fn ready(&mut self) -> i64 {
        self.starts.recv_timeout(DEADLINE).expect("the server starts")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn pause(&self) {
        signal(self.child.id(), Signal::STOP);
    }

    pub fn kill_9(mut self) {
        self.child.kill().expect("ours");
        self.child.wait().expect("ours");
    }

    pub fn stop_gracefully(mut self) -> bool {
        drop(self.order.take());
        eventually("the server ends", || self.child.try_wait().expect("ours").is_some());
        self.child.wait().expect("ours").success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn kill_9(pid: u32) {
    signal(pid, Signal::KILL);
}

fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).expect("small")).expect("not zero");
    kill_process(pid, signal).expect("it lives");
}

/// Waits for something that has to happen by itself.
pub fn eventually(what: &str, mut happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !happened() {
        assert!(Instant::now() < deadline, "not within {DEADLINE:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Every process that works in this cluster's data directory: the postmaster and what it has started.
pub fn postgres_processes(data_dir: &Path) -> Vec<u32> {
    let wanted = fs::canonicalize(data_dir).expect("there").join("postgres/data");
    all_processes().filter(|pid| fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == wanted)).collect()
}

/// Every process that holds this cluster's watch lock open: its watchdogs.
pub fn watchdogs(data_dir: &Path) -> Vec<u32> {
    let wanted = fs::canonicalize(data_dir).expect("there").join("postgres/watch.lock");
    let holds = |pid: &u32| {
        let handles = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        handles.into_iter().any(|handle| fs::read_link(handle.path()).is_ok_and(|target| target == wanted))
    };
    all_processes().filter(holds).collect()
}

pub fn postmaster(data_dir: &Path) -> u32 {
    let text = fs::read_to_string(data_dir.join("postgres/data/postmaster.pid")).expect("it runs");
    text.lines().next().and_then(|line| line.trim().parse().ok()).expect("a number")
}

pub fn owner(pid: u32) -> u32 {
    fs::metadata(format!("/proc/{pid}")).map_or(u32::MAX, |metadata| metadata.uid())
}

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("there").mode() & 0o777
}

fn all_processes() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").expect("Linux").flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
