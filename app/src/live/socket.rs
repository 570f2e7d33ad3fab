//! The socket itself, hand-written on web-sys. Only effects and event handlers come here, so only the browser does.

use std::{cell::RefCell, rc::Rc};

use contract::live::{PushKind, Subscribe, Topic};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

use super::{
    Status,
    protocol::{Counter, Head, Verdict, merge, wait_ms},
};

/// A tab hidden for so long closes its socket.
const SLEEP_AFTER_MS: i32 = 15_000;

/// How often the silence of the socket is looked at.
const WATCH_EVERY_MS: i32 = 20_000;

/// An open socket this silent is taken for dead; collectors push several times a minute.
const SILENCE_MS: f64 = 75_000.0;

/// Close code after which there is no point in trying again: the session is over or the membership gone.
const SIGNED_OUT: u16 = 4401;

/// What a part of the page does with a push.
pub(super) type Take = Rc<dyn Fn(Head, &str) -> bool>;

/// What one part of the page follows.
struct Want {
    id: u64,
    topic: Topic,
    subscribe: Subscribe,
    take: Take,
    status: ArcRwSignal<Status>,
}

/// A socket with the closures that must live as long as it does.
struct Line {
    socket: WebSocket,
    tenant: String,
    sent: Option<Subscribe>,
    _closures: [Closure<dyn FnMut(JsEvent)>; 3],
}

type JsEvent = web_sys::Event;

impl Drop for Line {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        // Closing fails only with a bad code, and there is none.
        let _ = self.socket.close();
    }
}

#[derive(Default)]
struct Hub {
    tenant: String,
    wants: Vec<Want>,
    next_id: u64,
    line: Option<Line>,
    counter: Counter,
    attempt: u32,
    retry: Option<TimeoutHandle>,
    planned: bool,
    watching: bool,
    ended: bool,
    heard_ms: f64,
}

thread_local! {
    static HUB: RefCell<Hub> = RefCell::default();
}

fn hub<T>(act: impl FnOnce(&mut Hub) -> T) -> T {
    HUB.with(|hub| act(&mut hub.borrow_mut()))
}

/// Adds a part of the page; answers its id.
pub(super) fn join(tenant: String, topic: Topic, subscribe: Subscribe, take: Take, status: ArcRwSignal<Status>) -> u64 {
    let (id, first) = hub(|hub| {
        hub.next_id += 1;
        hub.tenant = tenant;
        hub.wants.push(Want { id: hub.next_id, topic, subscribe, take, status });
        (hub.next_id, !std::mem::replace(&mut hub.watching, true))
    });
    if first {
        watch();
    }
    plan();
    id
}

/// Changes what a part wants.
pub(super) fn change(id: u64, tenant: String, subscribe: Subscribe) {
    hub(|hub| {
        hub.tenant = tenant;
        if let Some(want) = hub.wants.iter_mut().find(|want| want.id == id) {
            want.subscribe = subscribe;
        }
    });
    plan();
}

/// Takes a part away.
pub(super) fn leave(id: u64) {
    hub(|hub| hub.wants.retain(|want| want.id != id));
    plan();
}

/// Brings the socket in line soon, once for all changes of this turn.
fn plan() {
    if !hub(|hub| std::mem::replace(&mut hub.planned, true)) {
        later(0, settle);
    }
}

fn later(wait_ms: i32, act: fn()) -> Option<TimeoutHandle> {
    set_timeout_with_handle(act, std::time::Duration::from_millis(wait_ms.max(0).unsigned_abs().into())).ok()
}

/// Makes the connection what is wanted now: none, a new one, or another subscription.
fn settle() {
    hub(|hub| {
        hub.planned = false;
        let want = merge(hub.wants.iter().map(|want| (want.topic, &want.subscribe)));
        if hub.line.as_ref().is_some_and(|line| line.tenant != hub.tenant) {
            hub.line = None;
            hub.ended = false;
        }
        if want.subscribe.is_empty() || document().hidden() {
            let status = if want.subscribe.is_empty() { Status::Off } else { Status::Asleep };
            hub.hang_up();
            hub.tell(status);
            return;
        }
        if hub.ended {
            hub.tell(Status::Ended);
            return;
        }
        match &mut hub.line {
            Some(line) if line.socket.ready_state() == WebSocket::OPEN => {
                if line.sent.as_ref() != Some(&want) {
                    hub.counter.reset();
                    let text = serde_json::to_string(&want).unwrap_or_default();
                    if line.socket.send_with_str(&text).is_ok() {
                        line.sent = Some(want);
                    }
                }
                hub.tell(Status::Live);
            }
            // Opens by itself; `opened` comes back here.
            Some(_) => {}
            None if hub.retry.is_some() => {}
            None => hub.dial(),
        }
    });
}

