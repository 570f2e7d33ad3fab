//! legacy as a caller: it has no sidecar, so what it calls, it calls in plain text. It does so only while the fault is on.

use std::{sync::Arc, time::Duration};

use contract::demo::Fault;
use tokio::time::sleep;

use super::routes::outgoing;
use crate::{
    sidecar::{Payload, Proxy},
    telemetry::TraceContext,
};

const PAUSE: Duration = Duration::from_millis(120);

/// Calls catalog for ever while [`Fault::PlaintextCaller`] is on.
pub async fn call_in_plaintext(proxy: Arc<Proxy>) {
    let mut faults = proxy.faults.clone();
    while faults.wait_for(|on| on.contains(&Fault::PlaintextCaller)).await.is_ok() {
        let out = outgoing("catalog", "GET", "/products".to_owned(), "/products", Payload::default());
        // Its answer matters to nobody; that the call is made is the point.
        drop(proxy.send(TraceContext::root(), out).await);
        sleep(PAUSE).await;
    }
}
