//! The postmaster itself: its settings, its log, its start.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
};

use super::{
    account::Account,
    create::clean_environment,
    directory::Directory,
    plan::{Layout, Plan},
    programs::Programs,
};

/// One machine, one application, little memory. What is not here keeps Postgres' default, above all durability.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=60",
    "shared_buffers=32MB",
    "work_mem=4MB",
    "maintenance_work_mem=32MB",
    "effective_cache_size=256MB",
    "autovacuum_max_workers=2",
    "max_worker_processes=4",
    "max_parallel_workers_per_gather=1",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=256MB",
    "wal_compression=on",
    "jit=off",
    "logging_collector=off",
    "log_line_prefix=%m [%p] ",
    "log_checkpoints=off",
    "timezone=UTC",
];

/// The log starts anew above this size.
const LOG_LIMIT_BYTES: u64 = 8 * 1024 * 1024;
/// How much of the log a failed start shows.
const TAIL_BYTES: u64 = 2048;

/// Starts it. Both directories are shared with it.
pub(super) fn spawn(
    plan: &Plan,
    layout: &Layout,
    programs: &Programs,
    account: Account,
    data: &Directory,
    run: &Directory,
) -> io::Result<Child> {
    data.share()?;
    run.share()?;
    let log = open_log(&layout.log())?;
    let mut command = Command::new(programs.postgres());
    command.args(["-D", &data.inherited_path()]);
    command.args(["-c", &format!("unix_socket_directories={}", run.inherited_path())]);
    command.args(["-c", &format!("cluster_name={}", plan.run_name)]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command.current_dir("/").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
    clean_environment(&mut command, plan);
    account.assume(&mut command);
    command.spawn()
}

fn open_log(path: &Path) -> io::Result<File> {
    if fs::metadata(path).is_ok_and(|metadata| metadata.len() > LOG_LIMIT_BYTES) {
        fs::rename(path, path.with_extension("log.old"))?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// The last lines of the log, for the message about a failed start.
pub(super) fn log_tail(path: &Path) -> String {
    let read = || {
        let mut file = File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
        io::Result::Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    };
    read().unwrap_or_else(|error| format!("(no log: {error})"))
}
