//! What a killed watchdog left behind: processes, and files that name them.

use std::{
    io, thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use super::directory::Directory;

/// Each step of getting rid of a postmaster: the signal and how long it may take. Fast shutdown, immediate shutdown (the
/// next start recovers), kill.
pub(super) const STEPS: [(Signal, Duration); 3] = [
    (Signal::INT, Duration::from_secs(20)),
    (Signal::QUIT, Duration::from_secs(5)),
    (Signal::KILL, Duration::from_secs(5)),
];

/// Names the postmaster.
const PID_FILE: &str = "postmaster.pid";

/// Stops whatever Postgres still works in this data directory. The caller holds the watch lock, so nobody starts another.
pub(super) fn stop(data: &Directory) -> Result<(), String> {
    let failed = |error: io::Error| format!("cannot look for an earlier Postgres: {error}");
    for (signal, patience) in STEPS {
        let left = data.postgres_processes().map_err(failed)?;
        if left.is_empty() {
            return Ok(());
        }
        // The postmaster tells the others. Without one they are about to notice, and get the signal themselves.
        let postmaster =
            data.read(PID_FILE).map_err(failed)?.as_deref().and_then(first_number).filter(|pid| left.contains(pid));
        let receivers = postmaster.map_or(left, |pid| vec![pid]);
        for pid in receivers.into_iter().filter_map(Pid::from_raw) {
            // It may have ended in between: the next look tells.
            let _ = kill_process(pid, signal);
        }
        let deadline = Instant::now() + patience;
        while !data.postgres_processes().map_err(failed)?.is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
    }
    match data.postgres_processes().map_err(failed)?.as_slice() {
        [] => Ok(()),
        [pid, ..] => {
            Err(format!("an earlier Postgres (process {pid}) still uses the data directory and cannot be stopped"))
        }
    }
}

/// Removes the files by which a Postgres that was killed still says that it runs. After a restart of the computer or the
/// container its number may belong to anybody, and Postgres would refuse to start because of them. Only after [`stop`].
pub(super) fn forget(data: &Directory, run: &Directory) -> Result<(), String> {
    data.remove(PID_FILE)
        .and_then(|()| run.remove(".s.PGSQL.5432.lock"))
        .and_then(|()| run.remove(".s.PGSQL.5432"))
        .map_err(|error| format!("cannot remove what an earlier Postgres left behind: {error}"))
}

fn first_number(text: &str) -> Option<i32> {
    text.lines().next()?.trim().parse().ok()
}
