//! Connections to other sidecars: opening them with the right identity on both ends, and keeping a few of them.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;

use super::{Payload, Proxy, tls};
use crate::topology::Workload;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Unused for this long, a connection is closed.
const IDLE: Duration = Duration::from_secs(20);
/// After this long a connection is not used again, so that new certificates come into use.
pub const MAX_AGE: Duration = Duration::from_secs(120);
const KEEP_PER_ADDRESS: usize = 8;

/// A stream, encrypted or not.
pub enum Wire {
    /// As it is.
    Plain(TcpStream),
    /// Client's end of mutual TLS.
    Client(Box<tokio_rustls::client::TlsStream<TcpStream>>),
    /// Server's end of TLS.
    Server(Box<tokio_rustls::server::TlsStream<TcpStream>>),
}

macro_rules! on_wire {
    ($self:expr, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Wire::Plain($stream) => $call,
            Wire::Client(boxed) => {
                let $stream = boxed.as_mut();
                $call
            }
            Wire::Server(boxed) => {
                let $stream = boxed.as_mut();
                $call
            }
        }
    };
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, s => Pin::new(s).poll_read(cx, buf))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        on_wire!(self, s => Pin::new(s).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, s => Pin::new(s).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        on_wire!(self, s => Pin::new(s).poll_shutdown(cx))
    }
}

/// Opens a connection to a workload: mutually authenticated between sidecars, plain otherwise. The callee has to show
/// the identity of the workload that was asked for.
pub async fn connect(proxy: &Proxy, to: &Workload, address: SocketAddr) -> io::Result<Wire> {
    let opened = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        if !(proxy.me.sidecar && to.sidecar) {
            return Ok(Wire::Plain(stream));
        }
        let client = proxy.identity.workload().and_then(|current| current.client.clone());
        let client = client.ok_or_else(|| io::Error::other("no certificate yet"))?;
        let name = ServerName::try_from(to.host()).map_err(io::Error::other)?;
        let stream = TlsConnector::from(client).connect(name, stream).await?;
        let shown = tls::spiffe_id(stream.get_ref().1.peer_certificates());
        if shown.as_deref() != Some(to.spiffe_id().as_str()) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "peer shows another identity"));
        }
        Ok(Wire::Client(Box::new(stream)))
    };
    timeout(CONNECT_TIMEOUT, opened).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// An HTTP/1.1 connection and when it was opened and last used.
pub struct Http1 {
    /// Sends requests.
    pub sender: http1::SendRequest<Payload>,
    born: Instant,
    used: Instant,
}

struct Http2 {
    sender: http2::SendRequest<Payload>,
    born: Instant,
}

/// Open connections by address.
#[derive(Default)]
pub struct Pool {
    http1: Mutex<HashMap<SocketAddr, Vec<Http1>>>,
    http2: Mutex<HashMap<SocketAddr, Http2>>,
}

impl Pool {
    /// An idle HTTP/1.1 connection, if there is one.
    pub fn take_http1(&self, address: SocketAddr) -> Option<Http1> {
        let mut all = self.http1.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = all.get_mut(&address)?;
        while let Some(connection) = idle.pop() {
            if connection.is_usable() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection for the next request.
    pub fn give_http1(&self, address: SocketAddr, mut connection: Http1) {
        connection.used = Instant::now();
        let mut all = self.http1.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = all.entry(address).or_default();
        if connection.is_usable() && idle.len() < KEEP_PER_ADDRESS {
            idle.push(connection);
        }
    }

    /// The HTTP/2 connection to this address, if it lives.
    pub fn http2(&self, address: SocketAddr) -> Option<http2::SendRequest<Payload>> {
        let all = self.http2.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&address).filter(|c| c.born.elapsed() < MAX_AGE && !c.sender.is_closed()).map(|c| c.sender.clone())
    }

    /// Makes this the HTTP/2 connection to the address.
    pub fn set_http2(&self, address: SocketAddr, sender: http2::SendRequest<Payload>) {
        let connection = Http2 { sender, born: Instant::now() };
        self.http2.lock().unwrap_or_else(PoisonError::into_inner).insert(address, connection);
    }

    /// Drops what is too old.
    pub fn sweep(&self) {
        let mut http1 = self.http1.lock().unwrap_or_else(PoisonError::into_inner);
        http1.retain(|_, idle| {
            idle.retain(Http1::is_usable);
            !idle.is_empty()
        });
        let mut http2 = self.http2.lock().unwrap_or_else(PoisonError::into_inner);
        http2.retain(|_, c| c.born.elapsed() < MAX_AGE && !c.sender.is_closed());
    }
}

impl Http1 {
    /// Speaks HTTP/1.1 on a stream.
    pub async fn open(wire: Wire) -> hyper::Result<Self> {
        let (sender, connection) = http1::Builder::new().max_buf_size(16 * 1024).handshake(TokioIo::new(wire)).await?;
        // A broken connection shows as a failed request; the task has nothing to add.
        tokio::spawn(async { drop(connection.await) });
        let now = Instant::now();
        Ok(Self { sender, born: now, used: now })
    }

    fn is_usable(&self) -> bool {
        self.born.elapsed() < MAX_AGE && self.used.elapsed() < IDLE && !self.sender.is_closed()
    }
}

/// Speaks HTTP/2 on a stream.
pub async fn open_http2(wire: Wire) -> hyper::Result<http2::SendRequest<Payload>> {
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(65_535)
        .initial_connection_window_size(65_535)
        .handshake(TokioIo::new(wire))
        .await?;
    tokio::spawn(async { drop(connection.await) });
    Ok(sender)
}
