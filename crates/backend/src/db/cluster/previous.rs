//! The postmaster a killed watchdog left behind.

use std::{
    thread,
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

/// Stops the postmaster of this data directory when one still runs. A process that only happens to have the number written
/// down (the computer was restarted) is left alone: it does not work in this directory.
pub(super) fn stop(data: &Directory) -> Result<(), String> {
    let written = data.read("postmaster.pid").map_err(|error| format!("cannot read postmaster.pid: {error}"))?;
    let number =
        written.as_deref().and_then(|text| text.lines().next()).and_then(|line| line.trim().parse::<i32>().ok());
    let Some((number, pid)) = number.and_then(|number| Some((u32::try_from(number).ok()?, Pid::from_raw(number)?)))
    else {
        return Ok(());
    };
    for (signal, patience) in STEPS {
        if !data.is_where_process_works(number) {
            return Ok(());
        }
        // It may have ended in between: the next look tells.
        let _ = kill_process(pid, signal);
        let deadline = Instant::now() + patience;
        while data.is_where_process_works(number) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
    }
    if data.is_where_process_works(number) {
        return Err(format!(
            "an earlier Postgres (process {number}) still uses the data directory and cannot be stopped"
        ));
    }
    Ok(())
}
