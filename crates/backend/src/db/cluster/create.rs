//! Making a new cluster with initdb, all or nothing, and telling it who may connect.

use std::{fs, path::Path, process::Command};

use super::{
    account::{Account, my_name},
    directory::Directory,
    plan::{ADMIN, Layout, Plan, ROLE},
    programs::Programs,
};

/// Claims `data_dir/postgres`: ours, empty, or refused.
pub(super) fn claim(layout: &Layout) -> Result<(), String> {
    let root = layout.root();
    let me = Account::me();
    let directory = Directory::make_for_me(root).map_err(|error| format!("cannot use {}: {error}", root.display()))?;
    let owner = directory.owner().map_err(|error| format!("cannot read {}: {error}", root.display()))?;
    if owner.uid != me.uid {
        return Err(format!(
            "{} belongs to user id {}, and this process runs as user id {}; run Obstack as that user, or set data_dir to \
             another directory",
            root.display(),
            owner.uid,
            me.uid
        ));
    }
    if layout.marker().exists() {
        return Ok(());
    }
    let mut entries = fs::read_dir(root).map_err(|error| format!("cannot read {}: {error}", root.display()))?;
    if let Some(Ok(entry)) = entries.next() {
        return Err(format!(
            "{} was not made by Obstack (it contains {:?}) and is left alone; set data_dir to another directory, or set \
             database_url to use a database that you run yourself",
            root.display(),
            entry.file_name().to_string_lossy()
        ));
    }
    fs::write(layout.marker(), "The private database of Obstack. Everything here is managed by it.\n")
        .map_err(|error| format!("cannot write to {}: {error}", root.display()))
}

/// Runs initdb in a directory beside the real one and renames it at the end, so that a crash half-way leaves nothing behind
/// that looks like a cluster.
pub(super) fn create(plan: &Plan, layout: &Layout) -> Result<(), String> {
    let account = Account::choose(&plan.path)?;
    let programs = Programs::find(&plan.path, None)?;
    let unfinished = layout.unfinished();
    let failed = |what: &str, path: &Path, error: std::io::Error| format!("cannot {what} {}: {error}", path.display());
    match fs::remove_dir_all(&unfinished) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed("remove", &unfinished, error)),
    }
    let directory = Directory::make(&unfinished, account).map_err(|error| failed("create", &unfinished, error))?;
    directory.share().map_err(|error| failed("share", &unfinished, error))?;

    let mut initdb = Command::new(programs.initdb());
    initdb
        .args(["--username", ADMIN, "--encoding", "UTF8", "--locale", "C.UTF-8", "--auth", "peer"])
        .args(["--data-checksums", "--no-instructions", "--pgdata", &directory.inherited_path()])
        .current_dir("/");
    clean_environment(&mut initdb, plan);
    account.assume(&mut initdb);
    let output = initdb.output().map_err(|error| failed("run", &programs.initdb(), error))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("initdb failed: {}", words.trim()));
    }
    fs::rename(&unfinished, layout.data()).map_err(|error| failed("rename", &unfinished, error))
}

/// Writes who may connect: the user we run as, known to Postgres from the socket itself, and nobody else. At every start,
/// because we may run as somebody else today.
pub(super) fn admit_us(plan: &Plan, data: &Directory, account: Account) -> Result<(), String> {
    let me = my_name(&plan.path)?;
    if me.contains(['"', '\n', '\r']) || me.starts_with('/') {
        return Err(format!("the name of the user, {me:?}, cannot be written into pg_ident.conf; set database_url"));
    }
    let ident = format!("obstack \"{me}\" {ADMIN}\nobstack \"{me}\" {ROLE}\n");
    let rules = format!("local all {ADMIN},{ROLE} peer map=obstack\n");
    data.write("pg_ident.conf", account, &ident)
        .and_then(|()| data.write("pg_hba.conf", account, &rules))
        .map_err(|error| format!("cannot write the access rules of the private database: {error}"))
}

/// Nothing of our environment concerns Postgres, and some of it (PGDATA, PGPORT, LC_ALL) would mislead it.
pub(super) fn clean_environment(command: &mut Command, plan: &Plan) {
    command.env_clear().env("PATH", &plan.path).env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
}
