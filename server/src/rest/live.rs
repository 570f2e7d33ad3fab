//! The WebSocket that pushes fresh data. One per browser tab; what it sends is already confined to the tenant.

use std::{collections::VecDeque, time::Duration};

use axum::{
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
};
use backend::{
    Credential, LiveData, Scope, Visitor,
    auth::{
        changes::Change,
        sessions::{self, SessionKey},
    },
    limits::SOCKETS_MAX,
};
use contract::{
    ApiError, ErrorCode, TenantSlug, Timestamp,
    live::{Push, PushKind, Subscribe, Topic},
    topology::GraphDelta,
};
use futures::{SinkExt, StreamExt, stream::SplitSink};
use std::sync::Arc;
use tokio::{
    sync::broadcast::error::RecvError,
    time::{Instant, interval_at},
};
use tower_sessions::Session;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::{HttpError, Problem},
    extract::{Caller, InTenant},
    state::AppState,
};

/// Distance of two pings.
const PING: Duration = Duration::from_secs(15);
/// How often session and membership are checked again while the socket is open.
const RECHECK: Duration = Duration::from_secs(10);
/// Longest message a client may send, bytes.
const MAX_MESSAGE: usize = 16 * 1024;
/// Close code for a session that has ended (private range).
const CLOSE_SESSION_OVER: u16 = 4401;
/// Close code for "come again later".
const CLOSE_TRY_AGAIN: u16 = 1013;
/// A client that takes nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(10);
/// Close code for a message that cannot be read.
const CLOSE_BAD_MESSAGE: u16 = 1008;
/// Subscriptions one socket may send in any minute.
const SUBSCRIPTIONS_MAX: usize = 30;
const MINUTE: Duration = Duration::from_secs(60);

/// `/t/{tenant}/live`
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(live))
}

/// WebSocket: send a `Subscribe`, receive pushes of the topics and a ping every 15 s.
#[utoipa::path(get, path = "/t/{tenant}/live", tag = "live", params(("tenant" = String, Path)), responses(
    (status = 101, description = "Switches to WebSocket"), (status = 401, body = Problem), (status = 404, body = Problem),
    (status = 429, body = Problem, description = "Too many are open")))]
async fn live(
    State(state): State<AppState>,
    place: InTenant,
    Caller(visitor): Caller,
    session: Session,
    upgrade: WebSocketUpgrade,
) -> Result<Response, HttpError> {
    let holder = visitor.user().or_else(|| visitor.key().map(|key| key.id));
    let Some(pass) = holder.and_then(|holder| state.backend.limits().socket(holder)) else {
        let detail = format!("{SOCKETS_MAX} live views are open already. Close one of them first.");
        let error = ApiError::new(ErrorCode::RateLimited, detail);
        return Err(ApiError { retry_after: Some(RECHECK.as_secs()), ..error }.into());
    };
    let guard = Guard {
        state,
        vouched: session.id().filter(|_| visitor.provider().is_some()).map(|id| id.0),
        session: session.id().map(|id| SessionKey::of(id.0)),
        visitor,
        tenant: place.scope.slug().clone(),
    };
    Ok(upgrade.max_message_size(MAX_MESSAGE).on_upgrade(move |socket| async move {
        metrics::gauge!("obstack_live_sockets").increment(1.0);
        serve(socket, guard, place.scope).await;
        drop(pass);
        metrics::gauge!("obstack_live_sockets").decrement(1.0);
    }))
}

/// Tells whether the socket's owner may still listen.
struct Guard {
    state: AppState,
    session: Option<SessionKey>,
    /// The session's id, when a sign-in provider vouches for it.
    vouched: Option<i128>,
    visitor: Arc<Visitor>,
    tenant: TenantSlug,
}

impl Guard {
    /// Whether a change may end or alter the owner's rights.
    fn concerns(&self, change: Change) -> bool {
        match change {
            Change::Session(key) => self.session == Some(key),
            Change::User(user) => self.visitor.user() == Some(user),
            Change::Key(key) => self.visitor.key().is_some_and(|grant| grant.id == key),
            Change::Tenant(_) | Change::Anything => true,
            Change::Provider(_) | Change::Store => false,
        }
    }

    /// The scope as of now; none when the session ended or the membership is gone. An open socket is no use of the
    /// session: who left a page open is signed out in time.
    async fn scope(&self) -> Result<Option<Scope>, backend::Error> {
        let backend = &self.state.backend;
        // A socket opened with a key or a token may carry a cookie, which counted for nothing; theirs is looked up below.
        if let Some(session) = self.session
            && matches!(self.visitor.credential(), Credential::Person { .. })
            && !sessions::is_alive(backend.db(), session, backend.clock().now()).await?
        {
            return Ok(None);
        }
        // Who only watches is asked about at the provider, too: a group that is taken away counts for open sockets.
        if let Some(session) = self.vouched
            && !backend.sign_in().keep(session, &self.visitor.actor().origin).await?
        {
            return Ok(None);
        }
        let visitor = self.visitor.again().await?;
        Ok(visitor.scope(&self.tenant).ok())
    }
}

/// What was sent last per topic, to number pushes and to send only what changed.
#[derive(Default)]
struct Sent {
    topology: u64,
    overview: u64,
    stores: u64,
    graph: Option<Arc<contract::topology::Graph>>,
}

/// When the latest subscriptions came.
#[derive(Default)]
struct Asked(VecDeque<Instant>);

