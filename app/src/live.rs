//! Following data over the WebSocket `/api/v1/t/{tenant}/live`: one socket per page, shared by all who follow a topic.
//! On the server nothing here does anything, for effects do not run there.

mod protocol;
mod socket;

use std::{rc::Rc, sync::Arc};

use contract::{
    Timestamp,
    live::{Push, PushKind, Subscribe, Topic},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
pub use protocol::Head;
use serde::de::DeserializeOwned;

use crate::json;

/// How the following goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// Nothing is followed: before hydration, without JavaScript, or paused by the reader.
    #[default]
    Off,
    /// First connection under way.
    Connecting,
    /// Connected; data comes when there is some.
    Live,
    /// The tab is hidden, so nothing is asked for.
    Asleep,
    /// The connection was lost; trying again.
    Reconnecting,
    /// The server ended it for good: the session is over or the membership gone.
    Ended,
}

/// The latest data of a topic and how its following goes.
pub struct LiveState<T: Send + Sync + 'static> {
    /// The latest whole answer; none before the first.
    pub data: ReadSignal<Option<T>>,
    /// When it was gathered.
    pub at: ReadSignal<Option<Timestamp>>,
    /// How it goes.
    pub status: Signal<Status>,
}

/// Follows a topic whose pushes are whole answers. `subscribe` is what this part of the page wants; when it does not
/// name the topic, following pauses. The tenant is the one of the address.
pub fn use_topic<T: DeserializeOwned + Send + Sync + 'static>(
    topic: Topic,
    subscribe: Signal<Subscribe>,
) -> LiveState<T> {
    let (data, set_data) = signal(None);
    let (at, set_at) = signal(None);
    let status = follow(topic, subscribe, move |head, text| match (head.kind, json::read::<Push<T>>(text)) {
        (PushKind::Snapshot, Ok(push)) => {
            set_at.set(Some(head.at));
            set_data.set(Some(push.data));
            true
        }
        (PushKind::Snapshot, Err(_)) | (PushKind::Delta, _) => false,
    });
    LiveState { data, at, status }
}

/// Follows a topic and hands every push to `take`: what it is, and the whole message. `take` answers whether it could use
/// it; after a delta that it could not, everything is asked for again. Ends with the caller's owner.
pub fn follow(
    topic: Topic,
    subscribe: Signal<Subscribe>,
    take: impl Fn(Head, &str) -> bool + 'static,
) -> Signal<Status> {
    let status = ArcRwSignal::new(Status::Off);
    let own = Arc::new(std::sync::OnceLock::<u64>::new());
    let params = use_params_map();
    let take: socket::Take = Rc::new(take);
    Effect::new({
        let (status, own) = (status.clone(), own.clone());
        move |_| {
            let (tenant, want) = (params.read().get("tenant").unwrap_or_default(), subscribe.get());
            match own.get() {
                Some(id) => socket::change(*id, tenant, want),
                None => {
                    let id = socket::join(tenant, topic, want, take.clone(), status.clone());
                    own.get_or_init(|| id);
                }
            }
        }
    });
    on_cleanup(move || {
        if let Some(id) = own.get() {
            socket::leave(*id);
        }
    });
    Signal::derive(move || status.get())
}
