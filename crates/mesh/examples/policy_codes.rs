//! Writes the pages of all policy codes into a directory: `cargo run -p mesh --example policy_codes docs/policy`.

use std::{fs, path::PathBuf};

use mesh::policy::lint::codes::{all, page};

fn main() -> std::io::Result<()> {
    let dir: PathBuf = std::env::args_os().nth(1).unwrap_or_else(|| "docs/policy".into()).into();
    fs::create_dir_all(&dir)?;
    for (entry, meaning) in all() {
        fs::write(dir.join(format!("{}.md", entry.code)), page(entry, meaning))?;
    }
    Ok(())
}
