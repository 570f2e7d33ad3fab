//! How long reading a large answer of a Prometheus takes: 20,000 series with 20 labels, about 14 MB.
//! `cargo run --release -p backend --example decode`

use std::{fmt::Write, time::Instant};

use backend::metrics::prometheus::decode_instant;

fn main() {
    let mut body = String::from(r#"{"status":"success","data":{"resultType":"vector","result":["#);
    for series in 0..20_000 {
        if series > 0 {
            body.push(',');
        }
        let (namespace, source, target) = (series / 100, series % 10, series / 10 % 10);
        write!(
            body,
            r#"{{"metric":{{"connection_security_policy":"mutual_tls","destination_canonical_revision":"v{v}","destination_canonical_service":"app-{target}","destination_cluster":"east","destination_principal":"spiffe://cluster.local/ns/ns-{namespace}/sa/app-{target}","destination_service":"app-{target}.ns-{namespace}.svc.cluster.local","destination_service_name":"app-{target}","destination_service_namespace":"ns-{namespace}","destination_workload":"app-{target}-v{v}","destination_workload_namespace":"ns-{namespace}","grpc_response_status":"0","request_protocol":"http","response_code":"{code}","response_flags":"-","source_canonical_revision":"v1","source_canonical_service":"app-{source}","source_cluster":"east","source_principal":"spiffe://cluster.local/ns/ns-{namespace}/sa/app-{source}","source_workload":"app-{source}-v1","source_workload_namespace":"ns-{namespace}"}},"value":[1700000000.781,"{value}"]}}"#,
            v = series % 2 + 1,
            code = if series % 7 == 0 { 500 } else { 200 },
            value = f64::from(series) * 0.001,
        )
        .expect("a string takes everything");
    }
    body.push_str("]}}");
    let mut times: Vec<u128> = (0..15)
        .map(|_| {
            let start = Instant::now();
            let instant = decode_instant(body.as_bytes()).expect("it is well formed");
            let took = start.elapsed().as_micros();
            assert_eq!(instant.samples.len(), 20_000);
            took
        })
        .collect();
    times.sort_unstable();
    println!(
        "{:.1} MB, 20,000 series: median {:.1} ms, worst {:.1} ms",
        body.len() as f64 / 1e6,
        times[times.len() / 2] as f64 / 1e3,
        times[times.len() - 1] as f64 / 1e3
    );
}
