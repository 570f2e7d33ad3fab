//! What the sidecar reports when calls go wrong. `legacy` has no sidecar, so a plain listener can play it.

use std::time::Duration;

use http::{HeaderMap, Method};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::{ca::Ca, telemetry::TraceContext, wire::Endpoint};

fn proxy(endpoint: Option<SocketAddr>) -> Arc<Proxy> {
    let root = Ca::new(Duration::from_secs(60)).unwrap().root_pem();
    let (_, faults) = watch::channel(Vec::new());
    let me = topology::workload("shipping").unwrap();
    let proxy = Proxy::new(me, Identity::new(&root).unwrap(), faults, Telemetry::off());
    let endpoint = endpoint.map(|address| Endpoint { workload: "legacy".to_owned(), address });
    proxy.set_registry(Registry::new(endpoint.into_iter().collect()));
    Arc::new(proxy)
}

fn request(protocol: Protocol, retries: u32) -> Outgoing {
    Outgoing {
        to: "legacy".to_owned(),
        protocol,
        method: if protocol == Protocol::Grpc { Method::POST } else { Method::GET },
        path: "/rates/1".to_owned(),
        template: "/rates/{id}".to_owned(),
        headers: HeaderMap::new(),
        body: Payload::default(),
        retries,
        limit: Duration::from_millis(300),
    }
}

/// Answers every connection with these bytes and closes it; holds it open when there are none. Counts connections.
async fn play(answer: Option<&'static str>) -> (SocketAddr, Arc<std::sync::atomic::AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::default());
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            std::sync::atomic::AtomicUsize::fetch_add(&counted, 1, std::sync::atomic::Ordering::SeqCst);
            let mut buffer = [0; 1024];
            if let Some(answer) = answer {
                drop(stream.read(&mut buffer).await);
                drop(stream.write_all(answer.as_bytes()).await);
            } else {
                held.push(stream);
            }
        }
    });
    (address, count)
}

async fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// Labels of the only series of requests.
fn reported(proxy: &Proxy) -> String {
    let mut text = String::new();
    proxy.metrics.write(&mut text);
    let mut lines = text.lines().filter(|l| l.starts_with("istio_requests_total{"));
    let line = lines.next().expect("the request was counted").to_owned();
    assert_eq!(lines.next(), None, "one series");
    line
}

async fn outcome(endpoint: Option<SocketAddr>, request: Outgoing) -> (u16, String) {
    let proxy = proxy(endpoint);
    let answer = proxy.send(TraceContext::root(), request).await;
    (answer.status().as_u16(), reported(&proxy))
}

#[tokio::test]
async fn a_refused_connection_is_uf_and_urx_after_retries() {
    let refused = closed_port().await;
    let (status, line) = outcome(Some(refused), request(Protocol::Http, 0)).await;
    assert_eq!(status, 503);
    assert!(line.contains(r#"response_code="503",response_flags="UF"}"#), "{line}");
    assert!(line.contains(r#"destination_workload="legacy""#), "{line}");
    let (_, line) = outcome(Some(refused), request(Protocol::Http, 2)).await;
    assert!(line.contains(r#"response_flags="UF,URX"}"#), "{line}");
    let (status, line) = outcome(Some(refused), request(Protocol::Grpc, 0)).await;
    assert_eq!(status, 200);
    assert!(line.contains(r#"response_code="200",grpc_response_status="14",response_flags="UF"}"#), "{line}");
}

#[tokio::test]
async fn silence_is_ut_and_a_closed_connection_uc() {
    let (silent, _) = play(None).await;
    let (status, line) = outcome(Some(silent), request(Protocol::Http, 0)).await;
    assert_eq!(status, 504);
    assert!(line.contains(r#"response_code="504",response_flags="UT"}"#), "{line}");
    let (closing, _) = play(Some("")).await;
    let (status, line) = outcome(Some(closing), request(Protocol::Http, 0)).await;
    assert_eq!(status, 503);
    assert!(line.contains(r#"response_flags="UC"}"#), "{line}");
}

#[tokio::test]
async fn bad_gateways_are_tried_again_and_then_urx() {
    let (address, tries) =
        play(Some("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")).await;
    let (status, line) = outcome(Some(address), request(Protocol::Http, 2)).await;
    assert_eq!((status, tries.load(std::sync::atomic::Ordering::SeqCst)), (503, 3));
    assert!(line.contains(r#"response_flags="URX"}"#), "{line}");
    let (address, tries) = play(Some("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")).await;
    let (_, line) = outcome(Some(address), request(Protocol::Http, 2)).await;
    assert_eq!(tries.load(std::sync::atomic::Ordering::SeqCst), 1, "500 is an answer");
    assert!(line.contains(r#"response_code="500",response_flags="-"}"#), "{line}");
}

#[tokio::test]
async fn nobody_there_is_nr_and_a_caller_who_leaves_is_dc() {
    let (status, line) = outcome(None, request(Protocol::Http, 2)).await;
    assert_eq!(status, 404);
    assert!(line.contains(r#"response_flags="NR"}"#) && line.contains(r#"destination_workload="unknown""#), "{line}");

    let (silent, connections) = play(None).await;
    let proxy = proxy(Some(silent));
    let patient = Outgoing { limit: Duration::from_secs(60), ..request(Protocol::Http, 0) };
    let call = tokio::spawn({
        let proxy = proxy.clone();
        async move { proxy.send(TraceContext::root(), patient).await }
    });
    while connections.load(std::sync::atomic::Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let line = reported(&proxy);
    assert!(line.contains(r#"response_code="0",response_flags="DC"}"#), "{line}");
}
