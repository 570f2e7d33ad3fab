//! What `obstack demo break NAME`, `heal` and `list` do: talk to the running demo over its control socket. Blocking,
//! so that it needs no runtime.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use contract::demo::{Fault, FaultState};
use serde::{Deserialize, Serialize};

const TIMEOUT: Duration = Duration::from_secs(5);

/// Why a command had no effect.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Nothing answers on the socket.
    #[error("no demo runs with the data directory {}", .0.display())]
    NotRunning(PathBuf),
    /// The connection broke.
    #[error("talking to the demo: {0}")]
    Io(#[from] std::io::Error),
    /// The demo said no.
    #[error("{why}; there are: {}", Fault::ALL.map(Fault::name).join(", "))]
    Refused {
        /// What it said.
        why: String,
    },
}

/// One line to the demo.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(crate) enum Command {
    /// Switch a fault on.
    Break { fault: String },
    /// Switch it off.
    Heal { fault: String },
    /// Only tell.
    List,
}

/// One line back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    /// All faults afterwards.
    pub faults: Vec<FaultState>,
}

/// Switches a fault on in the demo that uses this data directory. Returns all faults with their state.
pub fn break_fault(data_dir: &Path, name: &str) -> Result<Vec<FaultState>, CliError> {
    tell(data_dir, &Command::Break { fault: name.to_owned() })
}

/// Switches a fault off.
pub fn heal(data_dir: &Path, name: &str) -> Result<Vec<FaultState>, CliError> {
    tell(data_dir, &Command::Heal { fault: name.to_owned() })
}

/// All faults with their state.
pub fn list(data_dir: &Path) -> Result<Vec<FaultState>, CliError> {
    tell(data_dir, &Command::List)
}

fn tell(data_dir: &Path, command: &Command) -> Result<Vec<FaultState>, CliError> {
    let path = data_dir.join("demo.sock");
    let mut stream = UnixStream::connect(path).map_err(|_| CliError::NotRunning(data_dir.to_owned()))?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let mut line = serde_json::to_vec(command).map_err(std::io::Error::from)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut said = String::new();
    BufReader::new(stream).read_line(&mut said)?;
    let answer: Answer = serde_json::from_str(&said).map_err(std::io::Error::from)?;
    answer.error.map_or(Ok(answer.faults), |why| Err(CliError::Refused { why }))
}
