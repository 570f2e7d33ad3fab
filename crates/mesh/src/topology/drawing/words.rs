//! Short texts and classes for nodes and edges.

use crate::{
    format,
    topology::{Edge, HealthStatus, Node, NodeFlag, NodeKind, Protocol},
};

/// Class of a state: `ok`, `warn`, `crit`, `unk`.
pub fn state_class(status: HealthStatus) -> &'static str {
    match status {
        HealthStatus::Failure => "crit",
        HealthStatus::Degraded | HealthStatus::NotReady => "warn",
        HealthStatus::Healthy => "ok",
        HealthStatus::Na => "unk",
    }
}

/// Class of an edge: its state, `tcp` for TCP, `unk` without traffic or judgement.
pub fn edge_class(edge: &Edge) -> &'static str {
    match edge.health {
        HealthStatus::Failure => "crit",
        HealthStatus::Degraded | HealthStatus::NotReady => "warn",
        HealthStatus::Healthy | HealthStatus::Na if edge.rate <= 0.0 => "unk",
        HealthStatus::Healthy => "ok",
        HealthStatus::Na if edge.protocol == Protocol::Tcp => "tcp",
        HealthStatus::Na => "unk",
    }
}

/// Width class from 1 (next to nothing) to 6, by the rate; a megabyte per second counts as a request per second.
pub fn edge_width(edge: &Edge) -> u8 {
    let per_s = if edge.protocol == Protocol::Tcp { edge.rate / 1e6 } else { edge.rate };
    1 + [1.0, 10.0, 30.0, 100.0, 300.0].into_iter().filter(|least| per_s >= *least).count() as u8
}

/// Rate of an edge in its own unit: `41/s`, `1.4 MB/s`.
pub fn edge_rate(edge: &Edge) -> String {
    match edge.protocol {
        Protocol::Http | Protocol::Grpc => format::rate(edge.rate),
        Protocol::Tcp => format::bytes_rate(edge.rate),
    }
}

/// What stands on an edge unless something else was chosen: its rate, and the failed share where there is one.
pub fn edge_text(edge: &Edge) -> String {
    if edge.rate <= 0.0 {
        String::new()
    } else if edge.percent_error > 0.0 {
        format!("{} · {}", edge_rate(edge), format::percent(edge.percent_error))
    } else {
        edge_rate(edge)
    }
}

/// Whether a node lies outside what the viewer owns or the mesh holds.
pub fn is_outside(node: &Node) -> bool {
    matches!(node.kind, NodeKind::ServiceEntry | NodeKind::External | NodeKind::Unknown)
        || node.has(NodeFlag::Outside)
        || node.has(NodeFlag::OutOfMesh)
}

/// The line below a node's name.
pub fn second_line(node: &Node) -> &str {
    let tcp_only = node.rates.tcp_in > 0.0 && node.rates.http_in + node.rates.grpc_in <= 0.0;
    match node.kind {
        NodeKind::ServiceEntry => "external",
        NodeKind::External => "not yours",
        NodeKind::Unknown => "outside the mesh",
        NodeKind::Box => "",
        NodeKind::Workload | NodeKind::App | NodeKind::VersionedApp | NodeKind::Service => {
            let marks = [
                (NodeFlag::Gateway, "gateway"),
                (NodeFlag::Waypoint, "waypoint"),
                (NodeFlag::OutOfMesh, "no sidecar"),
                (NodeFlag::Dead, "no pods"),
                (NodeFlag::Idle, "idle"),
                (NodeFlag::Injected, "service"),
            ];
            if let Some((_, line)) = marks.into_iter().find(|(flag, _)| node.has(*flag)) {
                line
            } else if tcp_only {
                "tcp"
            } else {
                node.version.as_deref().unwrap_or(&node.namespace)
            }
        }
    }
}

/// A name that fits into a node of this width, with an ellipsis where it was cut.
pub fn cut(name: &str, width: f64) -> String {
    let fits = ((width - 36.0) / 6.6).floor().max(3.0) as usize;
    if name.chars().count() <= fits {
        return name.to_owned();
    }
    let mut short: String = name.chars().take(fits - 1).collect();
    short.push('…');
    short
}
