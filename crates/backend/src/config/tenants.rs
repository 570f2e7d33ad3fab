//! `tenants`: who is kept apart from whom, which stores each uses, and what of a shared mesh each sees.

use std::collections::BTreeSet;

use contract::{TenantSlug, stores::Signal};

use super::{
    kinds,
    reader::{Fields, Item, Reader, Wrong},
    spelling::nearest,
    stores::{EMBEDDED, Store, StoreKind, Tenancy},
};
use crate::tenants::{MeshSelector, Namespaces, Plan, StoreBindings};

/// A tenant, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantConfig {
    /// Name in URLs and towards the stores.
    pub slug: TenantSlug,
    /// Display name.
    pub name: String,
    /// Plan.
    pub plan: Plan,
    /// Its stores.
    pub stores: StoreBindings,
    /// What of a shared mesh it sees.
    pub mesh: Vec<MeshSelector>,
}

/// An entry of the list, right or wrong: users may refer to a tenant that has a mistake somewhere else.
pub(super) struct Tenant {
    pub(super) slug: Option<(String, Item)>,
    pub(super) config: Option<TenantConfig>,
    /// Store names with the place they were written at; without a place for the default.
    bindings: Vec<(String, Option<Item>)>,
    /// True when `mesh` was written.
    has_mesh: bool,
}

pub(super) fn read(top: &mut Fields<'_>, stores: &[Store]) -> Vec<Tenant> {
    let reader = top.reader;
    let tenants: Vec<Tenant> = top.list("tenants").iter().map(|item| read_one(reader, item, stores)).collect();
    let slugs = tenants.iter().filter_map(|tenant| tenant.slug.as_ref());
    kinds::unique(reader, "tenant", slugs.map(|(slug, item)| (slug.as_str(), item)));
    check_single(reader, &tenants, stores);
    check_shared(reader, &tenants);
    tenants
}

fn read_one(reader: &Reader<'_>, item: &Item, stores: &[Store]) -> Tenant {
    let mut fields = Fields::of_entry(reader, item, "tenants[]");
    let slug_item = fields.value("slug");
    let slug = match &slug_item {
        Some(item) => reader.parse_item(item, tenant_slug),
        None => {
            fields.lacks("slug");
            None
        }
    };
    let name = match fields.value("name") {
        Some(item) => reader.parse_item(&item, kinds::display_name),
        None => slug.as_ref().map(ToString::to_string),
    };
    let plan = fields.parse("plan", |text| {
        text.parse::<Plan>().map_err(|_| {
            Wrong::new(format!("there is no plan `{text}`"), format!("write one of {}", Plan::NAMES.join(", ")))
        })
    });
    let mut bindings = Vec::new();
    let stores = bound_stores(fields.section("stores"), stores, &mut bindings);
    let written = fields.written("mesh");
    let mesh = mesh(&mut fields, written.as_ref());
    fields.finish();
    let has_mesh = written.is_some();
    let config =
        (|| Some(TenantConfig { slug: slug.clone()?, name: name?, plan: plan?, stores: stores?, mesh: mesh? }))();
    Tenant { slug: slug.map(|slug| slug.to_string()).zip(slug_item), config, bindings, has_mesh }
}

fn tenant_slug(text: &str) -> Result<TenantSlug, Wrong> {
    text.parse::<TenantSlug>().map_err(|error| Wrong::new(format!("`{text}` is not a tenant slug"), error.to_string()))
}

fn bound_stores(
    mut fields: Fields<'_>,
    stores: &[Store],
    bindings: &mut Vec<(String, Option<Item>)>,
) -> Option<StoreBindings> {
    let reader = fields.reader;
    let [metrics, logs, traces] = [("metrics", Signal::Metrics), ("logs", Signal::Logs), ("traces", Signal::Traces)]
        .map(|(key, signal)| {
            let Some(item) = fields.written(key) else {
                bindings.push((EMBEDDED.to_owned(), None));
                return Some(EMBEDDED.to_owned());
            };
            let name = reader.parse_item(&item, |text| known_store(text, key, signal, stores))?;
            bindings.push((name.clone(), Some(item)));
            Some(name)
        });
    fields.refuse("search");
    fields.finish();
    Some(StoreBindings { metrics: metrics?, logs: logs?, traces: traces? })
}

