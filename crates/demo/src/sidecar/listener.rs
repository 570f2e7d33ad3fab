//! The inbound listener: permissive as Istio's, it takes mutual TLS and plain text on one port and tells them apart
//! by the first byte.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use contract::demo::Fault;
use hyper::{
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::{
    Proxy,
    inbound::{App, Caller, pass},
    pool::Wire,
    tcp::serve_tcp,
    tls,
};
use crate::topology::Role;

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);
const TLS_HANDSHAKE_RECORD: u8 = 0x16;

/// A listener on loopback and its address.
pub struct Listener {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Listener {
    /// Listens on this port if it is free, on any other if not.
    pub async fn bind(port: Option<u16>) -> io::Result<Self> {
        let listener = match port {
            Some(port) => match TcpListener::bind(("127.0.0.1", port)).await {
                Ok(listener) => listener,
                Err(_) => TcpListener::bind(("127.0.0.1", 0)).await?,
            },
            None => TcpListener::bind(("127.0.0.1", 0)).await?,
        };
        Ok(Self { address: listener.local_addr()?, listener })
    }

    pub(super) fn into_inner(self) -> TcpListener {
        self.listener
    }
}

/// Accepts connections for ever. While its workload is made to refuse them, the port is closed.
pub async fn accept(listener: Listener, proxy: Arc<Proxy>, app: Arc<dyn App>) {
    let address = listener.address;
    let mut open = Some(listener.listener);
    let mut faults = proxy.faults.clone();
    let mut connections = JoinSet::new();
    loop {
        let refused = proxy.me.name == "ratings" && proxy.fault(Fault::RatingsRefused);
        if refused {
            open = None;
            connections.shutdown().await;
            if faults.changed().await.is_err() {
                return;
            }
            continue;
        }
        let Some(listener) = &open else {
            match TcpListener::bind(address).await {
                Ok(listener) => open = Some(listener),
                Err(_) => sleep(Duration::from_millis(200)).await,
            }
            continue;
        };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, proxy.clone(), app.clone()));
                }
                // Out of descriptors: give connections time to end.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
            changed = faults.changed() => if changed.is_err() { return },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, proxy: Arc<Proxy>, app: Arc<dyn App>) {
    // An unfinished handshake or a broken connection is the client's affair and shows in its metrics.
    drop(try_serve(stream, proxy, app).await);
}

async fn try_serve(stream: TcpStream, proxy: Arc<Proxy>, app: Arc<dyn App>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (wire, caller) = timeout(HANDSHAKE_TIMEOUT, shake_hands(stream, &proxy))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
    if proxy.me.role == Role::Store {
        return serve_tcp(proxy, app, caller, wire).await;
    }
    let caller = Arc::new(caller);
    let grpc = proxy.me.role == Role::Grpc;
    let service = service_fn(move |request| {
        let (proxy, app, caller) = (proxy.clone(), app.clone(), caller.clone());
        async move { Ok::<_, Infallible>(pass(proxy, app, caller, request).await) }
    });
    let io = TokioIo::new(wire);
    let served = if grpc {
        http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(65_535)
            .initial_connection_window_size(65_535)
            .serve_connection(io, service)
            .await
    } else {
        http1::Builder::new().timer(TokioTimer::new()).max_buf_size(16 * 1024).serve_connection(io, service).await
    };
    served.map_err(io::Error::other)
}

async fn shake_hands(stream: TcpStream, proxy: &Proxy) -> io::Result<(Wire, Caller)> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 || first[0] != TLS_HANDSHAKE_RECORD || !proxy.me.sidecar {
        return Ok((Wire::Plain(stream), Caller::default()));
    }
    let current = match proxy.me.role {
        Role::Gateway => proxy.identity.gateway(),
        Role::Http | Role::Grpc | Role::Store | Role::External | Role::Load => proxy.identity.workload(),
    };
    let current = current.ok_or_else(|| io::Error::other("no certificate yet"))?;
    let stream = TlsAcceptor::from(current.server.clone()).accept(stream).await?;
    let principal = tls::spiffe_id(stream.get_ref().1.peer_certificates());
    Ok((Wire::Server(Box::new(stream)), Caller { principal }))
}
