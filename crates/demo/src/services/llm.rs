//! llm-app: a chat service in front of a model, measured by the OpenTelemetry conventions for generative AI.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use http::{HeaderValue, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    model::{self, MODELS, Model, Usage},
    reply,
    routes::{outgoing, work_time},
};
use crate::{
    clock,
    sidecar::{AppMetrics, Hop, Payload},
    telemetry::{Kind, Severity, Span},
    topology,
};

/// Bounds the conventions advise for `gen_ai.client.token.usage`.
const TOKEN_BOUNDS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
/// Bounds the conventions advise for durations, seconds.
const DURATION_BOUNDS: &[f64] =
    &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const KEEP: usize = 50;

/// The last chats, newest first, as `/traces` shows them.
#[derive(Default)]
pub struct History(Mutex<VecDeque<Value>>);

/// Answers `/chat`, `/metrics` and `/traces`.
pub async fn answer(hop: &Hop, history: &History, request: Request<Payload>) -> Response<Payload> {
    match (request.method().as_str(), request.uri().path()) {
        ("POST", "/chat") => chat(hop, history, &request).await,
        ("GET", "/metrics") => {
            let mut text = String::new();
            hop.proxy.app_metrics.write(&mut text);
            let mut answer = Response::new(Payload::new(text));
            answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4"));
            answer
        }
        ("GET", "/traces") => {
            let all = history.0.lock().unwrap_or_else(PoisonError::into_inner);
            reply::json(StatusCode::OK, &json!({ "traces": all.iter().collect::<Vec<_>>() }))
        }
        _ => reply::error(StatusCode::NOT_FOUND, "POST /chat, GET /metrics, GET /traces"),
    }
}

async fn chat(hop: &Hop, history: &History, request: &Request<Payload>) -> Response<Payload> {
    let Ok(asked) = serde_json::from_slice::<Value>(&request.body().data()) else {
        return reply::error(StatusCode::BAD_REQUEST, "send JSON: {\"model\": …, \"message\": …}");
    };
    let name = asked["model"].as_str().unwrap_or(MODELS[0].name);
    let Some(model) = model::find(name) else {
        return reply::error(StatusCode::BAD_REQUEST, "no such model");
    };
    if let Some((route, _)) = topology::route("llm-app", "POST", "/chat") {
        sleep(work_time(route.work)).await;
    }
    let message = asked["message"].as_str().unwrap_or("Hello");
    let body = json!({ "model": model.name, "messages": [
        { "role": "system", "content": "You answer briefly and name your sources." }, { "role": "user", "content": message },
    ] });
    let mut span =
        Span::begin(Kind::Client, format!("chat {}", model.name), hop.context.child(), Some(hop.context.span_id));
    let started = Instant::now();
    let path = "/v1/chat/completions";
    let out = outgoing("model-stub", "POST", path.to_owned(), path, Payload::new(body.to_string()));
    let answer = hop.proxy.send(span.context(), patient(out)).await;
    let duration_secs = started.elapsed().as_secs_f64();
    let told: Value = serde_json::from_slice(&answer.body().data()).unwrap_or_default();
    let usage: Option<Usage> =
        serde_json::from_value(told["usage"].clone()).ok().filter(|_| answer.status().is_success());
    let cost_usd = usage.map_or(0.0, |u| cost_usd(model, u));
    measure(&hop.proxy.app_metrics, model, usage, cost_usd, duration_secs, told["time_to_first_token_secs"].as_f64());
    span.set("gen_ai.operation.name", "chat");
    span.set("gen_ai.provider.name", "obstack-demo");
    span.set("gen_ai.request.model", model.name);
    if let Some(usage) = usage {
        span.set("gen_ai.response.model", model.name);
        span.set("gen_ai.usage.input_tokens", i64::from(usage.prompt_tokens));
        span.set("gen_ai.usage.output_tokens", i64::from(usage.completion_tokens));
    }
    let entry = json!({
        "trace_id": hop.context.trace_hex(), "sampled": hop.context.sampled, "time_ms": clock::now_ms(), "model": model.name,
        "duration_secs": duration_secs, "usage": usage, "cost_usd": cost_usd, "status": answer.status().as_u16(),
    });
    if hop.context.sampled {
        hop.proxy.telemetry.log(Severity::Info, "app", &entry, Some(hop.context));
    }
    history.put(entry);
    let error = usage.is_none().then_some("model did not answer");
    hop.proxy.telemetry.end(span, error);
    match usage {
        Some(usage) => reply::json(
            StatusCode::OK,
            &json!({ "model": model.name, "reply": told["choices"][0]["message"]["content"], "usage": usage, "cost_usd": cost_usd }),
        ),
        None => reply::error(StatusCode::BAD_GATEWAY, "the model did not answer"),
    }
}

/// Models take their time.
fn patient(out: crate::sidecar::Outgoing) -> crate::sidecar::Outgoing {
    crate::sidecar::Outgoing { limit: std::time::Duration::from_secs(8), ..out }
}

fn cost_usd(model: &Model, usage: Usage) -> f64 {
    (f64::from(usage.prompt_tokens) * model.input_usd_per_million
        + f64::from(usage.completion_tokens) * model.output_usd_per_million)
        / 1e6
}

/// Names as the conventions have them, written as the Prometheus exporter writes them.
fn measure(
    metrics: &AppMetrics,
    model: &Model,
    usage: Option<Usage>,
    cost_usd: f64,
    duration_secs: f64,
    first_token_secs: Option<f64>,
) {
    let mut labels = vec![
        ("gen_ai_operation_name", "chat".into()),
        ("gen_ai_provider_name", "obstack-demo".into()),
        ("gen_ai_request_model", model.name.into()),
    ];
    let Some(usage) = usage else {
        labels.push(("error_type", "upstream".into()));
        metrics.observe("gen_ai_client_operation_duration_seconds", DURATION_BOUNDS, &labels, duration_secs);
        return;
    };
    labels.push(("gen_ai_response_model", model.name.into()));
    metrics.observe("gen_ai_client_operation_duration_seconds", DURATION_BOUNDS, &labels, duration_secs);
    if let Some(secs) = first_token_secs {
        metrics.observe("gen_ai_server_time_to_first_token_seconds", DURATION_BOUNDS, &labels, secs);
    }
    // The conventions have no cost; this name follows their pattern.
    metrics.add("gen_ai_client_cost_usd_total", &labels, cost_usd);
    for (kind, tokens) in [("input", usage.prompt_tokens), ("output", usage.completion_tokens)] {
        let mut labels = labels.clone();
        labels.push(("gen_ai_token_type", kind.into()));
        metrics.observe("gen_ai_client_token_usage", TOKEN_BOUNDS, &labels, f64::from(tokens));
    }
}

impl History {
    fn put(&self, entry: Value) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.truncate(KEEP - 1);
        all.push_front(entry);
    }
}
