//! What changed in the mesh: versions that began or stopped taking traffic, and faults of the demo. Pure.

use std::collections::BTreeMap;

use contract::{
    Timestamp,
    demo::{FAULT_SECS, FaultState},
    overview::{Change, Phrase},
};

use super::gather::AppKey;

/// Most changes shown.
const MOST: usize = 8;

/// Changes over the window, latest first. `at` gives the instant of a grid point.
pub(crate) fn changes(
    versions: &BTreeMap<(AppKey, String), Vec<Option<f64>>>,
    faults: &[FaultState],
    at: impl Fn(usize) -> Timestamp,
) -> Vec<Change> {
    let mut found = Vec::new();
    let known_from = versions.values().filter_map(|values| first_traffic(values)).min();
    for ((app, version), values) in versions {
        let name = Phrase::Node { text: app.1.clone(), focus: format!("app:{}/{}", app.0, app.1) };
        let named = |tail: &str| {
            let words = if version.is_empty() || version == "latest" { String::new() } else { format!(" {version}") };
            vec![name.clone(), Phrase::Text(format!("{words} {tail}"))]
        };
        // What was there when telemetry began has not begun then.
        if let Some(first) = first_traffic(values).filter(|first| known_from.is_some_and(|known| *first > known + 1)) {
            found.push(Change { at: at(first), sentence: named("began to take traffic") });
        }
        if let Some(last) = last_traffic(values).filter(|last| last + 2 < values.len()) {
            found.push(Change { at: at(last + 1), sentence: named("stopped taking traffic") });
        }
    }
    drop_crowds(&mut found, versions.len());
    for state in faults {
        if let Some(until) = state.until {
            let words = format!("The demo fault \u{201c}{}\u{201d} was switched on", state.fault.title());
            found.push(Change { at: until.minus_secs(FAULT_SECS), sentence: vec![Phrase::Text(words)] });
        }
    }
    found.sort_by_key(|change| std::cmp::Reverse(change.at));
    found.truncate(MOST);
    found
}

/// When half of all versions begin or stop in the same minute, that is telemetry coming or going, not the mesh changing.
fn drop_crowds(found: &mut Vec<Change>, versions: usize) {
    let minute = |change: &Change| change.at.as_secs().div_euclid(60);
    let mut crowds: BTreeMap<i64, usize> = BTreeMap::new();
    for change in found.iter() {
        *crowds.entry(minute(change)).or_default() += 1;
    }
    found.retain(|change| crowds.get(&minute(change)).is_none_or(|crowd| *crowd < 3 || crowd * 2 < versions));
}

fn flows(value: &Option<f64>) -> bool {
    value.is_some_and(|rate| rate > 0.001)
}

fn first_traffic(values: &[Option<f64>]) -> Option<usize> {
    values.iter().position(flows)
}

fn last_traffic(values: &[Option<f64>]) -> Option<usize> {
    values.iter().rposition(flows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(rows: &[(&str, &str, &[f64])]) -> BTreeMap<(AppKey, String), Vec<Option<f64>>> {
        rows.iter()
            .map(|(app, version, values)| {
                (
                    ((String::from("shop"), (*app).to_owned()), (*version).to_owned()),
                    values.iter().map(|value| Some(*value)).collect(),
                )
            })
            .collect()
    }

    #[test]
    fn telemetry_that_comes_back_is_no_change_of_the_mesh() {
        let back: &[f64] = &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let gap: &[f64] = &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let rows = versions(&[("a", "v1", gap), ("b", "v1", gap), ("c", "v1", gap), ("d", "v1", back)]);
        assert!(changes(&rows, &[], |place| Timestamp::from_secs(place as i64 * 60)).is_empty());
    }

    #[test]
    fn a_version_that_begins_or_stops_is_a_change_and_the_start_of_telemetry_is_none() {
        let rows = versions(&[
            ("payments", "v1", &[0.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            ("payments", "v2", &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0]),
            ("reviews", "v1", &[0.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
        ]);
        let found = changes(&rows, &[], |place| Timestamp::from_secs(place as i64 * 60));
        let told: Vec<_> =
            found.iter().map(|change| (change.at.as_secs(), format!("{:?}", change.sentence[1]))).collect();
        assert_eq!(
            told,
            [
                (240, "Text(\" v2 began to take traffic\")".to_owned()),
                (180, "Text(\" v1 stopped taking traffic\")".to_owned())
            ]
        );
    }
}
