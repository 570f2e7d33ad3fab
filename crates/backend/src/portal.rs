//! The backend as a whole, and one tenant's portal. Who gets one is `visitor`'s; rules of the slices stand in the slices;
//! how everything is started stands in `start`.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use contract::{
    ApiError, Portal,
    auth::{Account, Shell},
    demo::{DemoControl, Fault, FaultState},
    overview::{Overview, OverviewPage, OverviewQuery},
    policies::Policies,
    stores::Stores,
    topology::{Focus, Graph, Topology, TopologyQuery},
};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Scope,
    audit::Audit,
    auth::Auth,
    bearer::Refusals,
    cache::Cache,
    clock::Clock,
    config::Config,
    db::Db,
    ingest::Ingest,
    isolation,
    keys::Keys,
    limits::Limits,
    live::{Live, Rounds},
    mail::Mail,
    metrics::embedded::Embedded,
    overview::Baseline,
    policies::Turns,
    scope::{Access, Permission, Seen},
    sign_in::SignIn,
    start::Running,
    stores::StoreSet,
    topology::Layouts,
    vault::Vault,
    visitor::Known,
};

/// Answers that several people share, keyed by tenant first.
#[derive(Default)]
pub(crate) struct Caches {
    pub graphs: Cache<(Seen, TopologyQuery), Graph>,
    pub overview: Cache<(Seen, OverviewQuery), OverviewPage>,
    pub baseline: Cache<Seen, Baseline>,
    pub layouts: Layouts,
    pub known: Known,
    pub proofs: isolation::Running,
    pub policy_turns: Turns,
}

/// All services of a running portal.
pub struct Backend {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) running: Mutex<Running>,
    pub(crate) auth: Auth,
    pub(crate) audit: Audit,
    pub(crate) mail: Mail,
    pub(crate) keys: Keys,
    pub(crate) limits: Limits,
    pub(crate) refusals: Refusals,
    pub(crate) vault: Vault,
    pub(crate) sign_in: SignIn,
    pub(crate) stores: StoreSet,
    pub(crate) embedded: Embedded,
    pub(crate) ingest: Ingest,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) caches: Caches,
    pub(crate) rounds: Rounds,
    pub(crate) demo: Option<Arc<dyn DemoControl>>,
    pub(crate) stop: CancellationToken,
}

impl Backend {
    /// The configuration it was started with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The database. Only the session store of the server needs it directly.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Signing in.
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// The audit log.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Sign-in providers.
    pub fn sign_in(&self) -> &SignIn {
        &self.sign_in
    }

    /// Mail on its way out.
    pub fn mail(&self) -> &Mail {
        &self.mail
    }

    /// API keys and service accounts.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// How often whom may ask.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sealing of secrets.
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// What pushed telemetry is handed to.
    pub fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    /// The stores.
    pub fn stores(&self) -> &StoreSet {
        &self.stores
    }

    /// The time.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The rounds of fresh data.
    pub fn rounds(&self) -> &Rounds {
        &self.rounds
    }

    /// Cancelled when the portal stops.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Feeds for WebSockets.
    pub fn live(self: &Arc<Self>) -> Live {
        Live::new(self.clone())
    }

    pub(crate) fn caches(&self) -> &Caches {
        &self.caches
    }

    /// The faults this scope may know of: a fault of another tenant's service would name that service.
    pub(crate) fn demo_faults(&self, scope: &Scope) -> Vec<FaultState> {
        let all = self.demo.as_ref().map_or_else(Vec::new, |demo| demo.faults());
        all.into_iter().filter(|state| may_know(scope, state.fault)).collect()
    }

    /// Whether the database answers.
    pub async fn ready(&self) -> Result<(), Error> {
        self.db.ping().await
    }
}

/// One caller in one tenant: what the traits of the contract are implemented on.
pub(crate) struct Scoped {
    pub(crate) backend: Arc<Backend>,
    pub(crate) scope: Scope,
}

impl Portal for Scoped {
    fn account(&self) -> &dyn Account {
        self
    }

    fn overview(&self) -> &dyn Overview {
        self
    }

    fn topology(&self) -> &dyn Topology {
        self
    }

    fn policies(&self) -> &dyn Policies {
        self
    }

    fn stores(&self) -> &dyn Stores {
        self
    }

    fn demo(&self) -> Result<&dyn DemoControl, ApiError> {
        self.scope.require(Permission::BreakDemo)?;
        match &self.backend.demo {
            Some(_) => Ok(self),
            None => Err(ApiError::not_found("The demo mesh")),
        }
    }
}

impl Scoped {
    /// The switchboard, if the scope may know of the fault.
    fn demo_for(&self, fault: Fault) -> Result<&dyn DemoControl, ApiError> {
        self.scope.require(Permission::BreakDemo)?;
        let demo = self.backend.demo.as_deref().filter(|_| may_know(&self.scope, fault));
        demo.ok_or_else(|| ApiError::not_found("This fault"))
    }
}

fn may_know(scope: &Scope, fault: Fault) -> bool {
    let focus = fault.focus().map(str::parse::<Focus>);
    focus.is_none_or(|focus| focus.is_ok_and(|focus| scope.sees_namespace(focus.namespace())))
}

#[async_trait]
impl DemoControl for Scoped {
    fn faults(&self) -> Vec<FaultState> {
        self.backend.demo_faults(&self.scope)
    }

    async fn start(&self, fault: Fault) -> Result<(), ApiError> {
        self.demo_for(fault)?.start(fault).await
    }

    async fn stop(&self, fault: Fault) -> Result<(), ApiError> {
        self.demo_for(fault)?.stop(fault).await
    }
}

impl Account for Scoped {
    fn shell(&self) -> Shell {
        let namespaces = self.scope.mesh().selectors().iter().flat_map(|selector| match selector.namespaces() {
            query::Namespaces::All => vec!["all namespaces".to_owned()],
            query::Namespaces::Only(names) => names.iter().cloned().collect(),
        });
        let mut namespaces: Vec<String> = namespaces.collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        Shell {
            me: self.scope.me().clone(),
            tenant: self.scope.membership().clone(),
            namespaces,
            demo: self.backend.demo.is_some(),
            settings: self.scope.may(Permission::ViewSettings),
            observing: *self.scope.access() == Access::Observer,
        }
    }
}
