//! TCP through the sidecar: connections with metadata exchange, and their bytes.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, PoisonError, atomic::Ordering::Relaxed},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    time::{Instant, timeout},
};

use super::{
    Peer, Proxy,
    inbound::{App, Caller, Hop},
    labels::Edge,
    metrics::TcpSeries,
    pool::{Wire, connect},
};
use crate::telemetry::TraceContext;

/// A connection lives this long, so that opened and closed connections move.
const MAX_AGE: Duration = Duration::from_secs(45);
const KEEP: usize = 4;
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);

/// A stream whose bytes are counted; closing is counted when it is dropped.
pub struct Counted {
    wire: Wire,
    series: Arc<TcpSeries>,
    /// True at the server's end: what is read was received, what is written was sent. The reverse at the client's.
    server: bool,
}

impl Counted {
    fn new(wire: Wire, series: Arc<TcpSeries>, server: bool) -> Self {
        series.opened.fetch_add(1, Relaxed);
        Self { wire, series, server }
    }

    fn count(&self, bytes: usize, read: bool) {
        let counter = if read == self.server { &self.series.received } else { &self.series.sent };
        counter.fetch_add(bytes as u64, Relaxed);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.series.closed.fetch_add(1, Relaxed);
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.wire).poll_read(cx, buf);
        self.count(buf.filled().len() - before, true);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.wire).poll_write(cx, buf);
        if let Poll::Ready(Ok(bytes)) = polled {
            self.count(bytes, false);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

/// A client's connection to a TCP service.
pub struct Tunnel {
    /// Read and write here.
    pub stream: Counted,
    address: SocketAddr,
    born: Instant,
}

impl Tunnel {
    /// False once it is old enough to be closed.
    pub fn is_fresh(&self) -> bool {
        self.born.elapsed() < MAX_AGE
    }
}

impl Proxy {
    /// A connection to a TCP service, kept or new.
    pub async fn tunnel(&self, app: &str) -> io::Result<Tunnel> {
        let (to, address) = self.registry().pick(app).ok_or(io::ErrorKind::NotFound)?;
        let kept = {
            let mut tunnels = self.tunnels.lock().unwrap_or_else(PoisonError::into_inner);
            tunnels.get_mut(&address).and_then(|idle| {
                idle.retain(Tunnel::is_fresh);
                idle.pop()
            })
        };
        if let Some(tunnel) = kept {
            return Ok(tunnel);
        }
        let edge = Edge::outbound(self.me, to);
        let opened = async {
            let mut wire = connect(self, to, address).await?;
            if matches!(wire, Wire::Client(_)) {
                write_frame(&mut wire, self.peer_header.as_bytes()).await?;
                read_frame(&mut wire).await?;
            }
            Ok(wire)
        };
        match opened.await {
            Ok(wire) => {
                let stream = Counted::new(wire, self.metrics.tcp(&edge, "-"), false);
                Ok(Tunnel { stream, address, born: Instant::now() })
            }
            Err(error) => {
                let series = self.metrics.tcp(&edge, "UF");
                series.opened.fetch_add(1, Relaxed);
                series.closed.fetch_add(1, Relaxed);
                Err(error)
            }
        }
    }

    /// Keeps a connection whose last exchange is complete.
    pub fn give_tunnel(&self, tunnel: Tunnel) {
        let mut tunnels = self.tunnels.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = tunnels.entry(tunnel.address).or_default();
        if tunnel.is_fresh() && idle.len() < KEEP {
            idle.push(tunnel);
        }
    }
}

/// Serves one TCP connection.
pub async fn serve_tcp(proxy: Arc<Proxy>, app: Arc<dyn App>, caller: Caller, mut wire: Wire) -> io::Result<()> {
    let peer = match &caller.principal {
        Some(principal) => {
            let frame =
                timeout(METADATA_TIMEOUT, read_frame(&mut wire)).await.map_err(|_| io::ErrorKind::TimedOut)??;
            write_frame(&mut wire, proxy.peer_header.as_bytes()).await?;
            Peer::from_bytes(&frame, Some(principal))
        }
        None => Peer::unknown(),
    };
    let edge = Edge::inbound(peer, proxy.me, caller.principal.is_some());
    let stream = Counted::new(wire, proxy.metrics.tcp(&edge, "-"), true);
    let context = TraceContext { sampled: false, ..TraceContext::root() };
    app.serve(Hop { proxy, context }, stream).await
}

async fn write_frame(wire: &mut Wire, body: &[u8]) -> io::Result<()> {
    let length = u16::try_from(body.len()).map_err(io::Error::other)?;
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    wire.write_all(&frame).await?;
    wire.flush().await
}

async fn read_frame(wire: &mut Wire) -> io::Result<Vec<u8>> {
    let length = wire.read_u16().await?;
    let mut body = vec![0; usize::from(length)];
    wire.read_exact(&mut body).await?;
    Ok(body)
}
