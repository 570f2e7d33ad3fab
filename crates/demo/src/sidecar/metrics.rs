//! The counters and histograms of the mesh, and their Prometheus text form. Labels are written by `labels`.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::labels::{Edge, Label, render, request_labels, tcp_labels};

/// Envoy's default histogram bounds, milliseconds.
pub const DURATION_BOUNDS: &[f64] = &[
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
];

/// Bounds of the size histograms, bytes: fewer, as the annotation `sidecar.istio.io/statsHistogramBuckets` allows.
pub const SIZE_BOUNDS: &[f64] = &[100.0, 1000.0, 10_000.0, 100_000.0, 1_000_000.0];

/// One histogram.
#[derive(Clone, Debug)]
pub struct Histogram {
    bounds: &'static [f64],
    counts: Vec<u64>,
    count: u64,
    sum: f64,
}

impl Histogram {
    /// An empty one.
    pub fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len()], count: 0, sum: 0.0 }
    }

    /// Adds a value.
    pub fn observe(&mut self, value: f64) {
        if let Some(slot) = self.counts.get_mut(self.bounds.partition_point(|bound| *bound < value)) {
            *slot += 1;
        }
        self.count += 1;
        self.sum += value;
    }

    /// Writes bucket, sum and count lines; `labels` come without braces.
    pub fn write(&self, out: &mut String, name: &str, labels: &str) {
        let mut cumulative = 0;
        let comma = if labels.is_empty() { "" } else { "," };
        for (bound, count) in self.bounds.iter().zip(&self.counts) {
            cumulative += count;
            line(out, format_args!("{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {cumulative}"));
        }
        line(out, format_args!("{name}_bucket{{{labels}{comma}le=\"+Inf\"}} {}", self.count));
        line(out, format_args!("{name}_sum{{{labels}}} {}", self.sum));
        line(out, format_args!("{name}_count{{{labels}}} {}", self.count));
    }
}

/// Writes one line. Writing to a `String` cannot fail.
pub fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a String takes everything");
    out.push('\n');
}

/// Writes the two comment lines of a family.
pub fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
}

/// One finished request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Both ends.
    pub edge: &'a Edge,
    /// True for gRPC.
    pub grpc: bool,
    /// HTTP status; 0 when nothing was answered.
    pub code: u16,
    /// gRPC status.
    pub grpc_status: Option<u8>,
    /// Response flags.
    pub flags: &'static str,
    /// How long it took, milliseconds.
    pub duration_ms: f64,
    /// Size of the request with headers, bytes.
    pub request_bytes: usize,
    /// Size of the answer with headers, bytes.
    pub response_bytes: usize,
    /// Messages received, for gRPC.
    pub response_messages: u64,
}

struct RequestSeries {
    grpc: bool,
    total: u64,
    duration: Histogram,
    request_size: Histogram,
    response_size: Histogram,
    request_messages: u64,
    response_messages: u64,
}

/// Bytes and connections of one TCP edge. `received` is what the server received, on both reporters.
#[derive(Debug, Default)]
pub struct TcpSeries {
    /// Bytes from server to client.
    pub sent: AtomicU64,
    /// Bytes from client to server.
    pub received: AtomicU64,
    /// Connections opened.
    pub opened: AtomicU64,
    /// Connections closed.
    pub closed: AtomicU64,
}

/// All series of one sidecar.
#[derive(Default)]
pub struct Metrics {
    requests: Mutex<BTreeMap<String, RequestSeries>>,
    tcp: Mutex<BTreeMap<String, Arc<TcpSeries>>>,
    /// Certificate requests that failed.
    pub failed_signings: AtomicU64,
}

impl Metrics {
    /// Counts a request.
    pub fn record(&self, request: Request<'_>) {
        let labels = request_labels(request.edge, request.code, request.grpc_status, request.flags, request.grpc);
        let mut all = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let series = all.entry(render(&labels)).or_insert_with(|| RequestSeries {
            grpc: request.grpc,
            total: 0,
            duration: Histogram::new(DURATION_BOUNDS),
            request_size: Histogram::new(SIZE_BOUNDS),
            response_size: Histogram::new(SIZE_BOUNDS),
            request_messages: 0,
            response_messages: 0,
        });
        series.total += 1;
        series.duration.observe(request.duration_ms);
        series.request_size.observe(request.request_bytes as f64);
        series.response_size.observe(request.response_bytes as f64);
        if request.grpc {
            series.request_messages += 1;
            series.response_messages += request.response_messages;
        }
    }

