//! As whom Postgres runs: as ourselves, or, when we are root (Postgres refuses that), as an unprivileged user.

use std::{ffi::OsStr, os::unix::process::CommandExt, process::Command};

/// Users to become, in this order. `nobody` exists everywhere.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// A user of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// Who a new cluster belongs to.
    pub(super) fn choose(path: &OsStr) -> Result<Self, String> {
        let me = Self::me();
        if me.uid != 0 {
            return Ok(me);
        }
        UNPRIVILEGED.iter().find_map(|name| Self::find(path, name)).ok_or_else(|| {
            "Postgres does not run as root, and there is neither a user `postgres` nor a user `nobody` to run it as; \
             create one, run Obstack as an unprivileged user, or set database_url"
                .to_owned()
        })
    }

    pub(super) fn me() -> Self {
        Self { uid: rustix::process::geteuid().as_raw(), gid: rustix::process::getegid().as_raw() }
    }

    /// Makes the command run as this user, without any of our groups. Only root can become somebody else.
    pub(super) fn assume(self, command: &mut Command) {
        if self != Self::me() {
            command.uid(self.uid).gid(self.gid);
        }
    }

    fn find(path: &OsStr, name: &str) -> Option<Self> {
        let number = |flag| id(path, &[flag, name]).ok()?.parse().ok();
        Some(Self { uid: number("-u")?, gid: number("-g")? })
    }
}

/// The name of the user we run as: what Postgres learns about us from the socket.
pub(super) fn my_name(path: &OsStr) -> Result<String, String> {
    id(path, &["-un"]).map_err(|why| {
        format!("user id {} has no name ({why}); add it to /etc/passwd, or set database_url", Account::me().uid)
    })
}

/// `id` of coreutils knows users of every source the system is set up for, not only /etc/passwd.
fn id(path: &OsStr, args: &[&str]) -> Result<String, String> {
    let output =
        Command::new("id").args(args).env("PATH", path).env("LC_ALL", "C").output().map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
