//! Which stores a tenant can be bound to, by name: those of the configuration, those people added, and the embedded one.

use contract::{stores::Signal, tenants::StoreNames};
use uuid::Uuid;

use super::{Feature, Plan, StoreBindings, checks::Wrongs, record::signal_name};
use crate::{
    Backend, Error,
    config::{StoreConfig, StoreKind, Tenancy},
    db::Tx,
    stores::EMBEDDED,
};

const STORES_MAX: i64 = 1000;

/// A store that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreChoice {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: StoreKind,
    /// It keeps nobody apart, so it belongs to one tenant.
    pub single: bool,
}

impl StoreChoice {
    fn configured(store: &StoreConfig) -> Self {
        let single = store.kind != StoreKind::Embedded && store.tenancy == Tenancy::Single;
        Self { name: store.name.clone(), kind: store.kind, single }
    }
}

/// Every store there is, by name; the embedded one first.
pub(super) async fn choices(backend: &Backend, tx: &mut Tx) -> Result<Vec<StoreChoice>, Error> {
    let mut all: Vec<_> = backend.config.stores.iter().map(StoreChoice::configured).collect();
    let rows = sqlx::query!("select name, kind, tenancy_mode from stores order by name limit $1", STORES_MAX)
        .fetch_all(&mut **tx)
        .await?;
    for row in rows {
        // The configuration outweighs a row of the same name; a kind this version does not know cannot be chosen.
        let kind = StoreKind::ALL.into_iter().find(|kind| kind.as_str() == row.kind);
        if let Some(kind) = kind.filter(|_| all.iter().all(|known| known.name != row.name)) {
            all.push(StoreChoice { name: row.name, kind, single: row.tenancy_mode == "none" });
        }
    }
    all.retain(|store| store.name != EMBEDDED);
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.insert(0, StoreChoice { name: EMBEDDED.to_owned(), kind: StoreKind::Embedded, single: false });
    Ok(all)
}

/// The bindings, when every store exists, keeps the signal, and is no other tenant's own.
pub(super) async fn check(
    backend: &Backend,
    tx: &mut Tx,
    tenant: Uuid,
    plan: Option<Plan>,
    names: &StoreNames,
) -> Result<StoreBindings, Error> {
    let known = choices(backend, tx).await?;
    let mut bindings = StoreBindings::default();
    let mut wrong = Wrongs::default();
    for (signal, name) in
        [(Signal::Metrics, &names.metrics), (Signal::Logs, &names.logs), (Signal::Traces, &names.traces)]
    {
        let checked = one(backend, tx, &known, tenant, plan, signal, name.trim()).await;
        if let Some(name) = wrong.take(checked)? {
            bindings.set(signal, name);
        }
    }
    wrong.none()?;
    Ok(bindings)
}

async fn one(
    backend: &Backend,
    tx: &mut Tx,
    known: &[StoreChoice],
    tenant: Uuid,
    plan: Option<Plan>,
    signal: Signal,
    name: &str,
) -> Result<String, Error> {
    let word = signal_name(signal);
    let wrong = |why: String| Err(Error::invalid(format!("/stores/{word}"), why));
    if !known.iter().any(|store| store.name == name) {
        let names: Vec<_> = known.iter().map(|store| store.name.as_str()).collect();
        return wrong(format!("There is no store “{name}”. Choose one of: {}.", names.join(", ")));
    };
    if name != EMBEDDED
        && let Some(Err(Error::Conflict { why })) = plan.map(|plan| plan.include(Feature::ExternalStores))
    {
        return wrong(why);
    }
    // Also locks the store's bindings, so that two tenants cannot take a store for one at the same moment.
    backend.stores().may_bind(tx, &format!("/stores/{word}"), signal, name, tenant).await?;
    Ok(name.to_owned())
}