    /// The series of a TCP edge.
    pub fn tcp(&self, edge: &Edge, flags: &'static str) -> Arc<TcpSeries> {
        let labels = render(&tcp_labels(edge, flags));
        self.tcp.lock().unwrap_or_else(PoisonError::into_inner).entry(labels).or_default().clone()
    }

    /// The text form.
    pub fn write(&self, out: &mut String) {
        let all = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counter = |name: &str, help: &str, value: &dyn Fn(&RequestSeries) -> Option<u64>| {
            family(out, name, "counter", help);
            for (labels, series) in all.iter() {
                if let Some(value) = value(series) {
                    line(out, format_args!("{name}{{{labels}}} {value}"));
                }
            }
        };
        counter("istio_requests_total", "Requests.", &|s| Some(s.total));
        counter("istio_request_messages_total", "gRPC messages sent by clients.", &|s| {
            s.grpc.then_some(s.request_messages)
        });
        counter("istio_response_messages_total", "gRPC messages sent by servers.", &|s| {
            s.grpc.then_some(s.response_messages)
        });
        let mut histogram = |name: &str, help: &str, value: &dyn Fn(&RequestSeries) -> &Histogram| {
            family(out, name, "histogram", help);
            for (labels, series) in all.iter() {
                value(series).write(out, name, labels);
            }
        };
        histogram("istio_request_duration_milliseconds", "Duration of requests.", &|s| &s.duration);
        histogram("istio_request_bytes", "Size of requests.", &|s| &s.request_size);
        histogram("istio_response_bytes", "Size of answers.", &|s| &s.response_size);
        drop(all);
        self.write_tcp(out);
    }

    fn write_tcp(&self, out: &mut String) {
        let all = self.tcp.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counter = |name: &str, help: &str, value: &dyn Fn(&TcpSeries) -> u64| {
            if !all.is_empty() {
                family(out, name, "counter", help);
            }
            for (labels, series) in all.iter() {
                line(out, format_args!("{name}{{{labels}}} {}", value(series)));
            }
        };
        counter("istio_tcp_sent_bytes_total", "Bytes sent to clients.", &|s| s.sent.load(Relaxed));
        counter("istio_tcp_received_bytes_total", "Bytes received from clients.", &|s| s.received.load(Relaxed));
        counter("istio_tcp_connections_opened_total", "Connections opened.", &|s| s.opened.load(Relaxed));
        counter("istio_tcp_connections_closed_total", "Connections closed.", &|s| s.closed.load(Relaxed));
    }
}

/// Metrics of the workload's own code.
#[derive(Default)]
pub struct AppMetrics {
    counters: Mutex<BTreeMap<(&'static str, String), f64>>,
    histograms: Mutex<BTreeMap<(&'static str, String), Histogram>>,
}

impl AppMetrics {
    /// Adds to a counter.
    pub fn add(&self, name: &'static str, labels: &[Label], value: f64) {
        let mut all = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry((name, render(labels))).or_default() += value;
    }

    /// Adds a value to a histogram.
    pub fn observe(&self, name: &'static str, bounds: &'static [f64], labels: &[Label], value: f64) {
        let mut all = self.histograms.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry((name, render(labels))).or_insert_with(|| Histogram::new(bounds)).observe(value);
    }

    /// The text form.
    pub fn write(&self, out: &mut String) {
        let mut last = "";
        for ((name, labels), value) in self.counters.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if *name != last {
                line(out, format_args!("# TYPE {name} counter"));
                last = name;
            }
            line(out, format_args!("{name}{{{labels}}} {value}"));
        }
        for ((name, labels), histogram) in self.histograms.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if *name != last {
                line(out, format_args!("# TYPE {name} histogram"));
                last = name;
            }
            histogram.write(out, name, labels);
        }
    }
}
