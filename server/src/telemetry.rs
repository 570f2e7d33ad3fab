//! Our own logs, one line per event on standard error, as text for people or JSON for machines; and our own spans, as OTLP
//! to a collector.

use backend::config::{Log, LogFormat, Tracing};
use opentelemetry::{KeyValue, global, propagation::Extractor, trace::TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{EnvFilter, Layer, filter::LevelFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

/// Sends spans until it is told to stop.
pub struct Spans(Option<SdkTracerProvider>);

impl Spans {
    /// Sends what still waits. Blocks for at most a few seconds.
    pub fn stop(self) {
        if let Some(Err(error)) = self.0.map(|provider| provider.shutdown()) {
            tracing::debug!(%error, "the last spans were not sent");
        }
    }
}

/// Starts logging, and sending spans where there is a collector. The filter is in the syntax of `tracing` (`info`,
/// `backend=debug,info`); it does not concern spans that are sent.
///
/// # Errors
/// A text for people when the filter or the endpoint cannot be used.
pub fn start(log: &Log, tracing: &Tracing) -> Result<Spans, String> {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| format!("log.filter: {error}"))?;
    let lines = match log.format {
        LogFormat::Json => fmt::layer().json().with_writer(std::io::stderr).with_current_span(true).boxed(),
        LogFormat::Text => fmt::layer().with_writer(std::io::stderr).with_target(false).boxed(),
    };
    let provider = provider(tracing)?;
    let spans = provider.as_ref().map(|provider| {
        // Events stay in the log; a span says what was done and how long it took.
        tracing_opentelemetry::layer().with_tracer(provider.tracer("obstack")).with_filter(LevelFilter::INFO)
    });
    global::set_text_map_propagator(TraceContextPropagator::new());
    let registry = tracing_subscriber::registry().with(spans).with(lines.with_filter(filter));
    registry.try_init().map_err(|error| format!("logging cannot start: {error}"))?;
    Ok(Spans(provider))
}

fn provider(tracing: &Tracing) -> Result<Option<SdkTracerProvider>, String> {
    let Some(endpoint) = &tracing.otlp_endpoint else { return Ok(None) };
    let url = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(url).build();
    let exporter = exporter.map_err(|error| format!("tracing.otlp_endpoint: {error}"))?;
    let resource = Resource::builder()
        .with_service_name("obstack")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        // A caller may name the trace but not decide that it is kept.
        .with_sampler(Sampler::TraceIdRatioBased(tracing.sample_percent / 100.0))
        .build();
    Ok(Some(provider))
}

/// Makes a request's span part of the trace its `traceparent` header names.
pub fn continue_trace(span: &tracing::Span, headers: &http::HeaderMap) {
    if headers.contains_key("traceparent") {
        let context = global::get_text_map_propagator(|propagator| propagator.extract(&Headers(headers)));
        // Fails only where spans are not sent, and then there is no trace to be part of.
        let _ = span.set_parent(context);
    }
}

struct Headers<'a>(&'a http::HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
