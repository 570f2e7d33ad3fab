//! The messages of the WebSocket `GET /api/v1/t/{tenant}/live`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Timestamp, overview::OverviewQuery, topology::TopologyQuery};

/// What can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// The graph.
    Topology,
    /// The overview page.
    Overview,
    /// Firing alerts.
    Alerts,
    /// State of the stores.
    Stores,
}

/// What the client says. A new message replaces the subscriptions of the one before.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Subscribe {
    /// Topics to follow; an empty list unsubscribes.
    pub subscribe: Vec<Topic>,
    /// View options of the topology; the default view when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topology: Option<TopologyQuery>,
    /// Options of the overview; the last hour when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overview: Option<OverviewQuery>,
}

/// Whether `data` replaces what the client has or changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PushKind {
    /// The whole thing.
    Snapshot,
    /// A [`crate::topology::GraphDelta`] against the push before. Only for the topology.
    Delta,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Push<T> {
    /// Which subscription it belongs to.
    pub topic: Topic,
    /// Counts up by one per topic and connection; a gap means that a push was lost, so ask again.
    pub seq: u64,
    /// When the data was gathered.
    pub at: Timestamp,
    /// How to apply it.
    pub kind: PushKind,
    /// The graph, the overview, the list of stores or the list of alerts.
    pub data: T,
}
