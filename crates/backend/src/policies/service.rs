//! Questions about policies: permission first, then a turn, then the engine off the async threads within its effort.

use std::{num::NonZero, sync::Arc, time::Duration};

use async_trait::async_trait;
use contract::{
    ApiError,
    policies::{Diffed, Evaluated, Linted, Policies},
};
use mesh::policy::{
    ask::{self, MAX_BYTES, Refused, STEPS},
    effort::Effort,
    replay,
};
use tokio::sync::Semaphore;

use super::{refusal::refused, traffic};
use crate::{Error, portal::Scoped, scope::Permission};

/// How long a question waits for a turn.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// When to come back who did not get one, seconds.
const RETRY_SECS: u64 = 5;

/// How many questions are worked on at once: as many as there are cores, and two at least.
pub(crate) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(2, NonZero::get).max(2))))
    }
}

impl Turns {
    /// Does work of a second or a few when it is its turn.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        // A flood must not pile up: whoever waits this long is asked to come back.
        let waited = tokio::time::timeout(LONGEST_WAIT, Arc::clone(&self.0).acquire_owned()).await;
        let turn = waited.map_err(|_| Error::RateLimited { retry_after: RETRY_SECS })?.map_err(Error::internal)?;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work: a caller who goes away must not let another one start.
            let _turn = turn;
            work()
        });
        done.await.map_err(Error::internal)
    }
}

impl Scoped {
    /// Asks the engine about a document, and says what is wrong with a document that it refuses.
    async fn ask<T: Send + 'static>(
        &self,
        document: String,
        question: impl FnOnce(&str) -> Result<T, Refused> + Send + 'static,
    ) -> Result<T, Error> {
        self.scope.require(Permission::TryPolicies)?;
        if document.len() > MAX_BYTES {
            let why =
                format!("The document is larger than {} MiB. Send fewer policies or cases at once.", MAX_BYTES >> 20);
            return Err(Error::invalid("", why));
        }
        let answered = move || question(&document).map_err(|why| refused(why, &document));
        self.backend.caches().policy_turns.run(answered).await?
    }

    async fn diff_and_replay(&self, document: String) -> Result<Diffed, Error> {
        let answered = self.ask(document, |document| {
            let asked = ask::read_diff(document)?;
            let compared = ask::diff_files(&asked.before, &asked.after, &asked.setting, &Effort::new(STEPS));
            Ok((asked, compared))
        });
        let (asked, compared) = answered.await?;
        let mut diffed = Diffed { compared, traffic: None, warnings: Vec::new() };
        let Some(secs) = asked.traffic_secs else { return Ok(diffed) };
        // What was observed is the metrics' to tell, whatever it is used for.
        self.scope.require(Permission::ViewMesh)?;
        let observed = traffic::observed(&self.backend, &self.scope, secs).await;
        diffed.warnings = observed.warnings;
        let Some(flows) = observed.flows else { return Ok(diffed) };
        let replayed = move || replay::replay(&asked, &flows, secs, &Effort::new(STEPS));
        let replayed = self.backend.caches().policy_turns.run(replayed).await?;
        diffed.warnings.extend(traffic::doubts(&replayed));
        diffed.traffic = Some(replayed);
        Ok(diffed)
    }
}

#[async_trait]
impl Policies for Scoped {
    #[tracing::instrument(name = "policies.evaluate", skip_all, fields(tenant.id = %self.scope.slug()))]
    async fn evaluate(&self, document: String) -> Result<Evaluated, ApiError> {
        Ok(self.ask(document, |document| ask::evaluate(document, &Effort::new(STEPS))).await?)
    }

    #[tracing::instrument(name = "policies.lint", skip_all, fields(tenant.id = %self.scope.slug()))]
    async fn lint(&self, document: String) -> Result<Linted, ApiError> {
        Ok(self.ask(document, |document| ask::lint(document, &Effort::new(STEPS))).await?)
    }

    #[tracing::instrument(name = "policies.diff", skip_all, fields(tenant.id = %self.scope.slug()))]
    async fn diff(&self, document: String) -> Result<Diffed, ApiError> {
        Ok(self.diff_and_replay(document).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_asked_to_come_back() {
        let turns = Turns(Arc::new(Semaphore::new(1)));
        let held = Arc::clone(&turns.0).acquire_owned().await.expect("open");
        let refused = turns.run(|| ()).await;
        assert!(matches!(refused, Err(Error::RateLimited { retry_after: RETRY_SECS })), "{refused:?}");
        drop(held);
        assert_eq!(turns.run(|| 7).await.expect("a turn"), 7);
        assert_eq!(turns.0.available_permits(), 1, "given back");
        assert!(Turns::default().0.available_permits() >= 2);
    }
}
