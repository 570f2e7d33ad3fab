//! model-stub: stands in for a language model. It writes plausible words at a model's pace and counts tokens.

use std::time::Duration;

use http::{Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{reply, routes::work_time};
use crate::{
    sidecar::{Hop, Payload},
    topology::Latency,
};

/// A model of the demo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// Name.
    pub name: &'static str,
    /// Time to the first token, median milliseconds.
    pub first_token_ms: f64,
    /// Time per further token, milliseconds.
    pub token_ms: f64,
    /// Tokens of an answer, median.
    pub tokens: f64,
    /// US dollars per million input tokens.
    pub input_usd_per_million: f64,
    /// US dollars per million output tokens.
    pub output_usd_per_million: f64,
    /// How often visitors ask for it.
    pub share: f64,
}

/// The models there are.
pub const MODELS: [Model; 3] = [
    Model {
        name: "aurora-large",
        first_token_ms: 260.0,
        token_ms: 9.0,
        tokens: 70.0,
        input_usd_per_million: 3.0,
        output_usd_per_million: 15.0,
        share: 0.35,
    },
    Model {
        name: "aurora-mini",
        first_token_ms: 90.0,
        token_ms: 4.0,
        tokens: 60.0,
        input_usd_per_million: 0.25,
        output_usd_per_million: 1.25,
        share: 0.5,
    },
    Model {
        name: "basalt-code",
        first_token_ms: 180.0,
        token_ms: 6.0,
        tokens: 110.0,
        input_usd_per_million: 0.8,
        output_usd_per_million: 4.0,
        share: 0.15,
    },
];

/// The model of this name.
pub fn find(name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|m| m.name == name)
}

/// Tokens spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Read.
    pub prompt_tokens: u32,
    /// Written.
    pub completion_tokens: u32,
}

/// Answers `POST /v1/chat/completions`.
pub async fn answer(_: &Hop, request: &Request<Payload>) -> Response<Payload> {
    if request.uri().path() != "/v1/chat/completions" {
        return reply::error(StatusCode::NOT_FOUND, "no such page");
    }
    let body: Value = serde_json::from_slice(&request.body().data()).unwrap_or_default();
    let Some(model) = body["model"].as_str().and_then(find) else {
        return reply::error(StatusCode::BAD_REQUEST, "no such model");
    };
    let first_token = work_time(Latency { median_ms: model.first_token_ms, sigma: 0.25 });
    // The same spread that makes times vary makes answers vary in length.
    let tokens = (work_time(Latency { median_ms: model.tokens, sigma: 0.5 }).as_secs_f64() * 1000.0).round().max(1.0);
    sleep(first_token + Duration::from_secs_f64(tokens * model.token_ms / 1000.0)).await;
    let usage = Usage { prompt_tokens: count_tokens(&body["messages"]), completion_tokens: tokens as u32 };
    reply::json(
        StatusCode::OK,
        &json!({
            "model": model.name, "usage": usage, "time_to_first_token_secs": first_token.as_secs_f64(),
            "choices": [{ "finish_reason": "stop", "message": { "role": "assistant", "content": reply::words(tokens as usize * 4) } }],
        }),
    )
}

/// About four bytes make a token.
fn count_tokens(messages: &Value) -> u32 {
    let bytes: usize =
        messages.as_array().into_iter().flatten().filter_map(|m| m["content"].as_str()).map(str::len).sum();
    u32::try_from(bytes.div_ceil(4)).unwrap_or(u32::MAX)
}
