//! Where things lie in `data_dir/postgres`, their names, and what the server tells the watchdog.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

/// The cluster's superuser: only for making the role and the database.
pub(super) const ADMIN: &str = "obstack_admin";
/// The application's role.
pub(super) const ROLE: &str = "obstack";
/// The application's database.
pub(super) const DATABASE: &str = "obstack";

/// The paths under `data_dir/postgres`.
#[derive(Clone, Debug)]
pub(super) struct Layout(PathBuf);

impl Layout {
    pub(super) fn new(data_dir: &Path) -> Self {
        Self(data_dir.join("postgres"))
    }

    pub(super) fn of_root(root: PathBuf) -> Self {
        Self(root)
    }

    /// The directory of everything below. Belongs to the server's user.
    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    /// Says that the directory was made by Obstack.
    pub(super) fn marker(&self) -> PathBuf {
        self.0.join("made-by-obstack")
    }

    /// Postgres' own data directory. Belongs to the user Postgres runs as.
    pub(super) fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    /// A data directory that initdb has not finished; renamed to [`Layout::data`] at the end.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.0.join("data.new")
    }

    /// The socket's directory, mode 0700. Belongs to the user Postgres runs as.
    pub(super) fn run(&self) -> PathBuf {
        self.0.join("run")
    }

    /// Held by a watchdog from before it starts a postmaster until that has ended.
    pub(super) fn watch_lock(&self) -> PathBuf {
        self.0.join("watch.lock")
    }

    /// What Postgres prints.
    pub(super) fn log(&self) -> PathBuf {
        self.0.join("postgres.log")
    }
}

/// The first line on the watchdog's standard input. Its end is the order to stop.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Plan {
    /// See [`Layout::root`].
    pub(super) root: PathBuf,
    /// Where to look for programs.
    pub(super) path: OsString,
    /// Postgres shows it as `cluster_name`, by which the server tells this postmaster from an earlier one on the same socket.
    pub(super) run_name: String,
}

impl Plan {
    /// One line of JSON.
    pub(super) fn to_line(&self) -> String {
        let json = serde_json::to_string(self).expect("paths of bytes and names become JSON");
        format!("{json}\n")
    }

    pub(super) fn from_line(line: &str) -> Result<Self, String> {
        serde_json::from_str(line).map_err(|error| format!("the plan cannot be read: {error}"))
    }
}
