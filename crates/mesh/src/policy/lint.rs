//! Our own advice.

use super::{finding::Finding, object::PolicySet, validate, yaml::Node};

/// Everything there is to say about a set of policies; `others` are the other objects of the same files.
pub fn lint(set: &PolicySet, _others: &[Node]) -> Vec<Finding> {
    let mut all = validate::istio(set);
    all.extend(validate::schema(set));
    all
}
