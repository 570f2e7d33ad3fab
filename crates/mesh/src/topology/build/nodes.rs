//! Node identity: which rows mean the same node.

use std::collections::BTreeSet;

use super::{
    flow::{End, Flow, Owner, Service},
    hash::FastMap,
};
use crate::topology::{GraphType, NodeFlag, digest::digest};

/// What makes a node the same node. The order of the variants is not meaningful.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key<'a> {
    External,
    Unknown {
        cluster: &'a str,
    },
    Service {
        cluster: &'a str,
        namespace: &'a str,
        name: &'a str,
    },
    Workload {
        cluster: &'a str,
        namespace: &'a str,
        workload: &'a str,
    },
    App {
        cluster: &'a str,
        namespace: &'a str,
        app: &'a str,
    },
    Version {
        cluster: &'a str,
        namespace: &'a str,
        app: &'a str,
        version: &'a str,
    },
    /// An app's version that is told apart by its workload.
    VersionWorkload {
        cluster: &'a str,
        namespace: &'a str,
        workload: &'a str,
    },
}

impl Key<'_> {
    pub(super) fn id(&self) -> String {
        match *self {
            Self::External => digest(&["external"]),
            Self::Unknown { cluster } => digest(&["unknown", cluster]),
            Self::Service { cluster, namespace, name } => digest(&["svc", cluster, namespace, name]),
            Self::Workload { cluster, namespace, workload } => digest(&["wl", cluster, namespace, workload]),
            Self::App { cluster, namespace, app } => digest(&["app", cluster, namespace, app]),
            Self::Version { cluster, namespace, app, version } => digest(&["ver", cluster, namespace, app, version]),
            Self::VersionWorkload { cluster, namespace, workload } => digest(&["vapp", cluster, namespace, workload]),
        }
    }

    pub(super) fn is_service(&self) -> bool {
        matches!(self, Self::Service { .. })
    }

    pub(super) fn cluster(&self) -> &str {
        match self {
            Self::External => "unknown",
            Self::Unknown { cluster }
            | Self::Service { cluster, .. }
            | Self::Workload { cluster, .. }
            | Self::App { cluster, .. }
            | Self::Version { cluster, .. }
            | Self::VersionWorkload { cluster, .. } => cluster,
        }
    }

    pub(super) fn namespace(&self) -> &str {
        match self {
            Self::External | Self::Unknown { .. } => "",
            Self::Service { namespace, .. }
            | Self::Workload { namespace, .. }
            | Self::App { namespace, .. }
            | Self::Version { namespace, .. }
            | Self::VersionWorkload { namespace, .. } => namespace,
        }
    }
}

/// A node while rows are read.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub key: Key<'a>,
    pub workload: &'a str,
    pub app: &'a str,
    pub version: &'a str,
    /// Cluster, namespace, name.
    pub services: BTreeSet<(&'a str, &'a str, &'a str)>,
    pub flags: BTreeSet<NodeFlag>,
    /// A host outside the mesh that the mesh has an entry for.
    pub service_entry: bool,
    /// A service some call went through.
    pub between: bool,
    /// A node some call began or ended at.
    pub end: bool,
}

/// All nodes met so far, by place.
#[derive(Debug, Default)]
pub(super) struct Drafts<'a> {
    pub all: Vec<Draft<'a>>,
    places: FastMap<Key<'a>, usize>,
}

/// The places of a call's nodes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub source: usize,
    /// The service between, when injected.
    pub service: Option<usize>,
    pub destination: usize,
}

impl<'a> Drafts<'a> {
    fn place(&mut self, key: Key<'a>) -> usize {
        *self.places.entry(key).or_insert_with(|| {
            let draft = Draft {
                key,
                workload: "",
                app: "",
                version: "",
                services: BTreeSet::new(),
                flags: BTreeSet::new(),
                service_entry: false,
                between: false,
                end: false,
            };
            self.all.push(draft);
            self.all.len() - 1
        })
    }

    /// The nodes of a call, made where missing.
    pub(super) fn ends(&mut self, flow: &Flow<'a>, graph: GraphType, inject: bool) -> Ends {
        let keys = keys(flow, graph, inject);
        let source = self.end(keys.source, &flow.source);
        let destination = self.end(keys.destination, &flow.destination);
        let service = keys.service.map(|key| self.place(key));
        if let Some(service) = service {
            self.all[service].between = true;
            self.note_service(service, flow);
        }
        if keys.destination != Key::External {
            self.note_service(destination, flow);
        }
        if let Key::Service { name, .. } = keys.destination {
            let draft = &mut self.all[destination];
            draft.service_entry |= is_entry(name, flow.service.host);
        }
        Ends { source, service, destination }
    }

    /// The nodes of a call, where they all exist already. For rows that only decorate edges.
    pub(super) fn find(&self, flow: &Flow<'a>, graph: GraphType, inject: bool) -> Option<Ends> {
        let keys = keys(flow, graph, inject);
        let place = |key| self.places.get(&key).copied();
        let service = match keys.service {
            None => None,
            Some(key) => Some(place(key)?),
        };
        Some(Ends { source: place(keys.source)?, service, destination: place(keys.destination)? })
    }

