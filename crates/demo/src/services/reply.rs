//! Answers as the demo's services write them.

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::sidecar::Payload;

/// A JSON answer.
pub fn json(status: StatusCode, body: &Value) -> Response<Payload> {
    let mut answer = Response::new(Payload::new(body.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// A JSON error.
pub fn error(status: StatusCode, detail: &str) -> Response<Payload> {
    json(status, &json!({ "error": detail }))
}

/// Words to fill a body with, about this many bytes.
pub fn words(bytes: usize) -> String {
    const WORDS: &str = "sturdy kettle in brushed steel with a quiet whistle, keeps the heat, pours without a drip, ";
    WORDS.chars().cycle().take(bytes).collect()
}
