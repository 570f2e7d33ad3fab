//! One row as a call between two ends: row hygiene, and the wall between tenants. Whatever does not belong to the
//! viewer loses its names here, so that no later step can show them.

use std::cell::RefCell;

use super::{hash::FastMap, row::Row};
use crate::topology::{Focus, View};

/// Whose an end of a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// In a namespace the viewer may see.
    Own,
    /// In a namespace the viewer may not see.
    Foreign,
    /// In no namespace the telemetry names.
    Nobody,
}

/// One end. Names are empty where unknown, and always for ends that are not the viewer's.
#[derive(Clone, Copy, Debug)]
pub(super) struct End<'a> {
    pub owner: Owner,
    /// `unknown` where the telemetry has none.
    pub cluster: &'a str,
    pub namespace: &'a str,
    pub workload: &'a str,
    pub app: &'a str,
    pub version: &'a str,
    /// SPIFFE id, if it may be shown.
    pub principal: &'a str,
}

/// The service a call was addressed to; all empty when unknown or not to be shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Service<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    /// Requested host.
    pub host: &'a str,
    /// The telemetry named a service that must not be shown.
    pub hidden: bool,
}

/// A row that survived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow<'a> {
    pub source: End<'a>,
    pub destination: End<'a>,
    pub service: Service<'a>,
}

/// What may be seen and what was asked for, with the answers remembered.
pub(super) struct Sight<'a, 'v> {
    visible: &'v dyn Fn(&str, &str) -> bool,
    view: &'v View,
    seen: RefCell<FastMap<(&'a str, &'a str), bool>>,
}

impl<'a, 'v> Sight<'a, 'v> {
    pub(super) fn new(view: &'v View, visible: &'v dyn Fn(&str, &str) -> bool) -> Self {
        Self { visible, view, seen: RefCell::default() }
    }

    fn sees(&self, cluster: &'a str, namespace: &'a str) -> bool {
        *self.seen.borrow_mut().entry((cluster, namespace)).or_insert_with(|| (self.visible)(cluster, namespace))
    }

    /// Whether a host or SPIFFE id says nothing about a namespace that must not be seen.
    fn reveals_nothing(&self, cluster: &'a str, namespace: Option<&'a str>) -> bool {
        namespace.is_none_or(|namespace| self.sees(cluster, namespace))
    }

    /// Reads a row; none when the row is no use, is nobody's business or was not asked for.
    pub(super) fn flow(&self, row: &Row<'a>) -> Option<Flow<'a>> {
        let (source, source_cluster) = self.source(row)?;
        let (destination, service) = self.destination(row, source_cluster)?;
        let owns = |end: &End<'_>| end.owner == Owner::Own;
        let asked = |end: &End<'_>| owns(end) && self.view.asks_for(end.cluster, end.namespace);
        if !asked(&source) && !asked(&destination) {
            return None;
        }
        let flow = Flow {
            source: End { cluster: shared_cluster(&source, &destination), ..source },
            destination: End { cluster: shared_cluster(&destination, &source), ..destination },
            service,
        };
        self.view.focus.as_ref().is_none_or(|focus| flow.touches(focus)).then_some(flow)
    }

    /// The calling end, and its cluster as the row says it.
    fn source(&self, row: &Row<'a>) -> Option<(End<'a>, &'a str)> {
        let namespace = known(row.source_workload_namespace);
        let workload = known(row.source_workload);
        let app = known(row.source_canonical_service);
        let stated = row.source_cluster;
        // A namespace with nobody in it, or a cluster that says `unknown` aloud: a half-filled copy of a row that
        // another reporter fills properly.
        if !namespace.is_empty() && ((workload.is_empty() && app.is_empty()) || stated == "unknown") {
            return None;
        }
        let cluster = or_unknown(stated);
        let owner = self.owner(cluster, namespace);
        let version = known_version(row.source_canonical_revision);
        let principal = self.principal(row.source_principal, cluster);
        let end = End { owner, cluster, namespace, workload, app, version, principal };
        Some((end.confined(), known(stated)))
    }

    fn destination(&self, row: &Row<'a>, source_cluster: &'a str) -> Option<(End<'a>, Service<'a>)> {
        let workload = known(row.destination_workload);
        let host = known(row.destination_service);
        let mut name = known(row.destination_service_name);
        let mut service_namespace = known(row.destination_service_namespace);
        if host == name
            && let Some(gateway) = egress_gateway(host)
        {
            (name, service_namespace) = (gateway, "istio-system");
        }
        let mut stated = row.destination_cluster;
        if known(stated).is_empty() && !source_cluster.is_empty() && !service_namespace.is_empty() {
            stated = source_cluster; // istio/istio#29373
        }
        let bare_address = workload.is_empty() && host == name && is_ipv4(host);
        if bare_address || (!service_namespace.is_empty() && stated == "unknown") {
            return None;
        }
        if name.is_empty() {
            name = host;
        }
        let cluster = or_unknown(stated);
        let workload_namespace = known(row.destination_workload_namespace);
        let namespace = if workload_namespace.is_empty() { service_namespace } else { workload_namespace };
        let mut owner = self.owner(cluster, namespace);
        // The host may tell whose it is when no label does.
        let by_host = namespace_of_host(host);
        let by_name = if name == host { by_host } else { namespace_of_host(name) };
        let silent = self.reveals_nothing(cluster, by_host) && self.reveals_nothing(cluster, by_name);
        if owner == Owner::Nobody && !silent {
            owner = Owner::Foreign;
        }
        let may_show = match service_namespace {
            "" => owner != Owner::Foreign,
            namespace => self.sees(cluster, namespace),
        };
        let shown = may_show && silent;
        let service = if shown {
            if service_namespace.is_empty() && owner == Owner::Own {
                service_namespace = namespace;
            }
            Service { namespace: service_namespace, name, host, hidden: false }
        } else {
            Service { hidden: !host.is_empty() || !name.is_empty(), ..Service::default() }
        };
        let app = known(row.destination_canonical_service);
        let version = known_version(row.destination_canonical_revision);
        let principal = self.principal(row.destination_principal, cluster);
        let end = End { owner, cluster, namespace, workload, app, version, principal };
        Some((end.confined(), service))
    }

    fn owner(&self, cluster: &'a str, namespace: &'a str) -> Owner {
        match namespace {
            "" => Owner::Nobody,
            namespace if self.sees(cluster, namespace) => Owner::Own,
            _ => Owner::Foreign,
        }
    }

    fn principal(&self, text: &'a str, cluster: &'a str) -> &'a str {
        let text = known(text);
        let mut parts = text.split('/');
        let namespace = parts.find(|part| *part == "ns").and_then(|_| parts.next());
        if self.reveals_nothing(cluster, namespace) { text } else { "" }
    }
}

