//! Starts a real Envoy and stops it again; asks it over raw connections, so that nothing is tidied up on the way.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustls::pki_types::ServerName;
use serde_json::json;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpSocket,
};

use crate::{
    config::{self, SEEN_PATH},
    model::{Sent, Set},
    tls::Authority,
};

/// A network below 127 that no other run uses; the address of a set is in it.
pub struct Network {
    second: u8,
    _held: TcpListener,
}

impl Network {
    pub fn claim() -> Self {
        let free = (77..=120).find_map(|second| {
            let held = TcpListener::bind((Ipv4Addr::new(127, second, 255, 254), 18079)).ok()?;
            Some(Self { second, _held: held })
        });
        free.expect("a free loopback network")
    }

    pub fn address(&self, i: usize) -> Ipv4Addr {
        let part = |number: usize| u8::try_from(number).expect("few enough sets");
        Ipv4Addr::new(127, self.second, part(i / 250), part(1 + i % 250))
    }
}

/// A running Envoy.
pub struct Proxy {
    child: Child,
    admin: PathBuf,
    _files: tempfile::TempDir,
}

impl Proxy {
    /// With a listener for every set.
    pub fn start(binary: &str, sets: &[Set], authority: &Authority) -> Self {
        let files = tempfile::tempdir().expect("a directory");
        let directory = files.path().to_owned();
        let path = |name: &str| directory.join(name).to_string_lossy().into_owned();
        let admin = path("admin");
        let mut bootstrap = config::bootstrap(sets, authority);
        bootstrap["admin"] = json!({"address": {"pipe": {"path": admin}}});
        std::fs::write(path("envoy.json"), bootstrap.to_string()).expect("a file");
        let log = std::fs::File::create(path("log")).expect("a file");
        let child = Command::new(binary)
            .args(["--config-path", &path("envoy.json"), "--disable-hot-restart", "--log-level", "error"])
            .args(["--concurrency", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("ENVOY_BIN starts");
        let mut proxy = Self { child, admin: admin.into(), _files: files };
        let from = Instant::now();
        while !proxy.is_ready().unwrap_or_default() {
            let ended = proxy.child.try_wait().expect("a child").is_some();
            assert!(!ended && from.elapsed() < Duration::from_secs(60), "{}", log_of(&path("log")));
            std::thread::sleep(Duration::from_millis(50));
        }
        proxy
    }

    fn is_ready(&self) -> io::Result<bool> {
        let mut stream = UnixStream::connect(&self.admin)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /ready HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.contains("LIVE"))
    }
}

/// Whether Envoy takes the configuration of these sets.
pub fn accepts(binary: &str, sets: &[Set], authority: &Authority) -> bool {
    let files = tempfile::tempdir().expect("a directory");
    let path = files.path().join("envoy.json");
    std::fs::write(&path, config::bootstrap(sets, authority).to_string()).expect("a file");
    let mut command = Command::new(binary);
    command.args(["--mode", "validate", "--log-level", "off", "--config-path"]).arg(&path);
    let output = command.stdin(Stdio::null()).output().expect("ENVOY_BIN starts");
    output.status.success()
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_of(path: &str) -> String {
    let log = std::fs::read_to_string(path).unwrap_or_default();
    format!("Envoy did not start: {}", log.chars().take(4000).collect::<String>())
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// HTTP: status, the path the proxy forwards, why it refused.
    Http { status: u16, path: Option<String>, details: String },
    /// TCP: whether the connection lived.
    Tcp { open: bool },
}

pub async fn ask(set: &Set, sent: &Sent, authority: &Authority) -> io::Result<Seen> {
    let bytes = if set.tcp { b"hello".to_vec() } else { sent.raw() };
    let whole = |answer: &[u8]| match set.tcp {
        true => answer.len() >= bytes.len(),
        false => is_whole(answer, sent.method == "HEAD"),
    };
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((sent.source, 0)))?;
    let stream = socket.connect(SocketAddr::from((set.address, set.port))).await?;
    let answer = if set.tls {
        let identity = sent.identity.as_deref().unwrap_or_default();
        let config = authority.client(identity, sent.sni.is_some());
        let name = sent.sni.clone().unwrap_or_else(|| "localhost".to_owned());
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await?;
        exchange(stream, &bytes, whole).await?
    } else {
        exchange(stream, &bytes, whole).await?
    };
    if set.tcp {
        return Ok(Seen::Tcp { open: answer == bytes });
    }
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| io::Error::other(format!("no answer: {text:?}")))?;
    let status = head.get(9..12).and_then(|status| status.parse().ok());
    let path = head.lines().find_map(|line| line.strip_prefix(SEEN_PATH)?.strip_prefix(": ").map(str::to_owned));
    Ok(Seen::Http { status: status.ok_or_else(|| io::Error::other("no status"))?, path, details: body.to_owned() })
}

/// Sends, and reads until the answer is whole: Envoy keeps a connection open for a while after it.
async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    bytes: &[u8],
    whole: impl Fn(&[u8]) -> bool,
) -> io::Result<Vec<u8>> {
    stream.write_all(bytes).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !whole(&answer) {
        match stream.read(&mut buffer).await {
            Ok(0) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            // A refused connection may end without a goodbye.
            Err(_) => break,
        }
    }
    Ok(answer)
}

/// Whether head and body are there.
fn is_whole(answer: &[u8], head_only: bool) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    head_only || length.is_none_or(|length| body.len() >= length)
}
