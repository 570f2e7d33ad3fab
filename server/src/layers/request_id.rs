//! A request id on every request, in every answer and in every error. A client's own id is kept when it is harmless.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};

/// The header.
pub static HEADER: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    static CURRENT: String;
}

/// The id of the request this task works for.
pub fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Gives the request its id.
pub async fn layer(mut request: Request, next: Next) -> Response {
    let given = request.headers().get(&HEADER).and_then(|id| id.to_str().ok());
    let id = match given {
        Some(id) if (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
            id.to_owned()
        }
        Some(_) | None => uuid::Uuid::now_v7().simple().to_string(),
    };
    let Ok(value) = HeaderValue::from_str(&id) else { return next.run(request).await };
    request.headers_mut().insert(HEADER.clone(), value.clone());
    let mut response = CURRENT.scope(id, next.run(request)).await;
    response.headers_mut().insert(HEADER.clone(), value);
    response
}
