//! What is remembered of people and tenants between requests. Nothing is remembered while nobody listens to the news of
//! other instances, so that what is remembered is never older than the last change that was told.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use uuid::Uuid;

use super::Tenants;
use crate::{
    Backend, Error,
    auth::{Person, changes::Change},
    scope::SeenTenant,
    tenants::{self, TenantRecord},
};

/// Remembered for so long at most: what is done by hand in the database, or while the news are lost, counts then.
const FRESH_MS: i64 = 5_000;
/// More people than are active within that time.
const PEOPLE_MAX: usize = 10_000;

/// People and tenants that were read.
#[derive(Default)]
pub(crate) struct Known(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// News arrive.
    listening: bool,
    /// How often something was forgotten: what was read before is not remembered afterwards.
    forgotten: u64,
    tenants: Option<(i64, Tenants)>,
    people: HashMap<Uuid, (i64, Option<Arc<Person>>)>,
}

impl Known {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on news arrive.
    pub(crate) fn listen(&self) {
        self.inner().listening = true;
    }

    /// Forgets what a change concerns.
    pub(crate) fn forget(&self, change: Change) {
        let mut inner = self.inner();
        match change {
            Change::User(user) => {
                inner.people.remove(&user);
            }
            Change::Tenant(_) | Change::Store => inner.tenants = None,
            Change::Anything => {
                inner.tenants = None;
                inner.people.clear();
            }
            Change::Session(_) | Change::Key(_) | Change::Provider(_) => return,
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
}
