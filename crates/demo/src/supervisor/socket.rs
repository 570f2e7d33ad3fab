//! The control socket: `demo.sock` in the data directory, readable by its owner only, JSON lines both ways. It lets
//! `obstack demo break NAME` reach the demo that runs in another process.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use contract::demo::{DemoControl, Fault};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use super::StartError;
use crate::{
    cli::{Answer, Command},
    control::Switchboard,
};

const LONGEST_LINE_BYTES: u64 = 4096;

/// Path of the socket.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("demo.sock")
}

/// Opens the socket. A stale one of a demo that was killed is replaced; a live one is an error.
pub async fn listen(data_dir: &Path) -> Result<UnixListener, StartError> {
    let path = path(data_dir);
    if UnixStream::connect(&path).await.is_ok() {
        return Err(StartError::Running(data_dir.to_owned()));
    }
    open(data_dir, &path).map_err(|source| StartError::Io { what: path.display().to_string(), source })
}

/// Binds inside a directory nobody else can enter and moves the socket out once its mode is right, so that there is
/// no moment in which others could connect.
fn open(data_dir: &Path, path: &Path) -> io::Result<UnixListener> {
    let private = data_dir.join(format!(".demo-{}", std::process::id()));
    fs::create_dir(&private)?;
    let bound = (|| {
        fs::set_permissions(&private, Permissions::from_mode(0o700))?;
        let hidden = private.join("s");
        let listener = UnixListener::bind(&hidden)?;
        fs::set_permissions(&hidden, Permissions::from_mode(0o600))?;
        fs::rename(&hidden, path)?;
        Ok(listener)
    })();
    fs::remove_dir_all(&private)?;
    bound
}

/// Removes the socket of a demo that ended.
pub fn remove(data_dir: &Path) {
    // Gone already is as good.
    drop(fs::remove_file(path(data_dir)));
}

/// Answers commands for ever.
pub async fn serve(listener: UnixListener, board: Arc<Switchboard>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let board = board.clone();
            tokio::spawn(async move { drop(converse(stream, &board).await) });
        }
    }
}

async fn converse(stream: UnixStream, board: &Switchboard) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        if (&mut read).take(LONGEST_LINE_BYTES).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let mut answer = serde_json::to_vec(&obey(&line, board).await)?;
        answer.push(b'\n');
        write.write_all(&answer).await?;
    }
}

async fn obey(line: &[u8], board: &Switchboard) -> Answer {
    let known = |name: &str| Fault::from_name(name).ok_or_else(|| format!("no fault is called {name}"));
    let done = match serde_json::from_slice(line) {
        Ok(Command::Break { fault }) => match known(&fault) {
            Ok(fault) => board.start(fault).await.map_err(|error| error.detail),
            Err(why) => Err(why),
        },
        Ok(Command::Heal { fault }) => match known(&fault) {
            Ok(fault) => board.stop(fault).await.map_err(|error| error.detail),
            Err(why) => Err(why),
        },
        Ok(Command::List) => Ok(()),
        Err(_) => Err("not a command".to_owned()),
    };
    Answer { error: done.err(), faults: board.faults() }
}