impl Hub {
    fn hang_up(&mut self) {
        self.line = None;
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
        self.attempt = 0;
    }

    /// Tells every part how it goes; those that want nothing are off.
    fn tell(&self, status: Status) {
        for want in &self.wants {
            let own = if want.subscribe.subscribe.contains(&want.topic) { status } else { Status::Off };
            if want.status.get_untracked() != own {
                want.status.set(own);
            }
        }
    }

    fn dial(&mut self) {
        let location = window().location();
        let (Ok(scheme), Ok(host)) = (location.protocol(), location.host()) else { return };
        let scheme = if scheme == "https:" { "wss" } else { "ws" };
        let Ok(socket) = WebSocket::new(&format!("{scheme}://{host}/api/v1/t/{}/live", self.tenant)) else {
            self.retry_later();
            return;
        };
        let closures = [Closure::new(|_| settle()), Closure::new(heard), Closure::new(closed)];
        let [open, message, close] = &closures;
        socket.set_onopen(Some(open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(close.as_ref().unchecked_ref()));
        self.counter.reset();
        self.heard_ms = js_sys::Date::now();
        self.line = Some(Line { socket, tenant: self.tenant.clone(), sent: None, _closures: closures });
        self.tell(if self.attempt == 0 { Status::Connecting } else { Status::Reconnecting });
    }

    fn retry_later(&mut self) {
        let wait = wait_ms(self.attempt, js_sys::Math::random());
        self.attempt = self.attempt.saturating_add(1);
        self.retry = later(wait, || {
            hub(|hub| hub.retry = None);
            settle();
        });
        self.tell(Status::Reconnecting);
    }
}

fn heard(event: JsEvent) {
    let Some(text) = event.unchecked_into::<MessageEvent>().data().as_string() else { return };
    let (verdict, takers) = hub(|hub| {
        hub.heard_ms = js_sys::Date::now();
        hub.attempt = 0;
        let verdict = hub.counter.judge(&text);
        let takers: Vec<Take> = match verdict {
            Verdict::Take(head) => {
                let follows = |want: &&Want| want.topic == head.topic && want.subscribe.subscribe.contains(&want.topic);
                hub.wants.iter().filter(follows).map(|want| want.take.clone()).collect()
            }
            Verdict::Gap | Verdict::Ignore => Vec::new(),
        };
        (verdict, takers)
    });
    let again = match verdict {
        // A snapshot that cannot be read would come again the same.
        Verdict::Take(head) => takers.iter().any(|take| !take(head, &text) && head.kind == PushKind::Delta),
        Verdict::Gap => true,
        Verdict::Ignore => false,
    };
    if again {
        hub(|hub| {
            if let Some(line) = &mut hub.line {
                line.sent = None;
            }
        });
        plan();
    }
}

fn closed(event: JsEvent) {
    let code = event.unchecked_into::<CloseEvent>().code();
    // The closure that runs now belongs to the line, so it is dropped only after this turn.
    let line = hub(|hub| {
        let line = hub.line.take();
        if code == SIGNED_OUT {
            hub.ended = true;
            hub.tell(Status::Ended);
        } else {
            hub.retry_later();
        }
        line
    });
    set_timeout(move || drop(line), std::time::Duration::ZERO);
}

/// Listens for what the browser tells about itself. Once per page, for as long as it lives.
fn watch() {
    let wake = Closure::<dyn FnMut(JsEvent)>::new(|_| {
        if document().hidden() {
            later(SLEEP_AFTER_MS, settle);
            return;
        }
        hub(|hub| {
            if let Some(retry) = hub.retry.take() {
                retry.clear();
            }
        });
        settle();
    });
    let wake_fn = wake.as_ref().unchecked_ref();
    // Adding a listener cannot fail with a valid function.
    let _ = document().add_event_listener_with_callback("visibilitychange", wake_fn);
    let _ = window().add_event_listener_with_callback("online", wake_fn);
    wake.forget();
    set_interval(
        || {
            let dead = hub(|hub| {
                let silent = js_sys::Date::now() - hub.heard_ms > SILENCE_MS;
                let dead = silent && hub.line.is_some();
                if dead {
                    hub.line = None;
                    hub.retry_later();
                }
                dead
            });
            if dead {
                plan();
            }
        },
        std::time::Duration::from_millis(WATCH_EVERY_MS.unsigned_abs().into()),
    );
}
