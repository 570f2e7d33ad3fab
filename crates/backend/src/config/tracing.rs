//! `tracing`: where the process's own spans go.

use reqwest::Url;

use super::{
    kinds,
    reader::{Fields, Wrong},
};

/// How the process's own spans are sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracing {
    /// Base address of an OTLP collector over HTTP; none to send nothing. `OBSTACK_TRACING_OTLP_ENDPOINT`.
    pub otlp_endpoint: Option<Url>,
    /// Share of requests whose spans are sent, 0 to 100. `OBSTACK_TRACING_SAMPLE_PERCENT`, 100.
    pub sample_percent: f64,
}

impl Tracing {
    pub(super) fn read(mut section: Fields<'_>) -> Option<Self> {
        let otlp_endpoint = match section.written("otlp_endpoint") {
            Some(item) => section.reader.parse_item(&item, kinds::http_url).map(Some),
            None => Some(None),
        };
        let sample_percent = section.number("sample_percent", |text| {
            let share = text.parse::<f64>().ok().filter(|share| (0.0..=100.0).contains(share));
            share.ok_or_else(|| Wrong::new(format!("`{text}` is not a share"), "write a number from 0 to 100"))
        });
        section.finish();
        Some(Self { otlp_endpoint: otlp_endpoint?, sample_percent: sample_percent? })
    }
}
