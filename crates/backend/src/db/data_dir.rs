//! The directory that holds everything an instance keeps on disk: claimed by a marker, held by a lock, one instance at a
//! time. What lies in it belongs to the slices.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Marks a directory as ours; locked while an instance lives. Its text is the process id.
const MARKER: &str = ".obstack";
/// Entries that do not make a fresh directory somebody else's.
const HARMLESS: &[&str] = &["lost+found", ".gitignore", ".gitkeep"];

/// Why a data directory cannot be used. The text tells an operator what to do.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It holds files of somebody else.
    #[error("{} is not empty and was not made by Obstack (it contains {example:?}); set data_dir to an empty or new directory", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// One of the entries.
        example: String,
    },
    /// Another user made it.
    #[error("{} belongs to user id {owner}, and this process runs as user id {me}; run Obstack as that user, or set data_dir to another directory", path.display())]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Us.
        me: u32,
    },
    /// Another instance uses it.
    #[error("another Obstack (process {pid}) uses {}; stop it, or set data_dir to another directory", path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
        /// The process, or `?`.
        pid: String,
    },
    /// It cannot be created or read.
    #[error("cannot use {} as data_dir", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A data directory that belongs to this process until it is dropped, or the process ends however it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// Holds the lock.
    _marker: File,
}

impl DataDir {
    /// Creates the directory when it is missing, claims it when it is empty, and locks it.
    pub fn open(path: &Path) -> Result<Self, DataDirError> {
        let failed = |source| DataDirError::Io { path: path.to_owned(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(failed(error)),
        }
        let path = fs::canonicalize(path).map_err(failed)?;
        let failed = |source| DataDirError::Io { path: path.clone(), source };

        let (owner, me) = (fs::metadata(&path).map_err(failed)?.uid(), rustix::process::geteuid().as_raw());
        if owner != me {
            return Err(DataDirError::Owner { path, owner, me });
        }
        if !fs::exists(path.join(MARKER)).map_err(failed)?
            && let Some(example) = somebody_elses(&path).map_err(failed)?
        {
            return Err(DataDirError::Foreign { path, example });
        }
        let mut marker = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(MARKER))
            .map_err(failed)?;
        match marker.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // Only for the message: an unreadable number is shown as unknown.
                let _ = marker.take(20).read_to_string(&mut pid);
                let pid = if pid.trim().is_empty() { "?".to_owned() } else { pid.trim().to_owned() };
                return Err(DataDirError::Busy { path, pid });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let sign = |marker: &mut File| {
            marker.set_len(0)?;
            marker.rewind()?;
            writeln!(marker, "{}", std::process::id())
        };
        sign(&mut marker).map_err(failed)?;
        Ok(Self { path, _marker: marker })
    }

    /// The absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// An entry that shows the directory is in use by somebody else.
fn somebody_elses(path: &Path) -> io::Result<Option<String>> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !HARMLESS.contains(&name.as_str()) {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> tempfile::TempDir {
        tempfile::tempdir().expect("a temporary directory")
    }

    #[test]
    fn a_new_directory_is_claimed_and_private() {
        let dir = place();
        let data = DataDir::open(&dir.path().join("deep/data")).expect("new");
        assert_eq!(fs::metadata(data.path()).expect("there").mode() & 0o777, 0o700);
        drop(data);
        DataDir::open(&dir.path().join("deep/data")).expect("ours again");
    }

    #[test]
    fn a_second_instance_is_refused_while_the_first_lives() {
        let dir = place();
        let first = DataDir::open(dir.path()).expect("empty");
        let error = DataDir::open(dir.path()).expect_err("in use");
        assert!(matches!(&error, DataDirError::Busy { pid, .. } if *pid == std::process::id().to_string()), "{error}");
        drop(first);
        DataDir::open(dir.path()).expect("free again");
    }

    #[test]
    fn files_of_somebody_else_are_left_alone() {
        let dir = place();
        fs::write(dir.path().join("thesis.txt"), "years of work").expect("written");
        let error = DataDir::open(dir.path()).expect_err("foreign");
        assert!(error.to_string().contains("contains \"thesis.txt\""), "{error}");
        assert!(!fs::exists(dir.path().join(MARKER)).expect("readable"));
    }

    #[test]
    fn a_directory_of_another_user_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return; // Only root can make one.
        }
        let dir = place();
        std::os::unix::fs::chown(dir.path(), Some(65534), None).expect("root may");
        let error = DataDir::open(dir.path()).expect_err("nobody's");
        assert!(matches!(error, DataDirError::Owner { owner: 65534, me: 0, .. }), "{error}");
    }
}
