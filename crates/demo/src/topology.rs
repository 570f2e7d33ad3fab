//! What the demo mesh consists of: its workloads, and what each of them does when it is called. This catalogue is the
//! single source for the live services, for the load and for the back-filled history. No IO here.

mod catalogue;
mod routes;
mod workloads;

pub use routes::{CATALOGUE_SIZE, PRODUCT_IDS};
pub use routes::{Call, Forward, Journey, Latency, Route, forward, forwards, journeys, known_id, route, routes};
pub(crate) use workloads::spiffe_id;
pub use workloads::{Role, TRUST_DOMAIN, Workload, service, workload, workloads};
