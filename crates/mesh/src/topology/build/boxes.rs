//! Boxes around nodes: cluster around namespace around app.

use std::collections::{BTreeMap, BTreeSet};

use crate::topology::{BoxBy, GraphType, HealthStatus, Node, NodeFlag, NodeKind, View, digest::digest};

/// Adds the boxes of the view and hangs nodes and boxes into them.
///
/// An app box needs two members. A namespace or cluster box needs two members too, and that there is more than one
/// namespace or cluster to tell apart. Unknown and foreign places are never boxed. A namespace that several clusters have
/// is one box, unless there are boxes for the clusters.
pub(super) fn add(nodes: &mut Vec<Node>, view: &View) {
    let wants = |by| view.boxes.contains(&by);
    let apps = matches!(view.graph, GraphType::App | GraphType::VersionedApp) && wants(BoxBy::App);
    let mut groups: [(bool, BTreeMap<String, Vec<usize>>); 3] =
        [(wants(BoxBy::Cluster), BTreeMap::new()), (wants(BoxBy::Namespace), BTreeMap::new()), (apps, BTreeMap::new())];
    let mut places: [BTreeSet<String>; 2] = Default::default();
    for (place, node) in nodes.iter().enumerate() {
        let cluster = if groups[0].0 { node.cluster.as_str() } else { "" };
        if matches!(node.kind, NodeKind::Unknown | NodeKind::External) {
            continue;
        }
        if node.cluster != "unknown" {
            let id = digest(&["box", "cluster", &node.cluster]);
            places[0].insert(id.clone());
            groups[0].1.entry(id).or_default().push(place);
        }
        if node.namespace != "unknown" {
            let id = digest(&["box", "namespace", cluster, &node.namespace]);
            places[1].insert(id.clone());
            groups[1].1.entry(id).or_default().push(place);
            if let (Some(app), NodeKind::App | NodeKind::VersionedApp) = (&node.app, node.kind) {
                let id = digest(&["box", "app", &node.cluster, &node.namespace, app]);
                groups[2].1.entry(id).or_default().push(place);
            }
        }
    }
    for (level, (wanted, group)) in groups.iter_mut().enumerate() {
        let several = places.get(level).is_none_or(|places| places.len() > 1);
        group.retain(|_, members| *wanted && several && members.len() > 1);
    }
    // Outermost first: a box hangs where its members hung before it.
    for (level, (_, group)) in groups.into_iter().enumerate() {
        for (id, members) in group {
            let made = make(nodes, &members, level, id.clone());
            for member in members {
                nodes[member].parent = Some(id.clone());
            }
            nodes.push(made);
        }
    }
}

fn make(nodes: &[Node], members: &[usize], level: usize, id: String) -> Node {
    let first = &nodes[members[0]];
    let one_cluster = members.iter().all(|place| nodes[*place].cluster == first.cluster);
    let mut made = Node {
        id,
        kind: NodeKind::Box,
        cluster: if one_cluster { first.cluster.clone() } else { String::new() },
        namespace: if level > 0 { first.namespace.clone() } else { String::new() },
        workload: None,
        app: if level > 1 { first.app.clone() } else { None },
        version: None,
        service: None,
        parent: first.parent.clone(),
        dest_services: Vec::new(),
        rates: Default::default(),
        health: Default::default(),
        flags: Vec::new(),
    };
    let members = || members.iter().map(|place| &nodes[*place]);
    made.health.status = members().map(|node| node.health.status).min().unwrap_or_default();
    for (status, what) in [(HealthStatus::Failure, "failing"), (HealthStatus::Degraded, "degraded")] {
        let count = members().filter(|node| node.health.status == status).count();
        if count > 0 {
            made.health.reasons.push(format!("{count} of {} {what}", members().count()));
        }
    }
    if level > 1 {
        let or = [NodeFlag::Outside, NodeFlag::Inaccessible, NodeFlag::OutOfMesh];
        made.flags = or.into_iter().filter(|flag| members().any(|node| node.has(*flag))).collect();
    }
    made
}