    fn end(&mut self, key: Key<'a>, end: &End<'a>) -> usize {
        let place = self.place(key);
        let draft = &mut self.all[place];
        draft.end = true;
        // Of several values the least one counts, so that the order of rows does not matter.
        let keep = |own: &mut &'a str, new: &'a str| {
            if own.is_empty() || (!new.is_empty() && new < *own) {
                *own = new;
            }
        };
        match key {
            Key::Workload { .. } | Key::VersionWorkload { .. } => {
                keep(&mut draft.workload, end.workload);
                if is_waypoint(end.workload) {
                    draft.flags.insert(NodeFlag::Waypoint);
                } else {
                    keep(&mut draft.app, end.app);
                    keep(&mut draft.version, end.version);
                }
            }
            Key::App { .. } => keep(&mut draft.app, end.app),
            Key::Version { .. } => {
                keep(&mut draft.app, end.app);
                keep(&mut draft.version, end.version);
            }
            Key::External | Key::Unknown { .. } | Key::Service { .. } => {}
        }
        if is_gateway(end.workload) || is_gateway(end.app) {
            draft.flags.insert(NodeFlag::Gateway);
        }
        place
    }

    fn note_service(&mut self, place: usize, flow: &Flow<'a>) {
        let Service { namespace, name, .. } = flow.service;
        if !name.is_empty() && !namespace.is_empty() {
            self.all[place].services.insert((flow.destination.cluster, namespace, name));
        }
    }
}

struct Keys<'a> {
    source: Key<'a>,
    service: Option<Key<'a>>,
    destination: Key<'a>,
}

fn keys<'a>(flow: &Flow<'a>, graph: GraphType, inject: bool) -> Keys<'a> {
    let source = match flow.source.owner {
        Owner::Foreign => Key::External,
        Owner::Nobody => Key::Unknown { cluster: flow.source.cluster },
        Owner::Own => {
            member(&flow.source, graph).unwrap_or(service(&flow.source, flow.source.namespace, &Service::default()))
        }
    };
    let destination = match flow.destination.owner {
        Owner::Foreign => Key::External,
        Owner::Nobody => service(&flow.destination, flow.service.namespace, &flow.service),
        Owner::Own => member(&flow.destination, graph).unwrap_or(service(
            &flow.destination,
            flow.destination.namespace,
            &flow.service,
        )),
    };
    let wanted = inject
        && !destination.is_service()
        && !flow.service.name.is_empty()
        && !flow.service.namespace.is_empty()
        && !is_egress_cluster(flow.service.name)
        && !is_waypoint(flow.source.workload)
        && !is_waypoint(flow.destination.workload);
    let service = wanted.then(|| service(&flow.destination, flow.service.namespace, &flow.service));
    Keys { source, service, destination }
}

/// The key of an end that is more than a service; none when its labels name neither workload nor a usable app.
fn member<'a>(end: &End<'a>, graph: GraphType) -> Option<Key<'a>> {
    let &End { cluster, namespace, workload, app, version, .. } = end;
    let apps = matches!(graph, GraphType::App | GraphType::VersionedApp) && !app.is_empty() && !is_waypoint(workload);
    if apps {
        return Some(match graph {
            GraphType::VersionedApp if !workload.is_empty() => Key::VersionWorkload { cluster, namespace, workload },
            GraphType::VersionedApp if !version.is_empty() => Key::Version { cluster, namespace, app, version },
            GraphType::VersionedApp | GraphType::App | GraphType::Workload | GraphType::Service => {
                Key::App { cluster, namespace, app }
            }
        });
    }
    (!workload.is_empty()).then_some(Key::Workload { cluster, namespace, workload })
}

fn service<'a>(end: &End<'a>, namespace: &'a str, service: &Service<'a>) -> Key<'a> {
    let name = if service.name.is_empty() { "unknown" } else { service.name };
    let namespace = if namespace.is_empty() { "unknown" } else { namespace };
    Key::Service { cluster: end.cluster, namespace, name }
}

/// A service entry is known by its full host; a cluster's own service by its short name.
fn is_entry(name: &str, host: &str) -> bool {
    name == host && name.contains('.') && !name.contains(".svc")
}

/// The two sinks of traffic that no service claims.
pub(super) fn is_egress_cluster(name: &str) -> bool {
    matches!(name, "PassthroughCluster" | "BlackHoleCluster")
}

/// Telemetry does not mark waypoints; their names, which Istio's own commands choose, do.
fn is_waypoint(workload: &str) -> bool {
    workload == "waypoint" || workload.ends_with("-waypoint")
}

/// Telemetry does not mark gateways either. Names of Istio's charts, and `<gateway>-istio` of the Gateway API.
fn is_gateway(name: &str) -> bool {
    const PARTS: [&str; 6] = [
        "ingressgateway",
        "ingress-gateway",
        "egressgateway",
        "egress-gateway",
        "eastwestgateway",
        "east-west-gateway",
    ];
    matches!(name, "istio-ingress" | "istio-egress" | "istio-gateway")
        || name.ends_with("-istio")
        || PARTS.iter().any(|part| name.contains(part))
}
