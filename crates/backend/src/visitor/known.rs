//! What is remembered of people, keys and tenants between requests. Nothing is remembered while nobody listens to the news of
//! other instances, so that what is remembered is never older than the last change that was told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::broadcast;
use uuid::Uuid;

use super::Tenants;
use crate::{
    Backend, Error,
    auth::{Person, changes::Change},
    keys::{self, Found, Shown},
    scope::SeenTenant,
    tenants::{self, TenantRecord},
};

/// Remembered for so long at most: what is done by hand in the database, or while the news are lost, counts then.
const FRESH_MS: i64 = 5_000;
/// More people than are active within that time.
const PEOPLE_MAX: usize = 10_000;
/// More keys than are used within that time.
const KEYS_MAX: usize = 10_000;

/// A receiver that is further behind looks at everything again.
const BACKLOG: usize = 1024;

/// People and tenants that were read, and the news of their changes.
pub(crate) struct Known {
    inner: Mutex<Inner>,
    told: broadcast::Sender<Change>,
}

impl Default for Known {
    fn default() -> Self {
        Self { inner: Mutex::default(), told: broadcast::channel(BACKLOG).0 }
    }
}

#[derive(Default)]
struct Inner {
    /// News arrive.
    listening: bool,
    /// How often something was forgotten: what was read before is not remembered afterwards.
    forgotten: u64,
    tenants: Option<(i64, Tenants)>,
    people: HashMap<Uuid, (i64, Option<Arc<Person>>)>,
    /// Only keys that work: what does not exist would fill it.
    keys: HashMap<Shown, (i64, Arc<Found>)>,
}

impl Known {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on news arrive.
    pub(crate) fn listen(&self) {
        self.inner().listening = true;
    }

    /// News from now on, each told after what it concerns was forgotten.
    pub(crate) fn news(&self) -> broadcast::Receiver<Change> {
        self.told.subscribe()
    }

    /// Forgets what a change concerns, and passes it on.
    pub(crate) fn forget(&self, change: Change) {
        self.drop_what(change);
        // Nobody may be listening at the moment.
        let _ = self.told.send(change);
    }

    fn drop_what(&self, change: Change) {
        let mut inner = self.inner();
        match change {
            Change::User(user) => {
                inner.people.remove(&user);
                inner.keys.retain(|_, (_, key)| key.user != Some(user));
            }
            // Service accounts are told as their tenant.
            Change::Tenant(_) => {
                inner.tenants = None;
                inner.keys.clear();
            }
            Change::Key(id) => inner.keys.retain(|_, (_, key)| key.grant.id != id),
            Change::Store => inner.tenants = None,
            Change::Anything => {
                inner.tenants = None;
                inner.people.clear();
                inner.keys.clear();
            }
            Change::Session(_) | Change::Provider(_) => return,
        }
        inner.forgotten += 1;
    }
}

impl Backend {
    /// All tenants that are not switched off.
    pub(crate) async fn known_tenants(&self) -> Result<Tenants, Error> {
        let (now, known) = (self.clock.now().0, &self.caches().known);
        let before = {
            let inner = known.inner();
            if let Some((at, tenants)) = &inner.tenants
                && now - at < FRESH_MS
            {
                return Ok(tenants.clone());
            }
            inner.forgotten
        };
        let read = tenants::list(self.db()).await?;
        self.stores.note_bindings(&read);
        let seen = |record: TenantRecord| {
            let revision = self.stores.revision(&record.stores.metrics);
            (record.slug.clone(), Arc::new(SeenTenant::new(record, revision)))
        };
        let tenants: Tenants = Arc::new(read.into_iter().map(seen).collect());
        let mut inner = known.inner();
        if inner.listening && inner.forgotten == before {
            inner.tenants = Some((now, tenants.clone()));
        }
        Ok(tenants)
    }

    /// The person behind an account; `None` when it is gone or disabled.
    pub(crate) async fn known_person(&self, user: Uuid) -> Result<Option<Arc<Person>>, Error> {
        let (now, known) = (self.clock.now().0, &self.caches().known);
        let before = {
            let inner = known.inner();
            if let Some((at, person)) = inner.people.get(&user)
                && now - at < FRESH_MS
            {
                return Ok(person.clone());
            }
            inner.forgotten
        };
        let person = self.auth.person(user).await?.map(Arc::new);
        let mut inner = known.inner();
        if inner.listening && inner.forgotten == before {
            if inner.people.len() >= PEOPLE_MAX {
                inner.people.retain(|_, (at, _)| now - *at < FRESH_MS);
            }
            if inner.people.len() < PEOPLE_MAX {
                inner.people.insert(user, (now, person.clone()));
            }
        }
        Ok(person)
    }

    /// The key that is shown; `None` when it is worth nothing now.
    pub(crate) async fn known_key(&self, shown: Shown) -> Result<Option<Arc<Found>>, Error> {
        let (now, known) = (self.clock.now().0, &self.caches().known);
        let before = {
            let inner = known.inner();
            if let Some((at, key)) = inner.keys.get(&shown)
                && now - at < FRESH_MS
            {
                return Ok(Some(key.clone()));
            }
            inner.forgotten
        };
        let Some(key) = keys::find(self.db(), shown).await?.map(Arc::new) else { return Ok(None) };
        let mut inner = known.inner();
        if inner.listening && inner.forgotten == before {
            if inner.keys.len() >= KEYS_MAX {
                inner.keys.retain(|_, (at, _)| now - *at < FRESH_MS);
            }
            if inner.keys.len() < KEYS_MAX {
                inner.keys.insert(shown, (now, key.clone()));
            }
        }
        Ok(Some(key))
    }
}
