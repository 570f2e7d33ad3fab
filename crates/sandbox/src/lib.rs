//! The policy engine as a wasm module of its own, which a page loads when it needs it: one document in, one answer in JSON
//! out, the same as from the API. No judgement is made here, and nothing of the portal is in it.

use mesh::policy::{
    ask::{self, Refused, STEPS},
    effort::Effort,
    finding::Finding,
};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

/// What comes back, as JSON: `{"answer": …}`, `{"unreadable": [finding, …]}` or `"too_much"`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Reply<T> {
    Answer(T),
    Unreadable(Vec<Finding>),
    TooMuch,
}

/// What becomes of the requests of a document in the case format.
#[wasm_bindgen]
pub fn evaluate(document: &str) -> String {
    reply(ask::evaluate(document, &Effort::new(STEPS)))
}

/// What there is to say about the manifests of a document.
#[wasm_bindgen]
pub fn lint(document: &str) -> String {
    reply(ask::lint(document, &Effort::new(STEPS)))
}

/// What changes from one set of a document to the other.
#[wasm_bindgen]
pub fn diff(document: &str) -> String {
    reply(ask::diff(document, &Effort::new(STEPS)))
}

fn reply<T: Serialize>(result: Result<T, Refused>) -> String {
    let reply = match result {
        Ok(answer) => Reply::Answer(answer),
        Err(Refused::Unreadable(errors)) => Reply::Unreadable(errors),
        Err(Refused::TooMuch) => Reply::TooMuch,
    };
    serde_json::to_string(&reply).expect("maps with text keys, texts and numbers are JSON")
}
