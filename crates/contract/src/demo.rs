//! The demo mesh and the faults that can be switched on in it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ApiError, Timestamp};

/// A fault of the demo mesh. Every one heals by itself after [`FAULT_SECS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// payments v2 answers in 800 ms instead of 40 ms.
    PaymentsSlow,
    /// payments answers 10 % of its calls with 500.
    Errors10,
    /// payments answers half of its calls with 500.
    Errors50,
    /// ratings refuses connections.
    RatingsRefused,
    /// legacy calls catalog without mutual TLS, and often.
    PlaintextCaller,
    /// The certificate of reviews stops rotating.
    CertStuck,
    /// Four times the usual traffic.
    TrafficSpike,
    /// The metrics store does not answer.
    StoreDown,
}

/// How long a fault lasts, seconds.
pub const FAULT_SECS: u64 = 300;

impl Fault {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 8] = [
        Self::PaymentsSlow,
        Self::Errors10,
        Self::Errors50,
        Self::RatingsRefused,
        Self::PlaintextCaller,
        Self::CertStuck,
        Self::TrafficSpike,
        Self::StoreDown,
    ];

    /// The word used by `obstack demo break NAME` and in forms.
    pub fn name(self) -> &'static str {
        match self {
            Self::PaymentsSlow => "payments-slow",
            Self::Errors10 => "errors10",
            Self::Errors50 => "errors50",
            Self::RatingsRefused => "ratings-refused",
            Self::PlaintextCaller => "plaintext-caller",
            Self::CertStuck => "cert-stuck",
            Self::TrafficSpike => "traffic-spike",
            Self::StoreDown => "store-down",
        }
    }

    /// What it does, one line.
    pub fn title(self) -> &'static str {
        match self {
            Self::PaymentsSlow => "Slow payments v2",
            Self::Errors10 => "10 % of payments fail",
            Self::Errors50 => "Half of all payments fail",
            Self::RatingsRefused => "ratings refuses connections",
            Self::PlaintextCaller => "A caller without mTLS",
            Self::CertStuck => "A certificate stops rotating",
            Self::TrafficSpike => "Four times the traffic",
            Self::StoreDown => "The metrics store goes down",
        }
    }

    /// Where it shows and how soon.
    pub fn look(self) -> &'static str {
        match self {
            Self::PaymentsSlow => {
                "In about 20 s the overview names payments; on the topology its p95 rises and v2 stands out."
            }
            Self::Errors10 | Self::Errors50 => {
                "In about 20 s the edge checkout to payments turns, and the overview says how many calls fail."
            }
            Self::RatingsRefused => "In about 20 s reviews to ratings fails without a response (flag UF).",
            Self::PlaintextCaller => {
                "In about 20 s the topology shows plaintext calls to catalog from outside the mesh: legacy has no sidecar."
            }
            Self::CertStuck => {
                "Within the leaf's lifetime of 10 min its rotation point is missed; the side panel of reviews tells."
            }
            Self::TrafficSpike => "At once: every rate on the topology climbs.",
            Self::StoreDown => {
                "At once: pages keep the last answer with its age, and the stores strip says which store is gone."
            }
        }
    }

    /// The node to look at, as the topology's `focus` parameter takes it; none where the whole page shows it.
    pub fn focus(self) -> Option<&'static str> {
        match self {
            Self::PaymentsSlow | Self::Errors10 | Self::Errors50 => Some("app:shop/payments"),
            Self::RatingsRefused => Some("app:shop/ratings"),
            Self::PlaintextCaller => Some("app:shop/catalog"),
            Self::CertStuck => Some("app:shop/reviews"),
            Self::TrafficSpike | Self::StoreDown => None,
        }
    }

    /// The fault of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }
}

/// A fault and whether it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FaultState {
    /// Which.
    pub fault: Fault,
    /// When it heals; absent while it is off.
    pub until: Option<Timestamp>,
}

/// The switchboard of a running demo.
#[async_trait]
pub trait DemoControl: Send + Sync {
    /// All faults with their state.
    fn faults(&self) -> Vec<FaultState>;
    /// Switches a fault on for [`FAULT_SECS`]; once more starts the time again.
    async fn start(&self, fault: Fault) -> Result<(), ApiError>;
    /// Switches it off.
    async fn stop(&self, fault: Fault) -> Result<(), ApiError>;
}
