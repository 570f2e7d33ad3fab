//! The traffic of a tenant as its metrics store tells it. A store that does not answer costs this part of the answer only.

use contract::ApiError;
use futures::future::join;
use mesh::policy::replay::{Flows, Replayed, promql};
use query::Side;

use crate::{Backend, Scope};

/// What could be read, and what is missing from it.
pub(super) struct Observed {
    /// Nothing when no question was answered.
    pub flows: Option<Flows>,
    /// Sentences for people.
    pub warnings: Vec<String>,
}

/// The flows of the last seconds to what the scope sees.
pub(super) async fn observed(backend: &Backend, scope: &Scope, secs: u64) -> Observed {
    let mut found = Observed { flows: None, warnings: Vec::new() };
    let ask = match backend.stores().ask(scope) {
        Ok(ask) => ask,
        Err(error) => {
            found.warnings.push(format!("Observed traffic is left out. {}", ApiError::from(error).detail));
            return found;
        }
    };
    let (now, [http, tcp]) = (backend.clock().now(), promql(secs));
    let (http, tcp) = join(ask.instant(&http, Side::Destination, now), ask.instant(&tcp, Side::Destination, now)).await;
    for (answer, is_tcp, what) in [(http, false, "HTTP and gRPC"), (tcp, true, "TCP")] {
        match answer {
            Ok(answer) => {
                found.warnings.extend(answer.warnings);
                let flows = found.flows.get_or_insert_default();
                let sees = |cluster: &str, namespace: &str| scope.mesh().sees(cluster, namespace);
                for sample in &answer.samples {
                    flows.add(&sample.labels, sample.value, is_tcp, &sees);
                }
            }
            Err(error) => {
                let why = ApiError::from(error).detail;
                found.warnings.push(format!("Observed traffic of {what} is left out. {why}"));
            }
        }
    }
    if found.flows.as_ref().is_some_and(Flows::is_empty) {
        found.warnings.push("No traffic to this tenant's workloads was observed in that time.".to_owned());
    }
    found
}

/// What makes the replay doubtful.
pub(super) fn doubts(replayed: &Replayed) -> Vec<String> {
    let mut doubts = Vec::new();
    let contradicted = replayed.contradicted.flows;
    if contradicted > 0 {
        doubts.push(format!(
            "{contradicted} observed flows pass although `before` denies them: `before` is not what the cluster enforces, or \
             was not during all of that time."
        ));
    }
    if replayed.left_out.flows > 0 {
        doubts.push(format!(
            "There is more traffic than one answer can hold: {} flows were left out.",
            replayed.left_out.flows
        ));
    }
    doubts
}
