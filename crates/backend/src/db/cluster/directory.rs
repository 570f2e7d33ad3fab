//! Handles on the directories of the cluster.
//!
//! Postgres runs as another user when we are root, and that user often cannot walk to the data directory (a checkout in
//! /root). So Postgres gets open handles and names them `/proc/self/fd/N`: the directories themselves belong to it, and
//! which directories lie above them plays no part. It also keeps the socket's path short.

use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::{DirBuilderExt, MetadataExt, fchown},
    },
    path::Path,
};

use rustix::{
    fs::{AtFlags, Mode, OFlags},
    io::FdFlags,
};

use super::account::Account;

/// A directory held open for the programs we start.
#[derive(Debug)]
pub(super) struct Directory(File);

impl Directory {
    /// Makes it for this user, mode 0700, or opens it when it exists. Never follows a link.
    pub(super) fn make(path: &Path, owner: Account) -> io::Result<Self> {
        let directory = Self::make_for_me(path)?;
        if directory.owner()? != owner {
            fchown(&directory.0, Some(owner.uid), Some(owner.gid))?;
        }
        Ok(directory)
    }

    /// Makes it for ourselves, mode 0700, or opens it when it exists, whoever it belongs to. Never follows a link.
    pub(super) fn make_for_me(path: &Path) -> io::Result<Self> {
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Self::open(path)
    }

    /// Opens one that exists. Never follows a link.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self(File::from(handle)))
    }

    /// Whom it belongs to.
    pub(super) fn owner(&self) -> io::Result<Account> {
        let metadata = self.0.metadata()?;
        Ok(Account { uid: metadata.uid(), gid: metadata.gid() })
    }

    /// Lets every program started from now on inherit the handle. The watchdog starts nothing but Postgres.
    pub(super) fn share(&self) -> io::Result<()> {
        Ok(rustix::io::fcntl_setfd(&self.0, FdFlags::empty())?)
    }

    /// The path under which a program that has inherited the handle finds the directory.
    pub(super) fn inherited_path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }

    /// Replaces a file in it. Never follows a link: the directory's owner may have put one there.
    pub(super) fn write(&self, name: &str, owner: Account, text: &str) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle: OwnedFd = rustix::fs::openat(&self.0, name, flags, Mode::RUSR | Mode::WUSR)?;
        let mut file = File::from(handle);
        if (file.metadata()?.uid(), file.metadata()?.gid()) != (owner.uid, owner.gid) {
            fchown(&file, Some(owner.uid), Some(owner.gid))?;
        }
        file.write_all(text.as_bytes())
    }

    /// The whole text of a file in it; `None` when there is none.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<String>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&self.0, name, flags, Mode::empty()) {
            Ok(handle) => io::read_to_string(File::from(handle)).map(Some),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a file in it; nothing happens when there is none.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The Postgres processes at work in this directory: every one of them works in its data directory. A person who has
    /// gone there with a shell is none.
    pub(super) fn postgres_processes(&self) -> io::Result<Vec<i32>> {
        let here = self.0.metadata()?;
        let works_here = |pid: &i32| {
            // A process that has ended meanwhile, or has ended and waits for its parent, has no working directory.
            fs::metadata(format!("/proc/{pid}/cwd")).is_ok_and(|its| (its.dev(), its.ino()) == (here.dev(), here.ino()))
                && fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "postgres")
        };
        let pids = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        Ok(pids.filter(works_here).collect())
    }
}
