//! The switchboard of the faults: what is on and until when, and healing by the clock. What a fault does is decided
//! where it is felt; `store-down` is handed to whoever owns the store.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use contract::{
    ApiError, Timestamp,
    demo::{DemoControl, Fault, FaultState},
};
use tokio::{sync::watch, task::AbortHandle, time::sleep};

use crate::clock;

/// Called with true when the metrics store has to go down and with false when it may return.
pub type StoreHook = Arc<dyn Fn(bool) + Send + Sync>;

struct On {
    until: Timestamp,
    healer: AbortHandle,
}

/// Faults and when they heal. Must be used inside a tokio runtime.
pub struct Switchboard {
    lasts: Duration,
    on: Mutex<BTreeMap<Fault, On>>,
    tell: watch::Sender<Vec<Fault>>,
    on_store_down: StoreHook,
    /// For the healers.
    myself: std::sync::Weak<Self>,
}

impl Switchboard {
    /// All off. Each fault lasts this long.
    pub fn new(lasts: Duration, on_store_down: StoreHook) -> Arc<Self> {
        Arc::new_cyclic(|myself| Self {
            lasts,
            on: Mutex::default(),
            tell: watch::channel(Vec::new()).0,
            on_store_down,
            myself: myself.clone(),
        })
    }

    /// The faults that are on, now and at every change.
    pub fn watch(&self) -> watch::Receiver<Vec<Fault>> {
        self.tell.subscribe()
    }

    fn switch_on(&self, fault: Fault) {
        let (myself, lasts) = (self.myself.clone(), self.lasts);
        let healer = tokio::spawn(async move {
            sleep(lasts).await;
            if let Some(board) = myself.upgrade() {
                board.switch_off(fault, false);
            }
        });
        let lasts_ms = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
        let state = On { until: Timestamp(clock::now_ms().saturating_add(lasts_ms)), healer: healer.abort_handle() };
        let mut on = self.on.lock().unwrap_or_else(PoisonError::into_inner);
        match on.insert(fault, state) {
            // Once more: the time starts again.
            Some(before) => before.healer.abort(),
            None => self.changed(&on, fault, true),
        }
    }

    fn switch_off(&self, fault: Fault, by_hand: bool) {
        let mut on = self.on.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = on.remove(&fault) {
            if by_hand {
                state.healer.abort();
            }
            self.changed(&on, fault, false);
        }
    }

    fn changed(&self, on: &BTreeMap<Fault, On>, fault: Fault, is_on: bool) {
        if fault == Fault::StoreDown {
            (self.on_store_down)(is_on);
        }
        self.tell.send_replace(on.keys().copied().collect());
        tracing::info!(demo.fault = fault.name(), demo.on = is_on, "demo fault switched");
    }
}

#[async_trait]
impl DemoControl for Switchboard {
    fn faults(&self) -> Vec<FaultState> {
        let on = self.on.lock().unwrap_or_else(PoisonError::into_inner);
        Fault::ALL.map(|fault| FaultState { fault, until: on.get(&fault).map(|state| state.until) }).to_vec()
    }

    async fn start(&self, fault: Fault) -> Result<(), ApiError> {
        self.switch_on(fault);
        Ok(())
    }

    async fn stop(&self, fault: Fault) -> Result<(), ApiError> {
        self.switch_off(fault, true);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

    use super::*;

    fn until(board: &Switchboard, fault: Fault) -> Option<Timestamp> {
        board.faults().into_iter().find(|s| s.fault == fault).unwrap().until
    }

    #[tokio::test]
    async fn a_fault_heals_by_the_clock_and_starts_again_when_asked_again() {
        let board = Switchboard::new(Duration::from_millis(1500), Arc::new(|_| {}));
        let mut told = board.watch();
        board.start(Fault::Errors10).await.unwrap();
        assert_eq!(*told.borrow_and_update(), [Fault::Errors10]);
        let first = until(&board, Fault::Errors10).unwrap();
        sleep(Duration::from_millis(1000)).await;
        board.start(Fault::Errors10).await.unwrap();
        assert!(until(&board, Fault::Errors10).unwrap() > first);
        sleep(Duration::from_millis(900)).await;
        assert!(until(&board, Fault::Errors10).is_some(), "the second start counts");
        told.changed().await.unwrap();
        assert!(told.borrow_and_update().is_empty());
        assert_eq!(until(&board, Fault::Errors10), None);
    }

    #[tokio::test]
    async fn the_store_is_told_once_when_it_goes_and_once_when_it_returns() {
        let calls = Arc::new((AtomicI32::new(0), AtomicI32::new(0)));
        let seen = calls.clone();
        let hook: StoreHook = Arc::new(move |down| {
            let count = if down { &seen.0 } else { &seen.1 };
            count.fetch_add(1, SeqCst);
        });
        let board = Switchboard::new(Duration::from_millis(100), hook);
        board.start(Fault::StoreDown).await.unwrap();
        board.start(Fault::StoreDown).await.unwrap();
        board.stop(Fault::StoreDown).await.unwrap();
        board.stop(Fault::StoreDown).await.unwrap();
        // Longer than a healer that was not called off would take.
        sleep(Duration::from_millis(400)).await;
        assert_eq!((calls.0.load(SeqCst), calls.1.load(SeqCst)), (1, 1));
    }
}
