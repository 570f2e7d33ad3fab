//! The watchdog: a process of its own between the server and Postgres. Plain blocking code, few allocations, no async.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufRead, Read, Write},
    os::unix::fs::OpenOptionsExt,
    process::{Child, ExitCode},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, kill_process};

use super::{
    account::Account,
    create,
    directory::Directory,
    plan::{Layout, Plan},
    postmaster, previous,
    programs::Programs,
};

/// How long the watchdog of a killed server may take to stop its postmaster.
const LOCK_PATIENCE: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(20);

/// The body of `obstack pg-watch`. Reads the plan from standard input, runs Postgres, and stops it when standard input ends.
/// Fails with one paragraph on standard error.
pub fn watch() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Nobody may be left to read it.
            let _ = writeln!(io::stderr(), "{why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(|error| format!("the plan cannot be read: {error}"))?;
    let plan = Plan::from_line(&line)?;
    let layout = Layout::of_root(plan.root.clone());

    create::claim(&layout)?;
    let _lock = lock(&layout)?;
    if !layout.data().exists() {
        create::create(&plan, &layout)?;
    }
    let data =
        Directory::open(&layout.data()).map_err(|error| format!("cannot open {}: {error}", layout.data().display()))?;
    let account = owner(&data, &layout)?;
    previous::stop(&data)?;
    create::admit_us(&plan, &data, account)?;
    let programs = Programs::find(&plan.path, Some(version(&data, &layout)?))?;
    let run = Directory::make(&layout.run(), account)
        .map_err(|error| format!("cannot make {}: {error}", layout.run().display()))?;
    previous::forget(&data, &run)?;

    let child = postmaster::spawn(&plan, &layout, &programs, account, &data, &run)
        .map_err(|error| format!("cannot run {}: {error}", programs.postgres().display()))?;
    supervise(child, &layout)
}

/// Postgres runs as the owner of its data, whoever that is; never as root.
fn owner(data: &Directory, layout: &Layout) -> Result<Account, String> {
    let owner = data.owner().map_err(|error| format!("cannot read {}: {error}", layout.data().display()))?;
    let me = Account::me();
    if owner.uid == 0 || (me.uid != 0 && owner.uid != me.uid) {
        return Err(format!(
            "{} belongs to user id {}, as whom Postgres cannot be run from here; give it back to its owner (chown -R)",
            layout.data().display(),
            owner.uid
        ));
    }
    Ok(owner)
}

fn version(data: &Directory, layout: &Layout) -> Result<u32, String> {
    let text = data.read("PG_VERSION").map_err(|error| format!("cannot read {}: {error}", layout.data().display()))?;
    text.as_deref().and_then(|text| text.trim().parse().ok()).ok_or_else(|| {
        format!(
            "{} is damaged: it has no PG_VERSION; restore it from a backup or move it away",
            layout.data().display()
        )
    })
}

/// Waits for the watchdog of an earlier server, which may still be stopping its postmaster.
fn lock(layout: &Layout) -> Result<File, String> {
    let path = layout.watch_lock();
    let failed = |error| format!("cannot lock {}: {error}", path.display());
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(failed)?;
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                return Err(format!(
                    "another Obstack still runs the database in {}; stop it first",
                    layout.root().display()
                ));
            }
            Err(TryLockError::WouldBlock) => thread::sleep(POLL),
        }
    }
}

/// Waits for whichever comes first: the server closes the pipe (or dies), or Postgres ends by itself.
fn supervise(mut child: Child, layout: &Layout) -> Result<(), String> {
    let (told, order) = mpsc::channel();
    thread::spawn(move || {
        // Anything but more input is the end.
        let mut sink = [0; 64];
        while matches!(io::stdin().lock().read(&mut sink), Ok(1..)) {}
        // The receiver is gone only when Postgres has ended already.
        let _ = told.send(());
    });
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Err(format!("Postgres ended ({status}); its last words:\n{}", postmaster::log_tail(&layout.log())));
        }
        match order.recv_timeout(POLL * 5) {
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return stop(&mut child),
        }
    }
}

fn stop(child: &mut Child) -> Result<(), String> {
    let pid = Pid::from_child(child);
    for (signal, patience) in previous::STEPS {
        // It is our child and not waited for, so the number cannot belong to anybody else.
        let _ = kill_process(pid, signal);
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if child.try_wait().map_err(|error| error.to_string())?.is_some() {
                return Ok(());
            }
            thread::sleep(POLL);
        }
    }
    Err("Postgres cannot be stopped".to_owned())
}
