//! The isolation proof: canary questions asked as a tenant, hostile ones too, at every wall between tenants. Read-only and
//! bounded. What is asked stands in `questions`; what may come back is decided in `judge`, which knows nothing of how
//! questions are confined; `telemetry`, `database` and `paths` ask.
//!
//! Nothing of others is shown: where a question has to name something of another tenant, its name is replaced.

mod database;
mod judge;
mod paths;
mod questions;
mod telemetry;

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use contract::isolation::{Canary, CanaryOutcome, IsolationProof, Verdict, Wall};
use serde::Serialize;
use tokio::time::Instant;
use uuid::Uuid;

use crate::{
    Backend, Error, Scope, Visitor,
    audit::{Action, Entry, Target, record},
    scope::{Permission, describe},
    tenants::Namespaces,
};

/// For one question.
const CALL: Duration = Duration::from_secs(5);
/// For all questions to the metrics store.
const WHOLE: Duration = Duration::from_secs(30);
/// What stands in a shown question for a namespace of somebody else.
const SOMEONE_ELSES: &str = "namespace-of-another-tenant";
/// Where no other tenant has a namespace of its own.
const NOWHERE: &str = "obstack-canary-nowhere";

/// The tenants whose proof is running: one at a time for each, so that nobody can keep the stores busy with it.
#[derive(Default)]
pub(crate) struct Running(Mutex<HashSet<Uuid>>);

impl Running {
    fn begin(&self, tenant: Uuid) -> Option<Turn<'_>> {
        let fresh = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(tenant);
        fresh.then_some(Turn { running: self, tenant })
    }
}

struct Turn<'a> {
    running: &'a Running,
    tenant: Uuid,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.running.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.tenant);
    }
}

/// What the audit log keeps of a run.
#[derive(Serialize)]
struct Summary {
    verdict: Verdict,
    questions: usize,
    held: usize,
    refused: usize,
    not_answered: usize,
    broken: Vec<String>,
}

impl Summary {
    fn of(verdict: Verdict, canaries: &[Canary]) -> Self {
        let count = |outcome| canaries.iter().filter(|canary| canary.outcome == outcome).count();
        let broken = canaries.iter().filter(|canary| canary.outcome == CanaryOutcome::Broken);
        Self {
            verdict,
            questions: canaries.len(),
            held: count(CanaryOutcome::Held),
            refused: count(CanaryOutcome::Refused),
            not_answered: count(CanaryOutcome::NotAnswered),
            broken: broken.map(|canary| canary.title.clone()).collect(),
        }
    }
}

impl Backend {
    /// Runs the proof for the tenant of `scope` and writes it into the tenant's audit log.
    ///
    /// # Errors
    /// [`Error::Denied`] for those who may not; [`Error::Conflict`] while another run of the same tenant is under way. A
    /// store that does not answer is no error, but part of the result.
    pub async fn prove_isolation(&self, visitor: &Visitor, scope: &Scope) -> Result<IsolationProof, Error> {
        scope.require(Permission::ProveIsolation)?;
        let Some(_turn) = self.caches().proofs.begin(scope.tenant().id) else {
            let why = "A proof of this tenant is being run. Wait for it to end, then run another.";
            return Err(Error::Conflict { why: why.to_owned() });
        };
        let (started, at) = (Instant::now(), self.clock().now());
        let foreign = self.namespace_of_others(scope).await?;
        let (metrics, logs, traces, database) = tokio::join!(
            telemetry::metrics(self, scope, &foreign, at),
            telemetry::logs(self, scope, &foreign, at),
            telemetry::traces(self, scope, &foreign, at),
            database::ask(self.db(), scope),
        );
        let mut canaries = [metrics, logs, traces].concat();
        canaries.extend(database?);
        canaries.extend(paths::ask(visitor, scope));
        let verdict = verdict(&canaries);
        let sentence = sentence(verdict, &canaries);
        let now = self.clock().now();
        let mut tx = self.db.tenant(scope).await?;
        let entry = Entry::done(Action::IsolationProved, Target::new("tenant", scope.slug()))
            .after(Summary::of(verdict, &canaries));
        record(&mut tx, scope.actor(), Some(scope.tenant().id), now, entry).await?;
        tx.commit().await?;
        Ok(IsolationProof {
            verdict,
            sentence,
            at,
            took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            sees: describe(scope.mesh()),
            store: self.stores().metrics_name(scope).to_owned(),
            canaries,
        })
    }

    /// A namespace that another tenant sees and this one does not. Never shown.
    async fn namespace_of_others(&self, scope: &Scope) -> Result<String, Error> {
        let tenants = self.known_tenants().await?;
        let others = tenants.values().map(|tenant| tenant.record()).filter(|record| record.id != scope.tenant().id);
        let named = others.flat_map(|record| &record.mesh).flat_map(|selector| match &selector.namespaces {
            Namespaces::All => Vec::new(),
            Namespaces::Only(names) => names.iter().cloned().collect(),
        });
        let mut foreign: Vec<String> = named.filter(|name| !scope.sees_namespace(name)).collect();
        foreign.sort_unstable();
        Ok(foreign.into_iter().next().unwrap_or_else(|| NOWHERE.to_owned()))
    }
}

fn verdict(canaries: &[Canary]) -> Verdict {
    let any = |outcome| canaries.iter().any(|canary| canary.outcome == outcome);
    match (any(CanaryOutcome::Broken), any(CanaryOutcome::NotAnswered)) {
        (true, _) => Verdict::NotProven,
        (false, true) => Verdict::Incomplete,
        (false, false) => Verdict::Proven,
    }
}

fn sentence(verdict: Verdict, canaries: &[Canary]) -> String {
    let of = |outcome| canaries.iter().filter(move |canary| canary.outcome == outcome);
    let (all, refused) = (canaries.len(), of(CanaryOutcome::Refused).count());
    // The first question is the plain one.
    let plain = canaries.iter().find(|canary| canary.wall == Wall::Metrics).and_then(|canary| canary.seen);
    let empty = plain.is_none_or(|seen| seen == 0);
    match verdict {
        Verdict::NotProven => {
            let first = of(CanaryOutcome::Broken).next().map(|canary| canary.title.as_str()).unwrap_or_default();
            let count = of(CanaryOutcome::Broken).count();
            format!("{count} of {all} questions got past a wall, the first: {first}. Treat this as an incident.")
        }
        Verdict::Incomplete => {
            let count = of(CanaryOutcome::NotAnswered).count();
            format!("{count} of {all} questions were not answered. In all others nothing of others was seen.")
        }
        Verdict::Proven => {
            let nothing = "There is no data of this tenant in the metrics store at the moment, so its answers were empty; what \
                           left for the store was checked all the same.";
            let more = if empty { nothing } else { "In no answer was anything of others." };
            format!("{all} questions were asked, {refused} of them refused. {more}")
        }
    }
}

#[cfg(test)]
mod tests;
