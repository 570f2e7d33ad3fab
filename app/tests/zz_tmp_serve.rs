//! Scratch, not for keeping.
#[path = "topology/fake.rs"]
mod fake;
#[path = "../src/topology/tests.rs"]
mod mesh_fixture;

use std::sync::Arc;
use axum::{Router, body::Body, extract::{Request, ws::{Message, WebSocketUpgrade}}, response::IntoResponse, routing::get};
use app::platform::DoorContext;
use fake::World;
use leptos::prelude::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn serve() {
    let Ok(port) = std::env::var("SERVE_PORT") else { return };
    let _ = leptos::task::Executor::init_tokio();
    let options = LeptosOptions::builder().output_name("obstack").build();
    let world = if std::env::var("SERVE_EMPTY").is_ok() { World::empty() } else { World::default() };
    let context = { let world = world.clone(); move || { provide_context(DoorContext(Arc::new(world.clone()))); provide_context(leptos::nonce::Nonce::from_value("n0nce")); } };
    let ctx2 = context.clone();
    let page = move |request: Request<Body>| {
        let (context, options) = (context.clone(), options.clone());
        let handler = leptos_axum::render_app_async_with_context(context, move || app::shell(options.clone()));
        async move { handler(request).await }
    };
    let ui = move |request: Request<Body>| { let ctx2 = ctx2.clone(); async move { leptos_axum::handle_server_fns_with_context(ctx2, request).await } };
    let live = |ws: WebSocketUpgrade| async move {
        ws.on_upgrade(|mut socket| async move {
            let mut graph = mesh_fixture::mk_graph();
            let mut seq = 0u64;
            let mut topics: Vec<String> = vec![];
            let mut tick = tokio::time::interval(std::time::Duration::from_millis(700));
            loop {
                tokio::select! {
                    message = socket.recv() => {
                        let Some(Ok(Message::Text(text))) = message else { return };
                        eprintln!("ws: {text}");
                        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
                        topics = value["subscribe"].as_array().unwrap().iter().map(|t| t.as_str().unwrap().to_owned()).collect();
                        if topics.iter().any(|t| t == "topology") {
                            seq += 1;
                            let push = serde_json::json!({"topic":"topology","seq":seq,"at":graph.at,"kind":"snapshot","data":graph});
                            if socket.send(Message::Text(push.to_string().into())).await.is_err() { return }
                        }
                    }
                    _ = tick.tick() => {
                        if topics.iter().any(|t| t == "topology") {
                            let mut new = graph.clone();
                            let secs = 20 + seq % 40;
                            new.at = format!("2026-11-20T12:03:{secs:02}Z");
                            for e in &mut new.edges { if e.rate < 1000.0 { e.rate += 1.0; } }
                            let delta = contract::topology::GraphDelta::between(&graph, &new);
                            graph = new;
                            seq += 1;
                            let push = serde_json::json!({"topic":"topology","seq":seq,"at":graph.at,"kind":"delta","data":delta});
                            if socket.send(Message::Text(push.to_string().into())).await.is_err() { return }
                        }
                    }
                }
            }
        }).into_response()
    };
    async fn file(request: Request<Body>) -> axum::response::Response {
        let path = request.uri().path().to_owned();
        let base = if path.starts_with("/fonts") { "/work/main/public" } else { "/tmp/site" };
        let Ok(bytes) = std::fs::read(format!("{base}{path}")) else { return axum::http::StatusCode::NOT_FOUND.into_response() };
        let kind = if path.ends_with(".css") { "text/css" } else if path.ends_with(".js") { "text/javascript" } else if path.ends_with(".wasm") { "application/wasm" } else { "application/octet-stream" };
        ([("content-type", kind)], bytes).into_response()
    }
    let router = Router::new().route("/api/v1/t/{tenant}/live", get(live)).route("/ui/{*rest}", get(ui.clone()).post(ui)).route("/pkg/{*rest}", get(file)).route("/fonts/{*rest}", get(file)).fallback(page);
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    eprintln!("serving on {port}");
    axum::serve(listener, router).await.unwrap();
}
