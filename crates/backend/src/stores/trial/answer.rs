//! What the few answers a test looks at say. Nothing of them is shown but numbers.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::upstream::Look;

#[derive(Deserialize)]
struct Status {
    status: String,
}

/// Whether this is an answer of a Prometheus API, and a good one.
pub(super) fn is_success(look: &Look) -> bool {
    look.status.is_success()
        && serde_json::from_slice::<Status>(&look.body).is_ok_and(|answer| answer.status == "success")
}

#[derive(Deserialize)]
struct Vector {
    data: VectorData,
}

#[derive(Deserialize)]
struct VectorData {
    result: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: (f64, String),
}

/// The values of a vector of counts, by one of their labels.
pub(super) fn counts(look: &Look, label: &str) -> Vec<(String, u64)> {
    let Ok(vector) = serde_json::from_slice::<Vector>(&look.body) else { return Vec::new() };
    let count = |sample: Sample| {
        let value = sample.value.1.parse::<f64>().unwrap_or(0.0).max(0.0);
        (sample.metric.get(label).cloned().unwrap_or_default(), value as u64)
    };
    vector.data.result.into_iter().map(count).collect()
}

/// The sum of a vector of counts.
pub(super) fn total(look: &Look) -> u64 {
    counts(look, "").into_iter().map(|(_, count)| count).sum()
}

#[derive(Deserialize)]
struct Names {
    #[serde(default)]
    data: Vec<String>,
}

/// A list of names or values.
pub(super) fn names(look: &Look) -> Vec<String> {
    serde_json::from_slice::<Names>(&look.body).map(|names| names.data).unwrap_or_default()
}

/// `/api/v1/status/buildinfo`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Build {
    pub application: String,
    pub version: String,
    pub revision: String,
    #[serde(rename = "goVersion")]
    pub go_version: String,
}

#[derive(Deserialize, Default)]
struct BuildAnswer {
    #[serde(default)]
    data: Build,
}

/// What it says about itself; nothing when it does not.
pub(super) fn build(look: &Look) -> Option<Build> {
    if !is_success(look) {
        return None;
    }
    serde_json::from_slice::<BuildAnswer>(&look.body).ok().map(|answer| answer.data)
}
