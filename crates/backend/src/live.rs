//! What the WebSocket pushes. A round begins when new data has arrived; every feed then asks the same services as a page
//! would, and their caches make sure that a thing many people watch is computed once.

use std::{collections::VecDeque, sync::Arc};

use contract::{
    ApiError, Timestamp,
    live::{Subscribe, Topic},
    overview::OverviewPage,
    stores::StoreStatus,
    topology::Graph,
};
use tokio::sync::watch;

use crate::{Backend, Scope};

/// Counts the rounds: whoever gathers data moves it on.
#[derive(Clone)]
pub struct Rounds(Arc<watch::Sender<u64>>);

impl Default for Rounds {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(1)))
    }
}

impl Rounds {
    /// New data is there.
    pub fn advance(&self) {
        self.0.send_modify(|round| *round += 1);
    }

    /// The current round.
    pub fn current(&self) -> u64 {
        *self.0.borrow()
    }

    /// Wakes up with every new round.
    pub fn follow(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

/// One push.
pub enum LiveData {
    /// The graph as subscribed.
    Topology(Timestamp, Arc<Graph>),
    /// The overview as subscribed.
    Overview(Timestamp, Arc<OverviewPage>),
    /// The stores.
    Stores(Timestamp, Arc<Vec<StoreStatus>>),
}

/// The door to feeds.
pub struct Live {
    backend: Arc<Backend>,
}

impl Live {
    pub(crate) fn new(backend: Arc<Backend>) -> Self {
        Self { backend }
    }

    /// A feed for one connection; silent until it subscribes.
    pub fn feed(&self, scope: Scope) -> Feed {
        let rounds = self.backend.rounds().follow();
        Feed { backend: self.backend.clone(), scope, wanted: Subscribe::default(), rounds, due: VecDeque::new() }
    }
}

/// What one connection follows.
pub struct Feed {
    backend: Arc<Backend>,
    scope: Scope,
    wanted: Subscribe,
    rounds: watch::Receiver<u64>,
    /// Topics of this round that were not pushed yet.
    due: VecDeque<Topic>,
}

impl Feed {
    /// Follows these topics instead of the ones before; the first push comes at once.
    pub fn subscribe(&mut self, mut wanted: Subscribe) {
        wanted.subscribe.sort_unstable();
        wanted.subscribe.dedup();
        self.due = wanted.subscribe.iter().copied().collect();
        self.wanted = wanted;
    }

    /// Goes on with a scope that was read again.
    pub fn update_scope(&mut self, scope: Scope) {
        self.scope = scope;
    }

    /// The next push. Cancel-safe: a topic leaves the list only when its answer is there.
    pub async fn next(&mut self) -> LiveData {
        loop {
            while let Some(topic) = self.due.front().copied() {
                let data = self.gather(topic).await;
                self.due.pop_front();
                match data {
                    Ok(Some(data)) => return data,
                    Ok(None) => {}
                    // The page shows the age of what it has; the stores topic says which store is gone.
                    Err(error) => tracing::debug!(%error, ?topic, "nothing to push"),
                }
            }
            if self.rounds.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            self.due = self.wanted.subscribe.iter().copied().collect();
        }
    }

    async fn gather(&self, topic: Topic) -> Result<Option<LiveData>, ApiError> {
        let now = self.backend.clock().now();
        Ok(match topic {
            Topic::Topology => {
                let query = self.wanted.topology.clone().unwrap_or_default();
                Some(LiveData::Topology(now, Arc::new(self.backend.graph(&self.scope, query).await?)))
            }
            Topic::Overview => {
                let query = self.wanted.overview.clone().unwrap_or_default();
                Some(LiveData::Overview(now, Arc::new(self.backend.overview_page(&self.scope, query).await?)))
            }
            Topic::Stores => Some(LiveData::Stores(now, Arc::new(self.backend.store_status(&self.scope)?))),
            // Alerts have no source before the alerts slice: the subscription is accepted and stays silent.
            Topic::Alerts => None,
        })
    }
}
