//! `telemetry`: the embedded stores.

use std::time::Duration;

use super::{kinds, reader::Fields};

const HOUR: Duration = Duration::from_secs(3600);
const TEN_YEARS: Duration = Duration::from_secs(10 * 365 * 86_400);

/// How the embedded stores are fed and how long they keep what they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// Between two reads of a scrape target. `OBSTACK_TELEMETRY_SCRAPE_INTERVAL`, 15s.
    pub scrape_interval: Duration,
    /// `OBSTACK_TELEMETRY_METRICS_RETENTION`, 15d.
    pub metrics_retention: Duration,
    /// `OBSTACK_TELEMETRY_LOGS_RETENTION`, 7d.
    pub logs_retention: Duration,
    /// `OBSTACK_TELEMETRY_TRACES_RETENTION`, 3d.
    pub traces_retention: Duration,
}

impl Telemetry {
    pub(super) fn read(mut section: Fields<'_>) -> Option<Self> {
        let five_minutes = Duration::from_secs(300);
        let interval =
            section.parse("scrape_interval", |text| kinds::duration(text, Duration::from_secs(1), five_minutes));
        let [metrics, logs, traces] = ["metrics", "logs", "traces"].map(|signal| {
            let mut part = section.section(signal);
            let retention = part.parse("retention", |text| kinds::duration(text, HOUR, TEN_YEARS));
            part.finish();
            retention
        });
        section.finish();
        Some(Self {
            scrape_interval: interval?,
            metrics_retention: metrics?,
            logs_retention: logs?,
            traces_retention: traces?,
        })
    }
}
