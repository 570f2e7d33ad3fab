//! The policy engine in the browser: the same as behind the API, as a wasm module of its own in a worker. It is loaded with the
//! first question, so pages that ask none do not pay for it. Browser only.

use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

#[wasm_bindgen(module = "/src/policies/engine.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn ask(question: &str, document: &str) -> Result<JsValue, JsValue>;
}

/// Asks the engine `evaluate`, `lint` or `diff` about a document, as the API takes it. The answer is JSON: `{"answer": …}`
/// with what the API answers, `{"unreadable": […]}` with findings, or `"too_much"`.
///
/// # Errors
/// When the engine cannot be loaded or broke down; the next question loads it again.
#[wasm_bindgen(js_name = askPolicyEngine)]
pub async fn ask_policy_engine(question: String, document: String) -> Result<JsValue, JsValue> {
    ask(&question, &document).await
}