impl Asked {
    /// Whether one more is fine.
    fn take(&mut self, now: Instant) -> bool {
        while self.0.front().is_some_and(|at| now.duration_since(*at) >= MINUTE) {
            self.0.pop_front();
        }
        if self.0.len() >= SUBSCRIPTIONS_MAX {
            return false;
        }
        self.0.push_back(now);
        true
    }
}

type Sink = SplitSink<WebSocket, Message>;

async fn serve(socket: WebSocket, guard: Guard, scope: Scope) {
    let (mut sink, mut stream) = socket.split();
    let mut feed = guard.state.backend.live().feed(scope);
    let mut ping = interval_at(Instant::now() + PING, PING);
    let mut recheck = interval_at(Instant::now() + RECHECK, RECHECK);
    let mut sent = Sent::default();
    let mut asked = Asked::default();
    let stopping = guard.state.backend.stopping();
    let mut news = guard.state.backend.news();
    loop {
        let kept = tokio::select! {
            () = stopping.cancelled() => close(&mut sink, 1001, "the portal is restarting").await,
            message = stream.next() => match message {
                Some(Ok(Message::Text(_))) if !asked.take(Instant::now()) => {
                    close(&mut sink, CLOSE_BAD_MESSAGE, "too many subscriptions in a minute").await
                }
                Some(Ok(Message::Text(text))) => match serde_json::from_str::<Subscribe>(&text) {
                    Ok(wanted) => {
                        sent.graph = None;
                        feed.subscribe(wanted);
                        true
                    }
                    Err(error) => close(&mut sink, CLOSE_BAD_MESSAGE, &format!("unreadable subscription: {error}")).await,
                },
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => true,
                Some(Ok(Message::Binary(_))) => close(&mut sink, CLOSE_BAD_MESSAGE, "send text").await,
                Some(Ok(Message::Close(_)) | Err(_)) | None => false,
            },
            data = feed.next() => push(&mut sink, &mut sent, data).await,
            _ = ping.tick() => deliver(&mut sink, Message::Ping(axum::body::Bytes::new())).await,
            change = news.recv() => match change {
                Ok(change) if !guard.concerns(change) => true,
                // Told, or behind with the news: a right that was taken away ends the view at once.
                Ok(_) | Err(RecvError::Lagged(_)) => check(&mut sink, &guard, &mut feed).await,
                Err(RecvError::Closed) => close(&mut sink, CLOSE_TRY_AGAIN, "try again").await,
            },
            // Also without news: sessions end by themselves.
            _ = recheck.tick() => check(&mut sink, &guard, &mut feed).await,
        };
        if !kept {
            return;
        }
    }
}

/// Looks at the rights again: goes on with those of now, or closes.
async fn check(sink: &mut Sink, guard: &Guard, feed: &mut backend::live::Feed) -> bool {
    match guard.scope().await {
        Ok(Some(scope)) => {
            feed.update_scope(scope);
            true
        }
        Ok(None) => close(sink, CLOSE_SESSION_OVER, "the session is over").await,
        // Nobody knows for the moment; the client comes again.
        Err(error) => {
            tracing::warn!(%error, "the session of a live view cannot be checked");
            close(sink, CLOSE_TRY_AGAIN, "try again").await
        }
    }
}

/// Closes with a reason; always false, for "do not go on".
async fn close(sink: &mut Sink, code: u16, reason: &str) -> bool {
    let mut reason = reason.to_owned();
    // A close frame carries at most 123 bytes of reason.
    while reason.len() > 120 {
        reason.pop();
    }
    let frame = CloseFrame { code, reason: reason.into() };
    deliver(sink, Message::Close(Some(frame))).await;
    false
}

/// Sends; false when the client is gone or takes nothing.
async fn deliver(sink: &mut Sink, message: Message) -> bool {
    matches!(tokio::time::timeout(PATIENCE, sink.send(message)).await, Ok(Ok(())))
}

async fn push(sink: &mut Sink, sent: &mut Sent, data: LiveData) -> bool {
    let text = match data {
        LiveData::Topology(at, graph) => {
            sent.topology += 1;
            let text = match sent.graph.as_deref() {
                Some(old) => {
                    frame(Topic::Topology, sent.topology, at, PushKind::Delta, GraphDelta::between(old, &graph))
                }
                None => frame(Topic::Topology, sent.topology, at, PushKind::Snapshot, graph.as_ref()),
            };
            sent.graph = Some(graph);
            text
        }
        LiveData::Overview(at, page) => {
            sent.overview += 1;
            frame(Topic::Overview, sent.overview, at, PushKind::Snapshot, page.as_ref())
        }
        LiveData::Stores(at, stores) => {
            sent.stores += 1;
            frame(Topic::Stores, sent.stores, at, PushKind::Snapshot, stores.as_ref())
        }
    };
    match text {
        Ok(text) => deliver(sink, Message::Text(text.into())).await,
        Err(error) => {
            tracing::error!(%error, "a push cannot be written");
            true
        }
    }
}

fn frame<T: serde::Serialize>(
    topic: Topic,
    seq: u64,
    at: Timestamp,
    kind: PushKind,
    data: T,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Push { topic, seq, at, kind, data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_subscribes_so_often_in_any_minute() {
        let (mut asked, start) = (Asked::default(), Instant::now());
        assert_eq!((0..40).filter(|_| asked.take(start)).count(), SUBSCRIPTIONS_MAX);
        assert!(!asked.take(start + Duration::from_secs(59)));
        assert!(asked.take(start + MINUTE));
    }
}