fn known_store(text: &str, key: &str, signal: Signal, stores: &[Store]) -> Result<String, Wrong> {
    if text == EMBEDDED {
        return Ok(text.to_owned());
    }
    let names: Vec<&str> =
        stores.iter().filter_map(|store| Some(store.name.as_ref()?.0.as_str())).chain([EMBEDDED]).collect();
    if !names.contains(&text) {
        let remedy = match nearest(text, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known stores: {}", names.join(", ")),
        };
        return Err(Wrong::new(format!("there is no store `{text}`"), remedy));
    }
    let kind = stores
        .iter()
        .filter_map(|store| store.config.as_ref())
        .find(|store| store.name == text)
        .map(|store| store.kind);
    match kind {
        Some(kind) if !kind.keeps(signal) => {
            let what = format!("the store `{text}` ({}) keeps no {key}", kind.as_str());
            Err(Wrong::new(what, format!("write `{key}: embedded`, or leave it out")))
        }
        _ => Ok(text.to_owned()),
    }
}

/// Without `mesh`, all that the tenant's stores have.
fn mesh(fields: &mut Fields<'_>, written: Option<&Item>) -> Option<Vec<MeshSelector>> {
    let reader = fields.reader;
    let Some(item) = written else {
        return Some(vec![MeshSelector { cluster: None, namespaces: Namespaces::All }]);
    };
    let selectors: Vec<Option<MeshSelector>> = reader
        .entries(item)
        .iter()
        .map(|entry| selector(Fields::of_entry(reader, entry, "tenants[].mesh[]")))
        .collect();
    selectors.into_iter().collect()
}

fn selector(mut fields: Fields<'_>) -> Option<MeshSelector> {
    let reader = fields.reader;
    let cluster = fields.parse("cluster", |text| match text {
        "*" => Ok(None),
        _ => cluster_name(text).map(Some),
    });
    let namespaces = match fields.value("namespaces") {
        Some(item) => {
            let names: Vec<Option<String>> =
                reader.entries(&item).iter().map(|entry| reader.parse_item(entry, namespace)).collect();
            names.into_iter().collect::<Option<BTreeSet<String>>>().map(Namespaces::from)
        }
        None => {
            fields.lacks("namespaces");
            None
        }
    };
    fields.finish();
    Some(MeshSelector { cluster: cluster?, namespaces: namespaces? })
}

fn cluster_name(text: &str) -> Result<String, Wrong> {
    let shaped = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if text.is_empty() || text.len() > 253 || !shaped {
        let remedy = "write its name (letters, digits, hyphens, dots), or \"*\" for every cluster";
        return Err(Wrong::new(format!("`{text}` is not a cluster name"), remedy));
    }
    Ok(text.to_owned())
}

fn namespace(text: &str) -> Result<String, Wrong> {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let shaped =
        (1..=63).contains(&text.len()) && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-');
    if text != "*" && !shaped {
        let remedy = "write a whole namespace name, or \"*\" alone for all of them";
        return Err(Wrong::new(format!("`{text}` is not a namespace"), remedy));
    }
    Ok(text.to_owned())
}

/// A store that keeps nobody apart belongs to one tenant.
fn check_single(reader: &Reader<'_>, tenants: &[Tenant], stores: &[Store]) {
    for store in stores.iter().filter_map(|store| store.config.as_ref()) {
        if store.kind == StoreKind::Embedded || store.tenancy != Tenancy::Single {
            continue;
        }
        let users: Vec<&Item> = tenants
            .iter()
            .filter_map(|tenant| tenant.bindings.iter().find(|(name, _)| *name == store.name)?.1.as_ref())
            .collect();
        for item in users.iter().skip(1) {
            let what =
                format!("the store `{}` does not keep tenants apart and already belongs to another tenant", store.name);
            reader.wrong(
                item,
                what,
                "give the store a tenancy (mode: label or header), or this tenant a store of its own",
            );
        }
    }
}

/// Tenants in one embedded store are told apart by what of the mesh they see: each has to say it.
fn check_shared(reader: &Reader<'_>, tenants: &[Tenant]) {
    let sharing: Vec<&Tenant> =
        tenants.iter().filter(|tenant| tenant.bindings.iter().any(|(name, _)| name == EMBEDDED)).collect();
    if sharing.len() < 2 {
        return;
    }
    for (slug, item) in sharing.into_iter().filter(|tenant| !tenant.has_mesh).filter_map(|tenant| tenant.slug.as_ref())
    {
        let what = format!("the tenant `{slug}` shares the embedded store with others and does not say what it sees");
        reader.wrong(item, what, "add `mesh: [{cluster: \"*\", namespaces: [shop]}]` with its namespaces");
    }
}
