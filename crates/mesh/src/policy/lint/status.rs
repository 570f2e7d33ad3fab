//! What the cluster itself said of an object that was exported from it (analyzers/conditions).

use super::Advice;
use crate::policy::object::Meta;

pub fn check(meta: &Meta, out: &mut Advice) {
    for (i, condition) in meta.conditions.iter().enumerate() {
        let ours = matches!(condition.kind.as_str(), "ZtunnelAccepted" | "WaypointAccepted");
        // Where only some of the targets took the policy, the status is still True.
        if ours && (condition.status == "False" || condition.reason == "PartiallyInvalid") {
            let message = format!("{} is {}: {}", condition.kind, condition.status, condition.reason);
            let said = if condition.message.is_empty() { message } else { format!("{message}, {}", condition.message) };
            out.say("IST0171", condition.at, &format!("status.conditions[{i}]"), said);
        }
    }
}
