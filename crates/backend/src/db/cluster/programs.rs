//! Finding the installed Postgres programs.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Older ones are out of support and untested.
const OLDEST: u32 = 13;
/// Where packages put the programs of each version: Debian and Ubuntu, Red Hat, Alpine, source builds.
const PLACES: [(&str, &str); 4] =
    [("/usr/lib/postgresql", "bin"), ("/usr", "bin"), ("/usr/libexec", ""), ("/usr/local/pgsql", "")];

/// `initdb` and `postgres` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Programs {
    dir: PathBuf,
    pub(super) major: u32,
}

impl Programs {
    pub(super) fn initdb(&self) -> PathBuf {
        self.dir.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.dir.join("postgres")
    }

    /// The newest installed version, or exactly `major` when a cluster of that version exists.
    pub(super) fn find(path: &OsStr, major: Option<u32>) -> Result<Self, String> {
        let mut found: Vec<Self> = candidates(path).into_iter().filter_map(Self::probe).collect();
        found.sort_by_key(|programs| std::cmp::Reverse(programs.major));
        let newest = found.first().map(|programs| programs.major);
        match (major, newest) {
            (_, None) => {
                Err("no Postgres programs (initdb, postgres) in PATH or /usr/lib/postgresql/*/bin; install them \
                 (Debian: apt-get install --no-install-recommends postgresql) or set database_url"
                    .to_owned())
            }
            (None, Some(newest)) if newest < OLDEST => {
                Err(format!("Postgres {newest} is too old; install {OLDEST} or newer, or set database_url"))
            }
            (wanted, Some(newest)) => {
                let wanted = wanted.unwrap_or(newest);
                found.into_iter().find(|programs| programs.major == wanted).ok_or_else(|| {
                    format!(
                        "the private database was made by Postgres {wanted}, and only version {newest} is installed; install \
                         version {wanted} (Debian: postgresql-{wanted}), or move the data with pg_dump and pg_restore"
                    )
                })
            }
        }
    }

    fn probe(dir: PathBuf) -> Option<Self> {
        if !dir.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(dir.join("postgres")).arg("--version").output().ok()?;
        let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { dir, major })
    }
}

/// Directories that may hold the programs. Links are followed: what is in PATH is often one to another directory.
fn candidates(path: &OsStr) -> Vec<PathBuf> {
    let from_path = std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .filter_map(|dir| fs::canonicalize(dir.join("postgres")).ok()?.parent().map(Path::to_owned));
    let versions = PLACES.iter().flat_map(|(place, inner)| {
        let entries = fs::read_dir(place).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|dir| looks_right(dir))
            .map(move |dir| dir.join(inner))
            .collect::<Vec<_>>()
    });
    let mut all: Vec<PathBuf> = from_path.chain(versions).collect();
    all.sort();
    all.dedup();
    all
}

/// `15`, `pgsql-15`, `postgresql15`, `bin`: names of directories worth a look.
fn looks_right(dir: &Path) -> bool {
    let name = dir.file_name().unwrap_or_default().to_string_lossy();
    name == "bin" || name.starts_with("pgsql") || name.starts_with("postgresql") || name.parse::<f32>().is_ok()
}

/// The major version in `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`.
fn major_of(text: &str) -> Option<u32> {
    let version = text.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_every_packager_prints() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("nothing here"), None);
    }

    #[test]
    fn a_cluster_of_a_version_that_is_gone_says_what_to_install() {
        let installed = Programs::find(OsStr::new(""), None).expect("the tests need Postgres");
        let error = Programs::find(OsStr::new(""), Some(12)).expect_err("12 is not installed");
        assert!(error.contains("made by Postgres 12") && error.contains(&installed.major.to_string()), "{error}");
    }
}
