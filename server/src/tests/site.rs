//! The site's files.

use axum::http::{StatusCode, header};
use sqlx::PgPool;

use super::Portal;

#[sqlx::test(migrations = "../migrations")]
async fn a_missing_file_is_a_plain_404_and_no_page(pool: PgPool) {
    let portal = Portal::new(pool).await;
    let answer = portal.get("/pkg/obstack.0000.wasm", None).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(answer.body.is_empty());
    assert_eq!(answer.header(header::CACHE_CONTROL), "no-store");
}

#[sqlx::test(migrations = "../migrations")]
async fn health_needs_no_session(pool: PgPool) {
    let portal = Portal::new(pool).await;
    assert_eq!(portal.get("/healthz", None).await.status, StatusCode::OK);
    assert_eq!(portal.get("/readyz", None).await.status, StatusCode::OK);
    assert_eq!(
        portal.get("/metrics", None).await.status,
        StatusCode::NOT_FOUND,
        "metrics stand on a port of their own"
    );
}