impl End<'_> {
    /// Without the names, unless they are the viewer's.
    fn confined(self) -> Self {
        match self.owner {
            Owner::Own => self,
            Owner::Foreign | Owner::Nobody => {
                Self { namespace: "", workload: "", app: "", version: "", principal: "", ..self }
            }
        }
    }

    fn is(&self, namespace: &str, name: &str, own_name: &str) -> bool {
        self.owner == Owner::Own && self.namespace == known(namespace) && own_name == name
    }
}

impl Flow<'_> {
    /// Whether the focus is one of its ends.
    fn touches(&self, focus: &Focus) -> bool {
        let ends = [&self.source, &self.destination];
        match focus {
            Focus::Workload { namespace, name } => ends.iter().any(|end| end.is(namespace, name, end.workload)),
            Focus::App { namespace, name } => ends.iter().any(|end| end.is(namespace, name, end.app)),
            Focus::VersionedApp { namespace, name, version } => {
                ends.iter().any(|end| end.is(namespace, name, end.app) && end.version == version)
            }
            Focus::Service { namespace, name } => {
                self.service.name == name && self.service.namespace == known(namespace)
            }
        }
    }
}

/// The cluster to show for an end: its own, unless the end is nobody's. Then only what the other end already says,
/// because a cluster's name may be somebody's secret too.
fn shared_cluster<'a>(end: &End<'a>, other: &End<'a>) -> &'a str {
    match end.owner {
        Owner::Own => end.cluster,
        Owner::Nobody if other.owner == Owner::Own && other.cluster == end.cluster => end.cluster,
        Owner::Nobody | Owner::Foreign => "unknown",
    }
}

/// The value, or nothing when it names nobody.
pub(super) fn known(value: &str) -> &str {
    if value == "unknown" { "" } else { value }
}

/// A revision, or nothing. `latest` is what proxies say when nobody set one.
fn known_version(value: &str) -> &str {
    if value == "latest" { "" } else { known(value) }
}

fn or_unknown(value: &str) -> &str {
    if value.is_empty() { "unknown" } else { value }
}

/// The gateway's service name when the host is the mesh's egress gateway.
fn egress_gateway(host: &str) -> Option<&str> {
    host.strip_suffix(".istio-system.svc.cluster.local").filter(|name| *name == "istio-egressgateway")
}

/// `10.0.0.1` or `10.0.0.1:80`.
fn is_ipv4(text: &str) -> bool {
    let (address, port) = text.split_once(':').unwrap_or((text, "0"));
    address.parse::<std::net::Ipv4Addr>().is_ok() && port.parse::<u16>().is_ok()
}

/// The namespace a cluster-internal host name gives away: `name.NAMESPACE.svc…`, `name.NAMESPACE.global`.
fn namespace_of_host(host: &str) -> Option<&str> {
    // Most names are short; only a full one says anything.
    if !host.contains('.') {
        return None;
    }
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    let mut before: Option<&str> = None;
    let mut rest = host.split('.').skip(1).peekable();
    while let Some(part) = rest.next() {
        if before.is_some() && (part == "svc" || (part == "global" && rest.peek().is_none())) {
            return before;
        }
        before = Some(part);
    }
    None
}
