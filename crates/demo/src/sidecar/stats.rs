//! The sidecar's own pages: `/stats/prometheus` with everything merged, `/certs` as Envoy's admin page prints it.

use std::{convert::Infallible, io, sync::Arc};

use http::{Request, Response, StatusCode, header};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

use super::{
    Listener, Payload, Proxy,
    metrics::{family, line},
    tls::CertificateInfo,
};
use crate::clock;

/// Kernel clock ticks per second in `/proc`; fixed at 100 on Linux whatever the kernel's own rate.
const TICKS_PER_SEC: f64 = 100.0;

/// Serves the pages of a sidecar for ever.
pub async fn serve_stats(listener: Listener, proxy: Arc<Proxy>) {
    serve_pages(listener, move |path| match path {
        "/stats/prometheus" | "/metrics" => Some(("text/plain; version=0.0.4", stats(&proxy))),
        "/certs" => Some(("application/json", certs(&proxy).to_string())),
        "/healthz/ready" => Some(("text/plain", "ready\n".to_owned())),
        _ => None,
    })
    .await;
}

/// Serves text pages by path for ever: type and body, or nothing for 404.
pub async fn serve_pages<F>(listener: Listener, page: F)
where
    F: Fn(&str) -> Option<(&'static str, String)> + Clone + Send + Sync + 'static,
{
    let listener = listener.into_inner();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        };
        let page = page.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let mut answer = Response::new(Payload::default());
                match page(request.uri().path()) {
                    Some((kind, body)) => {
                        answer.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
                        *answer.body_mut() = Payload::new(body);
                    }
                    None => *answer.status_mut() = StatusCode::NOT_FOUND,
                }
                async { Ok::<_, Infallible>(answer) }
            });
            // A scraper that hangs up early is its own affair.
            drop(http1::Builder::new().max_buf_size(16 * 1024).serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

fn stats(proxy: &Proxy) -> String {
    let mut out = String::with_capacity(16 * 1024);
    if proxy.me.sidecar {
        proxy.metrics.write(&mut out);
    }
    write_certificates(&mut out, proxy);
    write_process(&mut out);
    proxy.app_metrics.write(&mut out);
    out
}

fn certificates(proxy: &Proxy) -> Vec<(&'static str, CertificateInfo)> {
    let workload = proxy.identity.workload().map(|c| ("default", c.info.clone()));
    let gateway = proxy.identity.gateway().map(|c| ("file-cert:/etc/istio/gateway-certs/tls.crt", c.info.clone()));
    workload.into_iter().chain(gateway).collect()
}

/// Istio's agent tells the seconds left; lifetimes come as an x509-certificate-exporter tells them.
fn write_certificates(out: &mut String, proxy: &Proxy) {
    let now = clock::now_secs();
    let all = certificates(proxy);
    family(
        out,
        "istio_agent_cert_expiry_seconds",
        "gauge",
        "Seconds until the certificate expires; negative afterwards.",
    );
    for (resource, info) in &all {
        line(
            out,
            format_args!("istio_agent_cert_expiry_seconds{{resource_name=\"{resource}\"}} {}", info.not_after - now),
        );
    }
    for (name, help, pick) in [
        ("x509_cert_not_before", "Start of validity, unix seconds.", (|i| i.not_before) as fn(&CertificateInfo) -> i64),
        ("x509_cert_not_after", "End of validity, unix seconds.", |i| i.not_after),
    ] {
        family(out, name, "gauge", help);
        for (resource, info) in &all {
            // No serial number: it would make new series at every rotation.
            let (subject, issuer) = (&info.name, &info.issuer);
            line(
                out,
                format_args!(
                    "{name}{{resource_name=\"{resource}\",subject_SAN=\"{subject}\",issuer_CN=\"{issuer}\"}} {}",
                    pick(info)
                ),
            );
        }
    }
    let failed = proxy.metrics.failed_signings.load(std::sync::atomic::Ordering::Relaxed);
    family(out, "istio_agent_num_failed_outgoing_requests", "counter", "Certificate requests that failed.");
    line(out, format_args!("istio_agent_num_failed_outgoing_requests{{request_type=\"csr\"}} {failed}"));
}

/// CPU and memory of this process.
pub fn write_process(out: &mut String) {
    if let Ok((cpu_secs, resident_bytes)) = process() {
        family(out, "process_cpu_seconds_total", "counter", "CPU time used.");
        line(out, format_args!("process_cpu_seconds_total {cpu_secs}"));
        family(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
        line(out, format_args!("process_resident_memory_bytes {resident_bytes}"));
    }
}

fn process() -> io::Result<(f64, u64)> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold blanks; the fields after it do not.
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().skip(11);
    let mut ticks = || fields.next().and_then(|f| f.parse::<f64>().ok()).unwrap_or_default();
    let cpu_secs = (ticks() + ticks()) / TICKS_PER_SEC;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let resident_kb =
        status.lines().find_map(|l| l.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    Ok((cpu_secs, resident_kb.unwrap_or_default() * 1024))
}

fn certs(proxy: &Proxy) -> serde_json::Value {
    let now = clock::now_secs();
    let chains: Vec<_> = certificates(proxy)
        .into_iter()
        .map(|(resource, info)| {
            let kind = if info.name.starts_with("spiffe://") { "uri" } else { "dns" };
            serde_json::json!({ "cert_chain": [{
                "path": resource,
                "serial_number": info.serial,
                "subject_alt_names": [{ kind: info.name }],
                "issuer": info.issuer,
                "days_until_expiration": (info.not_after - now).div_euclid(86_400).max(0),
                "valid_from": rfc3339(info.not_before),
                "expiration_time": rfc3339(info.not_after),
            }] })
        })
        .collect();
    serde_json::json!({ "certificates": chains })
}

fn rfc3339(secs: i64) -> String {
    contract::Timestamp::from_secs(secs).to_string()
}
